"""Tools that come in sets know the deps that they want, also when they are wrapped."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import assert_type

from voxagent import Agent, RunContext, RunResult, ToolContext, ToolDefinition, tool
from voxagent.tools import FunctionToolset, Toolset, apply_tool_policies, filtered, prefixed, renamed
from voxagent.types import ToolPolicy


@dataclass
class Deps:
    url: str


@dataclass
class MoreDeps(Deps):
    table: str


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@tool
def find(ctx: ToolContext[Deps], key: str) -> str:
    """Find something."""
    return ctx.deps.url + key


free = FunctionToolset([add])
assert_type(free, FunctionToolset[object])
bound = FunctionToolset([find], name="crm")
assert_type(bound, FunctionToolset[Deps])
mixed: FunctionToolset[Deps] = FunctionToolset([add, find])
assert_type(mixed, FunctionToolset[Deps])
assert_type(FunctionToolset[Deps](), FunctionToolset[Deps])

assert_type(prefixed(bound, "crm"), Toolset[Deps])
assert_type(prefixed(free, "math"), Toolset[object])
assert_type(renamed(bound, {"find": "search"}), Toolset[Deps])
assert_type(filtered(bound, ["find"]), Toolset[Deps])
assert_type(filtered(bound, lambda run, tool: run.deps.url != tool.name), Toolset[Deps])
assert_type(prefixed(filtered(renamed(bound, {}), []), "crm"), Toolset[Deps])


def keep(run: RunContext[Deps], tool: ToolDefinition[Deps]) -> bool:
    return run.deps.url != tool.name


assert_type(filtered(bound, keep), Toolset[Deps])


class Database:
    """A toolset of the program's own."""

    @asynccontextmanager
    async def open(self, run: RunContext[Deps]) -> AsyncGenerator[Sequence[ToolDefinition[Deps]]]:
        yield [find, add] if run.deps.url else [add]


own: Toolset[Deps] = Database()
assert_type(prefixed(Database(), "db"), Toolset[Deps])

# What needs less can stand where more is given.
for_more: Toolset[MoreDeps] = bound
for_any: Toolset[Deps] = free

agent = Agent("offline:demo", deps_type=Deps, toolsets=[bound, free, prefixed(Database(), "db")])
assert_type(agent, Agent[Deps, str])
with_more = Agent("offline:demo", deps_type=MoreDeps, tools=[find, add], toolsets=[bound])
assert_type(with_more, Agent[MoreDeps, str])
without: Agent[None, str] = Agent("offline:demo", toolsets=[free])
assert_type(without.run_sync("hello"), RunResult[str])
assert_type(Agent("offline:demo", toolsets=[prefixed(free, "math")]).run_sync("hello"), RunResult[str])


async def opened() -> None:
    async with bound.open(RunContext(deps=Deps(""))) as tools:
        assert_type(tools, Sequence[ToolDefinition[Deps]])
        assert_type(apply_tool_policies(tools, [ToolPolicy(deny_list=["find"])]), list[ToolDefinition[Deps]])
    result = await agent.run("hello", deps=Deps(""), toolsets=[free, bound])
    assert_type(result.output, str)
