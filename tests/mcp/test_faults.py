"""What servers do wrong, over every transport (faults 52 to 65)."""

import asyncio
import resource
import time
from pathlib import Path
from typing import Any

import pytest
from mcp.server import MCPServer as SdkServer

from tests.mcp.servers import (
    KINDS,
    SECRET,
    agent_with,
    called,
    children,
    demo,
    faulty,
    opened,
    refused,
    results,
    script,
)
from voxagent import Agent, RunContext
from voxagent.errors import ToolsetError, ToolsetTimeoutError
from voxagent.mcp import MCPServer, MCPServerHTTP, MCPServerInProcess, MCPServerManager, MCPServerStdio
from voxagent.streaming import WarningEvent
from voxagent.testing import tool_call

kinds = pytest.mark.parametrize("kind", KINDS)


async def not_connected(server: MCPServer) -> tuple[ToolsetError, float]:
    begun = time.monotonic()
    with pytest.raises(ToolsetError) as caught:
        async with opened(server):
            pass
    return caught.value, time.monotonic() - begun


# --- connecting ---------------------------------------------------------------------------------------


async def test_a_server_that_exits_while_connecting_is_an_error_with_its_exit_code_and_stderr() -> None:
    """Fault 52; its secret is not in it."""
    with faulty("stdio", "exits", env={"API_TOKEN": SECRET}) as server:
        error, seconds = await not_connected(server)
        assert str(error) == (
            "the MCP server 'faulty' cannot be connected: Connection closed; it ended with exit code 7; its"
            " stderr: cannot read the configuration | token was [REDACTED:API_TOKEN]"
        )
        assert seconds < 5
        assert server.state == "failed"
        with pytest.raises(ToolsetError):
            await agent_with(server).run("?")


@kinds
async def test_a_mute_server_is_an_error_within_the_time_for_connecting(kind: str) -> None:
    """Fault 54."""
    with faulty(kind, "mute", connect_timeout=1.0) as server:
        error, seconds = await not_connected(server)
        assert isinstance(error, ToolsetTimeoutError)
        said = "the MCP server 'faulty' did not introduce itself within 1 s; if it needs longer,"
        assert str(error).startswith(said)
        assert 0.9 < seconds < 4


@pytest.mark.parametrize("kind", ["stdio", "http"])
async def test_a_server_that_ignores_the_first_question_is_spoken_to_in_the_older_protocol(kind: str) -> None:
    with faulty(kind, "ignores_probe", connect_timeout=3.0) as server:
        begun = time.monotonic()
        async with opened(server):
            assert time.monotonic() - begun < 3
            assert await called(server, "echo", text="hello") == "hello"


async def test_junk_ahead_of_the_first_answer_does_not_make_us_wait_longer() -> None:
    with faulty("stdio", "junk", "ignores_probe", connect_timeout=2.0) as server:
        async with opened(server):
            assert await called(server, "echo", text="hello") == "hello"


async def test_a_server_that_ends_at_the_first_question_is_started_again_and_asked_the_older_way(
    tmp_path: Path,
) -> None:
    with faulty("stdio", "dies_on_probe", log=tmp_path / "log") as server:
        for _ in range(2):
            async with opened(server):
                assert await called(server, "echo", text="hello") == "hello"
    asked = (tmp_path / "log").read_text()
    assert asked.count("server/discover") == 1  # it is remembered


async def test_a_server_that_needs_a_moment_to_answer_is_waited_for() -> None:
    with faulty("stdio", "slow") as server:
        async with opened(server):
            assert await called(server, "echo", text="hello") == "hello"


async def test_a_program_that_is_not_there_is_an_error_that_names_it() -> None:
    error, _ = await not_connected(MCPServerStdio("no-such-program", name="none"))
    assert str(error).startswith(
        "the MCP server 'none' cannot be connected: 'no-such-program' cannot be started: [Errno 2]"
    )


async def test_an_address_where_nobody_listens_is_an_error_that_says_so() -> None:
    error, seconds = await not_connected(MCPServerHTTP("http://127.0.0.1:9/mcp"))
    assert str(error).startswith("the MCP server '127.0.0.1' cannot be connected: ConnectError: ")
    assert seconds < 4


