"""From wherever an agent is asked, its servers answer; and what is kept is kept."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import dedent

import pytest
import uvloop
from mcp.server import MCPServer as Server

from tests.doors.places import forked
from tests.mcp.servers import (
    KINDS,
    WAIT,
    agent_with,
    call_id,
    cancelled_ids,
    children,
    eventually,
    faulty,
    logged,
    results,
    script,
)
from voxagent import Agent, tool
from voxagent.errors import ToolsetError
from voxagent.mcp import MCPServer, MCPServerInProcess, MCPServerStdio
from voxagent.streaming import RunStartEvent, ToolsetErrorEvent
from voxagent.testing import tool_call

ECHO = tool_call("echo", text="hello")


def echoing(server: MCPServer, runs: int = 1) -> Agent[None, str]:
    return agent_with(server, ECHO, runs=runs)


async def by_run(agent: Agent[None, str]) -> str:
    return (await asyncio.wait_for(agent.run("?"), WAIT)).output


async def by_stream(agent: Agent[None, str]) -> str:
    async with asyncio.timeout(WAIT), agent.run_stream("?") as stream:
        return (await stream.result()).output


def by_sync(agent: Agent[None, str]) -> str:
    return agent.run_sync("?").output


def connections(log: Path) -> int:
    """How often somebody has introduced himself."""
    return sum(each.get("method") == "initialize" for each in logged(log))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("door", [by_run, by_stream])
async def test_a_run_opens_and_closes_its_server(
    kind: str, door: Callable[..., object], tmp_path: Path
) -> None:
    with faulty(kind, log=tmp_path / "log") as server:
        agent = echoing(server, 2)
        assert [await door(agent), await door(agent)] == ["done"] * 2  # type: ignore[misc]  # both are coroutines
        assert connections(tmp_path / "log") == 2
        assert server.state == "idle"


@pytest.mark.parametrize("kind", KINDS)
async def test_within_the_agent_one_connection_serves_all_runs_and_run_sync(
    kind: str, tmp_path: Path
) -> None:
    with faulty(kind, log=tmp_path / "log") as server:
        async with echoing(server, 3) as agent:
            assert [await by_run(agent), await by_stream(agent)] == ["done"] * 2
            assert await asyncio.to_thread(by_sync, agent) == "done"
        assert connections(tmp_path / "log") == 1


def test_run_sync_works_in_many_threads_at_once(tmp_path: Path) -> None:
    with faulty("stdio", log=tmp_path / "log") as server:
        with ThreadPoolExecutor(8) as pool:
            agents = [echoing(server, 3) for _ in range(8)]
            each = [pool.submit(lambda agent: [by_sync(agent) for _ in range(3)], agent) for agent in agents]
            assert [one.result(WAIT) for one in each] == [["done"] * 3] * 8
        assert server.state == "idle"


async def test_run_sync_works_within_a_running_loop_that_it_blocks() -> None:
    with faulty("stdio") as server:
        assert by_sync(echoing(server)) == "done"


def test_three_loops_one_after_the_other_share_nothing_that_breaks() -> None:
    with faulty("stdio") as server:
        agent = echoing(server, 6)
        assert [asyncio.run(by_run(agent)) for _ in range(3)] == ["done"] * 3
        for _ in range(3):
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                assert runner.run(by_stream(agent)) == "done"


def test_a_connection_is_kept_over_loops(tmp_path: Path) -> None:
    with faulty("http", log=tmp_path / "log") as server:
        asyncio.run(server.__aenter__())
        agent = echoing(server, 2)
        assert [asyncio.run(by_run(agent)) for _ in range(2)] == ["done"] * 2
        asyncio.run(server.__aexit__(None, None, None))
        assert connections(tmp_path / "log") == 1


def test_after_a_fork_parent_and_child_have_servers_of_their_own(tmp_path: Path) -> None:
    with faulty("stdio", log=tmp_path / "log") as server:
        agent = echoing(server, 3)
        asyncio.run(server.__aenter__())
        assert by_sync(agent) == "done"
        child = forked()
        if child == 0:
            code = 1
            try:
                code = 0 if by_sync(agent) == "done" else 2
            finally:
                os._exit(code)
        assert by_sync(agent) == "done"
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert by_sync(agent) == "done"
        asyncio.run(server.__aexit__(None, None, None))
        assert connections(tmp_path / "log") == 2


def test_an_async_tool_may_block_the_background_loop_on_an_agent_with_a_server() -> None:
    with faulty("stdio") as server:
        inner = echoing(server, 2)

        async def ask() -> str:
            return inner.run_sync("?").output

        outer = Agent(script(tool_call("ask"), runs=2), tools=[tool(ask, name="ask")], toolsets=[server])
        assert results(outer.run_sync("?")) == [("done", False)]
        assert results(asyncio.run(outer.run("?"))) == [("done", False)]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_hundred_runs_at_once_share_one_server(kind: str, tmp_path: Path) -> None:
    with faulty(kind, log=tmp_path / "log", connect_timeout=20.0, idle_timeout=20.0) as server:
        agents = [agent_with(server, tool_call("echo", text=str(number))) for number in range(100)]
        async with asyncio.timeout(50):
            done = await asyncio.gather(*(agent.run("?") for agent in agents))
        assert [results(each) for each in done] == [[(str(number), False)] for number in range(100)]
        assert connections(tmp_path / "log") == 1
    assert children(str(tmp_path)) == []


@pytest.mark.parametrize("kind", KINDS)
async def test_runs_that_are_cancelled_leave_the_others_alone(kind: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with faulty(kind, log=log) as server:
        hanging = asyncio.create_task(agent_with(server, tool_call("hang")).run("?"))
        await eventually(lambda: any(each.get("method") == "tools/call" for each in logged(log)))
        id = call_id(log)
        others = [asyncio.create_task(by_run(echoing(server))) for _ in range(5)]
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging
        assert await asyncio.gather(*others) == ["done"] * 5
        await eventually(lambda: id in cancelled_ids(log))
        assert connections(log) == 1


BROKEN = {"name": "gone", "required": False}


async def test_a_server_that_is_not_required_is_told_after_the_runs_start_and_left_out() -> None:
    server = MCPServerStdio("no-such-program", **BROKEN)  # type: ignore[arg-type]  # options in a dict
    async with agent_with(server).run_stream("?") as stream:
        events = [event async for event in stream]
        assert (await stream.result()).output == "done"
    kinds = [type(event) for event in events]
    assert kinds.index(ToolsetErrorEvent) == kinds.index(RunStartEvent) + 1
    (told,) = [event for event in events if isinstance(event, ToolsetErrorEvent)]
    assert told.toolset == "gone"
    assert str(told.error).startswith(
        "the MCP server 'gone' cannot be connected: 'no-such-program' cannot be"
    )
    assert server.error is told.error


@pytest.mark.parametrize("door", ["run", "run_sync"])
async def test_a_server_that_is_not_required_is_told_in_every_door(door: str) -> None:
    server = MCPServerStdio("no-such-program", **BROKEN)  # type: ignore[arg-type]  # options in a dict
    seen: list[object] = []
    agent = agent_with(server, runs=2, observers=[seen.append])
    async with agent:
        result = await agent.run("?") if door == "run" else agent.run_sync("?")
    assert result.output == "done"
    assert [type(event) for event in seen[:2]] == [RunStartEvent, ToolsetErrorEvent]


async def test_a_server_that_is_required_fails_the_agent_and_the_run() -> None:
    server = MCPServerStdio("no-such-program", name="gone")
    with pytest.raises(ToolsetError):
        async with agent_with(server):
            pass
    with pytest.raises(ToolsetError):
        agent_with(server).run_sync("?")


def test_importing_the_servers_does_not_import_the_sdk() -> None:
    script = "import sys, voxagent.mcp; sys.exit(bool({'mcp', 'mcp_types'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", dedent(script)], check=False).returncode == 0


async def test_a_tool_of_a_server_in_this_process_that_would_block_all_servers_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    inner: Server[None] = Server("inner")
    helper = agent_with(MCPServerInProcess(Server("helper")))

    @inner.tool()
    async def summarise() -> str:
        return helper.run_sync("?", timeout_ms=2_000).output

    @inner.tool()
    def in_a_thread() -> str:
        return helper.run_sync("?", timeout_ms=10_000).output

    async with asyncio.timeout(WAIT):
        for name, expected in (("summarise", True), ("in_a_thread", False)):
            agent = agent_with(MCPServerInProcess(inner), tool_call(name))
            [(_, is_error)] = results(await agent.run("?", timeout_ms=10_000))
            assert is_error == expected
    assert "run_sync(...) would block the event loop that all MCP servers share" in caplog.text
