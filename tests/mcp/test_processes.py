"""A server's process ends with its owner, however that ends, and however little it wants to."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

import pytest

from tests.mcp.servers import FAULTY, alive, called, children, faulty, opened, process, refused, until
from voxagent.fanout import background
from voxagent.mcp import MCPServerStdio, guardian

PROGRAM = dedent(
    """
    import asyncio, sys
    from voxagent import RunContext
    from voxagent.mcp import MCPServerStdio

    async def main():
        faulty, *modes = sys.argv[1:]
        async with MCPServerStdio(sys.executable, [faulty, "stdio", *modes], name="faulty") as server:
            async with server.open(RunContext()):
                print("ready", flush=True)
                await asyncio.sleep(300)

    asyncio.run(main())
    """
)


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT], ids=lambda each: each.name
)
@pytest.mark.parametrize("modes", [(), ("stubborn", "grandchild")], ids=["plain", "stubborn"])
def test_no_process_outlives_a_program_that_is_ended_by_a_signal(
    number: signal.Signals, modes: tuple[str, ...], tmp_path: Path
) -> None:
    mark = str(tmp_path)
    with process("-c", PROGRAM, FAULTY, *modes, mark) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        (server,) = [pid for pid in children(mark) if pid != running.pid]
        group = [pid for pid in pids() if group_of(pid) == server]
        assert len(group) == 1 + ("grandchild" in modes)
        running.send_signal(number)
        running.wait(15)
        until(lambda: not any(alive(pid) for pid in group), 10)


@pytest.mark.parametrize("when", ["before it is told", "after it was told"])
def test_a_server_does_not_outlive_a_program_that_is_killed_while_it_starts_it(
    when: str, tmp_path: Path
) -> None:
    """In the one moment when the number of the process is known to nobody."""
    program = dedent(
        f"""
        import asyncio, os, signal, sys
        from voxagent.mcp import MCPServerStdio, process

        told = process.guard

        def killed(pid):
            if {when!r} == "after it was told":
                told(pid)
            print(pid, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

        process.guard = killed
        server = MCPServerStdio(sys.executable, [{FAULTY!r}, "stdio", "ignores_eof", {str(tmp_path)!r}])
        asyncio.run(server.__aenter__())
        """
    )
    with process("-c", program) as running:
        assert running.stdout is not None
        server = int(running.stdout.readline())
        assert running.wait(20) == -signal.SIGKILL
        until(lambda: not alive(server))


def pids() -> list[int]:
    return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]


def group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except OSError:
        return None


@pytest.mark.parametrize("mode", ["ignores_eof", "stubborn", "grandchild"])
async def test_closing_is_bounded_and_leaves_nothing_behind(mode: str, tmp_path: Path) -> None:
    """Fault 65."""
    with faulty("stdio", mode, log=tmp_path / "log") as server:
        async with opened(server):
            group = children(str(tmp_path))
            assert len(group) == 1 + (mode == "grandchild")
            begun = time.monotonic()
        assert time.monotonic() - begun < 6
        await asyncio.to_thread(until, lambda: not any(alive(pid) for pid in group))


async def test_a_run_that_is_cancelled_while_a_stubborn_server_is_closed_leaves_nothing(
    tmp_path: Path,
) -> None:
    with faulty("stdio", "stubborn", log=tmp_path / "log") as server:
        await server.__aenter__()
        leaving = asyncio.create_task(server.__aexit__(None, None, None))
        await asyncio.sleep(0.1)
        leaving.cancel()
        await asyncio.wait([leaving])
        await asyncio.to_thread(until, lambda: not children(str(tmp_path)))


async def test_cancelling_while_it_connects_leaves_nothing(tmp_path: Path) -> None:
    with faulty("stdio", "mute", log=tmp_path / "log") as server:
        entering = asyncio.create_task(server.__aenter__())
        await asyncio.to_thread(until, lambda: children(str(tmp_path)))
        entering.cancel()
        await asyncio.wait([entering])
        assert entering.cancelled()
        await asyncio.to_thread(until, lambda: not children(str(tmp_path)))
        assert server.state == "idle"


def test_a_program_that_ends_by_itself_with_an_open_server_leaves_nothing(tmp_path: Path) -> None:
    program = dedent(
        f"""
        import asyncio, sys
        from voxagent.mcp import MCPServerStdio
        server = MCPServerStdio(sys.executable, [{FAULTY!r}, "stdio", {str(tmp_path)!r}])
        asyncio.run(server.__aenter__())
        """
    )
    ended = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, timeout=30)
    assert (ended.returncode, ended.stderr) == (0, b"")
    until(lambda: not children(str(tmp_path)))


async def test_the_environment_of_a_server_is_what_it_is_given_and_little_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-ours")
    with faulty("stdio", env={"GIVEN": "1"}) as server:
        async with opened(server):
            names = await called(server, "env")
    assert '"GIVEN"' in names
    assert '"PATH"' in names
    assert "OPENAI_API_KEY" not in names


async def test_a_guardian_that_was_killed_is_replaced() -> None:
    with faulty("stdio") as server:
        async with opened(server):
            assert await called(server, "echo", text="a") == "a"
    watching = guardian._guardian.pipe
    assert watching is not None
    for pid in pids():
        if guardian.PROGRAM.encode() in command(pid) and parent(pid) == os.getpid():
            os.kill(pid, signal.SIGKILL)
            until(lambda pid=pid: not alive(pid))
    with faulty("stdio") as server:
        async with opened(server):
            assert await called(server, "echo", text="b") == "b"
            assert guardian._guardian.told


def command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


async def test_a_server_that_was_killed_by_a_signal_is_told_so(tmp_path: Path) -> None:
    with faulty("stdio", log=tmp_path / "log") as server:
        async with opened(server):
            calling = asyncio.create_task(refused(server, "hang"))
            (pid,) = children(str(tmp_path))
            await asyncio.sleep(0.2)
            os.kill(pid, signal.SIGKILL)
            said, _ = await calling
    assert said == (
        "ToolError: the MCP server 'faulty' was lost during the call of 'hang': it ended with signal SIGKILL"
    )


async def test_a_server_that_ends_between_calls_is_started_again_for_the_next() -> None:
    with faulty("stdio") as server:
        async with opened(server):
            assert await called(server, "exit_later") == "bye"
            await asyncio.to_thread(until, lambda: server.state == "lost")
            assert await called(server, "echo", text="again") == "again"


async def test_no_task_is_left_on_the_loop_of_servers() -> None:
    with faulty("stdio") as server:
        async with opened(server):
            await called(server, "echo", text="a")
    loop = background.server_loop()

    async def left() -> list[str]:
        await asyncio.sleep(0)
        return [
            task.get_name()
            for task in asyncio.all_tasks()
            if task is not asyncio.current_task() and task.get_name().startswith("mcp ")
        ]

    assert await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(left(), loop)) == []


async def test_a_directory_that_is_not_there_is_an_error_that_says_so() -> None:
    from voxagent.errors import ToolsetError

    with pytest.raises(ToolsetError, match="cannot be started"):
        async with opened(MCPServerStdio(sys.executable, cwd="/no/such/folder")):
            pass