async def test_a_server_of_the_old_era_is_refused_where_the_new_one_is_asked_for() -> None:
    with faulty("stdio", mode="2026-07-28") as server:
        error, _ = await not_connected(server)
    assert str(error).startswith(
        "the MCP server 'faulty' cannot be connected: it speaks 2025-06-18, and mode='2026-07-28' was asked"
    )


# --- the list of tools --------------------------------------------------------------------------------


@kinds
async def test_a_list_of_tools_that_never_comes_is_an_error(kind: str) -> None:
    """Fault 55."""
    with faulty(kind, "hangs_in_list", connect_timeout=1.5) as server:
        error, seconds = await not_connected(server)
        assert str(error) == "the MCP server 'faulty' did not list its tools in 3 s"
        assert seconds < 8


async def test_a_server_that_dies_while_it_lists_is_an_error_that_says_how() -> None:
    with faulty("stdio", "dies_in_list") as server:
        error, _ = await not_connected(server)
        said = "the tools of the MCP server 'faulty' cannot be listed: it ended with exit code 4"
        assert str(error) == said


@pytest.mark.parametrize(
    ("mode", "said"),
    [("pages", "lists its tools on more than 100 pages"), ("circle", "lists its tools without end")],
)
async def test_pages_without_end_are_an_error(mode: str, said: str) -> None:
    """Fault 61."""
    with faulty("stdio", mode) as server:
        error, _ = await not_connected(server)
        assert str(error) == f"the MCP server 'faulty' {said}"


async def warnings_of(agent: Agent[None, str]) -> list[str]:
    async with agent.run_stream("?") as stream:
        told = [event.message async for event in stream if isinstance(event, WarningEvent)]
        assert (await stream.result()).output == "done"
    return told


def too_many(count: str) -> str:
    return (
        f"{count} tools of MCP servers: providers refuse more than 128, or models choose badly among them;"
        " leave some out with filtered(server, [...]) or a ToolPolicy, and give the servers max_tools=... so"
        " that this is not told again"
    )


async def test_of_too_many_tools_the_first_are_taken_and_it_is_told() -> None:
    """Fault 62."""
    first = "the MCP server 'faulty' has more than {} tools: the first were taken"
    with faulty("stdio", "many", max_tools=200) as server:
        assert await warnings_of(agent_with(server)) == [first.format(200)]
    with faulty("stdio", "many") as server:
        assert await warnings_of(agent_with(server)) == [first.format("1,000"), too_many("1,000")]


def with_tools(number: int, name: str, **options: Any) -> MCPServerInProcess:
    server: SdkServer[Any] = SdkServer(name)
    for each in range(number):
        server.add_tool(lambda: "", name=f"tool_{each}", structured_output=False)
    return MCPServerInProcess(server, prefix=True, **options)


@pytest.mark.parametrize("wrap", [list[Any], lambda servers: [MCPServerManager(servers)]])
async def test_more_tools_than_models_take_are_told_once_a_run_however_many_servers_bring_them(
    wrap: Any,
) -> None:
    """Fault 62."""
    servers = [with_tools(100, "a"), with_tools(28, "b")]
    assert await warnings_of(Agent(script(runs=1), toolsets=wrap(servers))) == []
    servers = [with_tools(100, "a"), with_tools(29, "b")]
    agent = Agent(script(tool_call("a_tool_0"), tool_call("b_tool_0"), runs=2), toolsets=wrap(servers))
    for _ in range(2):
        assert await warnings_of(agent) == [too_many("129")]


async def test_tools_that_are_meant_to_be_so_many_are_not_warned_of() -> None:
    """Fault 62."""
    servers = [with_tools(200, "a", max_tools=200), with_tools(100, "b")]
    assert await warnings_of(agent_with(servers[0])) == []
    assert await warnings_of(Agent(script(), toolsets=servers)) == []
    async with opened(servers[0]) as tools, opened(servers[1]) as others:
        assert (len(tools), len(others)) == (200, 100)


@pytest.mark.parametrize("prefix", [False, True])
async def test_tools_whose_names_become_one_get_names_of_their_own(prefix: bool) -> None:
    with faulty("stdio", "twins", prefix=prefix) as server:
        async with opened(server) as tools:
            names = {tool.original_name: tool.name for tool in tools[-3:]}
            ahead = "faulty_" if prefix else ""
            assert names["a_b"] == f"{ahead}a_b"
            assert names["a.b"].startswith(f"{ahead}a_b_")
            assert len({*names.values()}) == 3


