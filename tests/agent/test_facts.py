"""What is known of a model decides: how an output is asked for, how long to wait, what a run costs."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_core import to_json

from voxagent import Agent, UsageLimits, tool
from voxagent.agent import one_of, watch
from voxagent.errors import ProviderTimeoutError, ServerError, UsageLimitError
from voxagent.providers import LongPrompt, ModelFacts
from voxagent.testing import ScriptedProvider, answer, fails, stalls, text, tool_call
from voxagent.tools import FunctionToolset
from voxagent.types import ModelSettings, Usage

NATIVE = ModelFacts(native_output=True, native_beside_tools=True)
ALONE = ModelFacts(native_output=True)
NONE = ModelFacts(tools=False)
SAID = '{"x": 1}'


@dataclass
class Point:
    """A point."""

    x: int


@dataclass
class Line:
    """A line."""

    x: int


@tool
def look() -> str:
    """Look."""
    return "seen"


# --- how an output is asked for ---------------------------------------------------------------------


async def asked(facts: ModelFacts, **options: Any) -> str:
    """How a model of which this is known is asked for a point."""
    provider = ScriptedProvider(text(SAID), tool_call("final_result", x=1), facts=facts)
    result = await Agent(provider, **{"output_type": Point, "result_retries": 1, **options}).run("?")
    assert result.output == Point(1)
    request = provider.requests[0]
    if request.output is not None:
        return "native"
    return "tool" if any(spec.name == "final_result" for spec in request.tools) else "prompted"


@pytest.mark.parametrize(
    ("facts", "alone", "beside_tools"),
    [
        (NATIVE, "native", "native"),
        (ALONE, "native", "tool"),
        (ModelFacts(), "tool", "tool"),
        (NONE, "prompted", "prompted"),
        (ModelFacts(native_output=True, tools=False), "native", "prompted"),
    ],
)
async def test_an_output_is_asked_for_in_the_most_certain_way_that_the_model_has(
    facts: ModelFacts, alone: str, beside_tools: str
) -> None:
    assert await asked(facts) == alone
    assert await asked(facts, tools=[look]) == beside_tools
    assert await asked(facts, toolsets=[FunctionToolset([look])]) == beside_tools


@pytest.mark.parametrize("mode", ["tool", "prompted", "native"])
async def test_a_way_that_was_chosen_is_taken_whatever_the_model_can(mode: Any) -> None:
    for facts in (NATIVE, NONE):
        assert await asked(facts, output_mode=mode) == mode


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ([str, Point], text("plain")),
        (one_of(Point, Line), tool_call("final_result_Line", x=1)),
        (Point | Line, tool_call("final_result_Point", x=1)),
    ],
)
async def test_alternatives_are_asked_for_by_tools_which_tell_them_apart(kind: Any, given: Any) -> None:
    provider = ScriptedProvider(given, facts=NATIVE)
    result = await Agent[None, Any](provider, output_type=kind).run("?")
    assert result.ok
    assert provider.requests[0].output is None
    assert provider.requests[0].tools


class Node(BaseModel):
    below: list["Node"] = []


@pytest.mark.parametrize(
    ("kind", "given", "is_held"),
    [
        (int, {"result": 1}, True),
        (list[Point], {"result": [{"x": 1}]}, True),
        (Point, {"x": 1}, True),
        (dict[str, int], {"a": 1}, False),
        (list[dict[str, int]], {"result": [{"a": 1}]}, False),
        (Node, {"below": []}, False),
    ],
)
async def test_a_schema_that_services_cannot_hold_a_model_to_is_asked_for_by_a_tool(
    kind: Any, given: Any, is_held: bool
) -> None:
    said = [text(to_json(given).decode())] if is_held else [tool_call("final_result", **given)]
    provider = ScriptedProvider(*said, facts=NATIVE)
    assert (await Agent[None, Any](provider, output_type=kind).run("?")).ok
    assert (provider.requests[0].output is not None) is is_held


async def test_several_models_are_asked_in_the_way_that_each_of_them_knows() -> None:
    down = ScriptedProvider(fails(ServerError("down")), facts=NATIVE, name="one")
    spare = ScriptedProvider(tool_call("final_result", x=1), name="two")
    result = await Agent([down, spare], output_type=Point).run("?")
    assert result.output == Point(1)
    assert [spare.requests[0].output, down.requests[0].output] == [None, None]


async def test_a_model_that_is_held_to_a_schema_may_call_tools_first() -> None:
    provider = ScriptedProvider(tool_call("look"), text(SAID), facts=NATIVE)
    result = await Agent(provider, output_type=Point, tools=[look]).run("?")
    assert result.output == Point(1)
    assert [request.output is not None for request in provider.requests] == [True, True]


# --- how long to wait -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "settings", "is_patient"),
    [
        (ModelFacts(), {}, False),
        (ModelFacts(thinking=True), {}, False),
        (ModelFacts(thinking=True), {"thinking": "low"}, True),
        (ModelFacts(thinking=True, thinks_unasked=True), {}, True),
        (ModelFacts(thinking=True, thinks_unasked=True), {"thinking": "off"}, False),
        (ModelFacts(thinking=True, thinks_unasked=True), {"thinking": 0}, False),
    ],
)
async def test_a_model_that_thinks_is_waited_for_longer(
    facts: ModelFacts, settings: ModelSettings, is_patient: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voxagent.agent.asking.FIRST_CONTENT", 0.05)
    monkeypatch.setattr("voxagent.agent.asking.IDLE", 0.05)
    assert watch.FIRST_CONTENT_THINKING == 600
    agent = Agent(ScriptedProvider(answer(stalls()), facts=facts), settings=settings)
    begun = time.monotonic()
    result = await asyncio.wait_for(agent.run("?", timeout_ms=400), 10)
    took = time.monotonic() - begun
    assert isinstance(result.error, ProviderTimeoutError) is not is_patient
    assert (took >= 0.39) is is_patient


# --- what a run costs -----------------------------------------------------------------------------

PRICED = ModelFacts(input_price=10.0, output_price=20.0, cached_input_price=1.0, cache_write_price=12.5)
MILLION = 1_000_000


async def spent(facts: ModelFacts, usage: Usage) -> float:
    """What one request costs: a second one is refused from this limit on."""

    async def refused(limit: float) -> bool:
        provider = ScriptedProvider(answer(tool_call("look"), usage=usage), text("done"), facts=facts)
        result = await Agent(provider, tools=[look]).run("?", limits=UsageLimits(cost=limit))
        return isinstance(result.error, UsageLimitError)

    low, high = 0.0, 1_000.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if await refused(middle) else (low, middle)
    return round(low, 6)


@pytest.mark.parametrize(
    ("usage", "dollars"),
    [
        (Usage(input_tokens=MILLION), 10.0),
        (Usage(output_tokens=MILLION), 20.0),
        (Usage(input_tokens=MILLION, cache_read_tokens=MILLION), 1.0),
        (Usage(input_tokens=MILLION, cache_write_tokens=MILLION), 12.5),
        (Usage(input_tokens=MILLION, cache_read_tokens=MILLION // 2, cache_write_tokens=MILLION // 4), 6.125),
        (Usage(input_tokens=0, cache_read_tokens=MILLION), 1.0),
    ],
)
async def test_what_came_from_the_cache_costs_what_the_cache_costs(usage: Usage, dollars: float) -> None:
    assert await spent(PRICED, usage) == dollars


async def test_without_prices_of_its_own_the_cache_costs_as_much_as_reading() -> None:
    usage = Usage(input_tokens=MILLION, cache_read_tokens=MILLION // 2, cache_write_tokens=MILLION // 4)
    assert await spent(ModelFacts(input_price=10.0, output_price=20.0), usage) == 10.0


async def test_a_long_prompt_costs_more_on_every_token_of_its_request() -> None:
    facts = ModelFacts(input_price=10.0, output_price=20.0, long_prompt=LongPrompt(MILLION, 2, 1.5))
    assert await spent(facts, Usage(input_tokens=MILLION, output_tokens=MILLION)) == 30.0
    assert await spent(facts, Usage(input_tokens=2 * MILLION, output_tokens=MILLION)) == 70.0
