"""`run`, `run_stream` and `run_sync` are one loop: whatever the model says, they give the same."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from tests.agent.conversations import scripts
from tests.agent.doors import DOORS, every_door
from tests.agent.seen import without_chance
from voxagent import Agent, ModelRetry, RunResult, ToolContext, tool
from voxagent.providers import ModelFacts
from voxagent.streaming import (
    AssistantEndEvent,
    AssistantStartEvent,
    BaseEvent,
    RunEndEvent,
    RunStartEvent,
    TextDeltaEvent,
    ToolEndEvent,
    ToolStartEvent,
    TurnEndEvent,
    TurnStartEvent,
)
from voxagent.testing import ScriptedProvider, Step, answer, text, tool_call


class Weather(BaseModel):
    city: str
    degrees: int


@tool
async def add(a: int, b: int) -> int:
    """Add."""
    return a + b


@tool(sequential=True)
def echo(ctx: ToolContext[Any], said: str) -> str:
    """Say it again, from a thread."""
    ctx.update(said)
    return said


@tool
async def now(ctx: ToolContext[Any]) -> dict[str, int]:
    await ctx.emit("asked", {"messages": len(ctx.messages)})
    return {"hour": 12}


@tool
async def picky(number: int) -> int:
    if number % 2:
        raise ModelRetry("an even number, please")
    return number


@tool
async def fails() -> None:
    raise ZeroDivisionError("it cannot be done")


TOOLS = (add, echo, now, picky, fails)
TEXT = Agent("a:b", tools=TOOLS, retries=2)
MODEL = Agent("a:b", tools=TOOLS, output_type=Weather, retries=2)
EITHER = Agent[None, str | Weather]("a:b", tools=TOOLS, output_type=[str, Weather], retries=2)
KINDS = (
    (TEXT, ModelFacts()),
    (MODEL, ModelFacts()),
    (MODEL, ModelFacts(tools=False)),
    (EITHER, ModelFacts()),
)


def _in_pairs(events: Sequence[BaseEvent]) -> bool:
    """Whether what begins ends, in order, and the run is around everything."""
    open_turn = open_answer = False
    calls: set[str] = set()
    for event in events:
        match event:
            case TurnStartEvent():
                assert not open_turn
                open_turn = True
            case AssistantStartEvent():
                assert (open_turn, open_answer) == (True, False)
                open_answer = True
            case AssistantEndEvent():
                assert open_answer
                open_answer = False
            case ToolStartEvent():
                assert (open_turn, open_answer) == (True, False)
                calls.add(event.tool_call.id)
            case ToolEndEvent():
                calls.remove(event.tool_call_id)
            case TurnEndEvent():
                assert (open_turn, open_answer, calls) == (True, False, set())
                open_turn = False
            case _:
                pass
    return isinstance(events[0], RunStartEvent) and isinstance(events[-1], RunEndEvent) and not open_turn


def _shown(events: Sequence[BaseEvent]) -> list[tuple[str, str]]:
    """The streamed text of each answer, and the text of its message."""
    pairs: list[tuple[str, str]] = []
    deltas: list[str] = []
    for event in events:
        if isinstance(event, TextDeltaEvent):
            deltas.append(event.delta)
        if isinstance(event, AssistantEndEvent):
            pairs.append(("".join(deltas), event.message.text))
            deltas = []
    return pairs


async def _through(door: Any, agent: Agent[Any, Any], script: Sequence[Step], facts: ModelFacts) -> Any:
    events: list[BaseEvent] = []
    unsubscribe = agent.subscribe(events.append)
    try:
        provider = ScriptedProvider(*script, facts=facts)
        result: RunResult[Any] = await asyncio.wait_for(door(agent, "go", model=provider), 10)
    finally:
        unsubscribe()
    assert _in_pairs(events)
    shown = _shown(events)
    assert [streamed for streamed, _ in shown] == [told for _, told in shown]
    assert [told for _, told in shown if told] == result.assistant_texts
    return result, events, [without_chance(request.messages) for request in provider.requests]


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(scripts, st.sampled_from(KINDS))
def test_the_three_doors_give_the_same_output_messages_usage_and_events(
    script: list[Step], kind: tuple[Agent[Any, Any], ModelFacts]
) -> None:
    agent, facts = kind
    with asyncio.Runner() as runner:
        first, *others = [runner.run(_through(door, agent, script, facts)) for door in DOORS]
    result, events, asked = first
    for other, seen, requests in others:
        assert type(other.error) is type(result.error)
        assert other.value == result.value
        assert without_chance(other) == without_chance(result)
        assert without_chance(seen) == without_chance(events)
        assert requests == asked


@every_door
async def test_text_before_a_tool_call_neither_ends_the_run_nor_is_lost(door: Any) -> None:
    provider = ScriptedProvider(
        answer(text("Let me "), text("see."), tool_call("add", a=1, b=2)), text("It is 3.")
    )
    agent = Agent(provider, tools=[add])
    result = await door(agent, "1 + 2?")
    assert (result.output, result.assistant_texts, result.iterations) == (
        "It is 3.",
        ["Let me see.", "It is 3."],
        2,
    )


async def test_one_agent_serves_many_runs_at_once_without_mixing_them() -> None:
    async def one(number: int) -> str:
        script = ScriptedProvider(tool_call("add", a=number, b=number), text(f"done {number}"))
        result = await DOORS[number % 3](TEXT, f"prompt {number}", model=script)
        assert [message.text for message in result.messages[::3]] == [f"prompt {number}", f"done {number}"]
        [given] = result.messages[2].tool_results
        return given.text

    sums = await asyncio.wait_for(asyncio.gather(*[one(number) for number in range(30)]), 20)
    assert sums == [str(2 * number) for number in range(30)]


@pytest.mark.parametrize("times", [3])
def test_a_new_event_loop_for_each_run_is_fine(times: int) -> None:
    agent = Agent("offline:demo", tools=[add])
    for _ in range(times):
        assert asyncio.run(agent.run("hello")).ok
