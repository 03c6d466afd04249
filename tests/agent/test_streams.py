"""A run that is watched: it starts when it is looked at, waits for its reader, and ends with it."""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.agent.seen import WAIT, kinds
from voxagent import (
    Agent,
    BaseProvider,
    ConfigError,
    Message,
    RunContext,
    RunResult,
    RunStream,
    ToolDefinition,
    tool,
)
from voxagent.errors import RunAbortedError, ServerError
from voxagent.providers import ModelRequest, StreamChunk
from voxagent.streaming import BaseEvent, RunEndEvent, TextDeltaEvent, ToolStartEvent
from voxagent.testing import FunctionProvider, ScriptedProvider, answer, fails, stalls, text, tool_call
from voxagent.types import ToolSpec


@tool
async def add(a: int, b: int) -> int:
    return a + b


class Endless:
    """A model that writes until it is closed, and tells both."""

    def __init__(self, limit: int = 1_000_000) -> None:
        self.limit = limit
        self.written = 0
        self.began = asyncio.Event()
        self.closed = asyncio.Event()
        self.provider = FunctionProvider(self.write)

    async def write(self, messages: Sequence[Message], request: ModelRequest) -> AsyncIterator[str]:
        try:
            while self.written < self.limit:
                self.written += 1
                self.began.set()
                yield "x"
                await asyncio.sleep(0)
        finally:
            self.closed.set()


async def test_nothing_starts_before_the_stream_is_looked_at() -> None:
    provider = ScriptedProvider(text("hi"))
    stream = Agent(provider).run_stream("?")
    for _ in range(10):
        await asyncio.sleep(0)
    assert provider.requests == []
    async with stream:
        assert (await stream.result()).output == "hi"


async def test_iterating_is_enough_and_the_last_event_carries_the_result() -> None:
    agent = Agent(ScriptedProvider(answer(text("Hmm."), tool_call("add", a=1, b=2)), text("3")), tools=[add])
    events: list[BaseEvent] = [event async for event in agent.run_stream("?")]
    assert kinds(events) == [
        "run_start",
        "user_message",
        "turn_start",
        "assistant_start",
        "assistant_end",
        "tool_start",
        "tool_end",
        "user_message",
        "turn_end",
        "turn_start",
        "assistant_start",
        "assistant_end",
        "turn_end",
        "run_end",
    ]
    assert [event.delta for event in events if isinstance(event, TextDeltaEvent)] == ["Hmm.", "3"]
    end = events[-1]
    assert isinstance(end, RunEndEvent)
    assert end.result is not None
    assert end.result.output == "3"


Reading = Callable[[RunStream[str]], Awaitable[object]]


async def _events(stream: RunStream[str]) -> None:
    async for _ in stream:
        pass


async def _text(stream: RunStream[str]) -> None:
    async for _ in stream.text():
        pass


async def _output(stream: RunStream[str]) -> None:
    async for _ in stream.output():
        pass


async def _result(stream: RunStream[str]) -> RunResult[str]:
    return await stream.result()


async def _entered(stream: RunStream[str]) -> None:
    async with stream:
        raise AssertionError("it must not be entered")


@pytest.mark.parametrize("first", [_events, _text, _output, _result])
@pytest.mark.parametrize("second", [_events, _text, _output])
async def test_a_stream_has_one_reader(first: Reading, second: Reading) -> None:
    async with Agent(ScriptedProvider(text("hi"))).run_stream("?") as stream:
        await first(stream)
        with pytest.raises(ConfigError, match="the stream is being read already: it has one reader"):
            await second(stream)


@pytest.mark.parametrize("read", [_events, _text, _output, _result, _entered])
async def test_what_goes_wrong_before_the_run_begins_is_raised_where_it_is_looked_at(read: Reading) -> None:
    with pytest.raises(ConfigError, match="the prompt is empty"):
        await read(Agent(ScriptedProvider()).run_stream(""))


async def test_a_stream_that_was_never_looked_at_needs_no_end() -> None:
    stream = Agent(ScriptedProvider()).run_stream("?")
    await stream.__aexit__(None, None, None)


