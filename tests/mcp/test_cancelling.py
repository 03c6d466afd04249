"""Whatever ends a call reaches the server: seen by one that records what it is told."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.mcp.servers import (
    KINDS,
    agent_with,
    call_id,
    called,
    cancelled_ids,
    demo,
    eventually,
    faulty,
    logged,
    opened,
    refused,
    results,
    script,
)
from voxagent import Agent
from voxagent.abort import AbortController
from voxagent.mcp import MCPServer
from voxagent.streaming import ToolOutputEvent, ToolStartEvent
from voxagent.testing import tool_call

kinds = pytest.mark.parametrize("kind", KINDS)


async def asked(log: Path) -> None:
    """The server has got the call."""
    await eventually(lambda: any(each.get("method") == "tools/call" for each in logged(log)))


async def by_idle_timeout(server: MCPServer, log: Path) -> None:
    await refused(server, "hang")


async def by_cancelling(server: MCPServer, log: Path) -> None:
    calling = asyncio.create_task(called(server, "hang"))
    await asked(log)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling


async def by_abort(server: MCPServer, log: Path) -> None:
    controller = AbortController()
    running = asyncio.create_task(
        agent_with(server, tool_call("hang")).run("?", abort_signal=controller.signal)
    )
    await asked(log)
    controller.abort("enough")
    assert (await running).aborted


async def by_the_runs_clock(server: MCPServer, log: Path) -> None:
    async with server:
        result = await agent_with(server, tool_call("hang")).run("?", timeout_ms=1_500)
        assert result.timed_out


async def by_leaving_the_stream(server: MCPServer, log: Path) -> None:
    async with agent_with(server, tool_call("hang")).run_stream("?") as stream:
        async for event in stream:
            if isinstance(event, ToolStartEvent):
                await asked(log)
                break


ENDS: list[Callable[[MCPServer, Path], Awaitable[None]]] = [
    by_idle_timeout,
    by_cancelling,
    by_abort,
    by_the_runs_clock,
    by_leaving_the_stream,
]


@kinds
@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
async def test_the_server_is_told_that_a_call_is_given_up(
    kind: str, end: Callable[[MCPServer, Path], Awaitable[None]], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    idle = 0.5 if end is by_idle_timeout else 30.0
    with faulty(kind, log=log, idle_timeout=idle) as server:
        async with server:
            await end(server, log)
            id = call_id(log)
            await eventually(lambda: id in cancelled_ids(log))
            assert await called(server, "echo", text="still there") == "still there"


@kinds
async def test_the_time_of_one_tool_ends_its_call_only(kind: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with faulty(kind, log=log, tool_timeouts={"hang": 0.4}, call_timeout=20.0) as server:
        async with opened(server) as tools:
            assert {tool.name: tool.timeout for tool in tools if tool.name in ("hang", "echo")} == {
                "hang": 0.4,
                "echo": 20.0,
            }
            result = await agent_with(server, tool_call("hang"), tool_call("echo", text="b")).run("?")
            said = "TimeoutError: the tool did not end within 0.4 s"
            assert results(result) == [(said, True), ("b", False)]
            ids = [each["id"] for each in logged(log) if each.get("method") == "tools/call"]
            await eventually(lambda: ids[0] in cancelled_ids(log))


@pytest.mark.parametrize("kind", ["stdio", "http", "sse"])
async def test_progress_is_told_and_a_call_that_makes_progress_may_take_longer(kind: str) -> None:
    with faulty(kind, idle_timeout=1.0) as server:
        agent = Agent(script(tool_call("progress", count=8, every=0.25)), toolsets=[server])
        async with agent.run_stream("?") as stream:
            told = [event.delta async for event in stream if isinstance(event, ToolOutputEvent)]
            result = await stream.result()
        assert results(result) == [("done", False)]
        assert told == [f"{number}/5" for number in range(8)]


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
@pytest.mark.parametrize("kind", ["stdio", "http"])
async def test_progress_of_a_server_of_either_era_is_told(kind: str, mode: Any) -> None:
    with demo(kind, mode=mode) as server:
        agent = Agent(script(tool_call("steps", count=3)), toolsets=[server])
        async with agent.run_stream("?") as stream:
            told = [event.delta async for event in stream if isinstance(event, ToolOutputEvent)]
        assert told == ["0/3 working", "1/3 working", "2/3 working"]


async def test_of_progress_that_comes_too_fast_some_is_told() -> None:
    with faulty("stdio") as server:
        agent = Agent(script(tool_call("progress", count=3_000, every=0)), toolsets=[server])
        async with agent.run_stream("?") as stream:
            told = [event async for event in stream if isinstance(event, ToolOutputEvent)]
        assert 100 <= len(told) < 1_000
