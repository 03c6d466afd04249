"""Calls of one turn, and runs of one agent, that go on at the same time (B02, B05, B07)."""

import asyncio
import contextvars
import itertools
import threading
from dataclasses import dataclass
from typing import Any

import pytest

from tests.faults.script import (
    WAIT,
    every_door,
    in_loop,
    other_tasks,
    settled,
    through,
)
from voxagent.abort import AbortController
from voxagent.agent import Agent
from voxagent.errors import ModelRetry
from voxagent.providers import ModelRequest
from voxagent.streaming import ToolEndEvent, ToolStartEvent
from voxagent.testing import FunctionProvider, ScriptedProvider, answer, text, tool_call
from voxagent.tools import RunContext, ToolContext, tool

user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")


def numbered(count: int, name: str = "work") -> Any:
    """One answer with that many calls of one tool."""
    return answer(*[tool_call(name, number=n) for n in range(count)])


# --- calls of one turn ---


@every_door
@pytest.mark.parametrize("is_async", [True, False])
def test_calls_of_one_answer_all_run_at_the_same_time(door: str, is_async: bool) -> None:
    """B02: each waits for all others, so one after the other they would never end."""
    everybody = threading.Barrier(5)
    arrived: set[int] = set()

    def meet(number: int) -> int:
        everybody.wait(WAIT)
        return number

    async def meet_async(number: int) -> int:
        arrived.add(number)
        await settled(lambda: len(arrived) == 5)
        return number

    meeting = tool(name="work")(meet_async if is_async else meet)
    ran = through(door, Agent(ScriptedProvider(numbered(5), text("done")), tools=[meeting]))
    assert ran.told == ["0", "1", "2", "3", "4"]


@every_door
@pytest.mark.parametrize("order", [[3, 2, 1, 0], [1, 3, 0, 2]])
def test_results_stand_in_the_order_of_the_calls_whatever_the_order_they_came_in(
    door: str, order: list[int]
) -> None:
    """B02."""
    ended: list[int] = []

    async def work(number: int) -> str:
        await settled(lambda: ended == order[: order.index(number)])
        ended.append(number)
        if number == 1:
            raise ValueError("one")
        return f"result {number}"

    ran = through(door, Agent(ScriptedProvider(numbered(4), text("done")), tools=[tool(work)]))
    assert ended == order
    assert ran.told == ["result 0", "ValueError: one", "result 2", "result 3"]
    ids = [call.id for call in ran.result.tool_calls]
    assert [meta.tool_call_id for meta in ran.result.tool_metas] == ids
    assert [event.tool_call_id for event in ran.of(ToolEndEvent)] == [ids[n] for n in order]
    assert [event.tool_call.id for event in ran.of(ToolStartEvent)] == ids


@every_door
def test_every_call_has_its_events_unknown_and_refused_ones_too(door: str) -> None:
    """B02."""

    async def work(number: int) -> int:
        return number

    asked = answer(tool_call("work", number=1), tool_call("nope"), tool_call("work", number="x"))
    ran = through(door, Agent(ScriptedProvider(asked, text("done")), tools=[tool(work)]))
    assert ran.result.output == "done"
    assert len(ran.of(ToolStartEvent)) == len(ran.of(ToolEndEvent)) == 3
    assert sorted(event.result.is_error for event in ran.of(ToolEndEvent)) == [False, True, True]


@every_door
def test_a_sequential_tool_runs_alone_after_those_before_it_and_ahead_of_those_behind_it(door: str) -> None:
    """B02."""
    running: set[str] = set()
    seen: list[tuple[str, frozenset[str]]] = []
    turns = itertools.count()

    async def stay(name: str) -> int:
        turn = next(turns)
        running.add(name)
        for _ in range(5):
            await asyncio.sleep(0)
        seen.append((name, frozenset(running)))
        running.remove(name)
        return turn

    async def a() -> int:
        return await stay("a")

    async def b() -> int:
        return await stay("b")

    @tool(sequential=True)
    async def alone() -> int:
        return await stay("alone")

    order = ["a", "b", "alone", "alone", "b", "a"]
    model = ScriptedProvider(answer(*map(tool_call, order)), text("done"))
    ran = through(door, Agent(model, tools=[tool(a), tool(b), alone]))
    assert ran.told == ["0", "1", "2", "3", "4", "5"]
    assert [among for name, among in seen if name == "alone"] == [{"alone"}, {"alone"}]
    assert seen[0][1] == seen[4][1] == {"a", "b"}


