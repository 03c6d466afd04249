"""Tools that raise anything there is to raise (faults 42-45)."""

import asyncio
from typing import Any

import pytest

from tests.faults.script import (
    Mute,
    asked,
    assert_told_and_done,
    both_modes,
    every_door,
    in_loop,
    through,
)
from voxagent.agent import Agent
from voxagent.errors import ModelRetry, RunAbortedError, ToolError, ToolFailedError
from voxagent.streaming import BaseEvent, RunEndEvent, ToolEndEvent
from voxagent.testing import ScriptedProvider, text
from voxagent.tools import tool


class Rude(BaseException):
    """No `Exception`, and none of Python's own."""


RAISED: list[tuple[BaseException, str]] = [
    (ValueError("bad\nsecond line"), "ValueError: bad"),
    (KeyError("x"), "KeyError: 'x'"),
    (SystemExit(3), "SystemExit: 3"),
    (GeneratorExit("over"), "GeneratorExit: over"),
    (Rude("I am rude"), "Rude: I am rude"),
    (RecursionError("deep"), "RecursionError: deep"),
    (MemoryError(), "MemoryError:"),
    (TimeoutError("mine"), "TimeoutError: mine"),
    (ExceptionGroup("many", [ValueError("one")]), "ExceptionGroup: many (1 sub-exception)"),
    (BaseExceptionGroup("rude", [Rude("one")]), "BaseExceptionGroup: rude (1 sub-exception)"),
    (asyncio.CancelledError("mine"), "CancelledError: mine"),
    (StopAsyncIteration("next"), "StopAsyncIteration: next"),
    (ValueError("lone \ud800 surrogate"), "ValueError: lone \ufffd surrogate"),
    (Mute(), "Mute:"),
]
NAMES = [f"{type(error).__name__}-{number}" for number, (error, _) in enumerate(RAISED)]


def raising(error: BaseException, is_async: bool) -> Any:
    async def fails() -> None:
        await asyncio.sleep(0)
        raise error

    def fails_in_a_thread() -> None:
        raise error

    return tool(name="fails")(fails if is_async else fails_in_a_thread)


@every_door
@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize(("error", "told"), RAISED, ids=NAMES)
def test_whatever_a_tool_raises_is_told_to_the_model_and_the_run_goes_on(
    door: str, is_async: bool, error: BaseException, told: str
) -> None:
    """Faults 42, 43 (SystemExit), 44 and 45."""

    async def fine() -> str:
        return "fine"

    ran = through(door, asked(raising(error, is_async), fine))
    if isinstance(error, asyncio.CancelledError) and not is_async:
        told = "RuntimeError: the function raised CancelledError('mine')"
    assert ran.result.ok, ran.result.error
    assert [each.strip() for each in ran.told] == [told, "fine"]
    assert [meta.success for meta in ran.result.tool_metas] == [False, True]
    shown = next(event.error for event in ran.of(ToolEndEvent) if event.tool_name == "fails")
    assert shown is not None
    assert "Traceback" in shown or "Group" in shown


@every_door
@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize(("error", "told"), RAISED, ids=NAMES)
def test_whatever_a_tool_raises_ends_the_run_with_a_typed_error_if_the_agent_wants_that(
    door: str, is_async: bool, error: BaseException, told: str
) -> None:
    """Faults 42, 43 (SystemExit), 44 and 45."""
    ran = through(door, asked(raising(error, is_async), tool_errors="raise"))
    failure = ran.result.error
    assert isinstance(failure, ToolFailedError)
    assert "'fails'" in str(failure)
    if is_async:
        assert failure.__cause__ is error
        assert told in str(failure) + ":"
    with pytest.raises(ToolFailedError):
        ran.result.raise_for_error()


@every_door
@both_modes
@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ToolError("no such file"), "no such file"),
        (ModelRetry("try b"), "try b"),
        (ToolError("a \ud800 b"), "a \ufffd b"),
        (ModelRetry("a \ud800 b"), "a \ufffd b"),
    ],
    ids=["ToolError", "ModelRetry", "ToolError-surrogate", "ModelRetry-surrogate"],
)
def test_errors_that_are_meant_for_the_model_are_told_in_their_own_words_and_end_no_run(
    door: str, tool_errors: str, error: Exception, told: str
) -> None:
    """Fault 42."""
    ran = through(door, asked(raising(error, True), tool_errors=tool_errors))
    assert_told_and_done(ran, told)


@every_door
def test_secrets_in_the_text_of_an_exception_are_redacted_everywhere(
    door: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Fault 42."""
    error = ValueError("the password hunter2hunter2 is wrong")
    ran = through(door, asked(raising(error, True), secrets_to_redact={"password": "hunter2hunter2"}))
    assert_told_and_done(ran, "ValueError: the password [REDACTED:password] is wrong")
    assert "hunter2" not in repr(ran.events) + caplog.text + ran.result.model_dump_json()


@every_door
def test_secrets_in_the_text_of_an_exception_are_redacted_in_the_error_of_the_run(door: str) -> None:
    """Fault 42."""
    error = ValueError("the password hunter2hunter2 is wrong")
    ran = through(
        door,
        asked(raising(error, True), tool_errors="raise", secrets_to_redact={"password": "hunter2hunter2"}),
    )
    assert "hunter2" not in str(ran.result.error) + ran.result.model_dump_json()


@every_door
def test_a_tool_that_cancels_its_own_task_is_a_tool_error_and_not_the_end_of_the_run(door: str) -> None:
    """Fault 44."""

    async def cancels_itself() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(1)

    ran = through(door, asked(cancels_itself))
    assert ran.result.output == "done"
    assert [meta.success for meta in ran.result.tool_metas] == [False]


@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize("door", ["run", "run on uvloop", "run_stream", "run_stream on uvloop"])
def test_ctrl_c_in_a_tool_ends_the_run_cleanly_and_reaches_the_caller(door: str, is_async: bool) -> None:
    """Fault 43."""
    events: list[BaseEvent] = []
    cleaned: list[str] = []

    async def beside() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append("beside")

    agent = asked(raising(KeyboardInterrupt(), is_async), beside)
    agent.subscribe(events.append)

    async def main() -> None:
        if door.startswith("run_stream"):
            async with agent.run_stream("go") as stream:
                async for _ in stream:
                    pass
        else:
            await agent.run("go")

    with pytest.raises(KeyboardInterrupt):
        in_loop(door, main)
    assert cleaned == ["beside"]
    assert_ended_by_the_keyboard(events)


@pytest.mark.parametrize("is_async", [True, False])
def test_ctrl_c_in_a_tool_of_run_sync_reaches_the_caller_and_the_background_loop_survives(
    is_async: bool,
) -> None:
    """Fault 43."""
    events: list[BaseEvent] = []
    agent = asked(raising(KeyboardInterrupt(), is_async))
    agent.subscribe(events.append)
    with pytest.raises(KeyboardInterrupt):
        agent.run_sync("go")
    assert_ended_by_the_keyboard(events)
    assert Agent(ScriptedProvider(text("still here"))).run_sync("go").output == "still here"


def assert_ended_by_the_keyboard(events: list[BaseEvent]) -> None:
    end = events[-1]
    assert isinstance(end, RunEndEvent)
    assert end.result is not None
    assert end.aborted
    assert isinstance(end.result.error, RunAbortedError)
    assert end.messages[-1].tool_results[0].tool_name == "fails"
