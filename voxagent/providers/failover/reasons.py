"""Why a target was left: the kinds of failure, as far as failover tells them apart."""

from __future__ import annotations

from ...errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    ContextLengthError,
    FailoverError,
    FailoverReason,
    PermissionDeniedError,
    ProviderError,
    ProviderTimeoutError,
    RateLimitError,
)

MOVING = frozenset(
    {
        FailoverReason.AUTH_ERROR,
        FailoverReason.RATE_LIMIT,
        FailoverReason.TIMEOUT,
        FailoverReason.CONTEXT_OVERFLOW,
        FailoverReason.MODEL_ERROR,
    }
)
"""What another target may do better; a refused request and a refusal are answers."""

OF_CREDENTIALS = frozenset({FailoverReason.AUTH_ERROR, FailoverReason.RATE_LIMIT})
"""What another key of the same model may do better."""

OF_REQUESTS = frozenset(
    {
        FailoverReason.CONTEXT_OVERFLOW,
        FailoverReason.BAD_REQUEST,
        FailoverReason.CONTENT_FILTER,
        FailoverReason.REFUSAL,
    }
)
"""What a service that is well says of a request."""

REASONS: tuple[tuple[type[ProviderError], FailoverReason], ...] = (
    (AuthenticationError, FailoverReason.AUTH_ERROR),
    (PermissionDeniedError, FailoverReason.AUTH_ERROR),
    (RateLimitError, FailoverReason.RATE_LIMIT),
    (ProviderTimeoutError, FailoverReason.TIMEOUT),
    (ContextLengthError, FailoverReason.CONTEXT_OVERFLOW),
    (BadRequestError, FailoverReason.BAD_REQUEST),
    (ContentFilterError, FailoverReason.CONTENT_FILTER),
)


def reason_of(error: ProviderError) -> FailoverReason:
    """What an error means for failover; whatever has no reason of its own is a model error."""
    if isinstance(error, FailoverError):
        return error.reason
    if error.kind == FailoverReason.REFUSAL:
        return FailoverReason.REFUSAL
    for kind, reason in REASONS:
        if isinstance(error, kind):
            return reason
    return FailoverReason.MODEL_ERROR
