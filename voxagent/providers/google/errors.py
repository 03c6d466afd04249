"""What Google's errors mean, in an answer that is not 2xx and inside a stream (google.rpc.Status).

The kind is told by the error's `status` and `details`; by words where Google has no status for it (a wrong
key and a conversation that is too long are both INVALID_ARGUMENT); and by the HTTP status where there is
nothing else. No message carries anything that looks like a key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

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
from ..http.jsontext import loaded
from ..http.wire import kind_of, retry_after

Kind: TypeAlias = type[ProviderError]

LONGEST = 500
"""Characters of the service's words that an error repeats."""
STATUSES: Mapping[object, Kind] = {
    "INVALID_ARGUMENT": BadRequestError,
    "FAILED_PRECONDITION": BadRequestError,
    "OUT_OF_RANGE": BadRequestError,
    "UNIMPLEMENTED": BadRequestError,
    "ALREADY_EXISTS": BadRequestError,
    "UNAUTHENTICATED": AuthenticationError,
    "PERMISSION_DENIED": PermissionDeniedError,
    "NOT_FOUND": ModelNotFoundError,
    "RESOURCE_EXHAUSTED": RateLimitError,
    "UNAVAILABLE": OverloadedError,
    "DEADLINE_EXCEEDED": ProviderTimeoutError,
    "INTERNAL": ServerError,
    "ABORTED": ServerError,
    "CANCELLED": ServerError,
    "DATA_LOSS": ServerError,
    "UNKNOWN": ServerError,
}
REASONS: Mapping[object, Kind] = {
    "API_KEY_INVALID": AuthenticationError,
    "API_KEY_EXPIRED": AuthenticationError,
    "ACCESS_TOKEN_EXPIRED": AuthenticationError,
    "ACCESS_TOKEN_TYPE_UNSUPPORTED": AuthenticationError,
    "CREDENTIALS_MISSING": AuthenticationError,
    "BILLING_DISABLED": QuotaError,
}
"""By the reason in the details (google.rpc.ErrorInfo)."""
WORDS: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (
        re.compile(r"api[ _]key (?:not valid|expired|not found|invalid)|unregistered callers", re.I),
        AuthenticationError,
    ),
    (
        re.compile(
            r"(?:input|prompt) token count[^.]{0,80}(?:exceeds|only supports)"
            r"|exceeds? the maximum number of tokens|context (?:window|length)|too many tokens",
            re.I,
        ),
        ContextLengthError,
    ),
    (re.compile(r"location is not supported", re.I), PermissionDeniedError),
    (re.compile(r"usage guidelines|safety (?:filter|polic)|responsible ai", re.I), ContentFilterError),
)
SPENT = re.compile(r"credits? (?:are|is) depleted|spend(?:ing)? (?:cap|limit)|limit: 0\b", re.I)
OVERLOADED = re.compile(r"overloaded|high demand", re.I)
WAIT = re.compile(r"retry in ([\d.]+)(m?s)\b")
_KEYS = re.compile(
    r"\bAIza[\w-]{8,}|\bAQ\.[\w.-]{8,}|\bya29\.[\w.-]{8,}|\b(?:sk|pk|rk)-[\w-]{6,}|\beyJ[\w.-]{16,}"
    r"|(?<=bearer )[\w.~+/=-]{6,}|(?<=[?&]key=)[^&\s\"']+",
    re.IGNORECASE,
)


def http_error(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """What an answer that is not 2xx means; headers have lower-case names."""
    told = _told(body)
    kind = _kind(told, kind_of(status)) if told else kind_of(status)
    wait = retry_after(headers)
    return kind(
        _words(told) if told else f"the service answered {excerpt(body)}",
        status=status,
        request_id=headers.get("x-request-id") or headers.get("x-goog-request-id"),
        retry_after=_wait(told) if wait is None else wait,
    )


def failure(told: object, received: str) -> ProviderError:
    """What an error inside an answer means."""
    error = cast("Mapping[str, Any]", told) if isinstance(told, Mapping) else {"message": told}
    code = error.get("code")
    kind = kind_of(code) if isinstance(code, int) and code >= 400 else ServerError
    return _kind(error, kind)(_words(error), received=received, retry_after=_wait(error))


def malformed(what: str, data: bytes, received: str = "") -> MalformedAnswerError:
    """An answer, or a part of one, that cannot be read."""
    return MalformedAnswerError(f"{what}: {excerpt(data)}", received=received)


def excerpt(data: bytes) -> str:
    """The beginning of some bytes, to be shown."""
    text = " ".join(data[:480].decode("utf-8", "replace").split())
    return repr(masked(text)[:120]) if text else "nothing"


def masked(text: str) -> str:
    """The text without what looks like a key."""
    return _KEYS.sub("[REDACTED]", text)


def _told(body: bytes) -> Mapping[str, Any]:
    """The error object of a body, which a list may be around; empty if there is none."""
    try:
        value: object = loaded(body)
    except ValueError:
        return {}
    if isinstance(value, list) and value:
        value = cast("list[object]", value)[0]
    if not isinstance(value, Mapping):
        return {}
    error = cast("Mapping[str, object]", value).get("error", cast("object", value))
    if isinstance(error, str):
        return {"message": error}
    return cast("Mapping[str, Any]", error) if isinstance(error, Mapping) else {}


def _words(told: Mapping[str, Any]) -> str:
    status, words = told.get("status"), str(told.get("message") or "no reason given")
    shown = masked(words[: 2 * LONGEST])[:LONGEST]
    return f"{status}: {shown}" if isinstance(status, str) else shown


def _kind(told: Mapping[str, Any], otherwise: Kind) -> Kind:
    kind, words = STATUSES.get(_hashable(told.get("status")), otherwise), str(told.get("message") or "")
    for detail in _details(told):
        kind = REASONS.get(_hashable(detail.get("reason")), kind)
    if kind is RateLimitError:
        return QuotaError if SPENT.search(words) or _is_spent(told) else kind
    if kind in (BadRequestError, PermissionDeniedError, ServerError):
        for pattern, known in WORDS:
            if pattern.search(words):
                return known
    return OverloadedError if kind is ServerError and OVERLOADED.search(words) else kind


def _is_spent(told: Mapping[str, Any]) -> bool:
    """Whether it is the day's budget that is spent: waiting for seconds does not help."""
    violations = [each for detail in _details(told) for each in objects(detail.get("violations"))]
    return any("PerDay" in str(each.get("quotaId")) for each in violations)


def _wait(told: Mapping[str, Any]) -> float | None:
    """Seconds to wait, by the details (google.rpc.RetryInfo) or by words."""
    for detail in _details(told):
        delay = str(detail.get("retryDelay", "")).removesuffix("s")
        if re.fullmatch(r"\d+(\.\d+)?", delay):
            return float(delay)
    found = WAIT.search(str(told.get("message") or ""))
    try:
        return float(found[1]) * (0.001 if found[2] == "ms" else 1.0) if found else None
    except ValueError:
        return None


def _details(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return objects(told.get("details"))


def objects(value: object) -> list[Mapping[str, Any]]:
    """The JSON objects in what should be a list of them."""
    if not isinstance(value, Sequence):
        return []
    return [
        cast("Mapping[str, Any]", each)
        for each in cast("Sequence[object]", value)
        if isinstance(each, Mapping)
    ]


def _hashable(value: object) -> str:
    return value if isinstance(value, str) else ""
