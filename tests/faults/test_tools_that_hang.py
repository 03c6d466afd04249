"""Tools that do not end, ignore their cancellation, or block (faults 38-41)."""

import asyncio
import contextlib
import threading
import time
from typing import Any

import pytest

from tests.faults.script import (
    WAIT,
    asked,
    assert_paired,
    assert_told_and_done,
    every_door,
    in_loop,
    other_tasks,
    settled,
    through,
)
from voxagent.abort import AbortController
from voxagent.agent import Agent
from voxagent.errors import RunAbortedError
from voxagent.streaming import BaseEvent, OrphanEvent, RunEndEvent, WarningEvent
from voxagent.testing import ScriptedProvider, tool_call
from voxagent.tools import ToolContext, tool


@every_door
@pytest.mark.parametrize("is_async", [True, False])
def test_a_tool_that_never_returns_is_ended_by_its_timeout_and_the_run_goes_on(
    door: str, is_async: bool
) -> None:
    """Faults 38 and 40."""
    ended = threading.Event()

    async def hangs() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    def blocks(ctx: ToolContext[None]) -> None:
        stop = threading.Event()
        ctx.abort_signal.on_abort(lambda _: stop.set())
        assert stop.wait(WAIT)
        ended.set()

    ran = through(door, asked(tool(name="slow", timeout=0.05)(hangs if is_async else blocks)))
    assert_told_and_done(ran, "TimeoutError: the tool did not end within 0.05 s")
    assert ended.is_set()
    assert ran.of(OrphanEvent) == []
    assert [meta.success for meta in ran.result.tool_metas] == [False]


def test_a_tool_has_sixty_seconds_unless_somebody_says_otherwise() -> None:
    """Fault 38."""
    assert tool(test_a_tool_has_sixty_seconds_unless_somebody_says_otherwise).timeout == 60.0
    assert Agent("test:x", name="below").as_tool().timeout is None


@every_door
def test_the_timeout_of_one_tool_leaves_those_beside_it_alone(door: str) -> None:
    """Fault 38."""
    ended = asyncio.Event

    @tool(timeout=0.05)
    async def hangs() -> None:
        await ended().wait()

    async def slower() -> str:
        await asyncio.sleep(0.1)
        return "here"

    assert_told_and_done(
        through(door, asked(hangs, slower)), "TimeoutError: the tool did not end within 0.05 s", "here"
    )


class Stubborn:
    """A tool that ignores every cancellation until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.begun = threading.Event()
        self.ended = threading.Event()

    async def ignores(self) -> str:
        self.begun.set()
        while not self.go.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.005)
        self.ended.set()
        return "late"

    def blocks(self) -> str:
        self.begun.set()
        self.go.wait(WAIT)
        self.ended.set()
        return "late"


@every_door
@pytest.mark.parametrize("way", ["ignores", "blocks"])
def test_a_tool_that_ignores_its_cancellation_is_left_behind_after_the_grace_and_reported(
    door: str, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Faults 39 and 40."""
    stubborn = Stubborn()
    events: list[BaseEvent] = []

    async def watch(event: BaseEvent) -> None:
        if isinstance(event, RunEndEvent):
            stubborn.go.set()
        events.append(event)

    agent = asked(tool(name="stubborn", timeout=0.05)(getattr(stubborn, way)), cancel_grace=0.05)
    agent.subscribe(watch)
    begun = time.monotonic()
    ran = through(door, agent)
    assert time.monotonic() - begun < 1.5
    assert_told_and_done(ran, "TimeoutError: the tool did not end within 0.05 s")
    run_id, call = ran.result.run_id, ran.result.tool_calls[0]
    assert ran.of(OrphanEvent) == [OrphanEvent(run_id, call.id, "stubborn")]
    assert "did not stop when it was cancelled" in caplog.text
    assert stubborn.ended.wait(WAIT)
    assert events == ran.events


@pytest.mark.parametrize("door", ["run", "run on uvloop"])
@pytest.mark.parametrize("way", ["ignores", "blocks"])
def test_an_aborted_run_waits_for_a_stubborn_tool_no_longer_than_the_grace(door: str, way: str) -> None:
    """Faults 39 and 40."""
    stubborn, controller = Stubborn(), AbortController()
    events: list[BaseEvent] = []

    async def main() -> tuple[Any, float]:
        agent = asked(tool(name="stubborn", timeout=None)(getattr(stubborn, way)), cancel_grace=0.05)
        agent.subscribe(events.append)
        running = asyncio.create_task(agent.run("go", abort_signal=controller.signal))
        await settled(stubborn.begun.is_set)
        begun = time.monotonic()
        controller.abort("enough")
        result = await running
        took = time.monotonic() - begun
        stubborn.go.set()
        await settled(lambda: not other_tasks())
        return result, took

    result, took = in_loop(door, main)
    assert took < 0.05 + 0.5
    assert result.aborted
    assert isinstance(result.error, RunAbortedError)
    assert [event.tool_name for event in events if isinstance(event, OrphanEvent)] == ["stubborn"]
    assert isinstance(events[-1], RunEndEvent)


@pytest.mark.parametrize("door", ["run", "run on uvloop"])
def test_an_orphan_says_nothing_any_more_once_its_run_is_over(door: str) -> None:
    """Fault 39: `RunEndEvent` is always the last event."""
    go, tried = threading.Event(), threading.Event()
    events: list[BaseEvent] = []

    @tool(timeout=0.02)
    async def talks(ctx: ToolContext[None]) -> None:
        while not go.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.005)
        await ctx.update("still here")
        await ctx.emit("still", "here")
        tried.set()

    async def main() -> Any:
        agent = asked(talks, cancel_grace=0.02)
        agent.subscribe(events.append)
        result = await agent.run("go")
        go.set()
        await settled(tried.is_set)
        await settled(lambda: not other_tasks())
        return result

    assert in_loop(door, main).output == "done"
    assert isinstance(events[-1], RunEndEvent)


