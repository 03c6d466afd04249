"""Tools in sets, and functions that change a set."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from voxagent import Agent, RunContext, ToolDefinition, tool
from voxagent.testing import ScriptedProvider, text
from voxagent.tools import FunctionToolset, filtered, prefixed, renamed


@tool
def search(words: str) -> list[str]:
    """Search the orders."""
    return []


@tool
def delete(id: int) -> None:
    """Delete an order."""


orders = FunctionToolset([search, delete], name="orders")


class Opened:
    """A toolset of one's own: anything with `open`, here around a connection."""

    @asynccontextmanager
    async def open(self, run: RunContext[object]) -> AsyncGenerator[Sequence[ToolDefinition]]:
        print("connected")
        yield [search.changed(name="ask", description="Ask the server.")]
        print("closed")


safe = filtered(orders, lambda run, each: each.name != "delete")
model = ScriptedProvider(text("done"))
agent = Agent(model, toolsets=[prefixed(safe, "crm"), renamed(orders, {"search": "find"}), Opened()])
agent.run_sync("go")
print([spec.name for spec in model.requests[0].tools])
