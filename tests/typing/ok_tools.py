"""Functions as tools: decorated, they stay what they were and know the deps that they want."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, assert_type

from voxagent import (
    Agent,
    ModelRetry,
    RunContext,
    RunResult,
    SubAgentDefinition,
    ToolContext,
    ToolDefinition,
    ToolError,
    ToolResult,
    ToolReturn,
    tool,
)
from voxagent.tools import ToolRegistry, execute_tool
from voxagent.types import ToolSpec


@dataclass
class Deps:
    url: str


@dataclass
class MoreDeps(Deps):
    table: str


# --- bare ---------------------------------------------------------------------------------------


@tool
def add(a: int, b: int = 0) -> int:
    """Add two numbers."""
    return a + b


assert_type(add(1), int)
assert_type(add(1, b=2), int)


@tool
async def fetch(url: str) -> bytes:
    """Fetch a page."""
    return url.encode()


@tool
def lookup(ctx: ToolContext[Deps], key: str, *, unit: Literal["C", "F"] = "C") -> float:
    """Look up a value."""
    return len(ctx.deps.url + key + unit)


assert_type(lookup(ToolContext(deps=Deps("")), "a", unit="F"), float)


@tool
async def lookup_later(ctx: RunContext[Deps], key: str) -> list[str]:
    """Look up a value."""
    return [ctx.deps.url, key]


@tool
def show(value: object) -> str:
    """Show anything."""
    return str(value)


assert_type(show("a"), str)


async def called() -> None:
    assert_type(await fetch("https://example.org"), bytes)
    assert_type(await lookup_later(RunContext(deps=Deps("")), "a"), list[str])
    assert_type(await lookup_later(ToolContext(deps=Deps("")), key="a"), list[str])


# --- with options -------------------------------------------------------------------------------


@tool(name="subtract", timeout=10, sequential=True)
def minus(a: int, b: int) -> int:
    """Subtract."""
    return a - b


assert_type(minus(3, 1), int)


@tool(description="Wait.", retries=3, strict=None)
async def wait(ctx: ToolContext[Deps], seconds: float) -> str:
    """Wait."""
    return f"{ctx.deps.url}{seconds}"


async def called_with_options() -> None:
    assert_type(await wait(ToolContext(deps=Deps("")), 1.5), str)


@tool()
def nothing() -> None:
    """Do nothing."""


nothing()
assert_type(ModelRetry("try the English name").message, str)
assert_type(ToolError("no such table").message, str)


# --- of an agent ----------------------------------------------------------------------------------

agent = Agent("offline:demo", deps_type=Deps)


@agent.tool
def own(ctx: ToolContext[Deps], city: str) -> str:
    """Look up a city."""
    return ctx.deps.url + city


assert_type(own(ToolContext(deps=Deps("")), "Oslo"), str)


@agent.tool
async def own_later(ctx: RunContext[Deps], city: str) -> str:
    """Look up a city."""
    return ctx.deps.url + city


@agent.tool
def own_plain(city: str) -> str:
    """Look up a city."""
    return city


assert_type(own_plain("Oslo"), str)


@agent.tool(name="send", timeout=None)
def own_named(ctx: ToolContext[Deps], to: str) -> ToolReturn[int]:
    """Send a mail."""
    return ToolReturn(len(ctx.deps.url + to), metadata={"to": to})


assert_type(own_named(ToolContext(deps=Deps("")), "a@example.org").value, int)


# --- what a decorated function is -------------------------------------------------------------------

free: ToolDefinition[object] = add
with_deps: ToolDefinition[Deps] = lookup
for_more: ToolDefinition[MoreDeps] = lookup
for_any: ToolDefinition[Deps] = add

assert_type(lookup.name, str)
assert_type(lookup.description, str)
assert_type(lookup.timeout, float | None)
assert_type(lookup.parameters, Mapping[str, Any])
assert_type(lookup.spec, ToolSpec)
assert_type(lookup.takes_context, bool)
assert_type(lookup.to_openai_schema(), dict[str, Any])
assert_type(ToolDefinition[Deps]("find", "Find.", lookup), ToolDefinition[Deps])


def changed(definition: ToolDefinition[Deps]) -> ToolDefinition[Deps]:
    assert_type(definition.changed(name="find"), ToolDefinition[Deps])
    return definition


# --- lists of them ------------------------------------------------------------------------------------

takes_mixed = Agent("offline:demo", deps_type=Deps, tools=[add, lookup, lookup_later])
assert_type(takes_mixed, Agent[Deps, str])
takes_plain = Agent("offline:demo", deps_type=Deps, tools=[add, minus])
assert_type(takes_plain, Agent[Deps, str])
takes_less = Agent("offline:demo", deps_type=MoreDeps, tools=[lookup])
assert_type(takes_less, Agent[MoreDeps, str])
needs_none = Agent("offline:demo", tools=[add, minus])
assert_type(needs_none.run_sync("hello"), RunResult[str])
one_tool: Agent[None, str] = Agent("offline:demo", tools=[add])
assert_type(one_tool.run_sync("hello"), RunResult[str])
takes_anything = Agent("offline:demo", deps_type=Deps, tools=[show, lookup])
assert_type(takes_anything, Agent[Deps, str])

researcher = Agent("offline:demo", name="researcher", deps_type=Deps)
assert_type(researcher.as_tool(name="ask"), SubAgentDefinition)
leader: Agent[Deps, str] = Agent(
    "offline:demo", deps_type=Deps, tools=[researcher.as_tool()], sub_agents=[one_tool]
)
beside = Agent("offline:demo", deps_type=Deps, tools=[researcher.as_tool(name="ask"), add])
assert_type(beside, Agent[Deps, str])  # OK: an agent as a tool beside a function
assert_type(SubAgentDefinition(researcher, "ask", input_type=Deps), SubAgentDefinition)

# --- results, and single calls --------------------------------------------------------------------------

assert_type(ToolReturn(1), ToolReturn[int])
assert_type(ToolReturn({"a": 1}, content="seen by the model"), ToolReturn[dict[str, int]])
assert_type(ToolReturn("text").value, str)


async def single() -> None:
    assert_type(await execute_tool("add", {"a": 1}, [add, lookup]), ToolResult)
    assert_type(await lookup.run({"key": "a"}, ToolContext(deps=Deps(""))), Any)
    registry = ToolRegistry()
    registry.register(add)
    assert_type(registry.get("add"), ToolDefinition[Any] | None)


@tool
async def pages(ctx: ToolContext[Deps], count: int) -> AsyncIterator[str]:
    """Give an iterator."""

    async def each() -> AsyncIterator[str]:
        for number in range(count):
            yield f"{ctx.deps.url}{number}"

    return each()


async def called_more() -> None:
    assert_type(await own_later(RunContext(deps=Deps("")), "Oslo"), str)
    async for page in await pages(ToolContext(deps=Deps("")), 2):
        assert_type(page, str)


@tool(secrets=["password"])
def log_in(password: str) -> bool:
    """Be given a secret."""
    return bool(password)


assert_type(log_in.secrets, tuple[str, ...])
