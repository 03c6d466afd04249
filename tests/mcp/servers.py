"""Servers as processes, and toolsets that are connected to them."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from voxagent import Agent, RunContext
from voxagent.mcp import MCPServer, MCPServerHTTP, MCPServerSSE, MCPServerStdio
from voxagent.testing import ScriptedProvider, text
from voxagent.tools import ToolContext
from voxagent.types import RunResult

HERE = Path(__file__).parent
FAULTY = str(HERE / "faulty.py")
DEMO = str(HERE / "demo.py")
WAIT = 20.0
KINDS = ("stdio", "http", "json", "sse")
SECRET = "hunter2-of-this-test"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(*arguments: str, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """A process with its output in a pipe, killed at the end."""
    running = subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **(env or {})},
        text=True,
    )
    try:
        yield running
    finally:
        running.kill()
        running.wait()
        if running.stdout is not None:
            running.stdout.close()


@contextmanager
def faulty_process(kind: str, modes: Sequence[str], env: dict[str, str]) -> Iterator[tuple[Any, int]]:
    """The faulty server over HTTP, and its port."""
    with process(FAULTY, kind, *modes, env=env) as running:
        assert running.stdout is not None
        yield running, int(running.stdout.readline())


@contextmanager
def faulty(
    kind: str, *modes: str, log: Path | None = None, env: dict[str, str] | None = None, **options: Any
) -> Iterator[MCPServer]:
    """A toolset whose server does wrong, over one of the transports."""
    given = {**(env or {}), **({"RAW_LOG": str(log)} if log else {})}
    options = {"name": "faulty", "idle_timeout": 5.0, **options}
    if kind == "stdio":
        yield MCPServerStdio(sys.executable, [FAULTY, kind, *modes], env=given, **options)
        return
    with faulty_process(kind, modes, given) as (_, port):
        cls = MCPServerSSE if kind == "sse" else MCPServerHTTP
        yield cls(f"http://127.0.0.1:{port}/mcp", **options)


@contextmanager
def demo(kind: str, **options: Any) -> Iterator[MCPServer]:
    """A toolset whose server is made with the SDK."""
    options = {"name": "demo", **options}
    if kind == "stdio":
        yield MCPServerStdio(sys.executable, [DEMO, kind], **options)
        return
    port = free_port()
    with process(DEMO, kind, str(port)):
        listening(port)
        if kind == "sse":
            yield MCPServerSSE(f"http://127.0.0.1:{port}/sse", **options)
        else:
            yield MCPServerHTTP(f"http://127.0.0.1:{port}/mcp", **options)


def listening(port: int) -> None:
    """Wait until somebody listens."""

    def tried() -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    until(tried)


def until(holds: Callable[[], Any], seconds: float = WAIT) -> Any:
    """What holds in the end."""
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)
    return found


async def eventually(holds: Callable[[], Any], seconds: float = WAIT) -> Any:
    """What holds in the end, while the loop goes on."""
    return await asyncio.to_thread(until, holds, seconds)


@asynccontextmanager
async def opened(server: MCPServer) -> AsyncIterator[Any]:
    """The tools of a server."""
    async with asyncio.timeout(WAIT), server.open(RunContext()) as tools:
        yield tools


async def called(server: MCPServer, name: str, **arguments: Any) -> Any:
    """What a tool gives, in bounded time."""
    async with asyncio.timeout(WAIT):
        return (await server.call_tool(name, arguments, ToolContext())).value


async def refused(server: MCPServer, name: str, **arguments: Any) -> tuple[str, float]:
    """What is said of a tool that fails, and after how many seconds."""
    begun = time.monotonic()
    try:
        value = await called(server, name, **arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error}", time.monotonic() - begun
    raise AssertionError(f"{name} gave {value!r:.100}")


def script(*calls: Any, runs: int = 1) -> ScriptedProvider:
    """A model that makes some calls, one a turn, and says "done"."""
    return ScriptedProvider(*[*calls, text("done")] * runs)


def agent_with(server: Any, *calls: Any, runs: int = 1, **options: Any) -> Agent[None, str]:
    """An agent with a server, whose model makes some calls."""
    return Agent(script(*calls, runs=runs), toolsets=[server], **options)


def results(result: RunResult[Any]) -> list[tuple[str, bool]]:
    """The results of all calls of a run, and whether they are errors."""
    return [(each.text, each.is_error) for message in result.messages for each in message.tool_results]


def logged(log: Path) -> list[dict[str, Any]]:
    """What a recording server has seen."""
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def cancelled_ids(log: Path) -> list[Any]:
    """Which requests a recording server was told, by whatever means, to forget."""
    seen = logged(log)
    told = [each["params"]["requestId"] for each in seen if each.get("method") == "notifications/cancelled"]
    return told + [each["given up"] for each in seen if "given up" in each]


def call_id(log: Path) -> Any:
    """The id of the last call that a recording server has seen."""
    return [each["id"] for each in logged(log) if each.get("method") == "tools/call"][-1]


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def children(mark: str) -> list[int]:
    """The processes that have this word in their command or environment."""
    found: list[int] = []
    for each in Path("/proc").iterdir():
        if not each.name.isdigit() or int(each.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            data = (each / "cmdline").read_bytes() + (each / "environ").read_bytes()
            if mark.encode() in data and alive(int(each.name)):
                found.append(int(each.name))
    return found


def kill_all(mark: str) -> None:
    """Kill the servers that have this word in their command."""
    for pid in children(mark):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
