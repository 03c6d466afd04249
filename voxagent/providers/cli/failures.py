"""What a program's own words about its failure mean.

Programs tell a status of the service behind them at best, and a sentence at worst. No text that is passed on
carries what looks like a key, nor a value that was handed to the program as one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...errors import (
    AuthenticationError,
    ContentFilterError,
    ContextLengthError,
    ModelNotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProviderConnectionError,
    ProviderError,
    QuotaError,
    RateLimitError,
)
from ..http.wire import kind_of

MAX_TEXT = 500
SHORTEST_KEY = 8
"""Characters from which on a value of the environment is taken out of errors."""

_KEY = re.compile(r"\b(?:sk|rk|pk)-[\w-]{6,}|(?<=bearer )[\w.~+/=-]{6,}", re.IGNORECASE)
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|AUTH", re.IGNORECASE)
_STATUS = re.compile(r"\b(?:status(?: code)?|api error)[: (]+([45]\d\d)\b", re.IGNORECASE)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_KINDS: tuple[tuple[type[ProviderError], str], ...] = (
    (ContextLengthError, r"(?:prompt|input) is too long|context (?:window|length)|too many tokens"),
    (ContentFilterError, r"usage policy|content filter"),
    (QuotaError, r"usage limit|credit balance|quota|hit your .{0,20}limit|insufficient (?:funds|credits)"),
    (RateLimitError, r"rate.?limit|too many requests"),
    (OverloadedError, r"overloaded|high demand|at capacity|temporarily unavailable"),
    (
        AuthenticationError,
        r"not logged in|please (?:run|log) |log ?in with|authenticat|unauthori[sz]ed"
        r"|invalid (?:api )?key|no auth ",
    ),
    (PermissionDeniedError, r"forbidden|permission denied|trusted directory"),
    (ModelNotFoundError, r"model .{0,80}(?:not exist|not found|not supported)|unknown model"),
    (ProviderConnectionError, r"connection|econn\w+|network|stream disconnected|timed out"),
)
_WORDS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _KINDS)


def failure(said: str, status: int | None = None) -> ProviderError:
    """The error that a program reported, by the status of its service or by its words."""
    told = _STATUS.search(said)
    status = status or (int(told[1]) if told else None)
    by_words = next((kind for kind, pattern in _WORDS if pattern.search(said)), ProviderError)
    kind = by_words
    if status is not None and not issubclass(by_words, (QuotaError, ContextLengthError, ContentFilterError)):
        kind = kind_of(status)
    return kind(said or "no reason given", status=status)


def shown(text: str, environment: Mapping[str, str]) -> str:
    """The end of a text, on one line and without keys."""
    for name, value in environment.items():
        if len(value) >= SHORTEST_KEY and _SECRET_NAME.search(name):
            text = text.replace(value, "[key]")
    return _KEY.sub("[REDACTED]", " ".join(_COLOUR.sub("", text).split()))[-MAX_TEXT:]
