"""Tools in sets: opened for a run, or once for many; changed, hidden, forbidden."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import pytest

from tests.agent.doors import every_door
from tests.agent.seen import WAIT
from voxagent import Agent, ConfigError, RunContext, ToolDefinition, tool
from voxagent.errors import ToolRetryError
from voxagent.testing import ScriptedProvider, answer, text, tool_call
from voxagent.tools import FunctionToolset, filtered, prefixed, renamed
from voxagent.types import ToolPolicy


@tool
async def add(a: int, b: int) -> int:
    return a + b


@tool
async def sub(a: int, b: int) -> int:
    return a - b


MATHS = FunctionToolset([add, sub])


def names(provider: ScriptedProvider) -> list[str]:
    return [spec.name for spec in provider.requests[0].tools]


def results(result: Any) -> list[tuple[str, bool]]:
    return [(each.text, each.is_error) for message in result.messages for each in message.tool_results]


@every_door
async def test_tools_of_a_set_are_named_filtered_and_called_as_the_wrapper_says(door: Any) -> None:
    toolsets = [
        MATHS,
        prefixed(MATHS, "m"),
        filtered(renamed(MATHS, {"add": "plus"}), ["plus"]),
        filtered(prefixed(MATHS, "x"), lambda run, each: run.deps is None and each.name == "x_sub"),
    ]
    called = [tool_call(name, a=3, b=1) for name in ("add", "m_sub", "plus", "x_sub")]
    provider = ScriptedProvider(answer(*called), text("done"))
    result = await door(Agent(provider, toolsets=toolsets[:2]), "?", toolsets=toolsets[2:])
    assert names(provider) == ["add", "sub", "m_add", "m_sub", "plus", "x_sub"]
    assert results(result) == [("4", False), ("2", False), ("4", False), ("2", False)]


async def test_two_tools_of_one_name_are_refused_wherever_they_come_from() -> None:
    for agent, options in (
        (Agent(ScriptedProvider(), tools=[add], toolsets=[MATHS]), {}),
        (Agent(ScriptedProvider(), toolsets=[MATHS]), {"toolsets": [MATHS]}),
        (Agent(ScriptedProvider(), toolsets=[prefixed(MATHS, "m"), prefixed(MATHS, "m")]), {}),
    ):
        with pytest.raises(
            ConfigError, match=r"^two tools are named '(m_)?add': rename one, or use prefixed\(\.\.\.\)$"
        ):
            await agent.run("?", **options)  # type: ignore[arg-type]


def only_for_ada(ctx: RunContext[Any], each: ToolDefinition[Any]) -> ToolDefinition[Any] | None:
    return each.changed(description=f"Add for {ctx.deps}.") if ctx.deps == "Ada" else None


async def only_for_ada_later(ctx: RunContext[Any], each: ToolDefinition[Any]) -> ToolDefinition[Any] | None:
    return only_for_ada(ctx, each)


@pytest.mark.parametrize("prepare", [only_for_ada, only_for_ada_later])
async def test_a_tool_may_be_prepared_for_a_run_or_hidden_from_it(prepare: Any) -> None:
    agent: Agent[str, str] = Agent("a:b", deps_type=str)

    @agent.tool(prepare=prepare)
    async def plus(a: int) -> int:
        return a

    told: list[list[str]] = []
    for name in ("Ada", "Bob"):
        provider = ScriptedProvider(text("hi"))
        await agent.run("?", deps=name, model=provider)
        told.append([spec.description for spec in provider.requests[0].tools])
    assert told == [["Add for Ada."], []]


async def test_layers_of_policies_intersect_what_they_allow_and_unite_what_they_deny() -> None:
    agent = Agent("a:b", tools=[add], toolsets=[prefixed(MATHS, "m")])
    cases: list[tuple[list[ToolPolicy], list[ToolPolicy], list[str]]] = [
        ([], [], ["add", "m_add", "m_sub"]),
        ([ToolPolicy(allow_list=["add", "m_add"])], [ToolPolicy(allow_list=["m_add", "m_sub"])], ["m_add"]),
        ([ToolPolicy(deny_list=["add"])], [ToolPolicy(deny_list=["m_add"])], ["m_sub"]),
        ([ToolPolicy(allow_list=[])], [], []),
        ([ToolPolicy(allow_list=["add"], deny_list=["add"])], [], []),
    ]
    for mine, of_the_run, left in cases:
        provider = ScriptedProvider(text("hi"))
        layered = Agent("a:b", tools=agent.tools, toolsets=agent.toolsets, policies=mine)
        await layered.run("?", model=provider, policies=of_the_run)
        assert names(provider) == left


async def test_a_tool_that_a_policy_forbids_is_not_executed_when_it_is_called_anyway() -> None:
    provider = ScriptedProvider(tool_call("add", a=1, b=2), text("sorry"))
    agent = Agent(provider, tools=[add, sub], policies=[ToolPolicy(deny_list=["add"])])
    assert results(await agent.run("?")) == [("the tool 'add' may not be used here", True)]


async def test_retries_count_for_each_tool_and_begin_anew_after_a_success() -> None:
    wrong, right = tool_call("add", a="x", b=1), tool_call("add", a=1, b=1)
    provider = ScriptedProvider(wrong, right, wrong, right, answer(wrong, wrong), right, text("done"))
    assert (await Agent(provider, tools=[add]).run("?")).output == "done"
    provider = ScriptedProvider(wrong, tool_call("sub", a="x", b=1), wrong)
    result = await Agent(provider, tools=[add, sub]).run("?")
    assert isinstance(result.error, ToolRetryError)
    assert str(result.error).startswith(
        "the model got tool 'add' wrong 2 times in a row, 1 retries are allowed"
    )
    lenient = tool(name="add", retries=3)(add.execute)
    provider = ScriptedProvider(*[wrong] * 3, right, text("done"))
    assert (await Agent(provider, tools=[lenient]).run("?")).output == "done"


async def test_a_tool_sees_how_often_it_has_failed() -> None:
    from voxagent import ModelRetry, ToolContext

    counts: list[int] = []

    @tool
    async def picky(ctx: ToolContext[Any]) -> str:
        counts.append(ctx.retry_count)
        if len(counts) < 3:
            raise ModelRetry("again")
        return "ok"

    provider = ScriptedProvider(*[tool_call("picky")] * 4, text("done"))
    await Agent(provider, tools=[picky], retries=2).run("?")
    assert counts == [0, 1, 2, 0]


class Kept(FunctionToolset[Any]):
    """A toolset that keeps something open between runs, and one that is opened for each."""

    def __init__(self) -> None:
        super().__init__([add])
        self.log: list[str] = []

    async def __aenter__(self) -> Self:
        self.log.append("entered")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.log.append("left")

    @asynccontextmanager
    async def open(self, run: RunContext[Any]) -> AsyncGenerator[Sequence[ToolDefinition[Any]]]:
        self.log.append("opened")
        async with super().open(run) as tools:
            yield tools
        self.log.append("closed")


async def test_an_agent_that_is_entered_keeps_its_toolsets_open_over_runs() -> None:
    kept = Kept()
    agent = Agent("a:b", toolsets=[MATHS_ELSEWHERE, kept])
    async with agent as same:
        assert same is agent
        async with agent:
            for _ in range(2):
                await agent.run("?", model=ScriptedProvider(text("hi")))
    once = ["opened", "closed"]
    assert kept.log == ["entered", *once, *once, "left"]
    async with agent:
        pass
    assert kept.log[-2:] == ["entered", "left"]


@pytest.mark.parametrize("as_tool", [False, True])
async def test_an_agent_that_is_entered_keeps_the_toolsets_of_its_sub_agents_open_too(as_tool: bool) -> None:
    kept = Kept()
    child = Agent(ScriptedProvider(text("hi")), name="child", description="Helps.", toolsets=[kept])
    given: dict[str, Any] = {"tools": [child.as_tool()]} if as_tool else {"sub_agents": [child]}
    parent = Agent(ScriptedProvider(tool_call("child", prompt="?"), text("done")), **given)
    async with parent:
        assert (await parent.run("?")).output == "done"
    assert kept.log == ["entered", "opened", "closed", "left"]


async def test_agents_that_may_call_themselves_and_each_other_can_be_entered() -> None:
    one = Agent(ScriptedProvider(text("hi")), name="one", description="Helps.")
    other = Agent(ScriptedProvider(text("hi")), name="other", description="Helps.", tools=[one.as_tool()])
    one.tool(one.as_tool())
    one.tool(other.as_tool())
    async with asyncio.timeout(WAIT), one, other, one:
        assert (await one.run("?")).output == "hi"


async def test_a_toolset_that_keeps_nothing_open_needs_no_entering() -> None:
    class Bare:
        @asynccontextmanager
        async def open(self, run: RunContext[Any]) -> AsyncGenerator[Sequence[Any]]:
            yield [add]

    async with Agent("a:b", toolsets=[Bare()]) as agent:
        result = await agent.run("?", model=ScriptedProvider(tool_call("add", a=1, b=2), text("3")))
    assert result.tool_name == "add"


MATHS_ELSEWHERE = prefixed(MATHS, "elsewhere")


async def test_a_toolset_that_is_wrapped_is_kept_open_as_well() -> None:
    kept = Kept()
    async with Agent("a:b", toolsets=[prefixed(renamed(kept, {"add": "plus"}), "my")]) as agent:
        result = await agent.run("?", model=ScriptedProvider(tool_call("my_plus", a=1, b=2), text("3")))
    assert (result.tool_name, kept.log) == ("my_plus", ["entered", "opened", "closed", "left"])


async def test_a_task_that_enters_an_agent_waits_for_the_one_that_is_opening_it() -> None:
    opening, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Kept):
        async def __aenter__(self) -> Self:
            opening.set()
            await go_on.wait()
            return await super().__aenter__()

    kept = Slow()
    agent = Agent("a:b", toolsets=[kept])
    inside = asyncio.Barrier(2)

    async def hold() -> None:
        async with agent:
            assert kept.log == ["entered"]
            await inside.wait()

    async with asyncio.timeout(WAIT):
        tasks = [asyncio.create_task(hold()) for _ in range(2)]
        await opening.wait()
        go_on.set()
        await asyncio.gather(*tasks)
    assert kept.log == ["entered", "left"]


class Refusing(Kept):
    async def __aenter__(self) -> Self:
        raise OSError("no connection")


async def test_an_agent_whose_toolset_cannot_be_entered_leaves_nothing_open() -> None:
    kept, refusing = Kept(), Refusing()
    agent = Agent("a:b", toolsets=[kept, refusing])
    for _ in range(2):
        with pytest.raises(OSError, match="no connection"):
            async with agent:
                raise AssertionError("it must not be entered")
    assert kept.log == ["entered", "left"] * 2


async def test_a_toolset_that_cannot_be_opened_is_raised_before_the_run() -> None:
    class Broken:
        @asynccontextmanager
        async def open(self, run: RunContext[Any]) -> AsyncGenerator[Sequence[ToolDefinition[Any]]]:
            raise OSError("no connection")
            yield []

    events: list[object] = []
    kept = Kept()
    agent = Agent(ScriptedProvider(), toolsets=[kept, Broken()], observers=[events.append])
    with pytest.raises(OSError, match="no connection"):
        await agent.run("?")
    assert (events, kept.log[0]) == ([], "opened")


async def test_a_toolset_that_cannot_be_closed_harms_no_result(caplog: pytest.LogCaptureFixture) -> None:
    class Stuck:
        @asynccontextmanager
        async def open(self, run: RunContext[Any]) -> AsyncGenerator[Sequence[ToolDefinition[Any]]]:
            yield [add]
            raise OSError("cannot close")

    provider = ScriptedProvider(tool_call("add", a=1, b=2), text("3"))
    result = await Agent(provider, toolsets=[Stuck()]).run("?")
    assert (result.output, result.ok) == ("3", True)
    assert [record.getMessage() for record in caplog.records] == ["closing the toolsets failed: cannot close"]