async def test_leaving_the_block_closes_the_model_before_it_goes_on() -> None:
    endless = Endless()
    events: list[BaseEvent] = []
    agent = Agent(endless.provider, observers=[events.append])
    async with agent.run_stream("?") as stream:
        async for event in stream:
            if isinstance(event, TextDeltaEvent):
                break
        assert not endless.closed.is_set()
    assert endless.closed.is_set()
    end = events[-1]
    assert isinstance(end, RunEndEvent)
    assert end.result is not None
    assert end.aborted
    with pytest.raises(RunAbortedError, match="the run was aborted: the reader left the stream"):
        end.result.raise_for_error()


async def test_an_exception_in_the_block_closes_too_and_goes_through() -> None:
    endless = Endless()

    async def read() -> None:
        async with Agent(endless.provider).run_stream("?") as stream:
            async for _ in stream:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await read()
    assert endless.closed.is_set()


@pytest.mark.parametrize("door", ["__aiter__", "text", "output"])
async def test_leaving_a_plain_loop_closes_within_a_second(door: str) -> None:
    endless = Endless()
    stream = Agent(endless.provider).run_stream("?")
    async for _ in getattr(stream, door)():
        break
    async with asyncio.timeout(1):
        await endless.closed.wait()


async def test_a_reader_that_is_cancelled_closes_the_run() -> None:
    endless = Endless()
    reading = asyncio.Event()

    async def read() -> None:
        async with Agent(endless.provider).run_stream("?") as stream:
            async for _ in stream:
                reading.set()

    task = asyncio.create_task(read())
    await asyncio.wait_for(reading.wait(), WAIT)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, WAIT)
    assert endless.closed.is_set()


async def test_a_reader_that_is_cancelled_twice_does_not_wait_for_a_tool_that_does_not_stop() -> None:
    free, begun, asked = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @tool
    async def stubborn() -> str:
        begun.set()
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                asked.set()
        return ""

    agent = Agent(ScriptedProvider(tool_call("stubborn")), tools=[stubborn], cancel_grace=WAIT)

    async def read() -> None:
        async with agent.run_stream("?") as stream:
            await _events(stream)

    task = asyncio.create_task(read())
    await asyncio.wait_for(begun.wait(), WAIT)
    task.cancel()
    await asyncio.wait_for(asked.wait(), WAIT)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, WAIT / 2)
    free.set()


async def test_the_result_comes_without_reading_and_as_often_as_asked() -> None:
    stream = Agent(Endless(2000).provider).run_stream("?")
    result = await asyncio.wait_for(stream.result(), WAIT)
    assert result.output == "x" * 2000
    assert await stream.result() is result


async def test_whoever_waits_for_the_result_no_longer_ends_the_run() -> None:
    endless = Endless()
    stream = Agent(endless.provider).run_stream("?")
    waiting = asyncio.create_task(stream.result())
    await asyncio.wait_for(endless.began.wait(), WAIT)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    async with asyncio.timeout(1):
        await endless.closed.wait()


async def test_a_run_is_ahead_of_a_slow_reader_by_no_more_than_the_buffer() -> None:
    endless = Endless(5000)
    read, lead = 0, 0
    async with Agent(endless.provider).run_stream("?") as stream:
        async for event in stream:
            read += isinstance(event, TextDeltaEvent)
            lead = max(lead, endless.written - read)
            await asyncio.sleep(0)
    assert read == 5000
    assert lead <= 2 * 256 + 2


async def test_a_stream_can_be_aborted_from_another_thread() -> None:
    agent = Agent(ScriptedProvider(answer(text("I think"), stalls())))
    async with agent.run_stream("?") as stream:
        async for event in stream:
            if isinstance(event, TextDeltaEvent):
                threading.Thread(target=stream.abort, args=("enough",)).start()
        result = await asyncio.wait_for(stream.result(), WAIT)
    assert (result.aborted, result.assistant_texts) == (True, ["I think"])
    with pytest.raises(RunAbortedError, match=r"^the run was aborted: enough$"):
        result.raise_for_error()


async def test_a_stream_that_was_aborted_ahead_asks_no_model() -> None:
    provider = ScriptedProvider(text("never"))
    stream = Agent(provider).run_stream("?")
    stream.abort("changed my mind")
    events = [event async for event in stream]
    assert (kinds(events), provider.requests) == (["run_start", "run_error", "run_end"], [])


