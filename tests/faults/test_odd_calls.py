"""Models that call tools wrongly: ids, names and arguments that no model should write (faults 29-36)."""

import asyncio
import json
import threading
from typing import Any

import pytest

from tests.faults.script import RawProvider, calls, every_door, says, through
from voxagent.agent import Agent
from voxagent.errors import ToolRetryError, UsageLimitError
from voxagent.providers import ModelRequest
from voxagent.testing import FunctionProvider, ScriptedProvider, answer, raw_call, text, tool_call
from voxagent.tools import tool
from voxagent.types import Message, ToolCall, UsageLimits

DEEP = 100_000
NESTED = {
    "arrays": "[" * DEEP + "]" * DEEP,
    "objects": '{"a":' * DEEP + "1" + "}" * DEEP,
    "open arrays": '{"a":' + "[" * DEEP,
    "within an argument": '{"number":' + "[" * DEEP + "]" * DEEP + "}",
}


def doubling() -> tuple[Any, list[int]]:
    """A tool, and the numbers that it was called with."""
    seen: list[int] = []

    @tool
    async def double(number: int) -> int:
        seen.append(number)
        return 2 * number

    return double, seen


@every_door
def test_two_calls_with_one_id_are_both_executed_and_get_different_ids(door: str) -> None:
    """Fault 29."""
    double, seen = doubling()
    model = ScriptedProvider(
        answer(tool_call("double", id="same", number=1), tool_call("double", id="same", number=2)),
        answer(tool_call("double", id="same", number=3)),
        text("done"),
    )
    ran = through(door, Agent(model, tools=[double]))
    assert ran.result.output == "done"
    assert sorted(seen) == [1, 2, 3]
    assert ran.told == ["2", "4", "6"]
    assert len({call.id for call in ran.result.tool_calls}) == 3
    assert model.unused == 0


@every_door
def test_calls_without_an_id_get_one(door: str) -> None:
    """Fault 30."""
    double, seen = doubling()
    model = RawProvider(
        calls(ToolCall("", "double", {"number": 1}), ToolCall("", "double", {"number": 2})),
        calls(ToolCall("", "double", {"number": 3}, '{"number": 3}')),
        says("done"),
    )
    ran = through(door, Agent(model, tools=[double]))
    assert ran.result.output == "done"
    assert sorted(seen) == [1, 2, 3]
    assert ran.told == ["2", "4", "6"]
    assert all(call.id for call in ran.result.tool_calls)


@every_door
@pytest.mark.parametrize(
    "written", ["{not json", '{"number": 1', "[1]", "null", '"1"', '{"number": "x"}', "{}"]
)
def test_wrong_arguments_go_back_to_the_model_and_the_function_is_not_called(door: str, written: str) -> None:
    """Fault 31."""
    double, seen = doubling()
    model = ScriptedProvider(raw_call("double", written), tool_call("double", number=4), text("done"))
    ran = through(door, Agent(model, tools=[double]))
    assert ran.result.output == "done"
    assert seen == [4]
    assert ran.told[0].startswith("invalid arguments:")
    assert ran.told[1] == "8"
    assert [(meta.success, meta.tool_name) for meta in ran.result.tool_metas] == [
        (False, "double"),
        (True, "double"),
    ]


@every_door
@pytest.mark.parametrize("retries", [0, 1, 3])
def test_a_model_that_never_writes_json_is_stopped_after_its_retries(door: str, retries: int) -> None:
    """Fault 32."""
    double, seen = doubling()
    model = ScriptedProvider(*[raw_call("double", "{not json") for _ in range(10)])
    ran = through(door, Agent(model, tools=[double], retries=retries))
    assert isinstance(ran.result.error, ToolRetryError)
    assert len(model.requests) == retries + 1
    assert seen == []


@every_door
@pytest.mark.parametrize("name", ["nope", "", "Double", "дважды", "../double", "double\x00", " double"])
def test_the_model_is_told_that_a_tool_is_unknown_and_may_try_again(door: str, name: str) -> None:
    """Fault 33."""
    double, seen = doubling()
    model = ScriptedProvider(tool_call(name, number=1), tool_call("double", number=2), text("done"))
    ran = through(door, Agent(model, tools=[double]))
    assert ran.result.output == "done"
    assert seen == [2]
    assert "double" in ran.told[0]
    assert ran.told[1] == "4"


@every_door
@pytest.mark.parametrize("name", ["nope", ""])
def test_a_model_that_calls_unknown_tools_forever_is_stopped(door: str, name: str) -> None:
    """Fault 33."""
    model = ScriptedProvider(*[tool_call(f"{name}{number if name else ''}") for number in range(10)])
    ran = through(door, Agent(model, tools=[doubling()[0]], retries=2))
    assert isinstance(ran.result.error, ToolRetryError)
    assert len(model.requests) == 3


def test_several_unknown_tools_in_one_answer_count_as_one_mistake() -> None:
    """Fault 33."""
    model = ScriptedProvider(
        answer(tool_call("one"), tool_call("two"), tool_call("three")),
        tool_call("double", number=1),
        text("done"),
    )
    ran = through("run", Agent(model, tools=[doubling()[0]], retries=1))
    assert ran.result.output == "done"


