"""What a run gives back: everything it did, whatever became of it."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel

from tests.agent.doors import every_door
from tests.agent.seen import WAIT, kinds, without_chance
from voxagent import Agent, ConfigError, RunContext, RunError, RunResult, ToolReturn, tool
from voxagent.errors import (
    LockTimeoutError,
    NoOutputError,
    ProviderNotFoundError,
    RunAbortedError,
    RunTimeoutError,
    ServerError,
)
from voxagent.session import InMemorySessionStorage
from voxagent.streaming import BaseEvent, RunEndEvent
from voxagent.testing import ScriptedProvider, answer, fails, stalls, text, tool_call
from voxagent.tools import FunctionToolset
from voxagent.types import Attempt, ErrorInfo, Message, ToolCall, ToolMeta, Usage


@tool
async def add(a: int, b: int) -> ToolReturn[int]:
    return ToolReturn(a + b, metadata={"carry": 0})


@tool
async def broken() -> str:
    raise ZeroDivisionError("no")


USAGE = Usage(input_tokens=10, output_tokens=2, requests=1)


@every_door
async def test_a_result_tells_everything_that_the_run_did(door: Any) -> None:
    provider = ScriptedProvider(
        answer(text("Let me see."), tool_call("add", a=1, b=2), tool_call("broken"), usage=USAGE),
        answer(text("It is 3."), usage=USAGE),
    )
    history = [Message("user", "hello"), Message("assistant", "hi")]
    agent = Agent(provider, tools=[add, broken])
    result = await door(agent, "1 + 2?", message_history=history, metadata={"trace": "t1"})
    [first, second] = result.tool_metas
    attempt = result.attempts[0]
    assert result == RunResult(
        messages=[*history, *result.new_messages],
        assistant_texts=["Let me see.", "It is 3."],
        tool_metas=[
            ToolMeta("add", "call_1", first.execution_time_ms, True, None, {"carry": 0}),
            ToolMeta("broken", "call_2", second.execution_time_ms, False, "ZeroDivisionError: no"),
        ],
        new_messages=result.messages[2:],
        usage=Usage(20, 4, requests=2, tool_calls=2),
        run_id=result.run_id,
        provider="scripted",
        model="scripted",
        iterations=2,
        attempts=[
            Attempt("scripted", "scripted", None, None, each.duration, USAGE) for each in result.attempts
        ],
        finish_reason="stop",
        metadata={"trace": "t1"},
        has_output=True,
        value="It is 3.",
    )
    assert [(message.role, message.finish_reason) for message in result.new_messages] == [
        ("user", None),
        ("assistant", "tool_use"),
        ("user", None),
        ("assistant", "stop"),
    ]
    assert result.ok
    assert result.output == "It is 3."
    assert [each.name for each in result.tool_calls] == ["add", "broken"]
    assert (result.tool_name, result.tool_args) == ("broken", {})
    assert re.fullmatch(r"run_[0-9a-f]{20}", result.run_id)
    assert 0 <= first.execution_time_ms < 1000 * WAIT
    assert 0 <= attempt.duration < WAIT


def test_a_result_of_a_run_without_tools_names_none() -> None:
    result = Agent(ScriptedProvider(text("hi"))).run_sync("?")
    assert (result.tool_calls, result.tool_name, result.tool_args, result.pending) == ([], None, None, [])


@dataclass
class Deps:
    name: str


def _unknown_provider() -> tuple[Agent[Any, Any], dict[str, Any]]:
    return Agent("nosuch:model"), {}


def _two_tools_of_one_name() -> tuple[Agent[Any, Any], dict[str, Any]]:
    return Agent(ScriptedProvider(), tools=[add]), {"toolsets": [FunctionToolset([add])]}


def _a_name_that_the_output_has() -> tuple[Agent[Any, Any], dict[str, Any]]:
    return Agent(ScriptedProvider(), output_type=int, tools=[tool(name="final_result")(lambda: "")]), {}


def _a_name_that_the_output_has_in_a_set() -> tuple[Agent[Any, Any], dict[str, Any]]:
    taken = FunctionToolset([tool(name="final_result")(lambda: "")])
    return Agent(ScriptedProvider(), output_type=int, toolsets=[taken]), {}


def _missing_deps() -> tuple[Agent[Any, Any], dict[str, Any]]:
    return Agent(ScriptedProvider(), deps_type=Deps), {}


def _two_histories() -> tuple[Agent[Any, Any], dict[str, Any]]:
    return Agent(ScriptedProvider()), {"session_key": "k", "message_history": []}


def _no_type() -> tuple[Agent[Any, Any], dict[str, Any]]:
    return Agent(ScriptedProvider()), {"output_type": 3}


def _no_option() -> tuple[Agent[Any, Any], dict[str, Any]]:
    return Agent(ScriptedProvider()), {"colour": "red"}


def _no_time() -> tuple[Agent[Any, Any], dict[str, Any]]:
    return Agent(ScriptedProvider()), {"timeout_ms": 0}


def _no_key() -> tuple[Agent[Any, Any], dict[str, Any]]:
    return Agent(ScriptedProvider()), {"session_key": ""}


def _no_signal() -> tuple[Agent[Any, Any], dict[str, Any]]:
    return Agent(ScriptedProvider()), {"abort_signal": "stop"}


@every_door
@pytest.mark.parametrize(
    ("made", "kind", "said"),
    [
        (_unknown_provider, ProviderNotFoundError, "unknown provider 'nosuch' in 'nosuch:model'"),
        (_two_tools_of_one_name, ConfigError, "two tools are named 'add': rename one, or use prefixed(...)"),
        (
            _a_name_that_the_output_has,
            ConfigError,
            "the name 'final_result' is taken by the output: rename that tool",
        ),
        (
            _a_name_that_the_output_has_in_a_set,
            ConfigError,
            "the name 'final_result' is taken by the output: rename that tool",
        ),
        (_missing_deps, ConfigError, "deps is missing: this agent has deps_type="),
        (_two_histories, ConfigError, "message_history and session_key exclude each other"),
        (_no_type, ConfigError, "output_type: no JSON Schema for 3"),
        (_no_option, ConfigError, "a run takes no 'colour'; it takes abort_signal, approvals, limits"),
        (_no_time, ConfigError, "timeout_ms=0 is not a positive number of milliseconds"),
        (_no_key, ConfigError, "session key '' has 0 bytes: 1 to 1024 are allowed"),
        (_no_signal, ConfigError, "abort_signal='stop' is not of type AbortSignal"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_what_goes_wrong_before_the_run_begins_is_raised_and_no_event_is_told(
    door: Any,
    made: Callable[[], tuple[Agent[Any, Any], dict[str, Any]]],
    kind: type[Exception],
    said: str,
) -> None:
    agent, options = made()
    events: list[BaseEvent] = []
    agent.subscribe(events.append)
    with pytest.raises(kind, match=re.escape(said)):
        await door(agent, "?", **options)
    assert events == []


@every_door
async def test_a_run_that_fails_later_gives_a_result_with_every_message(door: Any) -> None:
    error = ServerError("down for repair", status=500)
    provider = ScriptedProvider(tool_call("add", a=1, b=2), fails(error))
    agent = Agent(provider, tools=[add])
    events: list[BaseEvent] = []
    agent.subscribe(events.append)
    result = await door(agent, "?")
    assert (result.ok, result.error, result.aborted, result.timed_out) == (False, error, False, False)
    assert [message.role for message in result.messages] == ["user", "assistant", "user"]
    assert [each.reason for each in result.attempts] == [None, "server"]
    assert kinds(events)[-3:] == ["turn_end", "run_error", "run_end"]
    for read in (lambda: result.output, result.raise_for_error):
        with pytest.raises(ServerError, match=r"^scripted:scripted: down for repair \(status 500\)$"):
            read()


async def test_a_run_whose_time_is_up_tells_so_in_its_result() -> None:
    agent = Agent(ScriptedProvider(answer(text("I think"), stalls())))
    result = await asyncio.wait_for(agent.run("?", timeout_ms=30), WAIT)
    assert (result.timed_out, result.aborted, result.finish_reason) == (True, False, "aborted")
    assert [message.text for message in result.messages] == ["?", "I think"]
    with pytest.raises(RunTimeoutError, match=r"^the run did not end in the time it had \(timeout_ms=30\)$"):
        result.output  # noqa: B018  # reading it raises


async def test_a_cancellation_goes_through_once_the_events_are_closed() -> None:
    events: list[BaseEvent] = []
    storage = InMemorySessionStorage()
    agent = Agent(
        ScriptedProvider(answer(text("I think"), stalls())),
        observers=[events.append],
        session_storage=storage,
    )
    began = asyncio.Event()
    agent.subscribe(lambda event: began.set() if event.event_type == "text_delta" else None)
    task = asyncio.create_task(agent.run("?", session_key="k"))
    await asyncio.wait_for(began.wait(), WAIT)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, WAIT)
    end = events[-1]
    assert isinstance(end, RunEndEvent)
    assert end.result is not None
    assert (end.aborted, type(end.result.error)) == (True, RunAbortedError)
    assert kinds(events)[-4:] == ["assistant_end", "turn_end", "run_error", "run_end"]
    stored = await storage.load("k")
    assert stored is not None
    assert [message.text for message in stored.messages] == ["?", "I think"]


async def test_a_cancellation_before_the_run_began_goes_through_without_a_trace() -> None:
    opening = asyncio.Event()

    class Slow:
        @asynccontextmanager
        async def open(self, run: RunContext[Any]) -> AsyncGenerator[list[Any]]:
            opening.set()
            await asyncio.Event().wait()
            yield []

    events: list[BaseEvent] = []
    agent = Agent(ScriptedProvider(), toolsets=[Slow()], observers=[events.append])
    task = asyncio.create_task(agent.run("?"))
    await asyncio.wait_for(opening.wait(), WAIT)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, WAIT)
    assert events == []


class Weather(BaseModel):
    city: str
    degrees: int


@every_door
async def test_a_result_and_its_event_dump_to_json_and_load_again(door: Any) -> None:
    script = ScriptedProvider(
        answer(text("é日"), tool_call("add", a=1, b=2)), tool_call("final_result", city="Oslo", degrees=4)
    )
    agent = Agent(script, tools=[add], output_type=Weather)
    events: list[BaseEvent] = []
    agent.subscribe(events.append)
    result: RunResult[Weather] = await door(agent, "?")
    loaded = RunResult[Any].model_validate_json(result.model_dump_json())
    assert loaded.output == {"city": "Oslo", "degrees": 4}
    assert (loaded.messages, loaded.usage, loaded.tool_metas) == (
        result.messages,
        result.usage,
        result.tool_metas,
    )
    assert without_chance(loaded) == without_chance(result)
    assert RunResult[Any].model_validate(result.model_dump()) == loaded
    end = RunEndEvent.model_validate_json(events[-1].model_dump_json())
    assert (end.result, end.messages) == (loaded, result.messages)


def test_the_error_of_a_loaded_result_is_told_as_data_and_raised_as_a_run_error() -> None:
    agent = Agent(ScriptedProvider(fails(ServerError("down", provider="openai"))))
    loaded = RunResult[Any].model_validate_json(agent.run_sync("?").model_dump_json())
    assert loaded.error == ErrorInfo("ServerError", "down", "server", True, "openai")
    with pytest.raises(RunError, match=r"^ServerError: down$"):
        loaded.output  # noqa: B018  # reading it raises


async def test_a_run_that_picked_a_tool_only_has_no_output_to_read() -> None:
    agent = Agent(ScriptedProvider(tool_call("add", a=1, b=2)), tools=[add])
    result = await agent.run("?", routing_only=True)
    assert result.ok
    with pytest.raises(NoOutputError, match=r"has no output: it picked a tool only \(routing_only=True\)$"):
        result.output  # noqa: B018  # reading it raises
    assert result.tool_calls == [ToolCall("call_1", "add", {"a": 1, "b": 2})]


async def test_a_lock_that_is_not_had_in_time_is_raised() -> None:
    agent = Agent(ScriptedProvider(stalls()))
    events: list[BaseEvent] = []
    first = asyncio.create_task(agent.run("first", session_key="k"))
    began = asyncio.Event()
    agent.subscribe(lambda event: began.set())
    await asyncio.wait_for(began.wait(), WAIT)
    agent.subscribe(events.append)
    with pytest.raises(LockTimeoutError, match=r"^session 'k' was in use by another run for 0\.0\d+ s$"):
        await agent.run("second", session_key="k", timeout_ms=20)
    assert events == []
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
