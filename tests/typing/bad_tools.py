"""Tools are called as they are written, and go only to agents that have their deps."""

from __future__ import annotations

from dataclasses import dataclass

from voxagent import Agent, ToolContext, ToolDefinition, ToolReturn, tool


@dataclass
class Deps:
    url: str


@dataclass
class OtherDeps:
    path: str


@tool
def add(a: int, b: int = 0) -> int:
    """Add two numbers."""
    return a + b


@tool(name="find", timeout=10)
async def find(ctx: ToolContext[Deps], key: str) -> str:
    """Find something."""
    return ctx.deps.url + key


def undecorated(a: int) -> int:
    return a


agent = Agent("offline:demo", deps_type=Deps)


@agent.tool
def own(ctx: ToolContext[Deps], city: str) -> str:
    """Look up a city."""
    return ctx.deps.url + city


context = ToolContext(deps=Deps(""))

add("1")  # E: an argument of a wrong type
add()  # E: too few arguments
add(1, 2, 3)  # E: too many arguments
add(1, c=2)  # E: an argument of a wrong name
text: str = add(1)  # E: a number as a text
find("a")  # E: no context
find(context, 1)  # E: an argument of a wrong type, after the context
find(ToolContext(deps=OtherDeps("")), "a")  # E: a context with other deps
own(context)  # E: too few arguments, of an agent's tool
own("Oslo")  # E: no context, for an agent's tool
number: int = own(context, "Oslo")  # E: a text as a number, of an agent's tool

Agent("offline:demo", tools=[undecorated])  # E: a plain function
Agent("offline:demo", deps_type=Deps, tools=[add, undecorated])  # E: a plain function beside a tool
Agent("offline:demo", deps_type=OtherDeps, tools=[find])  # E: a tool that wants other deps
Agent("offline:demo", deps_type=OtherDeps, tools=[add, find])  # E: one tool of two wants other deps
Agent("offline:demo", tools=find)  # E: a tool instead of a list
none: Agent[None, str] = Agent("offline:demo", tools=[find])  # E: a tool that wants deps, without deps
Agent("offline:demo", sub_agents=[find])  # E: a tool as a sub-agent

other: ToolDefinition[OtherDeps] = find  # E: a tool as one of other deps
free: ToolDefinition[object] = find  # E: a tool that wants deps as one that wants none

tool(name=3)  # E: a name that is a number
tool(timeout="10")  # E: a timeout that is a text
tool(secrets=[1])  # E: a secret whose name is a number
tool(requires=True)  # E: an option that no tool has
tool(3)  # E: a number as a tool
agent.tool(retry=3)  # E: an option that no agent's tool has
ToolDefinition("find", "Find.")  # E: a definition without a function
find.changed(timeout=3)  # E: a change of what cannot be changed
find.nme  # E: an attribute that no tool has
answer: ToolReturn[int] = ToolReturn("3")  # E: a return of another value
ToolReturn(1, meta={})  # E: a return with a wrong name
