"""A server made with the SDK: `python demo.py stdio|http|stateless|json|sse [PORT]`."""

import asyncio
import sys
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError


def made() -> MCPServer[Any]:
    server: MCPServer[Any] = MCPServer("demo", log_level="ERROR")

    @server.tool()
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    @server.tool(structured_output=False)
    def blob(size: int) -> str:
        return "x" * size

    @server.tool()
    def refuse() -> str:
        raise ToolError("not today")

    @server.tool()
    async def steps(count: int, ctx: Context) -> str:
        for number in range(count):
            await ctx.report_progress(number, count, "working")
            await asyncio.sleep(0.05)
        return "done"

    @server.tool()
    async def grow(ctx: Context) -> str:
        """Get another tool."""

        def extra() -> str:
            return "more"

        server.add_tool(extra)
        if str(ctx.session.protocol_version) >= "2026":
            await ctx.notify_tools_changed()
        else:
            await ctx.session.send_tool_list_changed()
        await asyncio.sleep(0.1)  # it comes by a stream of its own
        return "grown"

    return server


if __name__ == "__main__":
    kind, port = sys.argv[1], int([*sys.argv, "0"][2])
    if kind == "stdio":
        made().run("stdio")
    elif kind == "sse":
        made().run("sse", host="127.0.0.1", port=port)
    else:
        stateless, plain = kind == "stateless", kind == "json"
        made().run(
            "streamable-http", host="127.0.0.1", port=port, stateless_http=stateless, json_response=plain
        )
