"""Functions of the program that fail or hang: observers, hooks, guardrails, instructions, validators."""

import asyncio
import logging
import threading
import time
from typing import Any

import pytest

from tests.faults.script import (
    Mute,
    RawProvider,
    bounded,
    calls,
    every_door,
    in_loop,
    other_tasks,
    says,
    settled,
    through,
)
from voxagent.abort import AbortController
from voxagent.agent import Agent, Guardrail, Hooks, Refuse, sink
from voxagent.errors import CallbackError, ProviderError, RefusedError, RunAbortedError, RunTimeoutError
from voxagent.streaming import BaseEvent, RunEndEvent
from voxagent.testing import ScriptedProvider, stalls, text, tool_call
from voxagent.tools import tool
from voxagent.types import ToolCall


async def fine() -> str:
    return "fine"


def agent_with(**options: Any) -> Agent[Any, Any]:
    return Agent(ScriptedProvider(tool_call("fine"), text("done")), tools=[tool(fine)], **options)


# --- observers ------------------------------------------------------------------------------------


@every_door
@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize(
    "error", [ValueError("odd"), TimeoutError(), asyncio.CancelledError("mine")], ids=repr
)
def test_an_observer_that_raises_harms_neither_the_run_nor_the_other_observers(
    door: str, is_async: bool, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    """An observer that raises."""
    after: list[BaseEvent] = []

    def fails(event: BaseEvent) -> None:
        raise error

    async def fails_later(event: BaseEvent) -> None:
        await asyncio.sleep(0)
        raise error

    ran = through(door, agent_with(observers=[fails_later if is_async else fails, after.append]))
    assert ran.result.output == "done"
    assert after == ran.events
    assert "an observer failed" in caplog.text


@every_door
def test_an_async_observer_that_hangs_is_given_up_after_its_time_and_the_run_goes_on(
    door: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An observer that hangs."""
    monkeypatch.setattr(sink, "OBSERVER_SECONDS", 0.02)
    seen: list[BaseEvent] = []

    async def hangs(event: BaseEvent) -> None:
        seen.append(event)
        await asyncio.Event().wait()

    begun = time.monotonic()
    ran = through(door, agent_with(observers=[hangs]))
    assert ran.result.output == "done"
    assert seen == ran.events[:1]
    assert time.monotonic() - begun < 2
    assert "did not return within" in caplog.text


@every_door
def test_an_async_observer_sees_every_event_in_order_and_to_its_end(door: str) -> None:
    """Whatever it waits for."""
    seen: list[BaseEvent] = []

    async def slow(event: BaseEvent) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        seen.append(event)

    model = RawProvider(calls(*[ToolCall(f"c{n}", "fine", {}) for n in range(5)]), says("done"))
    ran = through(door, Agent(model, tools=[tool(fine)], observers=[slow]))
    assert ran.result.output == "done"
    assert seen == ran.events


@pytest.mark.parametrize("door", ["run", "run on uvloop"])
@pytest.mark.parametrize("way", ["abort", "cancel"])
def test_an_async_observer_sees_the_end_of_a_run_that_was_stopped(door: str, way: str) -> None:
    """Of every event the observer comes to its end, however the run ended."""
    begun: list[BaseEvent] = []
    seen: list[BaseEvent] = []
    controller = AbortController()

    async def slow(event: BaseEvent) -> None:
        begun.append(event)
        for _ in range(3):
            await asyncio.sleep(0)
        seen.append(event)

    async def main() -> None:
        model = RawProvider([asyncio.Event().wait])
        agent = Agent(model, observers=[slow])
        running = asyncio.create_task(agent.run("go", abort_signal=controller.signal))
        await settled(lambda: model.started == 1)
        if way == "abort":
            controller.abort("enough")
            assert (await running).aborted
        else:
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
        assert other_tasks() == set()
        assert seen == begun
        assert isinstance(seen[-1], RunEndEvent)

    in_loop(door, main)


@pytest.mark.parametrize("door", ["run", "run on uvloop"])
def test_a_tool_that_times_out_does_not_cancel_the_observer_that_is_told_of_it(door: str) -> None:
    """What a run waits for is not the tool's to cancel."""
    seen: list[BaseEvent] = []

    async def slow(event: BaseEvent) -> None:
        await asyncio.sleep(0.03)
        seen.append(event)

    @tool(timeout=0.01)
    async def hangs() -> None:
        await asyncio.Event().wait()

    agent = Agent(ScriptedProvider(tool_call("hangs"), text("done")), tools=[hangs], observers=[slow])
    ran = through(door, agent)
    assert seen == ran.events


# --- hooks ----------------------------------------------------------------------------------------

PLACES = ["before_run", "before_model", "before_tool", "after_tool", "after_output"]


@every_door
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize(
    "error", [ValueError("odd"), asyncio.CancelledError("mine"), Mute()], ids=lambda each: type(each).__name__
)
def test_a_hook_that_raises_ends_the_run_with_an_error_that_names_it(
    door: str, place: str, is_async: bool, error: BaseException
) -> None:
    """A hook that raises."""

    def breaks(*given: Any) -> None:
        raise error

    async def breaks_later(*given: Any) -> None:
        await asyncio.sleep(0)
        raise error

    hooks: Hooks[Any] = Hooks(**{place: breaks_later if is_async else breaks})
    ran = through(door, agent_with(hooks=hooks))
    failure = ran.result.error
    assert isinstance(failure, CallbackError)
    assert place in str(failure)
    assert "breaks" in str(failure)
    assert failure.__cause__ is error


@every_door
@pytest.mark.parametrize("place", PLACES)
def test_a_hook_that_hangs_is_ended_by_the_time_of_the_run(door: str, place: str) -> None:
    """A hook that hangs."""
    begun, cleaned = threading.Event(), threading.Event()

    async def hangs(*given: Any) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.set()

    ran = through(door, agent_with(hooks=Hooks(**{place: hangs})), timeout_ms=50)
    assert isinstance(ran.result.error, RunTimeoutError)
    assert begun.is_set() == cleaned.is_set()


@every_door
@pytest.mark.parametrize("place", ["on_prompt", "on_output"])
def test_a_guardrail_that_raises_is_named(door: str, place: str) -> None:
    """A guardrail that raises."""

    def breaks(*given: Any) -> None:
        raise ValueError("odd")

    ran = through(door, agent_with(guardrails=[Guardrail(**{place: breaks})]))
    assert isinstance(ran.result.error, CallbackError)
    assert "breaks" in str(ran.result.error)


class Checks:
    """Guardrails that run beside the model."""

    def __init__(self) -> None:
        self.begun = self.ended = 0

    async def hangs(self, *given: Any) -> None:
        self.begun += 1
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            self.ended += 1

    async def breaks(self, *given: Any) -> None:
        await asyncio.sleep(0)
        raise ValueError("odd")


@every_door
@pytest.mark.parametrize("failure", ["the model's", "another check's", "both checks'"])
def test_no_check_beside_the_model_outlives_a_run_that_failed(
    door: str, failure: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Every task has an owner that awaits it, and no exception goes unseen by it."""
    caplog.set_level(logging.ERROR, "asyncio")
    checks = Checks()
    model = RawProvider([lambda: asyncio.sleep(0.01), ValueError("x")])
    rails = [Guardrail(on_prompt=checks.hangs, beside=True)]
    if failure != "the model's":
        model = RawProvider([lambda: asyncio.sleep(0.01), *says("a")])
        rails = [Guardrail(on_prompt=checks.breaks, beside=True), *rails]
    if failure == "both checks'":
        rails = [*rails[:1], *rails[:1]]
    ran = through(door, Agent(model, guardrails=rails))
    expected = ProviderError if failure == "the model's" else CallbackError
    assert isinstance(ran.result.error, expected)
    assert checks.begun == checks.ended
    assert "never retrieved" not in caplog.text


@pytest.mark.parametrize("door", ["run", "run on uvloop"])
@pytest.mark.parametrize("way", ["abort", "cancel"])
def test_no_check_beside_the_model_outlives_a_run_that_was_stopped(door: str, way: str) -> None:
    """Every task has an owner that awaits it."""
    checks, controller = Checks(), AbortController()

    async def main() -> None:
        model = RawProvider([lambda: asyncio.sleep(0), *says("a")])
        rails = [Guardrail(on_prompt=checks.hangs, beside=True)] * 2
        running = asyncio.create_task(
            Agent(model, guardrails=rails).run("go", abort_signal=controller.signal)
        )
        await settled(lambda: model.finished == 1)
        for _ in range(20):
            await asyncio.sleep(0)
        if way == "abort":
            controller.abort("enough")
            assert (await running).aborted
        else:
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
        assert other_tasks() == set()
        assert (checks.begun, checks.ended) == (2, 2)

    in_loop(door, main)


@every_door
def test_a_validator_and_instructions_that_raise_are_named(door: str) -> None:
    """A validator that raises."""
    first = agent_with()

    @first.output_validator
    def breaks(output: str) -> str:
        raise ValueError("odd")

    assert isinstance(through(door, first).result.error, CallbackError)
    second = agent_with()

    @second.instructions
    def says_nothing() -> str:
        raise ValueError("odd")

    assert "says_nothing" in str(through(door, second).result.error)


@every_door
def test_a_refusal_of_a_hook_before_a_tool_ends_the_run_and_its_other_tools(door: str) -> None:
    """A hook may end the run."""
    ended = threading.Event()

    async def hangs() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def before(ctx: Any, call: ToolCall) -> Any:
        await asyncio.sleep(0)
        return Refuse("not that one") if call.name == "fine" else None

    model = RawProvider(calls(ToolCall("c1", "hangs", {}), ToolCall("c2", "fine", {})))
    ran = through(door, Agent(model, tools=[tool(hangs), tool(fine)], hooks=Hooks(before_tool=before)))
    assert isinstance(ran.result.error, RefusedError)
    assert ran.result.tool_metas[0].success is False


# --- stopping -------------------------------------------------------------------------------------


@every_door
@pytest.mark.parametrize("when", ["before", "within"])
def test_an_abort_from_another_thread_ends_the_run_and_tells_why(door: str, when: str) -> None:
    """A09."""
    controller = AbortController()

    async def stop(*given: Any) -> None:
        threading.Thread(target=controller.abort, args=("enough",)).start()

    if when == "before":
        controller.abort("enough")
    agent = Agent(ScriptedProvider(stalls()), hooks=Hooks(before_model=stop))
    begun = time.monotonic()
    ran = through(door, agent, abort_signal=controller.signal)
    assert time.monotonic() - begun < 1
    assert ran.result.aborted
    assert isinstance(ran.result.error, RunAbortedError)
    assert "enough" in str(ran.result.error)


@pytest.mark.parametrize("door", ["run", "run on uvloop"])
@pytest.mark.parametrize("way", ["abort", "cancel", "leave"])
def test_a_run_that_waits_for_its_session_can_be_stopped(door: str, way: str) -> None:
    """Fault 70 and A09: an abort interrupts whatever is being awaited."""
    go, controller = asyncio.Event(), AbortController()

    async def main() -> None:
        model = RawProvider([go.wait, *says("first")], says("second"))
        agent = Agent(model)
        first = asyncio.create_task(agent.run("one", session_key="s"))
        await settled(lambda: model.started == 1)
        begun = time.monotonic()
        if way == "leave":
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05), agent.run_stream("two", session_key="s"):
                    raise AssertionError("the session is held")
        else:
            second = asyncio.create_task(agent.run("two", session_key="s", abort_signal=controller.signal))
            await asyncio.sleep(0.02)
            if way == "abort":
                controller.abort("enough")
                assert (await bounded(second)).aborted
            else:
                second.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await bounded(second)
        assert time.monotonic() - begun < 1
        assert other_tasks() == {first}
        go.set()
        assert (await first).output == "first"
        third = await agent.run("three", session_key="s")
        assert [message.text for message in third.messages] == ["one", "first", "three", "second"]

    in_loop(door, main)