async def test_a_graceful_stop_ends_after_the_turn_with_its_tools_done() -> None:
    provider = ScriptedProvider(answer(text("Adding."), tool_call("add", a=1, b=2)), text("never"))
    async with Agent(provider, tools=[add]).run_stream("?") as stream:
        async for event in stream:
            if isinstance(event, ToolStartEvent):
                stream.abort("time to go", after="turn")
        result = await stream.result()
    assert result.aborted
    assert [each.text for each in result.messages[-1].tool_results] == ["3"]
    assert len(provider.requests) == 1
    with pytest.raises(RunAbortedError, match=r"^the run was stopped after a turn: time to go$"):
        result.raise_for_error()


async def test_a_graceful_stop_does_not_take_an_output_that_is_there() -> None:
    async with Agent(ScriptedProvider(text("hi"))).run_stream("?") as stream:
        stream.abort(after="turn")
        assert (await stream.result()).output == "hi"


async def test_text_is_the_text_of_all_answers() -> None:
    provider = ScriptedProvider(
        answer(text("Hmm. "), tool_call("add", a=1, b=2), chunk_size=2),
        answer(text("It is 3."), chunk_size=3),
    )
    pieces = [piece async for piece in Agent(provider, tools=[add]).run_stream("?").text()]
    assert pieces == ["Hm", "m.", " ", "It ", "is ", "3."]


async def test_the_text_of_a_sub_agent_is_not_the_text_of_its_parent() -> None:
    child = Agent(ScriptedProvider(text("below")), name="child")
    provider = ScriptedProvider(tool_call("child", prompt="go"), text("above"))
    stream = Agent(provider, sub_agents=[child]).run_stream("?")
    assert [piece async for piece in stream.text()] == ["above"]


async def test_a_run_that_fails_raises_at_the_end_of_its_text_and_output() -> None:
    reads = (lambda stream: stream.text(), lambda stream: stream.output())
    for read in reads:
        provider = ScriptedProvider(answer(text("It is"), fails(ServerError("down"))))
        pieces = read(Agent(provider).run_stream("?"))
        assert await anext(pieces) == "It is"
        with pytest.raises(ServerError, match="down"):
            await anext(pieces)


class Blocking(BaseProvider):
    """A provider of voxagent 0.1 that cannot stream and only has a blocking call."""

    name = "blocking"  # type: ignore[assignment]
    models = ("one",)  # type: ignore[assignment]
    supports_tools = True  # type: ignore[assignment]
    supports_streaming = False  # type: ignore[assignment]
    context_limit = 1000  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.threads: list[threading.Thread] = []

    def complete(
        self, messages: Sequence[Message], system: str | None = None, tools: Sequence[ToolSpec] | None = None
    ) -> Message:
        self.threads.append(threading.current_thread())
        return Message("assistant", f"whole: {messages[-1].text}")


async def test_a_provider_that_cannot_stream_gives_one_piece_from_a_thread() -> None:
    provider = Blocking()
    assert [piece async for piece in Agent(provider).run_stream("you").text()] == ["whole: you"]
    assert provider.threads != [threading.current_thread()]


class Streaming(Blocking):
    supports_streaming = True  # type: ignore[assignment]

    async def stream(self, *asked: object) -> AsyncIterator[StreamChunk]:
        from voxagent import MessageEndChunk, TextDeltaChunk

        for word in ("a ", "b"):
            yield TextDeltaChunk(word)
        yield MessageEndChunk()


async def test_a_provider_of_voxagent_0_1_streams_as_it_did() -> None:
    async with Agent(Streaming()).run_stream("?") as stream:
        assert [piece async for piece in stream.text()] == ["a ", "b"]
        result: RunResult[Any] = await stream.result()
    assert (result.output, result.finish_reason, result.provider) == ("a b", "stop", "blocking")


class NeverOpen:
    """A toolset that takes for ever to open, and tells when it is asked and when it is left."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.left = asyncio.Event()

    @asynccontextmanager
    async def open(self, run: RunContext[Any]) -> AsyncGenerator[list[ToolDefinition[Any]]]:
        self.asked.set()
        try:
            await asyncio.Event().wait()
            yield []
        finally:
            self.left.set()


@pytest.mark.parametrize("look", [_events, _text, _output, _result, _entered])
async def test_a_reader_that_is_cancelled_before_the_first_event_ends_the_run(look: Reading) -> None:
    toolset = NeverOpen()
    task = asyncio.ensure_future(look(Agent(ScriptedProvider(), toolsets=[toolset]).run_stream("?")))
    await asyncio.wait_for(toolset.asked.wait(), WAIT)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, WAIT)
    assert toolset.left.is_set()
