"""Servers over stdio that are half dead: without input, without a process, or deaf."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import MCPError
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCNotification, JSONRPCRequest

from tests.mcp.servers import called, eventually, opened, refused
from voxagent.mcp import MCPServerStdio, pipes
from voxagent.mcp.messages import NO_SESSION, executed_nothing, is_ours
from voxagent.mcp.process import ServerProcess
from voxagent.mcp.stdio import stdio

HALF_DEAD = str(Path(__file__).parent / "halfdead.py")
LARGE = "x" * 3_000_000
LOST = "ToolError: the MCP server 'half' was lost during the call of "


def half_dead(**options: Any) -> MCPServerStdio:
    return MCPServerStdio(sys.executable, [HALF_DEAD], name="half", **{"idle_timeout": 30.0, **options})


@asynccontextmanager
async def started(program: str) -> AsyncIterator[ServerProcess]:
    """A process that has said it is there."""
    process = ServerProcess(sys.executable, ["-c", program], {}, None)
    await process.start()
    try:
        async with asyncio.timeout(20):
            assert await process.read() == b"here\n"
            yield process
    finally:
        await process.stop()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("closes_input", "it has closed its input; it was still running"),
        ("leaves_helper", "it ended with exit code 5"),
        ("late_helper", "it ended with exit code 0"),
    ],
)
async def test_a_server_that_cannot_answer_any_more_is_lost_soon(
    name: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A helper that it has started may hold its output open."""
    monkeypatch.setattr(pipes, "STARTED_SECONDS", 0.5)
    async with opened(server := half_dead()):
        said, seconds = await refused(server, name)
        assert said == f"{LOST}{name!r}: {why}"
        assert seconds < 10
        assert await called(server, "echo", text="again") == "again"


async def test_a_server_that_has_closed_its_input_still_answers_what_it_was_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another call meanwhile goes to a new one, and disturbs nobody."""
    made: list[pipes.Pipes] = []

    class Seen(pipes.Pipes):
        def __init__(self) -> None:
            super().__init__()
            made.append(self)

    monkeypatch.setattr("voxagent.mcp.process.Pipes", Seen)
    async with opened(server := half_dead()):
        call = asyncio.create_task(called(server, "finishes", seconds=2.0))
        await eventually(lambda: made[0]._is_closed)
        assert await called(server, "echo", text="other") == "other"
        assert not call.done()
        assert await call == "finishes"
        assert await called(server, "echo", text="again") == "again"


async def test_a_call_that_was_executed_is_not_made_again_because_a_listing_after_it_cannot_be() -> None:
    """The SDK lists the tools once it has an answer of one that it does not know."""
    async with server_alone(half_dead()) as server:
        said, seconds = await refused(server, "finishes", seconds=1.0)
        assert said == "ToolError: the MCP server 'half' could not do 'finishes': it has closed its input"
        assert 0.9 < seconds < 1.9


@asynccontextmanager
async def server_alone(server: MCPServerStdio) -> AsyncIterator[MCPServerStdio]:
    """Connected, and its tools not listed."""
    await server._do(lambda session: session.taken())
    try:
        yield server
    finally:
        await server._do(lambda session: session.released())


async def test_a_server_whose_launcher_has_ended_serves_on_however_long_a_call_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipes, "SILENT_SECONDS", 0.2)
    server = MCPServerStdio(sys.executable, [HALF_DEAD, "launched"], name="half", idle_timeout=30.0)
    async with opened(server):
        assert server._session is not None
        version = server._session.version  # which a new connection would change
        for seconds in (0.0, 1.0):
            assert await called(server, "busy", seconds=seconds) == "busy"
        assert server._session.version == version


async def test_a_busy_server_is_not_given_up_because_another_call_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipes, "DEAF_SECONDS", 0.2)
    async with opened(server := half_dead()):
        busy = asyncio.create_task(called(server, "busy", seconds=2.0))
        await asyncio.sleep(0.3)
        other = asyncio.create_task(called(server, "echo", text=LARGE))
        await asyncio.sleep(0.2)
        other.cancel()
        assert await busy == "busy"
        assert await called(server, "echo", text="again") == "again"


@pytest.mark.parametrize("code", [-32_013, -32_012, -32_011])
async def test_a_code_of_a_server_that_is_one_of_ours_too_is_just_an_error(code: int) -> None:
    async with opened(server := half_dead()):
        said, _ = await refused(server, "own_code", code=code)
        assert said == "ToolError: the MCP server 'half' could not do 'own_code': quota used up"
        assert server.state == "connected"


@pytest.mark.parametrize("name", ["deep", "number"])
async def test_a_line_that_nobody_can_see_through_costs_nothing(name: str) -> None:
    async with opened(server := half_dead()):
        for _ in range(2):
            assert await called(server, name) == name


async def test_an_answer_with_an_endless_number_as_its_id_fails_the_call() -> None:
    async with opened(server := half_dead()):
        said, _ = await refused(server, "endless_id")
        assert "the server sent a message that is not valid" in said
        assert await called(server, "echo", text="again") == "again"


async def test_a_server_that_does_not_read_holds_up_no_timeout_and_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipes, "DEAF_SECONDS", 0.2)
    async with opened(server := half_dead(idle_timeout=1.5)):
        for name, text in (("deaf", ""), ("echo", LARGE)):
            said, seconds = await refused(server, name, text=text)
            assert said == f"ToolError: the MCP server 'half' did not answer {name!r} within 1.5 s"
            assert (server.state, seconds < 4) == ("connected", True)
        assert (
            await called(server, "echo", text=LARGE) == LARGE[:99]
        )  # of a new one, as this one takes nothing
        assert await called(server, "echo", text="again") == "again"


async def test_messages_that_nobody_waits_for_never_wait_and_are_not_kept_without_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipes, "DEAF_SECONDS", 0.5)
    monkeypatch.setattr(pipes, "MOST_KEPT", 100)
    async with started("import time; print('here', flush=True); time.sleep(60)") as process:
        await process.write(LARGE.encode())
        waiting = process._pipes._input.get_write_buffer_size()
        for _ in range(3):
            await process.write(b"n" * 60, waits=False)
        assert process._pipes._input.get_write_buffer_size() == waiting + 60
        with pytest.raises(BrokenPipeError, match=r"it has not read its input for 0.5 s"):
            await process.write(b"a request")
        assert await process.read() == b""
        assert await process.told() == "it has not read its input for 0.5 s; it was still running"


SIPS = """
import os, signal, time
def read(number, frame):
    left = {size}
    while left > 0:
        left -= len(os.read(0, 65_536))
