"""Toolsets go only to agents that have their deps."""

from __future__ import annotations

from dataclasses import dataclass

from voxagent import Agent, RunContext, ToolContext, ToolDefinition, tool
from voxagent.tools import FunctionToolset, Toolset, filtered, prefixed, renamed


@dataclass
class Deps:
    url: str


@dataclass
class OtherDeps:
    path: str


@tool
def find(ctx: ToolContext[Deps], key: str) -> str:
    """Find something."""
    return ctx.deps.url + key


@tool
def look(ctx: ToolContext[OtherDeps], key: str) -> str:
    """Look something up."""
    return ctx.deps.path + key


def undecorated(a: int) -> int:
    return a


def keep(run: RunContext[OtherDeps], tool: ToolDefinition[OtherDeps]) -> bool:
    return run.deps.path != tool.name


class Closed:
    """No toolset: its `open` gives a list instead of a context."""

    def open(self, run: RunContext[Deps]) -> list[ToolDefinition[Deps]]:
        return [find]


bound = FunctionToolset([find])

bound.add(look)  # E: a tool of other deps
bound.add(undecorated)  # E: a plain function
FunctionToolset([undecorated])  # E: a plain function in a new set
FunctionToolset([find], prefix="crm")  # E: an option that no set has
free: FunctionToolset[object] = FunctionToolset([find])  # E: a set that wants deps as one that wants none
other: Toolset[OtherDeps] = bound  # E: a set as one of other deps
closed: Toolset[Deps] = Closed()  # E: a set that is not opened

Agent("offline:demo", deps_type=OtherDeps, toolsets=[bound])  # E: a set of other deps
in_prefix = prefixed(bound, "crm")
Agent("offline:demo", deps_type=OtherDeps, toolsets=[in_prefix])  # E: a wrapped set of other deps
none: Agent[None, str] = Agent("offline:demo", toolsets=[bound])  # E: a set that wants deps, without deps
Agent("offline:demo", toolsets=[find])  # E: a tool as a set
Agent("offline:demo", toolsets=bound)  # E: a set instead of a list

prefixed(bound)  # E: no prefix
prefixed(find, "crm")  # E: a tool that is prefixed
renamed(bound, ["find"])  # E: names without new names
kept: Toolset[Deps] = filtered(bound, keep)  # E: a filter of other deps
filtered(bound, lambda tool: True)  # E: a filter that takes too little
wrapped: Toolset[OtherDeps] = filtered(bound, ["find"])  # E: a filtered set as one of other deps
