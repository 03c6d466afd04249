"""A function as a model."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any

import pytest

from voxagent import Agent, ConfigError
from voxagent.providers import (
    MessageEndChunk,
    MessageStartChunk,
    ModelFacts,
    ModelRequest,
    StreamChunk,
    TextDeltaChunk,
    ToolUseChunk,
    facts_of,
)
from voxagent.testing import FunctionProvider, answer, text, tool_call
from voxagent.types import Message, ToolCall, Usage

REQUEST = ModelRequest("m", [Message("user", "Hi")], system="Be brief.")


async def _chunks(function: Any) -> list[StreamChunk]:
    async with FunctionProvider(function).open(REQUEST) as chunks:
        return [chunk async for chunk in chunks]


@pytest.mark.parametrize(
    "said", ["Hi Hi", text("Hi Hi"), answer(text("Hi Hi")), Message("assistant", "Hi Hi")]
)
async def test_a_function_answers_with_text_a_part_an_answer_or_a_message(said: Any) -> None:
    async def later(messages: Sequence[Message], request: ModelRequest) -> Any:
        return said

    wanted = [
        MessageStartChunk("function", "function"),
        TextDeltaChunk("Hi Hi"),
        MessageEndChunk("stop", Usage(requests=1)),
    ]
    assert await _chunks(lambda messages, request: said) == wanted
    assert await _chunks(later) == wanted


async def test_a_function_sees_the_conversation_and_the_request() -> None:
    agent = Agent(
        FunctionProvider(lambda messages, request: f"{request.system} {messages[-1].text}", "mine", "small"),
        system_prompt="Be brief.",
    )
    result = await agent.run("Hello")
    assert (result.output, result.provider, result.model) == ("Be brief. Hello", "mine", "small")


async def test_an_async_generator_streams_texts_and_chunks_and_start_and_end_are_added() -> None:
    call = ToolUseChunk(ToolCall("1", "add", {}))

    async def stream(messages: Sequence[Message], request: ModelRequest) -> AsyncGenerator[str | StreamChunk]:
        yield "Hel"
        yield "lo"
        yield call

    assert await _chunks(stream) == [
        MessageStartChunk("function", "function"),
        TextDeltaChunk("Hel"),
        TextDeltaChunk("lo"),
        call,
        MessageEndChunk(None, Usage(requests=1)),
    ]


async def test_start_and_end_of_an_async_generator_are_kept() -> None:
    wanted = [MessageStartChunk("other", "m"), TextDeltaChunk("Hi"), MessageEndChunk("length")]

    async def stream(messages: Sequence[Message], request: ModelRequest) -> AsyncGenerator[str | StreamChunk]:
        for chunk in wanted:
            yield chunk

    assert await _chunks(stream) == wanted


async def test_a_stream_that_is_not_a_generator_will_do() -> None:
    class Pieces:
        def __init__(self) -> None:
            self.left = ["a", "b"]

        def __aiter__(self) -> AsyncIterator[str]:
            return self

        async def __anext__(self) -> str:
            if not self.left:
                raise StopAsyncIteration
            return self.left.pop(0)

    chunks = await _chunks(lambda messages, request: Pieces())
    assert [chunk.delta for chunk in chunks if isinstance(chunk, TextDeltaChunk)] == ["a", "b"]


async def test_a_generator_is_closed_when_its_answer_is_left_early() -> None:
    closed: list[bool] = []

    async def stream(messages: Sequence[Message], request: ModelRequest) -> AsyncGenerator[str | StreamChunk]:
        try:
            yield "a"
            yield "b"
        finally:
            closed.append(True)

    async with FunctionProvider(stream).open(REQUEST) as chunks:
        await anext(chunks)
        await anext(chunks)
    assert closed == [True]


async def test_what_is_no_answer_is_refused() -> None:
    with pytest.raises(ConfigError, match="5 is no part of an answer"):
        await _chunks(lambda messages, request: 5)


async def test_a_function_calls_tools_by_what_it_sees() -> None:
    def model(messages: Sequence[Message], request: ModelRequest) -> Any:
        results = messages[-1].tool_results
        return results[0].text if results else tool_call(request.tools[0].name, a=2)

    agent = Agent(FunctionProvider(model))

    @agent.tool
    def double(a: int) -> int:
        """Double a number."""
        return 2 * a

    assert (await agent.run("Double 2")).output == "4"


def test_it_tells_facts_of_its_model() -> None:
    facts = ModelFacts(tools=False)
    assert facts_of(FunctionProvider(lambda messages, request: "", facts=facts), "") == facts
