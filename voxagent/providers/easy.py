"""The easy way to write a provider: fill in `stream`, or `complete` where the service cannot stream."""

from __future__ import annotations

import inspect
import os
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import ClassVar, cast

from ..abort import AbortSignal
from ..errors import ConfigError
from ..fanout.threads import in_thread
from ..types.config import ToolSpec
from ..types.message import Message
from ..types.tokens import request_tokens
from .base import ModelFacts, ModelRequest
from .chunks import MessageEndChunk, StreamChunk, TextDeltaChunk, ToolUseChunk


class _Key:
    """A key that a look at the provider's attributes does not show."""

    __slots__ = ("value",)

    def __init__(self, value: str | None) -> None:
        self.value: str | None = value

    def __repr__(self) -> str:
        return "..." if self.value else "None"


class BaseProvider(ABC):
    """The easy way to write a provider.

    Args:
        api_key: The key; without one, the environment variable named by `ENV_KEY` is read.
        base_url: The address of the service, where it is not the usual one.
        **kwargs: `model`, the model that this provider was made for.
    """

    ENV_KEY: ClassVar[str] = ""

    def __init__(self, api_key: str | None = None, base_url: str | None = None, **kwargs: str) -> None:
        self.model: str = kwargs.pop("model", "")
        if kwargs:
            raise ConfigError(f"{type(self).__name__} takes no argument {next(iter(kwargs))!r}")
        self.api_key = api_key
        self.base_url = base_url

    @property
    def api_key(self) -> str | None:
        """The key that was handed in."""
        return self._key.value

    @api_key.setter
    def api_key(self, key: str | None) -> None:
        self._key = _Key(key)

    @property
    @abstractmethod
    def name(self) -> str:
        """Name of the provider."""

    @property
    @abstractmethod
    def models(self) -> Sequence[str]:
        """Names of models that it is known to have."""

    @property
    @abstractmethod
    def supports_tools(self) -> bool:
        """Whether its models can call tools."""

    @property
    @abstractmethod
    def supports_streaming(self) -> bool:
        """Whether `stream` is used; otherwise `complete` is, and its answer comes as one piece."""

    @property
    @abstractmethod
    def context_limit(self) -> int:
        """Tokens that fit into one request."""

    def get_api_key(self) -> str | None:
        """The key: the one handed in, or the environment's."""
        return self.api_key or (os.environ.get(self.ENV_KEY) if self.ENV_KEY else None)

    def known_secrets(self) -> Sequence[tuple[str, str]]:
        """The key, which is a secret of every run that asks this provider."""
        key = self.get_api_key()
        return [(f"{self.name}_api_key", key)] if key else []

    def stream(
        self,
        messages: Sequence[Message],
        system: str | None = None,
        tools: Sequence[ToolSpec] | None = None,
        abort_signal: AbortSignal | None = None,
    ) -> AsyncIterator[StreamChunk]:
        """Answer piece by piece; write it as an async generator."""
        raise ConfigError(f"{type(self).__name__} says it streams but has no stream()")

    def complete(
        self,
        messages: Sequence[Message],
        system: str | None = None,
        tools: Sequence[ToolSpec] | None = None,
    ) -> Message | Awaitable[Message]:
        """Answer as a whole; a plain function is run in a thread, so it may block."""
        raise ConfigError(f"{type(self).__name__} does not stream and has no complete()")

    def count_tokens(self, messages: Sequence[Message], system: str | None = None) -> int:
        """An estimate of the tokens of a conversation."""
        return request_tokens(messages, system or "", model=self.model)

    def facts(self, model: str) -> ModelFacts:
        """What this provider says of its models."""
        return ModelFacts(context_window=self.context_limit, tools=self.supports_tools)

    @asynccontextmanager
    async def open(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[StreamChunk]]:
        """Answer a request by `stream` or `complete`."""
        chunks = self._streamed(request) if self.supports_streaming else self._completed(request)
        try:
            yield chunks
        finally:
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()

    def _streamed(self, request: ModelRequest) -> AsyncIterator[StreamChunk]:
        return self.stream(
            request.messages, request.system or None, list(request.tools) or None, request.abort_signal
        )

    async def _completed(self, request: ModelRequest) -> AsyncGenerator[StreamChunk]:
        asked = (request.messages, request.system or None, list(request.tools) or None)
        complete = cast("Callable[..., Message | Awaitable[Message]]", self.complete)
        is_async = inspect.iscoroutinefunction(complete)
        answer = complete(*asked) if is_async else await in_thread(partial(complete, *asked))
        message = answer if isinstance(answer, Message) else await answer
        if message.text:
            yield TextDeltaChunk(message.text)
        for call in message.tool_calls:
            yield ToolUseChunk(call)
        yield MessageEndChunk(message.finish_reason, message.usage)
