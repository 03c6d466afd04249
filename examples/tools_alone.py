"""Tools without an agent: in tests, or behind an interface of your own."""

import asyncio

from voxagent import ToolContext, tool
from voxagent.tools import ToolRegistry, execute_tool


@tool
def greet(ctx: ToolContext[str], name: str) -> str:
    """Greet somebody."""
    return f"{ctx.deps}, {name}"


async def main() -> None:
    registry = ToolRegistry()
    registry.register(greet, prefix="polite")
    print(registry.list_names())

    print(await greet.run({"name": "Ada"}, ToolContext(deps="Hello")))
    print(await execute_tool("greet", {"name": "Ada"}, [greet], deps="Hello"))
    print(await execute_tool("greet", {}, [greet], deps="Hello"))
    print(await execute_tool("great", {}, [greet]))


asyncio.run(main())
