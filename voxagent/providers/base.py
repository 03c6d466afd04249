"""What a provider is: something that opens a stream of chunks for a request.

`Provider` is the plug point and has one method: entering sends, iterating reads, leaving closes.
`BaseProvider` is the easy way to write one: fill in `stream`, or `complete` where the service cannot
stream, and `open` follows from it. Nothing else in voxagent needs to know which of the two it was.
"""

from __future__ import annotations

import inspect
import os
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Protocol, cast

from ..abort import AbortSignal
from ..errors import ConfigError
from ..fanout.threads import in_thread
from ..types.config import ModelSettings, OutputSpec, ToolSpec
from ..types.message import Message
from .chunks import MessageEndChunk, StreamChunk, TextDeltaChunk, ToolUseChunk


@dataclass(slots=True, frozen=True, eq=False)
class ModelRequest:
    """One question to a model.

    Args:
        model: Name of the model, without the provider.
        messages: The conversation; no system messages in it.
        system: The system prompt, "" for none.
        tools: The tools that the model may call.
        output: The schema that its text shall follow, where the provider can hold it to one.
        settings: How it shall answer.
        abort_signal: Aborted when nobody wants the answer any more.
        run_id: The run that asks.
        deadline: `time.monotonic()` (seconds) by which the answer must be there; None for no limit.
    """

    model: str
    messages: Sequence[Message]
    system: str = ""
    tools: Sequence[ToolSpec] = ()
    output: OutputSpec | None = None
    settings: ModelSettings = field(default_factory=ModelSettings)
    abort_signal: AbortSignal = field(default_factory=AbortSignal)
    run_id: str = ""
    deadline: float | None = None


@dataclass(slots=True, frozen=True)
class ModelFacts:
    """What is known of a model; the defaults are safe for one that nobody knows.

    Args:
        context_window: Tokens that fit into one request, answer included; None if unknown.
        output_limit: Tokens of the longest answer; None if unknown.
        tools: Whether it can call tools.
        native_output: Whether the provider can hold its text to a JSON schema.
        input_price: US dollars for a million tokens read; None if unknown.
        output_price: US dollars for a million tokens written; None if unknown.
    """

    context_window: int | None = None
    output_limit: int | None = None
    tools: bool = True
    native_output: bool = False
    input_price: float | None = None
    output_price: float | None = None


class Provider(Protocol):
    """Opens a stream of chunks for a request."""

    @property
    def name(self) -> str:
        """Name of the provider, such as "openai"."""
        ...

    def open(self, request: ModelRequest) -> AbstractAsyncContextManager[AsyncIterator[StreamChunk]]:
        """Entering sends the request, iterating reads the answer, leaving closes."""
        ...


class KnowsModels(Protocol):
    """A provider that knows facts of its models; having the method is enough."""

    def facts(self, model: str) -> ModelFacts:
        """What is known of a model."""
        ...


def facts_of(provider: Provider, model: str) -> ModelFacts:
    """What the provider knows of the model (see `KnowsModels`); safe defaults where it knows nothing."""
    facts = getattr(provider, "facts", None)
    return ModelFacts() if facts is None else cast("KnowsModels", provider).facts(model)


def check_provider(provider: Provider) -> None:
    """Let a provider that has a `check_key` raise `ConfigError` ahead of a run, for a missing key say."""
    check = getattr(provider, "check_key", None)
    if check is not None:
        check()


def model_of(provider: Provider) -> str:
    """Name of the model that a provider was made for, "" if it was made for none."""
    return str(getattr(provider, "model", ""))


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
        """An estimate of the tokens of a conversation: a quarter of its characters."""
        return (sum(len(message.text) for message in messages) + len(system or "")) // 4

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
