"""What the fault tests share: a provider of raw chunks, three doors on two loops, and the laws of a run."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
import uvloop

from voxagent.agent import Agent
from voxagent.providers import (
    MessageEndChunk,
    MessageStartChunk,
    ModelRequest,
    StreamChunk,
    TextDeltaChunk,
    ToolUseChunk,
)
from voxagent.streaming import (
    BaseEvent,
    OrphanEvent,
    RunEndEvent,
    RunErrorEvent,
    RunStartEvent,
    ToolEndEvent,
    ToolStartEvent,
)
from voxagent.testing import ScriptedProvider, answer, text, tool_call
from voxagent.tools import tool
from voxagent.types import Message, RunResult, ToolCall

T = TypeVar("T")

WAIT = 10.0
"""Seconds after which a test that waits for something has failed."""

DOORS = ("run", "run on uvloop", "run_stream", "run_stream on uvloop", "run_sync")

every_door = pytest.mark.parametrize("door", DOORS)
both_modes = pytest.mark.parametrize("tool_errors", ["model", "raise"])


class Mute(Exception):
    """An exception that cannot even be shown."""

    def __str__(self) -> str:
        raise ValueError("I have no text")

    __repr__ = __str__


class RawProvider:
    """Streams what it is given, one entry for each request: chunks, exceptions to raise, functions to await.

    Attributes:
        requests: What it was asked.
        opened: How many streams were opened.
        closed: How many of them were left again.
        finished: How many generators of chunks came to their `finally`.
    """

    name = "raw"
    model = "raw"

    def __init__(self, *answers: Sequence[Any], breathes: int = 0) -> None:
        self.answers = answers
        self.breathes = breathes
        self.requests: list[ModelRequest] = []
        self.opened = self.closed = self.started = self.finished = 0

    @asynccontextmanager
    async def open(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[StreamChunk]]:
        given = self.answers[len(self.requests)]
        self.requests.append(request)
        self.opened += 1
        try:
            await self._breathed()
            chunks = self._streamed(given)
            try:
                yield chunks
            finally:
                await chunks.aclose()
        finally:
            self.closed += 1

    async def _streamed(self, given: Sequence[Any]) -> AsyncGenerator[Any]:
        self.started += 1
        try:
            for each in given:
                await self._breathed()
                if isinstance(each, BaseException):
                    raise each
                if callable(each):
                    await each()
                    continue
                yield each
        finally:
            self.finished += 1

    async def _breathed(self) -> None:
        for _ in range(self.breathes):
            await asyncio.sleep(0)

    @property
    def is_closed(self) -> bool:
        """Whether everything that was opened was closed."""
        return self.opened == self.closed and self.started == self.finished


PARTIAL = [MessageStartChunk("raw", "raw"), TextDeltaChunk("par"), TextDeltaChunk("tial")]
"""A stream of `RawProvider` that has not come to its end."""

END = MessageEndChunk("stop")


def partial() -> Message:
    """What is kept of `PARTIAL`."""
    return Message("assistant", "partial", finish_reason="aborted", provider="raw", model="raw")


def says(text: str, reason: Any = "stop") -> list[StreamChunk]:
    """An answer of text only."""
    return [TextDeltaChunk(text), MessageEndChunk(reason)]


def calls(*given: ToolCall, reason: Any = "tool_use") -> list[StreamChunk]:
    """An answer of calls only."""
    return [*map(ToolUseChunk, given), MessageEndChunk(reason)]


@dataclass
class Seen:
    """A run as it is seen from outside: its result, and every event."""

    result: RunResult[Any]
    events: list[BaseEvent]

    def of(self, kind: type[T]) -> list[T]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def told(self) -> list[str]:
        """The text of every tool result in the history, in order."""
        return [block.text for message in self.result.new_messages for block in message.tool_results]


def in_loop(door: str, main: Callable[[], Coroutine[Any, Any, T]], seconds: float = 2 * WAIT) -> T:
    """Run a coroutine on the loop that the door names, in bounded time."""

    async def bounded() -> T:
        async with asyncio.timeout(seconds):
            return await main()

    factory = uvloop.new_event_loop if "uvloop" in door else None
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(bounded())


def through(door: str, agent: Agent[Any, Any], prompt: str = "go", **options: Any) -> Seen:
    """Run an agent through a door; checks that the run was lawful, and that it left nothing behind."""
    events: list[BaseEvent] = []
    unsubscribe = agent.subscribe(events.append)
    try:
        result = _result(door, agent, prompt, options, events)
    finally:
        unsubscribe()
    assert_lawful(result, events)
    return Seen(result, events)


def _result(
    door: str, agent: Agent[Any, Any], prompt: str, options: dict[str, Any], events: list[BaseEvent]
) -> RunResult[Any]:
    if door == "run_sync":
        return agent.run_sync(prompt, **options)

    async def main() -> RunResult[Any]:
        if door.startswith("run_stream"):
            async with agent.run_stream(prompt, **options) as stream:
                read = [event async for event in stream]
                result = await stream.result()
            assert read == events
        else:
            result = await agent.run(prompt, **options)
        if not any(isinstance(event, OrphanEvent) for event in events):
            await settled(lambda: other_tasks() == set())  # generators of the HTTP client take some ticks
        return result

    return in_loop(door, main)


def other_tasks() -> set[asyncio.Task[Any]]:
    """All tasks of this loop but the one that asks."""
    return asyncio.all_tasks() - {asyncio.current_task()}


async def settled(condition: Callable[[], bool]) -> None:
    """Give way until something is so, in bounded time."""
    async with asyncio.timeout(WAIT):
        while not condition():  # noqa: ASYNC110  # the condition is any, not an event
            await asyncio.sleep(0)


async def bounded(work: Awaitable[T]) -> T:
    """Await something, in bounded time."""
    return await asyncio.wait_for(work, WAIT)


def asked(*functions: Callable[..., Any], **options: Any) -> Agent[Any, Any]:
    """An agent whose model calls each of these tools once, all in one answer, and is done then."""
    tools = [each if hasattr(each, "spec") else tool(each) for each in functions]
    model = ScriptedProvider(answer(*[tool_call(each.name) for each in tools]), text("done"))
    return Agent(model, tools=tools, **options)


def assert_told_and_done(ran: Seen, *told: str) -> None:
    assert ran.result.ok, ran.result.error
    assert ran.result.output == "done"
    assert ran.told == list(told)


# --- the laws -----------------------------------------------------------------------------------


def assert_lawful(result: RunResult[Any], events: Sequence[BaseEvent]) -> None:
    """A run's history can be sent to any provider, and its events come in pairs and end with its end."""
    assert_valid_history(result.messages)
    assert_paired(events)
    assert isinstance(events[0], RunStartEvent)
    last = events[-1]
    assert isinstance(last, RunEndEvent)
    assert last.result is result
    assert (last.aborted, last.timed_out) == (result.aborted, result.timed_out)
    assert result.messages[len(result.messages) - len(result.new_messages) :] == result.new_messages
    failed = [event for event in events if isinstance(event, RunErrorEvent) and not event.path]
    assert len(failed) == (result.error is not None)


