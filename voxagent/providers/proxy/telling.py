"""What the proxy tells its clients of what went wrong, and what it keeps to its log.

A client may read why its own request was refused: those words are the provider's, without secrets and
addresses. All else that a provider or a connection says is about the server's side (its key, its budget, its
network): the client is told the kind of error in words of ours, and an id that the log has too.
"""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Mapping
from dataclasses import replace
from typing import cast
from uuid import uuid4

from ...errors import BadRequestError, ConfigError, ContentFilterError, ProviderError, ServerError
from ...security.filters import PLACEHOLDER, RedactionFilter
from ...security.registry import SecretRegistry
from ..chunks import FailoverChunk, MessageEndChunk, RetryChunk, StreamChunk
from .failures import Failure

logger: logging.Logger = logging.getLogger("voxagent")

ABOUT_THE_REQUEST = (BadRequestError, ContentFilterError)
"""Errors whose words a client may read."""
LONGEST = 500
"""Characters of a provider's words that are passed on."""
WORDS: Mapping[str, str] = {
    "authentication": "the model's service refuses the proxy's own key",
    "permission": "the proxy's own key may not do this",
    "not_found": "the model's service does not know the model",
    "rate_limit": "the model's service has had too many requests",
    "quota": "the proxy's budget at the model's service is spent",
    "overloaded": "the model's service has too much to do",
    "server": "the model's service broke",
    "connection": "the model's service was not reached, or the connection to it broke",
    "truncated": "the model's answer ended without its end mark",
    "timeout": "the model's service took too long",
    "malformed": "the answer of the model's service cannot be read",
    "no_profiles": "every key of the proxy is to be left alone for now",
}
OTHERWISE = "the model's service failed"
AGAIN = "the model's service failed, and is asked again"
PLACES = (r"https?://[^\s'\"<>]+", r"[0-9]{1,3}(\.[0-9]{1,3}){3}(:[0-9]{1,5})?")
"""Addresses: of the web, and of the network."""
KEY_ENDINGS = ("_API_KEY", "_KEY", "_TOKEN", "_SECRET", "_PASSWORD")


def known_secrets(given: SecretRegistry | None, tokens: Mapping[str, str]) -> SecretRegistry:
    """What must not be told: what the program named, tokens, keys in the environment, addresses."""
    registry = SecretRegistry() if given is None else given.copy()
    registry.register_defaults()
    for pattern in PLACES:
        registry.register_pattern(pattern, "address")
    keys = {name: value for name, value in os.environ.items() if name.endswith(KEY_ENDINGS)}
    for name, value in (*tokens.items(), *keys.items()):
        registry.register_value(name, value, found=True)
    return registry


class Teller:
    """Tells clients what they may know.

    Args:
        secrets: What must not be told.
    """

    def __init__(self, secrets: SecretRegistry) -> None:
        self._filter = RedactionFilter(secrets, PLACEHOLDER)

    def chunk(self, chunk: StreamChunk) -> StreamChunk:
        """A chunk, without what a failed try said."""
        match chunk:
            case RetryChunk():
                return replace(chunk, reason=AGAIN)
            case FailoverChunk():
                told = WORDS.get(chunk.reason, OTHERWISE)
                return replace(chunk, attempt=chunk.attempt and replace(chunk.attempt, error=told))
            case MessageEndChunk():
                return cast("StreamChunk", self._filter.redact_value(chunk))
            case _:
                return chunk

    def failure(self, error: Exception) -> Failure:
        """What a client is told of an error; what it is not told is logged."""
        if isinstance(error, ConfigError):
            error = BadRequestError(str(error))
        if isinstance(error, ABOUT_THE_REQUEST):
            return Failure.of(error, self._filter.redact(error.message)[:LONGEST])
        if not isinstance(error, ProviderError):
            error = self.unexpected(error)
            return Failure.of(error, error.message)
        id = new_id()
        logger.warning("%s: %s: %s", id, error.kind, self._filter.redact(str(error)))
        return Failure.of(error, f"{WORDS.get(error.kind, OTHERWISE)} ({id})")

    def unexpected(self, error: Exception) -> ServerError:
        """What a client is told of an error that is the server's own; the log has the rest."""
        id = new_id()
        told = "".join(traceback.format_exception(error))
        logger.error("%s: %s", id, self._filter.redact(told))
        return ServerError(f"the proxy failed; its log says why under {id}", request_id=id, retryable=False)


def new_id() -> str:
    """An id that the client and the log have in common."""
    return f"proxy-{uuid4().hex[:12]}"