@every_door
@pytest.mark.parametrize(
    ("options", "most"), [({"parallel_tools": False}, 1), ({"max_parallel_tools": 3}, 3), ({}, 16)]
)
def test_no_more_calls_run_at_a_time_than_the_agent_allows(door: str, options: Any, most: int) -> None:
    """B02."""
    now, peak = 0, 0

    async def work(number: int) -> int:
        nonlocal now, peak
        now += 1
        peak = max(peak, now)
        for _ in range(5):
            await asyncio.sleep(0)
        now -= 1
        return number

    ran = through(door, Agent(ScriptedProvider(numbered(40), text("done")), tools=[tool(work)], **options))
    assert ran.told == [str(n) for n in range(40)]
    assert (now, peak) == (0, most)


@every_door
def test_agents_below_agents_do_not_share_the_limit_and_never_deadlock(door: str) -> None:
    """B02: with one call at a time on every level, a shared limit would wait for itself."""

    def leaf() -> str:
        return "leaf"

    agent = Agent(ScriptedProvider(tool_call("leaf"), text("0")), tools=[tool(leaf)], name="a0")
    for depth in range(1, 5):
        model = ScriptedProvider(tool_call(f"a{depth - 1}", prompt="down"), text(str(depth)))
        agent = Agent(model, sub_agents=[agent], name=f"a{depth}", max_parallel_tools=1)
    assert through(door, agent).result.output == "4"


@every_door
def test_a_tool_that_was_left_behind_gives_its_place_to_the_next(door: str) -> None:
    """Fault 39, and B02."""
    go = threading.Event()

    @tool(timeout=0.02)
    def work(number: int) -> int:
        if number == 0:
            go.wait(WAIT)
        return number

    model = ScriptedProvider(numbered(3), text("done"))
    ran = through(door, Agent(model, tools=[work], cancel_grace=0.02, max_parallel_tools=1))
    go.set()
    assert ran.told == ["TimeoutError: the tool did not end within 0.02 s", "1", "2"]


# --- context variables ---


@pytest.mark.parametrize("door", ["run", "run on uvloop", "run_stream", "run_stream on uvloop", "run_sync"])
def test_tools_see_the_callers_context_and_what_they_set_does_not_leak_back(door: str) -> None:
    """B05."""
    seen: list[tuple[str, str]] = []

    def look(who: str) -> None:
        seen.append((who, user.get()))
        user.set(who)

    async def in_async(number: int) -> None:
        look(f"async {number}")
        await asyncio.sleep(0)
        assert user.get() == f"async {number}"

    def in_thread(number: int) -> None:
        look(f"thread {number}")

    turn = answer(*[tool_call(name, number=n) for name in ("in_async", "in_thread") for n in range(2)])
    model = ScriptedProvider(turn, turn, text("done"))
    agent = Agent(model, tools=[tool(in_async), tool(in_thread)])

    @agent.instructions
    def told() -> str:
        seen.append(("instructions", user.get()))
        return ""

    token = user.set("ada")
    try:
        ran = through(door, agent)
        assert user.get() == "ada"
    finally:
        user.reset(token)
    assert ran.result.ok, ran.result.error
    assert {name for _, name in seen} == {"ada"}
    assert len(seen) == 9


# --- runs of one agent ---


@dataclass
class Deps:
    """What one run is handed."""

    number: int


