"""A tool sees its run: deps, ids, progress, time."""

import asyncio
from dataclasses import dataclass

from voxagent import Agent, ToolContext
from voxagent.streaming import CustomEvent, ToolOutputEvent


@dataclass
class Shop:
    prices: dict[str, float]


agent = Agent("offline:demo", deps_type=Shop)


@agent.tool
async def price(ctx: ToolContext[Shop], item: str) -> float:
    """Look up the price of an item."""
    await ctx.update(f"looking for {item}")
    await ctx.emit("looked_up", {"item": item})
    return ctx.deps.prices[item]


@agent.tool
def items(ctx: ToolContext[Shop]) -> list[str]:
    """List the items."""
    ctx.update(f"{len(ctx.deps.prices)} items")  # a plain function runs in a thread and need not wait
    return list(ctx.deps.prices)


async def main() -> None:
    async for event in agent.run_stream('What is the price of "tea"?', deps=Shop({"tea": 3.5})):
        match event:
            case ToolOutputEvent(delta=delta):
                print("progress:", delta)
            case CustomEvent(name=name, data=data):
                print("custom:", name, data)
            case _:
                pass


asyncio.run(main())