signal.signal(signal.SIGUSR1, read)
print('here', flush=True)
while True:
    time.sleep(60)
"""


async def test_a_server_that_reads_slowly_is_not_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipes, "DEAF_SECONDS", 1.0)
    async with started(SIPS.format(size=500_000)) as process:
        there = process._pipes
        await process.write(LARGE.encode())
        await process.write(b"n", waits=False)
        before = there._read
        process._process.send_signal(signal.SIGUSR1)
        await eventually(lambda: there._read > before)
        there._look(before)
        assert (there.fault, there._is_watched) == ("", True)


async def test_there_is_room_again_once_a_server_has_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipes, "DEAF_SECONDS", 0.5)
    async with started(SIPS.format(size=len(LARGE))) as process:
        await process.write(LARGE.encode())
        await process.write(b"n", waits=False)
        process._process.send_signal(signal.SIGUSR1)
        await process.write(b"a request")
        await eventually(lambda: not process._pipes._is_watched)
        assert process._pipes.fault == ""


async def test_what_is_sent_to_a_server_without_input_is_an_error_each_time() -> None:
    program = "import os, time; os.close(0); print('here', flush=True); time.sleep(60)"
    async with started(program) as process:
        for _ in range(2):
            with pytest.raises(BrokenPipeError, match="it has closed its input"):
                await process.write(b"a request")
        assert await process.read() == b""


async def test_only_a_request_that_another_server_could_be_asked_fails_where_there_is_no_input() -> None:
    """That the first ones have no answer is told by the end of the output."""
    program = "import os, time; os.close(0); print('here', flush=True); time.sleep(60)"
    async with started(program) as process, stdio(process) as (_, writing):
        await writing.send(SessionMessage(JSONRPCNotification(jsonrpc="2.0", method="notifications/x")))
        for method, again in (("initialize", None), ("tools/list", False), ("tools/call", True)):
            request = SessionMessage(JSONRPCRequest(jsonrpc="2.0", id=1, method=method))
            if again is None:
                await writing.send(request)
                continue
            with pytest.raises(MCPError, match="it has closed its input") as caught:
                await writing.send(request)
            assert is_ours(caught.value, NO_SESSION)
            assert executed_nothing(caught.value) is again


@pytest.mark.parametrize("name", ["ahead", "spaced", "marked"])
async def test_what_stands_ahead_of_a_message_is_passed_over(name: str) -> None:
    async with opened(server := half_dead()):
        assert await called(server, name) == name


async def test_a_message_that_the_server_could_not_read_is_told_with_its_reason() -> None:
    async with opened(server := half_dead()):
        said, _ = await refused(server, "nameless")
        why = "the server refused a message without saying which: Parse error: bad argument"
        assert said == f"ToolError: the MCP server 'half' could not do 'nameless': {why}"


@pytest.mark.parametrize("value", ["a\ud800b", {"k": 1, "l": ["fine", 2, "x\udfff"]}])
async def test_an_argument_that_cannot_be_sent_fails_its_call_and_no_other(value: Any) -> None:
    async with opened(server := half_dead()):
        other = asyncio.create_task(called(server, "echo", text="well"))
        said, _ = await refused(server, "echo", text=value)
        assert said.startswith("ToolError: the MCP server 'half' could not do 'echo': it cannot be sent: '")
        assert said.endswith("' is no text that can be")
        assert await other == "well"