def crowd() -> Agent[Any, Any]:
    """An agent whose every run is about its own number, in all places where state could be mixed."""

    def model(messages: Any, request: ModelRequest) -> Any:
        results = [block for message in messages for block in message.tool_results]
        number = messages[0].text
        assert request.system.endswith(f"you are {number}")
        if len(results) < 3:
            return tool_call("double", number=int(number))
        return text(f"{number} doubled is {results[-1].text}")

    agent = Agent(FunctionProvider(model), deps_type=Deps, retries=2, system_prompt="", max_parallel_tools=2)

    @agent.instructions
    def name(ctx: RunContext[Deps]) -> str:
        return f"you are {ctx.deps.number}"

    @agent.tool
    async def double(ctx: ToolContext[Deps], number: int) -> int:
        await asyncio.sleep(0)
        assert ctx.deps.number == number
        assert ctx.messages[0].text == str(number)
        if number % 2 and len(ctx.messages) == 2:
            raise ModelRetry(f"once more, {number}")
        return 2 * number

    return agent


def assert_is_about(number: int, result: Any) -> None:
    assert result.ok, result.error
    assert result.output == f"{number} doubled is {2 * number}"
    told = [block.text for message in result.messages for block in message.tool_results]
    first = f"once more, {number}" if number % 2 else str(2 * number)
    assert told == [first, *[str(2 * number)] * 2]
    assert {message.text for message in result.messages if message.role == "user" and message.text} == {
        str(number)
    }
    assert (result.usage.requests, result.usage.tool_calls, result.iterations) == (4, 3, 4)
    assert result.metadata == {"number": number}


@pytest.mark.parametrize("door", ["run", "run on uvloop", "run_stream", "run_stream on uvloop"])
def test_a_hundred_runs_of_one_agent_at_a_time_do_not_mix_their_state(door: str) -> None:
    """B07."""
    agent = crowd()

    async def one(number: int) -> Any:
        options: Any = {"deps": Deps(number), "metadata": {"number": number}}
        if door.startswith("run_stream"):
            async with agent.run_stream(str(number), **options) as stream:
                events = [event async for event in stream]
                result = await stream.result()
            assert {event.run_id for event in events} == {result.run_id}
            return result
        return await agent.run(str(number), **options)

    async def main() -> list[Any]:
        return await asyncio.gather(*map(one, range(100)))

    results = in_loop(door, main)
    for number, result in enumerate(results):
        assert_is_about(number, result)
    assert len({result.run_id for result in results}) == 100


def test_runs_in_many_threads_of_one_agent_do_not_mix_their_state() -> None:
    """B07."""
    agent = crowd()
    results: dict[int, Any] = {}

    def one(number: int) -> None:
        results[number] = agent.run_sync(str(number), deps=Deps(number), metadata={"number": number})

    threads = [threading.Thread(target=one, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert sorted(results) == list(range(50))
    for number, result in results.items():
        assert_is_about(number, result)


@pytest.mark.parametrize("door", ["run", "run on uvloop"])
def test_a_failure_and_an_abort_of_one_run_leave_the_others_alone(door: str) -> None:
    """B07."""
    controller = AbortController()
    go = asyncio.Event()

    async def model(messages: Any, request: ModelRequest) -> Any:
        await go.wait()
        if messages[0].text == "fail":
            raise ValueError("only mine")
        return text(messages[0].text)

    async def main() -> list[Any]:
        agent = Agent(FunctionProvider(model))
        runs = [agent.run("fail"), agent.run("abort", abort_signal=controller.signal), agent.run("fine")]
        tasks = list(map(asyncio.create_task, runs))
        await asyncio.sleep(0)
        controller.abort("enough")
        await settled(tasks[1].done)
        go.set()
        results = await asyncio.gather(*tasks)
        assert other_tasks() == set()
        return results

    failed, aborted, fine = in_loop(door, main)
    assert (failed.ok, failed.aborted) == (False, False)
    assert aborted.aborted
    assert fine.output == "fine"