def test_unknown_tools_are_counted_in_a_row_only() -> None:
    """Fault 33."""
    model = ScriptedProvider(
        tool_call("nope"),
        tool_call("double", number=1),
        tool_call("nope"),
        tool_call("double", number=2),
        text("done"),
    )
    ran = through("run", Agent(model, tools=[doubling()[0]], retries=1))
    assert ran.result.output == "done"


@every_door
@pytest.mark.parametrize("shape", sorted(NESTED))
@pytest.mark.parametrize("secrets", [{}, {"key": "hunter2hunter2"}])
def test_arguments_that_are_nested_too_deep_go_back_to_the_model(
    door: str, shape: str, secrets: dict[str, str]
) -> None:
    """Fault 34."""
    double, seen = doubling()
    model = ScriptedProvider(raw_call("double", NESTED[shape]), tool_call("double", number=2), text("done"))
    ran = through(door, Agent(model, tools=[double], secrets_to_redact=secrets))
    assert ran.result.output == "done"
    assert seen == [2]
    assert ran.told[0].startswith(("invalid arguments:", "the arguments are nested too deep"))
    assert len(ran.told[0]) < 1000
    assert json.loads(ran.result.model_dump_json())["iterations"] == 3


@every_door
@pytest.mark.parametrize("secrets", [{}, {"key": "hunter2hunter2"}])
def test_a_provider_that_hands_over_nested_objects_gets_a_typed_error_or_an_answer(
    door: str, secrets: dict[str, str]
) -> None:
    """Fault 34."""
    params: dict[str, Any] = {}
    for _ in range(5_000):
        params = {"number": params}
    double, seen = doubling()
    model = RawProvider(calls(ToolCall("c1", "double", params)), says("done"))
    ran = through(door, Agent(model, tools=[double], secrets_to_redact=secrets))
    assert not isinstance(ran.result.error, RecursionError)
    assert ran.result.ok or ran.result.error.__class__.__module__ == "voxagent.errors"
    assert seen == []
    while params:  # taken apart here: the interpreter's own way down may be too long
        params = params.pop("number")


@every_door
@pytest.mark.parametrize("is_async", [True, False])
def test_five_hundred_calls_of_one_answer_run_sixteen_at_a_time(door: str, is_async: bool) -> None:
    """Fault 35."""
    together = Together(16)
    tools = [tool(together.meet_async if is_async else together.meet, name="meet")]
    model = ScriptedProvider(answer(*[tool_call("meet", number=n) for n in range(500)]), text("done"))
    ran = through(door, Agent(model, tools=tools))
    assert ran.result.output == "done"
    assert ran.told == [str(number) for number in range(500)]
    assert together.most == 16
    assert [meta.success for meta in ran.result.tool_metas] == [True] * 500


class Together:
    """A tool that returns only once as many calls as allowed have met; counts how many run at a time."""

    def __init__(self, size: int) -> None:
        self.barrier = threading.Barrier(size)
        self.size = size
        self.lock = threading.Lock()
        self.now = self.most = self.met = 0
        self.full: asyncio.Event | None = None

    def _in(self) -> None:
        with self.lock:
            self.now += 1
            self.met += 1
            self.most = max(self.most, self.now)

    def _out(self) -> None:
        with self.lock:
            self.now -= 1

    def meet(self, number: int) -> int:
        self._in()
        if number < self.size:
            self.barrier.wait(10)
        self._out()
        return number

    async def meet_async(self, number: int) -> int:
        self.full = self.full or asyncio.Event()
        self._in()
        if self.met >= self.size:
            self.full.set()
        async with asyncio.timeout(10):
            await self.full.wait()
        await asyncio.sleep(0)
        self._out()
        return number


@every_door
def test_a_model_that_never_stops_calling_tools_is_stopped_by_the_default_limit(door: str) -> None:
    """Fault 36."""
    double, seen = doubling()

    def model(messages: Any, request: ModelRequest) -> Any:
        return tool_call("double", number=len(messages))

    ran = through(door, Agent(FunctionProvider(model), tools=[double]))
    assert isinstance(ran.result.error, UsageLimitError)
    assert ran.result.usage.requests == len(seen) == UsageLimits().requests == 50


@every_door
def test_a_limit_of_calls_stops_an_answer_before_any_of_its_calls_begins(door: str) -> None:
    """Fault 36."""
    double, seen = doubling()
    model = ScriptedProvider(
        tool_call("double", number=1), answer(*[tool_call("double", number=n) for n in range(3)])
    )
    ran = through(door, Agent(model, tools=[double]), limits=UsageLimits(tool_calls=3))
    assert isinstance(ran.result.error, UsageLimitError)
    assert seen == [1]
    assert ran.told[0] == "2"
    assert [told.startswith("not executed:") for told in ran.told[1:]] == [True] * 3
    assert len(ran.result.tool_metas) == 1


def test_a_history_that_was_handed_in_keeps_its_ids_and_new_calls_get_others() -> None:
    """Fault 29."""
    double, _ = doubling()
    model = ScriptedProvider(tool_call("double", id="c1", number=1), text("done"))
    first = through("run", Agent(model, tools=[double]))
    model = ScriptedProvider(tool_call("double", id="c1", number=2), text("done"))
    second = through("run", Agent(model, tools=[double]), message_history=first.result.messages)
    assert second.result.messages[: len(first.result.messages)] == first.result.messages
    assert isinstance(second.result.messages[-1], Message)
    assert [call.id for call in second.result.tool_calls] != ["c1"]