@pytest.mark.parametrize("door", ["run", "run on uvloop"])
def test_a_blocking_tool_that_was_left_behind_does_not_keep_the_event_loop_from_closing(door: str) -> None:
    """Fault 40: a thread cannot be stopped, but it holds up nobody."""
    stubborn = Stubborn()
    begun = time.monotonic()

    async def main() -> Any:
        agent = asked(tool(name="slow", timeout=0.05)(stubborn.blocks), cancel_grace=0.05)
        return await agent.run("go")

    try:
        assert in_loop(door, main).output == "done"
        assert time.monotonic() - begun < 3
    finally:
        stubborn.go.set()
    assert stubborn.ended.wait(WAIT)


@every_door
def test_a_blocking_tool_does_not_stop_the_event_loop(door: str) -> None:
    """Fault 40."""
    ticked = threading.Event()

    def blocks() -> str:
        return "ticked" if ticked.wait(WAIT) else "the loop stood still"

    async def ticks() -> str:
        await asyncio.sleep(0)
        ticked.set()
        return "here"

    assert_told_and_done(through(door, asked(blocks, ticks)), "ticked", "here")


@every_door
def test_the_watchdog_names_an_async_tool_that_blocks_the_event_loop(door: str) -> None:
    """Fault 41."""

    async def innocent() -> str:
        await asyncio.sleep(0.001)
        return "a"

    async def guilty() -> str:
        await asyncio.sleep(0.001)
        time.sleep(0.3)  # noqa: ASYNC251  # what this test is about
        await asyncio.sleep(0.001)
        return "b"

    ran = through(door, asked(innocent, guilty, watchdog=0.25))
    assert_told_and_done(ran, "a", "b")
    assert ["guilty" in event.message for event in ran.of(WarningEvent)] == [True]
    assert "blocked the event loop for 0." in ran.of(WarningEvent)[0].message


@every_door
def test_without_the_watchdog_nobody_is_named(door: str) -> None:
    """Fault 41."""

    async def guilty() -> str:
        time.sleep(0.02)  # noqa: ASYNC251  # what this test is about
        return "b"

    ran = through(door, asked(guilty))
    assert_told_and_done(ran, "b")
    assert ran.of(WarningEvent) == []


@every_door
def test_a_watched_tool_can_be_cancelled_and_raise_like_any_other(door: str) -> None:
    """Fault 41."""
    cleaned = threading.Event()

    @tool(timeout=0.05)
    async def hangs() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.set()

    async def fails() -> None:
        await asyncio.sleep(0)
        raise KeyError("x")

    ran = through(door, asked(hangs, fails, watchdog=1.0))
    assert_told_and_done(ran, "TimeoutError: the tool did not end within 0.05 s", "KeyError: 'x'")
    assert cleaned.is_set()


@pytest.mark.parametrize("door", ["run", "run on uvloop"])
def test_an_abort_reaches_tools_of_agents_below_and_each_gets_its_grace(door: str) -> None:
    """Fault 39, below an agent: what cleans up within the grace is not cancelled twice."""
    cleaned: list[str] = []
    begun = asyncio.Event()
    controller = AbortController()

    async def tidy() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.05)
            cleaned.append("tidy")

    async def main() -> Any:
        below = asked(tidy, name="below")
        model = ScriptedProvider(tool_call("below", prompt="go"))
        agent = Agent(model, sub_agents=[below], name="above")
        running = asyncio.create_task(agent.run("go", abort_signal=controller.signal))
        await settled(begun.is_set)
        controller.abort("enough")
        result = await running
        assert other_tasks() == set()
        return result

    assert in_loop(door, main).aborted
    assert cleaned == ["tidy"]


@pytest.mark.parametrize("door", ["run", "run on uvloop"])
def test_an_abort_while_a_tool_that_timed_out_cleans_up_does_not_cancel_it_again(door: str) -> None:
    """Fault 39: its grace is running, and the abort gives it no other."""
    cleaned: list[str] = []
    cleaning = asyncio.Event()
    controller = AbortController()

    @tool(timeout=0.02)
    async def tidy() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaning.set()
            await asyncio.sleep(0.05)
            cleaned.append("tidy")

    async def main() -> Any:
        running = asyncio.create_task(asked(tidy).run("go", abort_signal=controller.signal))
        await settled(cleaning.is_set)
        controller.abort("enough")
        return await running

    assert in_loop(door, main).aborted
    assert cleaned == ["tidy"]


@pytest.mark.parametrize("door", ["run", "run on uvloop"])
def test_an_orphan_below_an_agent_is_reported_by_that_agent_which_comes_to_its_end(door: str) -> None:
    """Fault 39, below an agent."""
    stubborn, controller = Stubborn(), AbortController()
    events: list[BaseEvent] = []

    async def main() -> Any:
        below = asked(tool(stubborn.ignores), name="below", cancel_grace=0.5)
        model = ScriptedProvider(tool_call("below", prompt="go"))
        agent = Agent(model, sub_agents=[below], cancel_grace=0.5, observers=[events.append])
        running = asyncio.create_task(agent.run("go", abort_signal=controller.signal))
        await settled(stubborn.begun.is_set)
        controller.abort("enough")
        result = await running
        stubborn.go.set()
        await settled(lambda: not other_tasks())
        return result

    assert in_loop(door, main).aborted
    assert [(event.tool_name, event.path) for event in events if isinstance(event, OrphanEvent)] == [
        ("ignores", ("below",))
    ]
    assert_paired(events)
