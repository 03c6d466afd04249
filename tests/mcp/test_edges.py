"""What happens seldom."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.http.server import Server, chunked, head, waits, whole
from tests.mcp.demo import made
from tests.mcp.servers import (
    DEMO,
    called,
    eventually,
    faulty,
    free_port,
    listening,
    opened,
    process,
    refused,
)
from voxagent import ConfigError, ModelRetry
from voxagent.errors import ToolsetError
from voxagent.mcp import MCPServerHTTP, MCPServerInProcess, MCPServerSSE, guardian
from voxagent.mcp.connection import Connection, Options, leaf_of
from voxagent.mcp.process import _said_of
from voxagent.mcp.secrets import Secrets
from voxagent.mcp.target import ObjectTarget
from voxagent.mcp.traffic import Traffic
from voxagent.tools import ToolContext


@pytest.mark.parametrize("content", ["{", "[]"])
async def test_a_file_of_pins_that_is_none_is_an_error(content: str, tmp_path: Path) -> None:
    (tmp_path / "pins").write_text(content)
    with (
        faulty("stdio", pin_tools=tmp_path / "pins") as server,
        pytest.raises(ConfigError, match="is not a file of hashes"),
    ):
        async with opened(server):
            pass


async def test_a_pinned_tool_that_is_gone_and_one_that_is_new_are_told(tmp_path: Path) -> None:
    with faulty("stdio", pin_tools=tmp_path / "pins") as server:
        async with opened(server):
            pass
        pinned = json.loads((tmp_path / "pins").read_text())
        pinned["faulty"]["elsewhere"] = pinned["faulty"].pop("echo")
        (tmp_path / "pins").write_text(json.dumps(pinned))
        with pytest.raises(ToolsetError, match=r"the tool 'echo' is new; the tool 'elsewhere' is gone"):
            async with opened(server):
                pass


async def test_arguments_are_an_object_or_the_model_is_asked_again() -> None:
    server = MCPServerInProcess(made())
    async with opened(server) as tools:
        (add,) = [tool for tool in tools if tool.name == "add"]
        assert tools[:1] == (tools[0],)
        assert len(tools) == 5
        assert add.arguments("") == ([], {})
        assert add.arguments({"a": 1}) == ([], {"a": 1})
        for text, said in (("{", "not valid JSON"), ("[]", "not a JSON object")):
            with pytest.raises(ModelRetry, match=said):
                add.arguments(text)
        assert (await add.execute(ToolContext(), a=1, b=2)).value == "3"


def test_a_guardian_that_guards_nothing_is_not_started() -> None:
    fresh = guardian._Guardian()
    fresh.tell("-", 1)
    assert fresh.pipe is None


def test_a_fork_without_any_server_is_nothing_to_the_guardian() -> None:
    program = "import os, voxagent.mcp.guardian\npid = os.fork()\nif pid: os.waitpid(pid, 0)"
    assert subprocess.run([sys.executable, "-c", program], timeout=30, check=False).returncode == 0


def test_a_signal_without_a_name_is_told_by_its_number() -> None:
    assert [_said_of(3), _said_of(-9), _said_of(-61)] == ["exit code 3", "signal SIGKILL", "signal 61"]


def test_what_the_transport_says_besides_messages_is_handed_on() -> None:
    error = OSError("gone")
    assert Traffic(1.0).received(error) == [error]


def test_of_many_headers_the_old_ones_are_forgotten_and_the_lasting_secrets_are_not() -> None:
    secrets = Secrets()
    secrets.add_environment({"A_KEY": "hunter2!"})
    for number in range(5_000):
        secrets.add_headers({"x-key": f"header-{number:05}"})
    assert secrets.text("hunter2! header-04999") == "[REDACTED:A_KEY] " + secrets.text("header-04999")
    assert "header-04999" not in secrets.text("header-04999")


async def test_a_connection_that_does_not_close_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    from voxagent.mcp import connection as module

    monkeypatch.setattr(module, "CLOSE_SECONDS", 0.05)
    monkeypatch.setattr(module, "EXPLAIN_SECONDS", 0.05)
    holding = asyncio.Event()

    class Slow(ObjectTarget):
        def linked(self, on_end: Any, patience: float) -> Any:
            from contextlib import asynccontextmanager

            @asynccontextmanager
            async def held() -> Any:
                async with ObjectTarget.linked(self, on_end, patience) as link:
                    yield link
                    holding.set()
                    await asyncio.sleep(60)

            return held()

    async def connected(client: Any) -> None:
        pass

    connection = Connection("slow", Slow(made()), Options(5.0, "auto", {}), connected, Secrets())
    await connection.client()
    life = connection._life
    assert life is not None
    assert await connection.lost(life) is None
    await connection.left()()
    await asyncio.wait([life.owner])
    assert holding.is_set()
    assert life.owner.cancelled() or life.owner.done()
    life.state = "lost"
    life.explained.clear()
    assert await connection.lost(life) == ""


async def test_all_who_wait_for_a_lost_connection_share_the_next_one() -> None:
    made_anew: list[Any] = []

    async def connected(client: Any) -> None:
        made_anew.append(client)

    connection = Connection("shared", ObjectTarget(made()), Options(5.0, "auto", {}), connected, Secrets())
    first = await connection.client()
    life = connection._life
    assert life is not None
    life.end()
    clients = await asyncio.gather(*[connection.client() for _ in range(3)])
    assert len(made_anew) == 2
    assert [client is made_anew[1] for client in clients] == [True] * 3
    assert first is not clients[0]
    await connection.left()()


def test_of_a_group_of_errors_the_one_that_is_no_cancellation_counts() -> None:
    inner = ValueError("x")
    group = BaseExceptionGroup("", [asyncio.CancelledError(), BaseExceptionGroup("", [inner])])
    assert leaf_of(group) is inner
    alone = asyncio.CancelledError()
    assert leaf_of(BaseExceptionGroup("", [alone])) is alone


# --- the stream of events of the older protocol -------------------------------------------------------

ENDPOINT = b"event: endpoint\ndata: /messages\n\n"


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ([chunked(b"event: ping\ndata: 1\n\nevent: message\ndata:\n\n"), b"0\r\n\r\n"], "Connection closed"),
        ([b"nonsense\r\n"], "RemoteProtocolError"),
    ],
)
async def test_a_stream_of_events_that_ends_while_it_connects_is_an_error_at_once(
    rest: Any, said: str
) -> None:
    go = asyncio.Event()
    begin = [head(), chunked(ENDPOINT), waits(go), *rest]
    async with Server(begin, whole(202, b"")) as server:
        connecting = asyncio.create_task(
            refused_to_connect(MCPServerSSE(f"{server.url}/sse", connect_timeout=10.0))
        )
        await eventually(lambda: len(server.bodies) > 1)
        go.set()
        assert said in await connecting


async def refused_to_connect(server: Any) -> str:
    with pytest.raises(ToolsetError) as caught:
        async with opened(server):
            pass
    return str(caught.value)


async def test_a_session_is_ended_within_a_second_also_where_nobody_takes_note() -> None:
    """The goodbye to a server that does not answer it."""
    told = {"capabilities": {"tools": {}}, "serverInfo": {"name": "s", "version": "0"}}
    hello = {"protocolVersion": "2025-06-18", **told}
    never = asyncio.Event()
    async with Server(
        whole(200, json.dumps({"jsonrpc": "2.0", "id": 1, "result": hello}).encode(), mcp_session_id="1"),
        whole(202, b""),
        whole(405, b""),
        whole(200, json.dumps({"jsonrpc": "2.0", "id": 2, "result": {"tools": []}}).encode()),
        [waits(never)],
    ) as server:
        toolset = MCPServerHTTP(f"{server.url}/mcp", mode="legacy", name="s")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3), opened(toolset):
                raise TimeoutError
        assert toolset.state == "idle"


async def test_calls_work_without_anything_opened_and_leave_nothing_open() -> None:
    server = MCPServerInProcess(made())
    assert await called(server, "add", a=1, b=2) == "3"
    assert server.state == "idle"
    assert (await refused(server, "refuse"))[0] == "ToolError: Error executing tool refuse: not today"


async def test_a_server_of_the_new_era_that_was_started_anew_is_listened_to_again() -> None:
    """Nobody knows what was missed, so the tools are listed again."""
    port = free_port()
    server = MCPServerHTTP(f"http://127.0.0.1:{port}/mcp", name="demo")
    with process(DEMO, "http", str(port)):
        await asyncio.to_thread(listening, port)
        await server.__aenter__()
        version = server._version()
    await eventually(lambda: server._version() > version)
    with process(DEMO, "http", str(port)):
        await asyncio.to_thread(listening, port)
        assert await called(server, "add", a=1, b=1) == "2"
        assert await called(server, "grow") == "grown"
        async with opened(server) as tools:
            assert "extra" in [tool.name for tool in tools]
        await server.__aexit__(None, None, None)


async def test_a_note_that_the_server_does_not_take_is_logged_and_disturbs_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    go = asyncio.Event()
    told = {"capabilities": {}, "serverInfo": {"name": "s", "version": "0"}, "protocolVersion": "2025-06-18"}
    hello = json.dumps({"jsonrpc": "2.0", "id": 1, "result": told}).encode()
    begin = [head(), chunked(ENDPOINT), waits(go), chunked(b"event: message\ndata: " + hello + b"\n\n")]
    async with Server([*begin, waits(asyncio.Event())], whole(202, b""), whole(500, b"no")) as server:
        connecting = asyncio.create_task(
            refused_to_connect(MCPServerSSE(f"{server.url}/sse", connect_timeout=10.0))
        )
        await eventually(lambda: len(server.bodies) > 1)
        go.set()
        assert "HTTP 500 Told" in await connecting
    assert "a message to an MCP server was not taken: HTTP 500 Told" in caplog.text
