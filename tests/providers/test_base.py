"""A provider written the easy way streams, whether its service can or not."""

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import Any

import pytest

from voxagent.abort import AbortSignal
from voxagent.errors import ConfigError
from voxagent.providers import (
    BaseProvider,
    BlockChunk,
    ErrorChunk,
    MessageEndChunk,
    MessageStartChunk,
    ModelFacts,
    ModelRequest,
    StreamChunk,
    TextDeltaChunk,
    ThinkingDeltaChunk,
    ToolCallDeltaChunk,
    ToolUseChunk,
    facts_of,
)
from voxagent.session import count_message_tokens, count_tokens
from voxagent.types import Message, Record, RefusalBlock, ToolCall, ToolSpec, Usage

WAIT = 10
TOOL = ToolSpec("add", "Add.", {"type": "object"})
ASKED = Message("user", "hello")
CALL = ToolCall("1", "add", {"a": 1})
user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")


class Plain(BaseProvider):
    """A provider that only says what it is."""

    ENV_KEY = "PLAIN_API_KEY"
    streams = True

    @property
    def name(self) -> str:
        return "plain"

    @property
    def models(self) -> Sequence[str]:
        return ["small"]

    @property
    def supports_tools(self) -> bool:
        return False

    @property
    def supports_streaming(self) -> bool:
        return self.streams

    @property
    def context_limit(self) -> int:
        return 1000


class Streaming(Plain):
    def __init__(self, *chunks: StreamChunk) -> None:
        super().__init__()
        self.chunks = chunks
        self.asked: list[object] = []
        self.closed = asyncio.Event()

    async def stream(
        self,
        messages: Sequence[Message],
        system: str | None = None,
        tools: Sequence[ToolSpec] | None = None,
        abort_signal: AbortSignal | None = None,
    ) -> AsyncIterator[StreamChunk]:
        self.asked.append((messages, system, tools, abort_signal))
        try:
            for chunk in self.chunks:
                yield chunk
        finally:
            self.closed.set()


class Whole(Plain):
    """Answers as a whole, by a plain function that may block."""

    streams = False

    def __init__(self, answer: Message) -> None:
        super().__init__()
        self.answer = answer
        self.asked: list[object] = []

    def complete(
        self,
        messages: Sequence[Message],
        system: str | None = None,
        tools: Sequence[ToolSpec] | None = None,
    ) -> Message | Awaitable[Message]:
        self.asked.append((messages, system, tools, user.get(), threading.current_thread()))
        return self.answer


class WholeAsync(Whole):
    async def complete(self, *asked: Any) -> Message:  # type: ignore[override]
        self.asked.append((*asked, user.get(), threading.current_thread()))
        return self.answer


class WholeLater(Whole):
    def complete(self, *asked: Any) -> Awaitable[Message]:
        async def later() -> Message:
            return self.answer

        return later()


async def read(provider: BaseProvider, request: ModelRequest) -> list[StreamChunk]:
    async with asyncio.timeout(WAIT), provider.open(request) as chunks:
        return [chunk async for chunk in chunks]


async def test_a_streaming_provider_is_asked_for_a_stream_and_its_chunks_come_through() -> None:
    chunks = TextDeltaChunk("he"), TextDeltaChunk("llo"), MessageEndChunk("stop")
    provider, signal = Streaming(*chunks), AbortSignal()
    request = ModelRequest("small", [ASKED], "be brief", [TOOL], abort_signal=signal)
    assert await read(provider, request) == [*chunks]
    assert provider.asked == [([ASKED], "be brief", [TOOL], signal)]


async def test_no_system_prompt_and_no_tools_are_none() -> None:
    provider = Streaming()
    request = ModelRequest("small", [ASKED])
    await read(provider, request)
    assert provider.asked == [([ASKED], None, None, request.abort_signal)]


async def test_a_stream_that_is_left_early_is_closed() -> None:
    provider = Streaming(TextDeltaChunk("a"), TextDeltaChunk("b"))
    async with provider.open(ModelRequest("small", [ASKED])) as chunks:
        async for _ in chunks:
            break
        assert not provider.closed.is_set()
    assert provider.closed.is_set()


async def test_a_stream_that_is_no_generator_is_read_as_well() -> None:
    class Numbers:
        def __init__(self) -> None:
            self.left = [MessageEndChunk("stop")]

        def __aiter__(self) -> "Numbers":
            return self

        async def __anext__(self) -> StreamChunk:
            if not self.left:
                raise StopAsyncIteration
            return self.left.pop()

    class Other(Plain):
        def stream(self, *asked: Any, **more: Any) -> AsyncIterator[StreamChunk]:
            return Numbers()

    assert await read(Other(), ModelRequest("small", [ASKED])) == [MessageEndChunk("stop")]


