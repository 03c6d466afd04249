"""A provider is anything with a name that opens a stream of chunks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import assert_type

from typing_extensions import override

from voxagent import (
    AbortSignal,
    Agent,
    BaseProvider,
    ErrorChunk,
    Message,
    MessageEndChunk,
    ProviderRegistry,
    StreamChunk,
    TextDeltaChunk,
    ToolCall,
    ToolUseChunk,
    __version__,
    __version_info__,
    get_default_registry,
)
from voxagent.providers import KeepsSecrets, ModelFacts, ModelRequest, Provider, facts_of
from voxagent.testing import FunctionProvider, ScriptedProvider, text, tool_call
from voxagent.types import ToolSpec


class Bare:
    """The protocol, with nothing from voxagent in it."""

    name = "bare"

    @asynccontextmanager
    async def open(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[StreamChunk]]:
        yield self.chunks(request)

    async def chunks(self, request: ModelRequest) -> AsyncGenerator[StreamChunk]:
        yield TextDeltaChunk(request.messages[-1].text)
        yield MessageEndChunk("stop")


class Echo(BaseProvider):
    """The easy way."""

    @property
    def name(self) -> str:
        return "echo"

    @property
    def models(self) -> Sequence[str]:
        return ["echo-1"]

    @property
    def supports_tools(self) -> bool:
        return False

    @property
    def supports_streaming(self) -> bool:
        return True

    @property
    def context_limit(self) -> int:
        return 1_000

    @override
    async def stream(
        self,
        messages: Sequence[Message],
        system: str | None = None,
        tools: Sequence[ToolSpec] | None = None,
        abort_signal: AbortSignal | None = None,
    ) -> AsyncGenerator[StreamChunk]:
        yield TextDeltaChunk(messages[-1].text)
        yield MessageEndChunk()


class Whole(Echo):
    """The easy way, for a service that does not stream."""

    @override
    async def complete(
        self,
        messages: Sequence[Message],
        system: str | None = None,
        tools: Sequence[ToolSpec] | None = None,
    ) -> Message:
        return Message("assistant", messages[-1].text)


bare: Provider = Bare()
easy: Provider = Echo()
scripted: Provider = ScriptedProvider(tool_call("add", a=1, b=2), text("3"))


def answered(messages: Sequence[Message], request: ModelRequest) -> str:
    return f"{len(messages)} {request.model}"


assert_type(Agent(bare), Agent[None, str])
assert_type(Agent(Bare()), Agent[None, str])
assert_type(Agent([Echo(), "offline:demo", Whole()], output_type=int), Agent[None, int])
assert_type(Agent(FunctionProvider(answered)), Agent[None, str])
assert_type(facts_of(bare, "m"), ModelFacts)
assert_type(facts_of(bare, "m").context_window, int | None)


class Keyed:
    """Tells what lets it in."""

    def known_secrets(self) -> list[tuple[str, str]]:
        return [("key", "value")]


def kept(provider: KeepsSecrets) -> None:
    assert_type(provider.known_secrets(), Sequence[tuple[str, str]])


kept(Keyed())
assert_type(get_default_registry(), ProviderRegistry)
assert_type(get_default_registry().get_provider("offline:demo"), Provider)

registry = ProviderRegistry()
registry.register("echo", Echo)
assert_type(Agent("echo:echo-1", registry=registry), Agent[None, str])


async def streamed(request: ModelRequest) -> None:
    async with Echo().open(request) as chunks:
        async for chunk in chunks:
            match chunk:
                case TextDeltaChunk(delta=delta):
                    assert_type(delta, str)
                case ToolUseChunk(tool_call=call):
                    assert_type(call, ToolCall)
                case ErrorChunk(error=error):
                    assert_type(error, str | Exception)
                case _:
                    assert_type(chunk.model_dump_json(), str)


version: str = __version__
assert_type(__version_info__, tuple[int | str, ...])
