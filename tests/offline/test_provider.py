"""How the built-in model streams, counts, and is found."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from tests.offline.tools import get_time, temperature
from voxagent import Agent, ConfigError
from voxagent.providers import (
    MessageEndChunk,
    MessageStartChunk,
    ModelFacts,
    ModelRequest,
    StreamChunk,
    TextDeltaChunk,
    ToolCallDeltaChunk,
    ToolUseChunk,
    facts_of,
    get_default_registry,
)
from voxagent.providers.offline import OfflineProvider
from voxagent.types import (
    ImageBlock,
    Message,
    TextBlock,
    ThinkingBlock,
    ToolCall,
    ToolResultBlock,
    ToolUseBlock,
    Usage,
)


async def _chunks(messages: list[Message], **options: Any) -> list[StreamChunk]:
    async with OfflineProvider().open(ModelRequest("demo", messages, **options)) as chunks:
        return [chunk async for chunk in chunks]


async def test_text_is_streamed_word_by_word_and_nothing_of_it_is_lost() -> None:
    result = ToolResultBlock("1", "look", "One  fine day,\nin May.")
    called = Message("assistant", [ToolUseBlock("1", "look", {})])
    chunks = await _chunks([Message("user", "Look"), called, Message("user", [result])])
    assert chunks == [
        MessageStartChunk("offline", "demo"),
        *map(TextDeltaChunk, ["look:", " One", " fine", " day,", " ...", " in", " May."]),
        MessageEndChunk("stop", Usage(7, 7, requests=1)),
    ]


async def test_a_call_is_streamed_in_pieces_ahead_of_the_whole() -> None:
    chunks = await _chunks([Message("user", "How warm is Oslo?")], tools=[temperature.spec])
    assert chunks[1:-1] == [
        ToolCallDeltaChunk("call_1", "temperature", '{"city":"Oslo"}'),
        ToolUseChunk(ToolCall("call_1", "temperature", {"city": "Oslo"}, '{"city":"Oslo"}')),
    ]
    end = chunks[-1]
    assert isinstance(end, MessageEndChunk)
    assert end.finish_reason == "tool_use"
    assert end.usage is not None
    assert end.usage.output_tokens == len('{"city":"Oslo"}') // 4


async def test_ids_of_calls_are_counted_on_and_never_taken_twice() -> None:
    messages = [
        Message("user", "Look"),
        Message("assistant", [ToolUseBlock("call_2", "look", {})]),
        Message("user", [ToolResultBlock("call_2", "look", "")]),
        Message("assistant", "Done."),
        Message("user", "What time is it?"),
    ]
    chunks = await _chunks(messages, tools=[get_time.spec])
    assert [chunk.tool_call.id for chunk in chunks if isinstance(chunk, ToolUseChunk)] == ["call_3"]


async def test_every_block_is_counted_at_a_quarter_of_its_characters() -> None:
    blocks = [
        TextBlock("abcd"),
        ThinkingBlock("abcd"),
        ToolUseBlock("1", "x", {}),
        ImageBlock("image/png", b"x" * 99),
    ]
    chunks = await _chunks([Message("user", "abcdef"), Message("assistant", blocks)], system="abcd" * 10)
    end = chunks[-1]
    assert isinstance(end, MessageEndChunk)
    assert end.usage is not None
    assert end.usage.input_tokens == (6 + 4 + 4 + 2 + 40) // 4


async def test_the_same_request_gets_the_same_answer() -> None:
    request = {"tools": [get_time.spec, temperature.spec]}
    messages = [Message("user", "How warm is Oslo, and what time is it?")]
    assert await _chunks(messages, **request) == await _chunks(messages, **request)


async def test_a_delay_makes_the_stream_slow_enough_to_look_at() -> None:
    begun = time.monotonic()
    async with OfflineProvider(delay=0.01).open(ModelRequest("demo", [Message("user", "Hi")])) as chunks:
        count = len([chunk async for chunk in chunks])
    assert time.monotonic() - begun >= 0.01 * (count - 2)


async def test_an_answer_that_is_left_early_is_closed() -> None:
    provider = OfflineProvider(delay=30)
    async with asyncio.timeout(5):
        async with provider.open(ModelRequest("demo", [Message("user", "Hi")])) as chunks:
            await anext(chunks)


def test_it_is_found_by_its_name_and_is_the_only_model_of_its_provider() -> None:
    provider = get_default_registry().get_provider("Offline:demo")
    assert isinstance(provider, OfflineProvider)
    assert facts_of(provider, "demo") == ModelFacts(input_price=0.0, output_price=0.0)
    with pytest.raises(ConfigError, match=r"unknown model 'offline:other': .* is 'offline:demo'"):
        get_default_registry().get_provider("offline:other")
    with pytest.raises(ConfigError, match="negative number of seconds"):
        OfflineProvider(delay=-1)


def test_it_costs_nothing_and_needs_no_event_loop_of_the_caller() -> None:
    agent = Agent("offline:demo", tools=[temperature], output_type=float)
    result = agent.run_sync("How warm is Oslo?")
    assert (result.output, result.usage.requests, result.usage.tool_calls) == (4.0, 2, 1)
