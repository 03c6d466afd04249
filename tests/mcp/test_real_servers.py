"""Public servers, from their registries, through whole runs: `make servers` installs them."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from scripts.servers import FOLDER, wanted
from tests.mcp.servers import free_port, listening, results, script
from voxagent import Agent
from voxagent.mcp import MCPServer, MCPServerHTTP, MCPServerSSE, MCPServerStdio
from voxagent.testing import tool_call

PLACE = Path(os.environ.get("VOXAGENT_MCP_SERVERS", FOLDER))
STAMP = PLACE / "installed"
THERE = STAMP.exists() and STAMP.read_text() == wanted()
NEEDED = os.environ.get("VOXAGENT_NEEDS_SERVERS") == "1"

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        not THERE and not NEEDED, reason="no MCP servers are installed here: `make servers` does that"
    ),
]


def node(name: str) -> str:
    return str(PLACE / "node_modules/.bin" / f"mcp-server-{name}")


def python(name: str) -> str:
    return str(PLACE / name / f"bin/mcp-server-{name}")


async def made(server: MCPServer, *calls: Any) -> list[tuple[str, bool]]:
    """The results of calls in one run."""
    result = await Agent(script(*calls), toolsets=[server]).run("?", timeout_ms=40_000)
    assert result.output == "done"
    return results(result)


def test_the_servers_are_there_where_they_are_needed() -> None:
    assert THERE


@pytest.mark.parametrize("mode", ["legacy", "auto", "2026-07-28"])
async def test_time(mode: Any) -> None:
    server = MCPServerStdio(python("time"), ["--local-timezone", "UTC"], mode=mode, connect_timeout=20)
    ((found, failed),) = await made(server, tool_call("get_current_time", timezone="UTC"))
    assert not failed
    assert '"timezone": "UTC"' in found


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_git(mode: Any, tmp_path: Path) -> None:
    if shutil.which("git") is None:
        pytest.fail("git is missing")
    await asyncio.to_thread(subprocess.run, ["git", "init", "-q", str(tmp_path)], check=True)
    server = MCPServerStdio(
        python("git"), ["--repository", str(tmp_path)], prefix="git", mode=mode, connect_timeout=20
    )
    here, there = await made(
        server,
        tool_call("git_git_status", repo_path=str(tmp_path)),
        tool_call("git_git_status", repo_path="/no/such/repository"),
    )
    assert "No commits yet" in here[0]
    assert there[1]


async def test_filesystem(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    server = MCPServerStdio(node("filesystem"), [str(tmp_path)], connect_timeout=20)
    inside, outside = await made(
        server,
        tool_call("read_text_file", path=str(tmp_path / "a.txt")),
        tool_call("read_text_file", path="/etc/passwd"),
    )
    assert inside == ("hello", False)
    assert outside[1]


async def test_memory(tmp_path: Path) -> None:
    env = {"MEMORY_FILE_PATH": str(tmp_path / "memory.json")}
    server = MCPServerStdio(node("memory"), env=env, connect_timeout=20)
    entity = {"name": "Ann", "entityType": "person", "observations": ["likes tea"]}
    written, read = await made(
        server, tool_call("create_entities", entities=[entity]), tool_call("read_graph")
    )
    assert not written[1]
    assert "likes tea" in read[0]


def environment(port: int) -> dict[str, str]:
    """What a server of Node is started with; Node 18 has to be told to have what its SDK uses."""
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    old = {"NODE_OPTIONS": "--experimental-global-webcrypto"} if version.startswith("v18.") else {}
    return {**os.environ, "PORT": str(port), **old}


@contextmanager
def everything(kind: str) -> Iterator[MCPServer]:
    """The server with some of everything, over one of its transports."""
    if kind == "stdio":
        yield MCPServerStdio(node("everything"), ["stdio"], name="everything", connect_timeout=20)
        return
    port = free_port()
    quiet = subprocess.DEVNULL
    running = subprocess.Popen([node("everything"), kind], env=environment(port), stdout=quiet, stderr=quiet)
    try:
        listening(port)
        address = f"http://127.0.0.1:{port}/{'sse' if kind == 'sse' else 'mcp'}"
        cls = MCPServerSSE if kind == "sse" else MCPServerHTTP
        yield cls(address, name="everything", connect_timeout=20)
    finally:
        running.kill()
        running.wait()


@pytest.mark.parametrize("kind", ["stdio", "streamableHttp", "sse"])
async def test_everything(kind: str) -> None:
    with everything(kind) as server:
        said, added, image, linked, long = await made(
            server,
            tool_call("echo", message="hello"),
            tool_call("get-sum".replace("-", "_"), a=2, b=3),
            tool_call("get_tiny_image"),
            tool_call("get_resource_links", count=2),
            tool_call("trigger_long_running_operation", duration=0.5, steps=3),
        )
    assert said == ("Echo: hello", False)
    assert "5" in added[0]
    assert not image[1]
    assert "demo://" in linked[0]
    assert not long[1]