async def test_two_tools_of_one_name_are_an_error_that_names_them() -> None:
    """Fault 64."""
    with faulty("stdio", "doubles") as server:
        with pytest.raises(ToolsetError) as caught:
            async with opened(server):
                pass
        assert str(caught.value) == "the MCP server 'faulty' has 2 tools named 'echo'"


async def test_lines_of_a_log_that_are_objects_are_passed_over() -> None:
    with faulty("stdio", "logs") as server:
        async with opened(server):
            for _ in range(3):
                assert await called(server, "echo", text="hello") == "hello"


@kinds
async def test_tools_that_are_not_described_as_they_should_be_are_mended_and_not_dropped(kind: str) -> None:
    with faulty(kind, "untyped") as server:
        async with opened(server) as tools:
            mended = {tool.name: tool for tool in tools[-4:]}
            assert list(mended) == ["no_type", "no_schema", "of_list", "odd"]
            assert all(tool.parameters["type"] == "object" for tool in mended.values())
            assert (mended["odd"].description, mended["odd"].meta) == ("", {})
            assert await called(server, "echo", text="hello") == "hello"
            told = await server._listed(RunContext())
    said = "the MCP server 'faulty': the tool"
    assert told.warnings == (
        f"{said} 'no_type' was mended: its input schema has no type",
        f"{said} 'no_schema' was mended: it has no input schema",
        f"{said} 'of_list' was mended: its input schema is of type 'array', not an object; its output schema"
        " is of type 'string', not an object",
        f"{said} 'odd' was mended: its description is not what it should be; its annotations is not what it"
        " should be",
    )


# --- calls --------------------------------------------------------------------------------------------


@kinds
async def test_a_server_that_dies_in_a_call_is_a_tool_error_at_once_and_is_there_for_the_next(
    kind: str, tmp_path: Path
) -> None:
    """Fault 53: over a process, where it can be started again."""
    with faulty(kind) as server:
        async with opened(server):
            said, seconds = await refused(server, "die")
            assert seconds < 3
            if kind == "stdio":
                assert said == (
                    "ToolError: the MCP server 'faulty' was lost during the call of 'die': it ended with"
                    " exit code 5"
                )
                assert await called(server, "echo", text="hello") == "hello"
            else:
                again, seconds = await refused(server, "echo")
                assert again.startswith("ToolError: the MCP server 'faulty' ")
                assert seconds < 3


async def test_a_run_goes_on_after_a_server_has_died_in_a_call() -> None:
    with faulty("stdio") as server:
        result = await agent_with(server, tool_call("die"), tool_call("echo", text="again")).run("?")
    said = "the MCP server 'faulty' was lost during the call of 'die': it ended with exit code 5"
    assert results(result) == [(said, True), ("again", False)]
    assert result.output == "done"


@kinds
async def test_a_call_that_hangs_ends_and_the_server_is_told(kind: str) -> None:
    """Fault 56; that it is told is proven with the recording server."""
    with faulty(kind, idle_timeout=0.5) as server:
        async with opened(server):
            said, seconds = await refused(server, "hang")
            assert said == "ToolError: the MCP server 'faulty' did not answer 'hang' within 0.5 s"
            assert seconds < 3
            assert await called(server, "echo", text="hello") == "hello"


@kinds
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("broken", ""),
        ("badshape", "gave no valid answer to 'badshape'"),
        ("unknown", "gave no valid answer to 'unknown'"),
        ("wrongid", ""),
        ("refuse", "could not do 'refuse': not today"),
    ],
)
async def test_an_answer_that_makes_no_sense_fails_its_call_at_once(kind: str, name: str, said: str) -> None:
    """Fault 57."""
    with faulty(kind) as server:
        async with opened(server):
            if name == "wrongid" and kind == "http":
                assert await called(server, name) == "not yours"  # the answer to a request is what it brings
                return
            told, seconds = await refused(server, name)
            assert told.startswith(f"ToolError: the MCP server 'faulty' {said}")
            assert seconds < 3
            assert await called(server, "echo", text="hello") == "hello"


@kinds
async def test_half_an_answer_and_then_the_end_fails_the_call_at_once(kind: str) -> None:
    with faulty(kind) as server:
        async with opened(server):
            told, seconds = await refused(server, "half")
            assert told.startswith("ToolError: the MCP server 'faulty' ")
            assert seconds < 4


