"""Many servers, some of which are not there."""

import asyncio

from mcp.server import MCPServer

from voxagent import Agent, MCPServerManager
from voxagent.mcp import MCPServerHTTP, MCPServerInProcess, MCPServerStdio
from voxagent.streaming import StreamEventData, ToolsetErrorEvent

notes = MCPServer("notes")


@notes.tool()
def remember(text: str) -> str:
    """Write something down."""
    return "written"


manager = MCPServerManager(
    [
        MCPServerInProcess(notes, prefix=True),
        MCPServerStdio("no-such-program", name="files", required=False),
        MCPServerHTTP("http://127.0.0.1:9/mcp", name="search", required=False),
    ]
)


def watch(event: StreamEventData) -> None:
    if isinstance(event, ToolsetErrorEvent):
        print("without", event.toolset)


async def main() -> None:
    agent = Agent("offline:demo", toolsets=[manager], observers=[watch])
    async with agent:  # connects all servers at once, and keeps them
        print(dict(manager.states))
        result = await agent.run("remember: buy milk")
        print([call.name for call in result.tool_calls])


asyncio.run(main())
