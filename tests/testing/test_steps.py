"""What a script may consist of, and the chunks that come of it."""

from __future__ import annotations

import asyncio

import pytest

from voxagent.errors import ConfigError, RateLimitError, StreamTruncatedError
from voxagent.providers import (
    BlockChunk,
    MessageEndChunk,
    MessageStartChunk,
    ModelRequest,
    StreamChunk,
    TextDeltaChunk,
    ThinkingDeltaChunk,
    ToolCallDeltaChunk,
    ToolUseChunk,
)
from voxagent.testing import (
    ScriptedProvider,
    Step,
    answer,
    fails,
    raw_call,
    refusal,
    stalls,
    text,
    thinking,
    tool_call,
    waits,
)
from voxagent.types import (
    ImageBlock,
    Message,
    RefusalBlock,
    TextBlock,
    ThinkingBlock,
    ToolCall,
    ToolUseBlock,
    Usage,
)

ONE = Usage(requests=1)
REQUEST = ModelRequest("scripted", [Message("user", "Hi")])


async def _chunks(step: Step, request: ModelRequest = REQUEST) -> list[StreamChunk]:
    async with ScriptedProvider(step).open(request) as chunks:
        start, *rest = [chunk async for chunk in chunks]
    assert start == MessageStartChunk("scripted", "scripted")
    return rest


@pytest.mark.parametrize(
    ("step", "chunks"),
    [
        (text("Hello"), [TextDeltaChunk("Hello"), MessageEndChunk("stop", ONE)]),
        (text(""), [MessageEndChunk("stop", ONE)]),
        (thinking("Hm"), [ThinkingDeltaChunk("Hm"), MessageEndChunk("stop", ONE)]),
        (
            thinking("Hm", "sealed"),
            [
                ThinkingDeltaChunk("Hm"),
                BlockChunk(ThinkingBlock("Hm", "sealed", provider="scripted")),
                MessageEndChunk("stop", ONE),
            ],
        ),
        (
            tool_call("add", a=1, name="x"),
            [
                ToolCallDeltaChunk("call_1", "add", '{"a":1,"name":"x"}'),
                ToolUseChunk(ToolCall("call_1", "add", {"a": 1, "name": "x"}, '{"a":1,"name":"x"}')),
                MessageEndChunk("tool_use", ONE),
            ],
        ),
        (
            raw_call("add", "{broken", "mine"),
            [
                ToolCallDeltaChunk("mine", "add", "{broken"),
                ToolUseChunk(ToolCall("mine", "add", {}, "{broken")),
                MessageEndChunk("tool_use", ONE),
            ],
        ),
        (refusal("No."), [BlockChunk(RefusalBlock("No.")), MessageEndChunk("refusal", ONE)]),
        (answer(text("Hel"), cut=True), [TextDeltaChunk("Hel")]),
        (
            answer(text("Hello"), chunk_size=2, finish_reason="length", usage=Usage(1, 2)),
            [*map(TextDeltaChunk, ["He", "ll", "o"]), MessageEndChunk("length", Usage(1, 2))],
        ),
    ],
)
async def test_a_step_becomes_chunks(step: Step, chunks: list[StreamChunk]) -> None:
    assert await _chunks(step) == chunks


async def test_calls_without_ids_are_numbered_on_from_those_of_the_conversation() -> None:
    called = Message("assistant", [ToolUseBlock("call_1", "add", {}), ToolUseBlock("call_4", "add", {})])
    chunks = await _chunks(
        answer(tool_call("add"), tool_call("add", "mine"), tool_call("add")), ModelRequest("", [called])
    )
    assert [chunk.tool_call.id for chunk in chunks if isinstance(chunk, ToolUseChunk)] == [
        "call_3",
        "mine",
        "call_5",
    ]


async def test_a_message_can_be_played_back() -> None:
    blocks = [
        ThinkingBlock("Hm", "sealed"),
        TextBlock("Hello"),
        TextBlock("quoted", citations=({"url": "x"},)),
        ToolUseBlock("c", "add", {"a": 1}),
        ToolUseBlock("d", "add", {}, "{broken"),
        ImageBlock("image/png", "YQ=="),
    ]
    message = Message("assistant", blocks, finish_reason="tool_use", usage=Usage(1, 2))
    assert await _chunks(message) == [
        ThinkingDeltaChunk("Hm"),
        BlockChunk(ThinkingBlock("Hm", "sealed", provider="scripted")),
        TextDeltaChunk("Hello"),
        BlockChunk(TextBlock("quoted", citations=({"url": "x"},))),
        ToolCallDeltaChunk("c", "add", '{"a":1}'),
        ToolUseChunk(ToolCall("c", "add", {"a": 1}, '{"a":1}')),
        ToolCallDeltaChunk("d", "add", "{broken"),
        ToolUseChunk(ToolCall("d", "add", {}, "{broken")),
        BlockChunk(ImageBlock("image/png", "YQ==")),
        MessageEndChunk("tool_use", Usage(1, 2)),
    ]


async def test_a_failure_that_comes_first_is_raised_before_anything_is_streamed() -> None:
    with pytest.raises(RateLimitError, match="slow down"):
        async with ScriptedProvider(fails(RateLimitError("slow down"))).open(REQUEST):
            pytest.fail("nothing is streamed")


async def test_a_failure_that_comes_later_is_raised_in_the_stream() -> None:
    provider = ScriptedProvider(answer(text("Hel"), fails(StreamTruncatedError("gone"))))
    async with provider.open(REQUEST) as chunks:
        assert await anext(chunks) == MessageStartChunk("scripted", "scripted")
        assert await anext(chunks) == TextDeltaChunk("Hel")
        with pytest.raises(StreamTruncatedError, match="gone"):
            await anext(chunks)


async def test_a_stream_waits_for_an_event_and_stalls_until_it_is_cancelled() -> None:
    event = asyncio.Event()
    provider = ScriptedProvider(answer(text("a"), waits(event), text("b"), stalls(), text("c")))
    seen: list[str] = []

    async def read() -> None:
        async with provider.open(REQUEST) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, TextDeltaChunk):
                    seen.append(chunk.delta)
                    came.set()

    came = asyncio.Event()
    task = asyncio.create_task(read())
    await asyncio.wait_for(came.wait(), 5)
    assert seen == ["a"]
    came.clear()
    event.set()
    await asyncio.wait_for(came.wait(), 5)
    assert seen == ["a", "b"]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["a", "b"]


def test_what_cannot_be_an_answer_is_refused_where_it_is_written() -> None:
    with pytest.raises(ConfigError, match=r"'Hello' is no part of an answer: text\(...\)"):
        ScriptedProvider("Hello")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="chunk_size=0 is not a positive number"):
        answer(text("Hello"), chunk_size=0)
