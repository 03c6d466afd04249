"""Two agents as tools of an MCP server, and a client that calls them."""

import asyncio

from mcp import Client
from pydantic import BaseModel

from voxagent import Agent, tool
from voxagent.mcp import ServedAgent, as_server
from voxagent.testing import ScriptedProvider, text, tool_call


class Trip(BaseModel):
    city: str
    days: int = 1


class Plan(BaseModel):
    places: list[str]


@tool
async def search(city: str) -> list[str]:
    """Find what there is to see."""
    return ["harbour", "museum"]


planner = Agent(
    ScriptedProvider(tool_call("search", city="Kiel"), tool_call("final_result", places=["harbour"])),
    name="planner",
    description="Plans a trip.",
    output_type=Plan,
    tools=[search],
)
poet = Agent(ScriptedProvider(text("The sea is grey.")), name="poet", description="Writes a line.")


async def told(done: float, total: float | None, message: str | None) -> None:
    print("...", message)


async def main() -> None:
    async with Client(as_server(ServedAgent(planner, input_type=Trip), poet)) as client:
        plan = await client.call_tool("planner", {"city": "Kiel"}, progress_callback=told)
        print(plan.structured_content)
        line = await client.call_tool("poet", {"prompt": "the sea"})
        print(line.content[0].model_dump()["text"])


asyncio.run(main())