@pytest.mark.parametrize("kind", [Whole, WholeAsync, WholeLater])
async def test_an_answer_as_a_whole_comes_as_one_piece(kind: type[Whole]) -> None:
    usage = Usage(1, 2)
    answer = Message("assistant", "hello", [CALL], finish_reason="tool_use", usage=usage)
    assert await read(kind(answer), ModelRequest("small", [ASKED])) == [
        TextDeltaChunk("hello"),
        ToolUseChunk(CALL),
        MessageEndChunk("tool_use", usage),
    ]


async def test_an_answer_without_text_and_calls_is_its_end_only() -> None:
    chunks = await read(Whole(Message("assistant")), ModelRequest("small", [ASKED]))
    assert chunks == [MessageEndChunk()]


async def test_a_plain_complete_runs_in_a_thread_and_an_async_one_on_the_loop() -> None:
    user.set("ada")
    request = ModelRequest("small", [ASKED], "be brief", [TOOL])
    plain, on_loop = Whole(Message("assistant", "x")), WholeAsync(Message("assistant", "x"))
    await read(plain, request)
    await read(on_loop, request)
    expected = ([ASKED], "be brief", [TOOL], "ada")
    here = threading.current_thread()
    [asked_plain], [asked_on_loop] = plain.asked, on_loop.asked
    assert isinstance(asked_plain, tuple)
    assert asked_plain[:4] == expected
    assert asked_plain[4] is not here
    assert asked_on_loop == (*expected, here)


async def test_a_provider_without_stream_and_complete_says_what_it_lacks() -> None:
    with pytest.raises(ConfigError, match=r"Plain says it streams but has no stream\(\)"):
        await read(Plain(), ModelRequest("small", [ASKED]))
    provider = Plain()
    provider.streams = False
    with pytest.raises(ConfigError, match=r"Plain does not stream and has no complete\(\)"):
        await read(provider, ModelRequest("small", [ASKED]))


def test_a_provider_keeps_its_key_address_and_model() -> None:
    provider = Plain("key", "http://here", model="small")
    assert (provider.api_key, provider.base_url, provider.model) == ("key", "http://here", "small")
    assert (Plain().api_key, Plain().base_url, Plain().model) == (None, None, "")


def test_an_argument_that_nobody_takes_is_refused() -> None:
    with pytest.raises(ConfigError, match="Plain takes no argument 'modle'"):
        Plain(modle="small")


def test_the_key_is_the_one_handed_in_or_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    class Keyless(Plain):
        ENV_KEY = ""

    monkeypatch.delenv("PLAIN_API_KEY", raising=False)
    assert Plain().get_api_key() is None
    monkeypatch.setenv("PLAIN_API_KEY", "from the environment")
    assert Plain().get_api_key() == "from the environment"
    assert Plain("handed in").get_api_key() == "handed in"
    assert Keyless().get_api_key() is None


def test_tokens_of_a_conversation_are_estimated() -> None:
    provider = Plain(model="small")
    messages = [Message("user", "How are you?"), Message("assistant", "Fine.")]
    assert provider.count_tokens(messages) == count_message_tokens(messages, "small") > 10
    assert provider.count_tokens([], "Be brief.") == count_tokens("Be brief.", "small") > 1


def test_facts_are_asked_of_whoever_knows_them() -> None:
    class Stranger:
        name = "stranger"

    assert facts_of(Plain(), "small") == ModelFacts(context_window=1000, tools=False)
    assert facts_of(Stranger(), "small") == ModelFacts()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "chunk",
    [
        MessageStartChunk("openai", "gpt-5", "req_1"),
        TextDeltaChunk("a"),
        ThinkingDeltaChunk("a"),
        ToolCallDeltaChunk("1", "add", '{"a'),
        ToolUseChunk(CALL),
        BlockChunk(RefusalBlock("no")),
        MessageEndChunk("stop", Usage(1, 2), {"x-ratelimit": "1"}),
        MessageEndChunk(),
    ],
    ids=lambda chunk: type(chunk).__name__,
)
def test_every_chunk_is_equal_after_json(chunk: Record) -> None:
    assert type(chunk).model_validate_json(chunk.model_dump_json()) == chunk


def test_an_error_chunk_carries_words_or_an_exception() -> None:
    error = ValueError("x")
    assert (ErrorChunk("down").error, ErrorChunk(error).error) == ("down", error)
