"""A call of an MCP tool through an agent, and by the SDK's own client: the ratio is the price of the agent.

    python benchmarks/mcp_calls.py [ROUNDS]    # and into docs/benchmarks.md

Both call the same tool one after the other, 100 times a round, each with a server of its own; rounds are
interleaved. Through the agent a call is a whole turn: the model's answer, the checks, events and the history.
Servers live on an event loop of their own, in a thread of its own; what it costs at least to wake that thread
and to be woken by it is measured beside.
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

from framework import Instant, calls
from mcp import Client, StdioServerParameters
from mcp.server import MCPServer as SdkServer
from page import PAGE, written

from voxagent import Agent, UsageLimits
from voxagent.fanout.background import on_loop, server_loop
from voxagent.mcp import MCPServerHTTP, MCPServerInProcess, MCPServerStdio
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
        agent = Agent(Instant(calls(CALLS, "add")), toolsets=[server])
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


async def crossed() -> None:
    """To the loop of servers and back, and nothing else."""
    home = asyncio.get_running_loop()
    back = home.create_future()
    server_loop().call_soon_threadsafe(home.call_soon_threadsafe, back.set_result, None)
    await back


async def crossings() -> tuple[Work, Work]:
    """As little as can be done to cross, and what the toolset does."""

    async def nothing() -> None:
        return

    async def bare() -> None:
        for _ in range(CALLS):
            await crossed()

    async def by_toolset() -> None:
        for _ in range(CALLS):
            await on_loop(server_loop(), nothing)

    return bare, by_toolset


async def measure(rounds: int = ROUNDS) -> dict[str, list[float]]:
    """By way to the server: CPU and wall time through the agent, by the toolset, by the client.

    "crossing": CPU and wall time of crossing, as little as can be done, and as the toolset does.
    """
    works_to_cross = await crossings()
    taken = [[each for work in works_to_cross for each in await timed(work)] for _ in range(rounds)]
    found = {"crossing": [statistics.median(each) for each in zip(*taken, strict=True)]}
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
    _, bare, _, crossing = found["crossing"]
    agent, _, toolset, _, client, _ = found["in-process"]
    turn, left = agent - toolset, client * (TARGET - 1)
    for kind, figures in found.items():
        if kind == "crossing":
            continue
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
        f"To the thread of servers and back takes {bare:.3f} ms at least, {crossing:.3f} ms by `on_loop`.",
        f"In-process, the agent's turn alone takes {turn:.2f} ms of CPU; the target leaves {left:.2f} ms.",
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
