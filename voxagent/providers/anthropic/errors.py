"""What the API's errors mean: in an answer that is not 2xx, and as an event inside a stream.

The kind is told by the error's `type`, by the HTTP status where there is none, and in three cases by words,
because the API has no type for them: a conversation that is too long, a balance that is spent, a filter. No
message carries anything that looks like a key: some services send back what they were sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from pydantic_core import from_json

from ...errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    ContextLengthError,
    MalformedAnswerError,
    ModelNotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProviderError,
    ProviderTimeoutError,
    QuotaError,
    RateLimitError,
    ServerError,
)
from ..http.wire import kind_of, retry_after

_KINDS: Mapping[object, type[ProviderError]] = {
    "invalid_request_error": BadRequestError,
    "authentication_error": AuthenticationError,
    "billing_error": QuotaError,
    "permission_error": PermissionDeniedError,
    "not_found_error": ModelNotFoundError,
    "request_too_large": BadRequestError,
    "conflict_error": ServerError,
    "rate_limit_error": RateLimitError,
    "timeout_error": ProviderTimeoutError,
    "api_error": ServerError,
    "overloaded_error": OverloadedError,
}
_TOO_LONG = re.compile(
    r"(?:prompt|input) is too long|too many (?:input )?tokens"
    r"|maximum context|context (?:window|length|limit)",
    re.IGNORECASE,
)
_SPENT = re.compile(r"credit balance is too low|spend(?:ing)? limit|usage limits", re.IGNORECASE)
_FILTERED = re.compile(r"content filtering policy", re.IGNORECASE)
_KEY = re.compile(r"\b(?:sk|rk|pk)-[\w-]{6,}|(?<=bearer )[\w.~+/=-]{6,}", re.IGNORECASE)

MAX_TEXT = 500
MAX_EXCERPT = 120


def http_error(status: int, headers: Mapping[str, str], body: bytes, provider: str) -> ProviderError:
    """What an answer that is not 2xx means; headers have lower-case names."""
    told = _object(body)
    kind, message = _read(told, kind_of(status)) if told else (kind_of(status), f"answered {excerpt(body)}")
    request_id = headers.get("request-id") or told.get("request_id")
    again = {"true": True, "false": False}.get(headers.get("x-should-retry", ""))
    return kind(
        message,
        provider=provider,
        status=status,
        request_id=request_id if isinstance(request_id, str) else None,
        retry_after=retry_after(headers),
        retryable=again,
    )


def event_error(told: Mapping[str, Any], provider: str, received: str) -> ProviderError:
    """What an error inside an answer means."""
    kind, message = _read(told, ServerError)
    request_id = told.get("request_id")
    return kind(
        message,
        provider=provider,
        request_id=request_id if isinstance(request_id, str) else None,
        received=received,
    )


def malformed(what: str, data: bytes, provider: str, received: str = "") -> MalformedAnswerError:
    """An answer, or a part of one, that cannot be read."""
    return MalformedAnswerError(f"{what}: {excerpt(data)}", provider=provider, received=received)


def excerpt(data: bytes) -> str:
    """The beginning of some bytes, to be shown."""
    text = " ".join(data[: 4 * MAX_EXCERPT].decode("utf-8", "replace").split())
    return repr(masked(text)[:MAX_EXCERPT]) if text else "nothing"


def masked(text: str) -> str:
    """The text without what looks like a key."""
    return _KEY.sub("[REDACTED]", text)


def _object(body: bytes) -> dict[str, Any]:
    try:
        value: object = from_json(body)
    except ValueError:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _read(told: Mapping[str, Any], otherwise: type[ProviderError]) -> tuple[type[ProviderError], str]:
    error = told.get("error")
    fields = cast("Mapping[str, Any]", error) if isinstance(error, Mapping) else {"message": error}
    type_, text, details = fields.get("type"), fields.get("message"), fields.get("details")
    kind = _KINDS.get(type_, otherwise) if isinstance(type_, str) else otherwise
    message = str(text or told.get("message") or told.get("detail") or "no reason given")
    code = cast("Mapping[str, Any]", details).get("error_code") if isinstance(details, Mapping) else None
    kind = _by_words(kind, message, str(code))
    shown = masked(message)[:MAX_TEXT]
    return kind, f"{type_}: {shown}" if isinstance(type_, str) else shown


def _by_words(kind: type[ProviderError], message: str, code: str) -> type[ProviderError]:
    if "spend_limit" in code or "billing" in code:
        return QuotaError
    if kind in (BadRequestError, RateLimitError) and _SPENT.search(message):
        return QuotaError
    if kind in (BadRequestError, ServerError) and _TOO_LONG.search(message):
        return ContextLengthError
    if kind in (BadRequestError, ServerError) and _FILTERED.search(message):
        return ContentFilterError
    return kind