def used() -> int:
    """The most memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_000


@kinds
@pytest.mark.parametrize("name", ["huge", "endless"])
async def test_a_result_that_is_too_large_fails_its_call_and_is_not_kept(kind: str, name: str) -> None:
    """Faults 58 and 59."""
    with faulty(kind) as server:
        async with opened(server):
            assert len(await called(server, "big")) == 5_000_000
            before = used()
            told, _ = await refused(server, name)
            assert "0,000,000 byte" in told or "10000000 byte" in told or "was lost" in told
            assert used() - before < 150
            if (kind, name) == ("stdio", "endless"):
                await lost_in_a_line(server)
            assert await called(server, "echo", text="hello") == "hello"


async def lost_in_a_line(server: MCPServer) -> None:
    """Call until the connection ends, which the server keeps busy with one line."""
    told = "did not answer"
    while "did not answer" in told:
        told, _ = await refused(server, "echo")
    assert "was lost" in told


async def test_a_line_that_goes_on_and_on_ends_the_connection() -> None:
    """Fault 58."""
    with faulty("stdio", idle_timeout=2.0) as server:
        async with opened(server):
            told, _ = await refused(server, "trickle")
            assert "is larger than 10,000,000 bytes" in told or "did not answer" in told
            await lost_in_a_line(server)
            assert await called(server, "echo", text="hello") == "hello"


async def test_a_flood_of_notifications_is_bounded_and_the_call_still_ends() -> None:
    """Fault 58."""
    with faulty("stdio", idle_timeout=1.0) as server:
        async with opened(server):
            before = used()
            told, _ = await refused(server, "flood", count=30_000)
            assert told == "ToolError: the MCP server 'faulty' did not answer 'flood' within 1 s"
            assert used() - before < 100
            assert await called(server, "echo", text="hello") == "hello"


async def test_a_flood_on_stderr_is_read_and_only_its_end_is_kept() -> None:
    """Fault 60."""
    with faulty("stdio") as server:
        async with opened(server):
            before = used()
            assert await called(server, "stderr") == "said"
            assert used() - before < 100


async def test_junk_between_the_messages_is_passed_over() -> None:
    """Fault 64."""
    with faulty("stdio", "junk") as server:
        async with opened(server):
            assert await called(server, "echo", text="hello") == "hello"


async def test_a_late_answer_to_a_call_that_was_given_up_disturbs_nobody() -> None:
    with faulty("stdio", idle_timeout=0.3) as server:
        async with opened(server):
            first = asyncio.create_task(refused(server, "late", seconds=0.6))
            assert (await first)[0].endswith("did not answer 'late' within 0.3 s")
            for _ in range(8):
                assert await called(server, "echo", text="hello") == "hello"
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("kind", ["http", "json"])
@pytest.mark.parametrize("status", [404, 429, 503])
async def test_a_status_is_told_to_the_call_and_nobody_else(kind: str, status: int) -> None:
    with faulty(kind, f"status_{status}") as server:
        async with opened(server) as tools:
            assert tools
            said, seconds = await refused(server, "echo")
            wanted = "Not Found" if status == 404 else f"HTTP {status}"
            assert said.startswith(f"ToolError: the MCP server 'faulty' could not do 'echo': {wanted}")
            assert seconds < 3


# --- afterwards ---------------------------------------------------------------------------------------


async def test_after_the_agent_is_left_the_process_is_gone(tmp_path: Path) -> None:
    """Fault 65."""
    mark = str(tmp_path / "log")
    with faulty("stdio", log=tmp_path / "log") as server:
        async with agent_with(server, tool_call("echo", text="a")) as agent:
            assert (await agent.run("?")).output == "done"
            assert server.state == "connected"
            assert len(children(mark)) == 1
        assert server.state == "idle"
        assert children(mark) == []


@pytest.mark.parametrize("kind", KINDS)
async def test_servers_of_the_sdk_take_arguments_and_refuse_them(kind: str) -> None:
    with demo(kind) as server:
        async with opened(server):
            assert await called(server, "add", a=1, b=2) == "3"
            assert (await refused(server, "refuse"))[0] == "ToolError: Error executing tool refuse: not today"
            assert "validation error" in (await refused(server, "add", a="x", b=2))[0]