def assert_valid_history(messages: Sequence[Message]) -> None:
    """Every call has exactly one result, in the next message; no id twice; no answer follows another."""
    ids: Counter[str] = Counter()
    for number, message in enumerate(messages):
        before = messages[number - 1] if number else None
        asked = [call.id for call in before.tool_calls] if before is not None else []
        answered = [block.tool_use_id for block in message.tool_results]
        assert answered == asked, f"message {number} has results for {answered}, there were calls {asked}"
        assert message.role in ("user", "assistant")
        if message.role == "assistant":
            assert before is not None
            assert before.role == "user", f"message {number} is an answer right after another"
        ids.update(call.id for call in message.tool_calls)
    assert not messages or not messages[-1].tool_calls
    assert all(ids), "a call has no id"
    assert max(ids.values(), default=1) == 1, f"ids that came twice: {ids}"


def assert_paired(events: Sequence[BaseEvent]) -> None:
    """Runs and tools begin once and end once, in this order, and nothing of a run follows its end."""
    runs: dict[str, str] = {}
    tools: dict[tuple[str, str], str] = {}
    for event in events:
        if isinstance(event, RunStartEvent):
            assert event.run_id not in runs
            runs[event.run_id] = "begun"
        assert runs.get(event.run_id) == "begun", f"{event} is outside of its run"
        if isinstance(event, RunEndEvent):
            runs[event.run_id] = "ended"
        if isinstance(event, ToolStartEvent):
            key = (event.run_id, event.tool_call.id)
            assert key not in tools
            tools[key] = "begun"
        if isinstance(event, ToolEndEvent):
            key = (event.run_id, event.tool_call_id)
            assert tools.get(key) == "begun", f"{event} has no beginning"
            tools[key] = "ended"
    assert set(runs.values()) <= {"ended"}, "a run has no end"
    assert set(tools.values()) <= {"ended"}, "a tool has no end"
