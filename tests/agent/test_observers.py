"""Whoever watches sees every event, from whichever door. (Those that fail or hang: `tests/faults`.)"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.agent.doors import every_door
from tests.agent.seen import kinds, without_chance
from voxagent import Agent, ToolContext, tool
from voxagent.streaming import BaseEvent, CustomEvent, RunEndEvent, StreamEvent, ToolEndEvent, ToolOutputEvent
from voxagent.testing import ScriptedProvider, answer, text, thinking, tool_call


@tool
async def report(ctx: ToolContext[Any]) -> str:
    await ctx.update("half")
    await ctx.emit("note", {"done": 50})
    assert not ctx.is_aborted()
    return "done"


@tool
def report_from_a_thread(ctx: ToolContext[Any]) -> str:
    ctx.update("half")
    return "done"


WHOLE = [
    "run_start",
    "user_message",
    "turn_start",
    "assistant_start",
    "assistant_end",
    "tool_start",
    "tool_output",
    "custom",
    "tool_end",
    "user_message",
    "turn_end",
    "turn_start",
    "assistant_start",
    "assistant_end",
    "turn_end",
    "run_end",
]


def script() -> ScriptedProvider:
    return ScriptedProvider(
        answer(thinking("hm"), text("Wait."), tool_call("report"), chunk_size=2), text("done")
    )


@every_door
async def test_plain_and_async_observers_see_every_event_in_order(door: Any) -> None:
    plain: list[BaseEvent] = []
    later: list[BaseEvent] = []

    async def watch(event: BaseEvent) -> None:
        await asyncio.sleep(0)
        later.append(event)

    agent = Agent(script(), tools=[report], observers=[plain.append])
    agent.subscribe(watch)
    result = await door(agent, "?")
    assert kinds(plain) == WHOLE
    assert later == plain
    assert {event.run_id for event in plain} == {result.run_id}
    end = plain[-1]
    assert isinstance(end, RunEndEvent)
    assert end.result is not None
    assert without_chance(end.result) == without_chance(result)


@every_door
async def test_a_tool_that_reports_from_a_thread_is_heard_before_it_ends(door: Any) -> None:
    events: list[BaseEvent] = []
    provider = ScriptedProvider(tool_call("report_from_a_thread"), text("done"))
    await door(Agent(provider, tools=[report_from_a_thread], observers=[events.append]), "?")
    seen = [event for event in events if isinstance(event, (ToolOutputEvent, ToolEndEvent))]
    assert [type(event) for event in seen] == [ToolOutputEvent, ToolEndEvent]


def test_what_a_tool_says_after_its_loop_is_gone_is_dropped() -> None:
    events: list[BaseEvent] = []
    kept: list[ToolContext[Any]] = []

    @tool
    async def keep(ctx: ToolContext[Any]) -> str:
        kept.append(ctx)
        return ""

    agent = Agent(ScriptedProvider(tool_call("keep"), text("done")), tools=[keep], observers=[events.append])
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(agent.run("?"))).result()
    told = len(events)
    kept[0].update("too late")
    assert len(events) == told


async def test_unsubscribing_ends_it_and_may_be_done_twice() -> None:
    first: list[BaseEvent] = []
    second: list[BaseEvent] = []
    agent = Agent("a:b")
    undo = agent.subscribe(first.append)
    agent.subscribe(second.append)
    await agent.run("?", model=ScriptedProvider(text("hi")))
    undo()
    undo()
    await agent.run("?", model=ScriptedProvider(text("hi")))
    assert 2 * len(first) == len(second) > 0


async def test_events_of_a_tool_carry_what_it_told_and_load_from_json() -> None:
    events: list[BaseEvent] = []
    await Agent(script(), tools=[report], observers=[events.append]).run("?")
    [output] = [event for event in events if isinstance(event, ToolOutputEvent)]
    [custom] = [event for event in events if isinstance(event, CustomEvent)]
    assert (output.tool_call_id, output.delta) == ("call_1", "half")
    assert (custom.name, custom.data) == ("note", {"done": 50})
    for event in events:
        loaded = type(event).model_validate_json(event.model_dump_json())
        assert loaded.model_dump() == event.model_dump()
        assert StreamEvent(event.model_dump()["event_type"])
