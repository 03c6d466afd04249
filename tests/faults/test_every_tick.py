"""Stop a run at every turn of the event loop, in every way there is, and look at what is left (fault 67).

The run has several turns, tools that run together, one of them in a thread and one an agent of its own, a
session, observers, hooks, and a check beside the model. Whatever is awaited, there is a tick that hits it.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tests.faults.script import (
    WAIT,
    RawProvider,
    assert_lawful,
    assert_paired,
    assert_valid_history,
    bounded,
    calls,
    in_loop,
    other_tasks,
    says,
    settled,
)
from voxagent.abort import AbortController
from voxagent.agent import Agent, Guardrail, Hooks
from voxagent.errors import RunAbortedError
from voxagent.providers import MessageEndChunk, TextDeltaChunk, ToolUseChunk
from voxagent.session import InMemorySessionStorage, effective
from voxagent.streaming import AssistantEndEvent, BaseEvent, OrphanEvent, RunEndEvent, RunStartEvent
from voxagent.testing import ScriptedProvider, text
from voxagent.tools import tool
from voxagent.types import Message, RunResult, ToolCall

LOOPS = ["asyncio", "uvloop"]
MOST = 1000


async def breathe(times: int = 2) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


class SlowStorage(InMemorySessionStorage):
    """A store that takes its time, ahead of the writing and after it, as one over a network does."""

    async def load(self, key: str) -> Any:
        await breathe()
        return await super().load(key)

    async def append(self, key: str, messages: Sequence[Message], *, expected_version: int) -> int:
        await breathe()
        version = await super().append(key, messages, expected_version=expected_version)
        await breathe()
        return version


class Scene:
    """One run, ready to be stopped."""

    def __init__(self) -> None:
        self.storage = SlowStorage()
        self.events: list[BaseEvent] = []
        self.later: list[BaseEvent] = []
        self.begun = self.ended = self.torn = 0
        self.below = RawProvider(calls(ToolCall("b1", "quick", {})), says("from below"), breathes=1)
        self.model = RawProvider(
            [
                TextDeltaChunk("let "),
                TextDeltaChunk("me see"),
                *[
                    ToolUseChunk(ToolCall(f"c{n}", name, {}))
                    for n, name in enumerate(["quick", "thread", "fails"])
                ],
                ToolUseChunk(ToolCall("c3", "helper", {"prompt": "help"})),
                MessageEndChunk("tool_use"),
            ],
            calls(ToolCall("c4", "quick", {})),
            says("done"),
            breathes=1,
        )
        tools = [tool(self.quick), tool(self.thread), tool(self.fails)]
        helper = Agent(self.below, name="helper", tools=[tool(self.quick)])
        self.agent = Agent(
            self.model,
            tools=tools,
            sub_agents=[helper],
            session_storage=self.storage,
            observers=[self.events.append, self.observe],
            hooks=Hooks(before_model=self.hook, before_tool=self.hook, after_tool=self.hook),
            guardrails=[Guardrail(on_prompt=self.check, beside=True)],
        )

    async def observe(self, event: BaseEvent) -> None:
        await breathe(1)
        self.later.append(event)

    async def hook(self, *given: Any) -> None:
        await self._worked()

    async def check(self, *given: Any) -> None:
        await self._worked()

    async def quick(self) -> str:
        await self._worked()
        return "quick"

    async def fails(self) -> str:
        await self._worked()
        raise ValueError("failed")

    def thread(self) -> str:
        self.begun += 1
        self.ended += 1
        return "thread"

    async def _worked(self) -> None:
        self.begun += 1
        try:
            try:
                await breathe()
            except asyncio.CancelledError:
                await self._cleaned_up()
                raise
            await breathe(1)
        finally:
            self.ended += 1

    async def _cleaned_up(self) -> None:
        self.torn += 1
        await breathe(2)
        self.torn -= 1

    async def assert_nothing_left(self) -> None:
        """No task, no tool, no stream; and the session is free and can be continued."""
        assert other_tasks() == set()
        assert self.begun == self.ended
        assert self.torn == 0, "what cleaned up after a cancellation was cancelled again"
        assert self.model.is_closed
        assert self.below.is_closed
        assert not [event for event in self.events if isinstance(event, OrphanEvent)]
        assert self.later == self.events, "an observer was not told to the end"
        assert_paired(self.events)
        await self._assert_session()

    async def _assert_session(self) -> None:
        stored = await self.storage.load("s")
        messages = effective(stored.messages) if stored else []
        assert_valid_history(messages)
        ends = [event for event in self.events if isinstance(event, RunEndEvent) and not event.path]
        starts = [event for event in self.events if isinstance(event, RunStartEvent) and not event.path]
        assert len(ends) == len(starts)
        if ends:
            assert self.events[-1] is ends[-1]
            assert ends[-1].messages == messages
            assert ends[-1].result is not None
            assert_lawful(ends[-1].result, self.events)
        told = [each.message for each in self.events if isinstance(each, AssistantEndEvent) and not each.path]
        assert [each for each in told if each.text or each.tool_calls] == [
            each for each in messages if each.role == "assistant"
        ]
        with self.agent.override(model=ScriptedProvider(text("again"))):
            again = await bounded(self.agent.run("continue", session_key="s"))
        assert again.output == "again"
        assert again.messages[:-2] == messages
        assert_valid_history(again.messages)
        assert other_tasks() == set()


async def tick(times: int, watched: asyncio.Task[Any] | None = None) -> bool:
    """Let the loop turn; tells whether the task ended by itself meanwhile."""
    for _ in range(times):
        if watched is not None and watched.done():
            return True
        await asyncio.sleep(0)
    return watched is not None and watched.done()


def at_every_tick(loop: str, stopped: Any) -> list[Any]:
    """Stop a run at tick 0, 1, 2 ... until one comes to its end before it is stopped."""

    async def main() -> list[Any]:
        seen: list[Any] = []
        for number in range(MOST):
            scene = Scene()
            try:
                done, outcome = await bounded(stopped(scene, number))
                await scene.assert_nothing_left()
            except Exception as error:
                error.add_note(f"stopped at tick {number}")
                raise
            seen.append(outcome)
            if done:
                return seen
        raise AssertionError(f"the run has more than {MOST} ticks")

    return in_loop(loop, main)


@pytest.mark.parametrize(("loop", "times"), [("asyncio", 1), ("uvloop", 1), ("asyncio", 2)])
def test_a_run_whose_task_is_cancelled_at_any_tick_leaves_nothing_behind(loop: str, times: int) -> None:
    """Fault 67, by `task.cancel()`."""

    async def stopped(scene: Scene, number: int) -> tuple[bool, Any]:
        task = asyncio.create_task(scene.agent.run("go", session_key="s"))
        if await tick(number, task):
            return True, task.result().output
        for _ in range(times):
            task.cancel()
        await asyncio.wait([task], timeout=WAIT)
        if task.cancelled():
            return False, "cancelled"
        return False, task.result().output

    seen = at_every_tick(loop, stopped)
    assert seen[-1] == "done"
    assert seen.count("cancelled") > 50


@pytest.mark.parametrize("loop", LOOPS)
def test_a_run_that_is_aborted_at_any_tick_gives_a_result_and_leaves_nothing_behind(loop: str) -> None:
    """Fault 67, by an `AbortController`."""

    async def stopped(scene: Scene, number: int) -> tuple[bool, Any]:
        controller = AbortController()

        async def abort() -> None:
            await tick(number)
            controller.abort("enough")

        me = asyncio.current_task()
        assert me is not None
        aborting = asyncio.create_task(abort())
        result: RunResult[Any] = await scene.agent.run("go", session_key="s", abort_signal=controller.signal)
        done = not aborting.done()
        aborting.cancel()
        await asyncio.wait([aborting])
        assert me.cancelling() == 0
        if result.error is not None:
            assert result.aborted
            assert isinstance(result.error, RunAbortedError)
            return done, "aborted"
        return done, result.output

    seen = at_every_tick(loop, stopped)
    assert seen[-1] == "done"
    assert seen.count("aborted") > 50


@pytest.mark.parametrize("loop", LOOPS)
def test_a_stream_that_is_left_at_any_tick_leaves_nothing_behind(loop: str) -> None:
    """Fault 67, by leaving `run_stream`."""

    async def stopped(scene: Scene, number: int) -> tuple[bool, Any]:
        async with scene.agent.run_stream("go", session_key="s") as stream:
            reading = asyncio.create_task(read_all(stream))
            done = await tick(number, reading)
            reading.cancel()
            await asyncio.wait([reading])
        me = asyncio.current_task()
        assert me is not None
        assert me.cancelling() == 0
        return done, done

    seen = at_every_tick(loop, stopped)
    assert seen.count(False) > 50


async def read_all(stream: Any) -> None:
    async for _ in stream:
        pass


async def read_in_a_block(scene: Scene) -> str:
    async with scene.agent.run_stream("go", session_key="s") as stream:
        await read_all(stream)
        return str((await stream.result()).output)


async def read_without_a_block(scene: Scene) -> str:
    await read_all(scene.agent.run_stream("go", session_key="s"))
    return "done"


async def result_in_a_block(scene: Scene) -> str:
    async with scene.agent.run_stream("go", session_key="s") as stream:
        return str((await stream.result()).output)


@pytest.mark.parametrize(
    ("loop", "reader"),
    [
        ("asyncio", read_in_a_block),
        ("uvloop", read_in_a_block),
        ("asyncio", read_without_a_block),
        ("uvloop", result_in_a_block),
    ],
)
def test_a_reader_whose_task_is_cancelled_at_any_tick_leaves_nothing_behind(loop: str, reader: Any) -> None:
    """Fault 67, by cancelling whoever reads a stream: while it enters, reads, and leaves."""

    async def stopped(scene: Scene, number: int) -> tuple[bool, Any]:
        task = asyncio.create_task(reader(scene))
        if await tick(number, task):
            return True, task.result()
        task.cancel()
        await asyncio.wait([task], timeout=WAIT)
        if task.cancelled():
            return False, "cancelled"
        return False, task.result()

    seen = at_every_tick(loop, stopped)
    assert seen[-1] == "done"
    assert seen.count("cancelled") > 50


@pytest.mark.parametrize("loop", LOOPS)
def test_a_plain_loop_that_is_left_at_any_event_leaves_nothing_behind(loop: str) -> None:
    """Fault 67, by `break` in an `async for` without `async with`."""

    async def stopped(scene: Scene, number: int) -> tuple[bool, Any]:
        count, before = 0, other_tasks()
        async for _ in scene.agent.run_stream("go", session_key="s"):
            count += 1
            if count > number:
                break
        async with asyncio.timeout(1):
            await settled(lambda: other_tasks() == before)
        return count <= number, count

    seen = at_every_tick(loop, stopped)
    assert len(seen) > 30


@pytest.mark.parametrize("loop", LOOPS)
def test_a_run_whose_time_is_up_at_any_moment_leaves_nothing_behind(loop: str) -> None:
    """Fault 67, by the clock: it strikes wherever it strikes."""

    async def main() -> None:
        seen: set[str] = set()
        for number in range(60):
            scene = Scene()
            result = await bounded(scene.agent.run("go", session_key="s", timeout_ms=0.05 + number * 0.15))
            await scene.assert_nothing_left()
            seen.add("timed out" if result.timed_out else str(result.output))
        assert "timed out" in seen

    in_loop(loop, main)
