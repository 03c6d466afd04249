"""A recorder writes down requests and answers, and changes nothing."""

from __future__ import annotations

import asyncio
import json

import pytest

from voxagent import Agent, BaseProvider
from voxagent.errors import RateLimitError, ServerError
from voxagent.providers import (
    ErrorChunk,
    MessageEndChunk,
    MessageStartChunk,
    ModelFacts,
    ModelRequest,
    TextDeltaChunk,
    facts_of,
)
from voxagent.testing import (
    FunctionProvider,
    RequestRecorder,
    ScriptedProvider,
    answer,
    fails,
    text,
    tool_call,
)
from voxagent.types import Message, OutputSpec, Usage

REQUEST = ModelRequest("m", [Message("user", "Hi")])


async def test_requests_and_answers_of_a_run_are_recorded() -> None:
    recorder = RequestRecorder(ScriptedProvider(tool_call("add", a=1, b=2), text("3")))
    agent = Agent(recorder)

    @agent.tool
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    result = await agent.run("Add 1 and 2")
    assert (result.output, result.provider, result.model) == ("3", "scripted", "scripted")
    assert [len(request.messages) for request in recorder.requests] == [1, 3]
    assert [exchange.complete for exchange in recorder.exchanges] == [True, True]
    assert recorder.exchanges[1].chunks == [
        MessageStartChunk("scripted", "scripted"),
        TextDeltaChunk("3"),
        MessageEndChunk("stop", Usage(requests=1)),
    ]


async def test_a_recording_is_json() -> None:
    async def stream(messages: object, request: ModelRequest) -> object:
        yield "Hel"
        yield ErrorChunk(ServerError("broke"))

    recorder = RequestRecorder(FunctionProvider(stream))  # type: ignore[arg-type]
    output = OutputSpec("point", {"type": "object"})
    async with recorder.open(
        ModelRequest("m", [Message("user", "Hi")], "Be brief.", output=output)
    ) as chunks:
        assert len([chunk async for chunk in chunks]) == 4
    assert json.loads(recorder.dump_json()) == [
        {
            "request": {
                "model": "m",
                "system": "Be brief.",
                "messages": [{"role": "user", "content": "Hi"}],
                "tools": [],
                "output": {"name": "point", "schema": {"type": "object"}, "description": ""},
                "settings": {},
            },
            "chunks": [
                {"chunk": "MessageStartChunk", "provider": "function", "model": "function"},
                {"chunk": "TextDeltaChunk", "delta": "Hel"},
                {"chunk": "ErrorChunk", "error": "broke"},
                {"chunk": "MessageEndChunk", "usage": Usage(requests=1).model_dump()},
            ],
            "error": None,
        }
    ]
    assert recorder.dump_json(indent=None).startswith('[{"request":{"model":"m"')


async def test_what_the_provider_raises_is_recorded_and_raised() -> None:
    recorder = RequestRecorder(
        ScriptedProvider(fails(RateLimitError("slow down")), answer(text("a"), fails(ServerError("broke"))))
    )
    with pytest.raises(RateLimitError):
        async with recorder.open(REQUEST):
            pytest.fail("nothing is streamed")
    async with recorder.open(REQUEST) as chunks:
        with pytest.raises(ServerError):
            assert [chunk async for chunk in chunks]
    assert [exchange.error for exchange in recorder.exchanges] == [
        "RateLimitError: slow down",
        "ServerError: broke",
    ]
    assert [exchange.complete for exchange in recorder.exchanges] == [False, False]


async def test_what_the_reader_raises_is_not_the_providers_error() -> None:
    recorder = RequestRecorder(ScriptedProvider(text("a")))

    async def read() -> None:
        async with recorder.open(REQUEST) as chunks:
            await anext(chunks)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await read()
    (exchange,) = recorder.exchanges
    assert (exchange.error, exchange.chunks) == (None, [MessageStartChunk("scripted", "scripted")])


async def test_an_answer_that_was_cancelled_is_recorded_as_far_as_it_went() -> None:
    came = asyncio.Event()

    async def stream(messages: object, request: ModelRequest) -> object:
        yield "a"
        came.set()
        await asyncio.Event().wait()

    recorder = RequestRecorder(FunctionProvider(stream))  # type: ignore[arg-type]
    task = asyncio.create_task(Agent(recorder).run("Hi"))
    await asyncio.wait_for(came.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (exchange,) = recorder.exchanges
    assert exchange.chunks == [MessageStartChunk("function", "function"), TextDeltaChunk("a")]
    assert (exchange.complete, exchange.error) == (False, None)


def test_a_recorder_looks_like_what_it_records() -> None:
    facts = ModelFacts(context_window=7)
    scripted = RequestRecorder(ScriptedProvider(name="mine", model="small", facts=facts))
    assert (scripted.name, scripted.model, facts_of(scripted, "small")) == ("mine", "small", facts)

    class Nameless:
        name = "nameless"
        open = BaseProvider.open

    nameless = RequestRecorder(Nameless())
    assert (nameless.model, facts_of(nameless, "")) == ("", ModelFacts())
