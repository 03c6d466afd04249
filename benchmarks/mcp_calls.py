"""A call of an MCP tool through an agent, and by the SDK's own client: the ratio is the price of the agent.

    python benchmarks/mcp_calls.py [ROUNDS]    # and into docs/benchmarks.md

Both call the same tool one after the other, 100 times a round, each with a server of its own; rounds are
interleaved. Through the agent a call is a whole turn: the model's answer, the checks, events and the history.
"""

from __future__ import annotations

import asyncio
import gc
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from mcp import Client, StdioServerParameters
from mcp.server import MCPServer as SdkServer
from page import PAGE, written

from voxagent import Agent, UsageLimits
from voxagent.mcp import MCPServerHTTP, MCPServerInProcess, MCPServerStdio
from voxagent.testing import ScriptedProvider, text, tool_call
from voxagent.tools import ToolContext

CALLS = 100
ROUNDS = 15
TARGET = 1.3
TITLE = "A call of an MCP tool"
Work = Callable[[], Awaitable[object]]


def made() -> SdkServer[Any]:
    """A server whose tool does next to nothing."""
    server: SdkServer[Any] = SdkServer("bench", log_level="ERROR")

    @server.tool()
    async def add(a: int, b: int) -> int:
        return a + b

    return server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def over_http() -> AsyncIterator[str]:
    """The address of a server in a process of its own."""
    port = free_port()
    quiet = subprocess.DEVNULL
    running = subprocess.Popen([sys.executable, __file__, "serve", str(port)], stdout=quiet, stderr=quiet)  # noqa: ASYNC220
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        running.kill()
        running.wait()


async def works(kind: str, stack: AsyncExitStack) -> tuple[Work, Work, Work]:
    """The calls of one round: through an agent, by the toolset alone, and by the client."""
    itself = [__file__, "serve"]
    if kind == "in-process":
        server: Any = MCPServerInProcess(made())
        target: Any = made()
    elif kind == "stdio":
        server = MCPServerStdio(sys.executable, itself)
        target = StdioServerParameters(command=sys.executable, args=itself)
    else:
        server = MCPServerHTTP(await stack.enter_async_context(over_http()))
        target = await stack.enter_async_context(over_http())
    client = await stack.enter_async_context(Client(target))
    await client.list_tools()
    await stack.enter_async_context(server)

    async def through_agent() -> None:
        model = ScriptedProvider(*[tool_call("add", a=1, b=2)] * CALLS, text("done"))
        agent = Agent(model, toolsets=[server])
        limits = UsageLimits(requests=CALLS + 1, tool_calls=None)
        result = await agent.run("?", limits=limits)
        assert len(result.tool_metas) == CALLS, result.error

    async def by_toolset() -> None:
        for _ in range(CALLS):
            await server.call_tool("add", {"a": 1, "b": 2}, ToolContext())

    async def by_client() -> None:
        for _ in range(CALLS):
            answered = await client.call_tool("add", {"a": 1, "b": 2})
            assert not answered.is_error

    return through_agent, by_toolset, by_client


async def timed(work: Work) -> tuple[float, float]:
    """CPU and wall milliseconds for a call."""
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    await work()
    return (time.process_time() - cpu) * 1_000 / CALLS, (time.perf_counter() - wall) * 1_000 / CALLS


async def measure(rounds: int = ROUNDS) -> dict[str, list[float]]:
    """By way to the server: CPU and wall time through the agent, by the toolset, by the client."""
    found: dict[str, list[float]] = {}
    for kind in ("in-process", "stdio", "HTTP"):
        async with AsyncExitStack() as stack:
            all_of_them = await works(kind, stack)
            for work in all_of_them:
                await work()
            taken = [[each for work in all_of_them for each in await timed(work)] for _ in range(rounds)]
        found[kind] = [statistics.median(each) for each in zip(*taken, strict=True)]
    return found


def table(found: Mapping[str, Sequence[float]]) -> str:
    """A Markdown table."""
    rows: list[str] = []
    for kind, figures in found.items():
        for what, (agent, toolset, client) in (("wall", figures[1::2]), ("CPU", figures[::2])):
            ratios = f"{agent / client:.2f} | {toolset / client:.2f}"
            rows.append(f"| {kind}, {what} | {agent:.2f} | {toolset:.2f} | {client:.2f} | {ratios} |")
    head = [
        "| milliseconds | agent | toolset | client | agent's ratio | toolset's |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    told = [
        "One after the other; `client` is the SDK's own, `toolset` a call without a turn of an agent.",
        "CPU is that of the calling process, without the server's: wall time is what one waits for.",
        f"Target: {TARGET} times the wall time of the client.",
    ]
    return "\n".join([*told, "", *head, *rows, ""])


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        if len(sys.argv) == 2:
            made().run("stdio")
        else:
            made().run("streamable-http", host="127.0.0.1", port=int(sys.argv[2]))
    else:
        figures = table(asyncio.run(measure(*map(int, sys.argv[1:]))))
        print(figures)
        PAGE.write_text(written({TITLE: figures}))
