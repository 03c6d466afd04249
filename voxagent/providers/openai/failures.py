"""What OpenAI's errors mean, as an HTTP status or inside an answer (documentation of the error codes).

A code or type that is known decides; then the words, because compatible servers and proxies pass on foreign
errors with codes of their own; then the status. Texts are cut and cleaned of what looks like a key: a service
may quote the key that it was sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias, cast

from ...errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    ContextLengthError,
    MalformedAnswerError,
    ModelNotFoundError,
    OverloadedError,
    ProviderError,
    QuotaError,
    RateLimitError,
    ServerError,
)
from ..http.jsontext import loaded
from ..http.wire import kind_of, retry_after

Kind: TypeAlias = type[ProviderError]

LONGEST = 500
"""Characters of a service's words that an error repeats."""

CODES: Mapping[str, Kind] = {
    "context_length_exceeded": ContextLengthError,
    "too_many_prompt_tokens": ContextLengthError,
    "insufficient_quota": QuotaError,
    "billing_hard_limit_reached": QuotaError,
    "billing_not_active": QuotaError,
    "insufficient_balance": QuotaError,
    "402": QuotaError,
    "rate_limit_exceeded": RateLimitError,
    "rate_limit_error": RateLimitError,
    "usage_limit_reached": RateLimitError,
    "usage_not_included": QuotaError,
    "invalid_api_key": AuthenticationError,
    "authentication_error": AuthenticationError,
    "model_not_found": ModelNotFoundError,
    "content_filter": ContentFilterError,
    "content_policy_violation": ContentFilterError,
    "invalid_prompt": ContentFilterError,
    "bio_policy": ContentFilterError,
    "misalignment_policy_violation": ContentFilterError,
    "overloaded": OverloadedError,
    "overloaded_error": OverloadedError,
    "server_overloaded": OverloadedError,
    "slow_down": OverloadedError,
    "server_error": ServerError,
    "internal_server_error": ServerError,
    "vector_store_timeout": ServerError,
}
TYPES: Mapping[str, Kind] = {
    "invalid_request_error": BadRequestError,
    "tokens": RateLimitError,
    "requests": RateLimitError,
}
WORDS: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (
        re.compile(r"context[ _](length|window|size)|(prompt|input|messages)( is|) too long", re.I),
        ContextLengthError,
    ),
    (re.compile(r"overloaded|over capacity|server busy", re.I), OverloadedError),
    (re.compile(r"exceeded your current quota|insufficient (balance|credits|quota)", re.I), QuotaError),
    (re.compile(r"content management policy|content filter", re.I), ContentFilterError),
)
STATUSES: Mapping[int, Kind] = {402: QuotaError, 498: OverloadedError}
"""Statuses that only these servers use: the budget is spent; the flexible tier is full (Groq)."""
FUMBLED = frozenset({"tool_use_failed", "json_validate_failed"})
"""What the model wrote was refused by the service (Groq): it may well write it right the next time."""
KEYS = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:sk|pk|rk|gsk|xai|csk|pplx|nvapi|hf|r8|fw|tgp)[-_][\w*.-]{4,}|AIza[\w*-]{8,}|eyJ[\w.-]{16,})"
    r"|(?<=Bearer )\S+"
    r"|(?<![\w-])(?=[A-Za-z_]*\d)(?=[\d_]*[A-Za-z])\w{24,}"
)
QUOTED_KEY = re.compile(r"(api[ _-]?key[^:.\n]{0,20}: +)\S+", re.I)


def masked(text: str) -> str:
    """The text without anything that looks like a key."""
    return QUOTED_KEY.sub(r"\1[key]", KEYS.sub("[key]", text))


def excerpt(data: bytes) -> str:
    """The beginning of what cannot be read, fit to be shown."""
    return masked(data[:400].decode("utf-8", "replace"))[:100]


def malformed(what: str, data: bytes = b"") -> MalformedAnswerError:
    """The error for an answer that breaks the protocol."""
    return MalformedAnswerError(f"{what}: {excerpt(data)!r}" if data else what)


def failure(told: object) -> ProviderError:
    """The error that a service tells of inside an answer: an object, or its words alone."""
    code, kind_name, words, status = _facts(told)
    kind = _known_kind(code, kind_name, words)
    if kind is None and status is not None:
        kind = kind_of(status)
    return (kind or TYPES.get(kind_name) or ServerError)(
        words or "the service reports an error",
        status=status,
        retryable=True if code in FUMBLED else None,
    )


def http_failure(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """The error that an answer with a status that is not 2xx tells of."""
    code, kind_name, words, _ = _facts(_told(body))
    kind = _known_kind(code, kind_name, words)
    if kind is None or kind is ServerError:
        kind = STATUSES.get(status) or kind_of(status)
    again = {"true": True, "false": False}.get(headers.get("x-should-retry", ""))
    return kind(
        words or f"the service answered with status {status}",
        status=status,
        request_id=headers.get("x-request-id") or headers.get("request-id") or headers.get("apim-request-id"),
        retry_after=retry_after(headers),
        retryable=True if code in FUMBLED else again,
    )


def _told(body: bytes) -> object:
    """What a body says: `{"error": ...}`, the error itself, a list of such, or any text but a web page."""
    try:
        value = loaded(body)
    except ValueError:
        text = body.decode("utf-8", "replace").strip()
        return "" if text.startswith("<") else text
    if isinstance(value, list) and value:
        value = cast("list[object]", value)[0]
    if isinstance(value, dict):
        return cast("dict[str, object]", value).get("error") or cast("object", value)
    return str(cast("object", value))


def _facts(told: object) -> tuple[str, str, str, int | None]:
    """Code, type, words and status that an error object tells."""
    if not isinstance(told, dict):
        return "", "", _cut(str(told)), None
    facts = cast("dict[str, Any]", told)
    code = facts.get("code")
    status = facts.get("status_code", facts.get("raw_status_code", code))
    words = facts.get("message") or facts.get("detail") or ""
    further = _object(facts.get("metadata"))
    if isinstance(raw := further.get("raw"), str):
        words = f"{words}: {raw}"
    if facts.get("failed_generation"):
        words = f"{words} (the model wrote {facts['failed_generation']!r})"
    if "flagged_input" in further:  # OpenRouter's moderation
        code = "content_filter"
    number = status if isinstance(status, int) and 400 <= status < 600 else None
    return str(code or ""), str(facts.get("type") or ""), _cut(str(words)), number


def _object(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _cut(words: str) -> str:
    return masked(words[: 2 * LONGEST])[:LONGEST]


def _known_kind(code: str, kind_name: str, words: str) -> Kind | None:
    known = CODES.get(code)
    if known is not None and known is not ServerError:
        return known
    for pattern, kind in WORDS:
        if pattern.search(words):
            return kind
    return known or CODES.get(kind_name)
