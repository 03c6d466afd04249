"""What a provider is: something that opens a stream of chunks for a request.

`Provider` is the plug point and has one method: entering sends, iterating reads, leaving closes.
Whatever else a provider may know or check is found out by whether it has the method.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeAlias, cast

from ..abort import AbortSignal
from ..errors import ConfigError
from ..types.config import ModelSettings, OutputSpec, ToolSpec
from ..types.message import Message
from ..types.native import ProviderTool
from .chunks import StreamChunk

Secrets: TypeAlias = Sequence[tuple[str, str]]
"""Names and values."""

Hide: TypeAlias = Callable[[Secrets], object]


def _hidden_by_nobody(secrets: Secrets) -> None:
    """Outside of a run there is nobody who would show them."""


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
        attempts: How often the provider may try by itself; None leaves it to the provider.
        native_tools: Tools that the provider runs itself.
        hide: Takes values that must not be shown, by name: a provider calls it with what lets it in, ahead
            of its first chunk.
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
    native_tools: Sequence[ProviderTool] = ()
    attempts: int | None = None
    hide: Hide = field(default=_hidden_by_nobody, repr=False)


class LongPrompt(NamedTuple):
    """What more than `tokens` tokens of input make of the prices of a whole request: they are multiplied."""

    tokens: int
    input: float
    output: float


@dataclass(slots=True, frozen=True)
class ModelFacts:
    """What is known of a model; the defaults are safe for one that nobody knows.

    Args:
        context_window: Tokens that fit into one request, answer included; None if unknown.
        output_limit: Tokens of the longest answer; None if unknown.
        tools: Whether it can call tools.
        native_output: Whether the provider can hold its text to a JSON schema.
        native_beside_tools: Whether it can do so in a request that has tools as well.
        thinking: Whether it can think before it answers.
        thinks_unasked: Whether it does unless it is told not to.
        images: Whether it reads pictures; true where nobody knows, so that nothing is kept from it.
        documents: Whether it reads documents such as PDF; true where nobody knows.
        prefill: Whether it goes on with an answer that the request has begun.
        input_price: US dollars for a million tokens read; None if unknown.
        output_price: US dollars for a million tokens written; None if unknown.
        cached_input_price: US dollars for a million tokens read from the provider's cache; `input_price` if
            None.
        cache_write_price: US dollars for a million tokens written to it; `input_price` if None.
        price_date: The day from which the prices hold, "2026-11-20"; "" if unknown.
        long_prompt: What long requests cost; None if it makes no difference.
    """

    context_window: int | None = None
    output_limit: int | None = None
    tools: bool = True
    native_output: bool = False
    native_beside_tools: bool = False
    thinking: bool = False
    thinks_unasked: bool = False
    images: bool = True
    documents: bool = True
    prefill: bool = False
    input_price: float | None = None
    output_price: float | None = None
    cached_input_price: float | None = None
    cache_write_price: float | None = None
    price_date: str = ""
    long_prompt: LongPrompt | None = None


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


class RunsTools(Protocol):
    """A provider that runs tools itself; having the method is enough."""

    def native_refusal(self, tool: ProviderTool, model: str) -> str:
        """Why the model cannot be given the tool, "" if it can."""
        ...


def check_native_tools(provider: Provider, model: str, tools: Sequence[ProviderTool]) -> None:
    """Raise `ConfigError` for a tool that the provider would not run (see `RunsTools`): none gets lost."""
    for tool in tools:
        why = native_refusal(provider, model, tool)
        if why:
            raise ConfigError(f"{provider.name}:{model} cannot be given {tool!r}: {why}")


def native_refusal(provider: Provider, model: str, tool: ProviderTool) -> str:
    """Why a provider's model cannot be given a tool, "" if it can."""
    if not hasattr(provider, "native_refusal"):
        return "this provider runs no tools; leave it out, or ask another provider"
    return cast("RunsTools", provider).native_refusal(tool, model)


class KeepsSecrets(Protocol):
    """A provider that knows what lets it in; having the method is enough."""

    def known_secrets(self) -> Secrets:
        """Names and values that must not be shown, as far as they are known ahead of a request."""
        ...


def secrets_of(provider: Provider) -> Secrets:
    """What a provider lets itself in by (see `KeepsSecrets`); nothing where it does not say."""
    return cast("KeepsSecrets", provider).known_secrets() if hasattr(provider, "known_secrets") else ()


def check_provider(provider: Provider) -> None:
    """Let a provider that has a `check_key` raise `ConfigError` ahead of a run, for a missing key say."""
    check = getattr(provider, "check_key", None)
    if check is not None:
        check()


def model_of(provider: Provider) -> str:
    """Name of the model that a provider was made for, "" if it was made for none."""
    return str(getattr(provider, "model", ""))
