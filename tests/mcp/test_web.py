"""What is particular to servers at an address: headers, redirects, secrets, broken connections."""

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.http.server import Server, chunked, head, whole
from tests.mcp.servers import (
    DEMO,
    SECRET,
    agent_with,
    called,
    demo,
    faulty,
    faulty_process,
    free_port,
    listening,
    logged,
    opened,
    process,
    refused,
    results,
    script,
)
from voxagent import Agent, RunContext
from voxagent.errors import ToolsetError
from voxagent.mcp import MCPServer, MCPServerHTTP, MCPServerSSE
from voxagent.streaming import ToolEndEvent
from voxagent.testing import tool_call

REMOTE = pytest.mark.parametrize("kind", ["http", "json", "sse"])


@asynccontextmanager
async def recording(kind: str, log: Path, **options: Any) -> AsyncIterator[MCPServer]:
    cls = MCPServerSSE if kind == "sse" else MCPServerHTTP
    with faulty_process(kind, [], {"RAW_LOG": str(log), "API_TOKEN": SECRET}) as (_, port):
        yield cls(f"http://127.0.0.1:{port}/mcp", name="faulty", **options)


@REMOTE
async def test_headers_may_be_a_function_of_the_run_also_where_runs_share_a_connection(
    kind: str, tmp_path: Path
) -> None:
    def headers(run: RunContext[Any] | None) -> Mapping[str, str]:
        return {"x-user": "nobody" if run is None else str(run.metadata.get("user"))}

    log = tmp_path / "log"
    async with recording(kind, log, headers=headers) as server, server:
        agents = {user: agent_with(server, tool_call("echo", text=user)) for user in ("ann", "bob", "cem")}
        await asyncio.gather(*(agent.run("?", metadata={"user": user}) for user, agent in agents.items()))
        seen = logged(log)
    calls = [line for line in seen if (line.get("body") or {}).get("method") == "tools/call"]
    pairs = [(each["headers"]["x-user"], each["body"]["params"]["arguments"]["text"]) for each in calls]
    assert sorted(pairs) == [("ann", "ann"), ("bob", "bob"), ("cem", "cem")]
    users = [line["headers"]["x-user"] for line in seen if line.get("http") == "POST"]
    assert users.count("nobody") >= 3  # what was asked while it was connected


@REMOTE
async def test_a_redirect_to_another_host_is_not_followed(kind: str) -> None:
    async with Server(whole(200, b"{}")) as other, Server([]) as first:
        first.answers = [whole(307, b"", location=other.url.replace("127.0.0.1", "localhost"))]
        cls = MCPServerSSE if kind == "sse" else MCPServerHTTP
        server = cls(f"{first.url}/mcp", headers={"authorization": f"Bearer {SECRET}"}, connect_timeout=2.0)
        with pytest.raises(ToolsetError) as caught:
            async with opened(server):
                pass
        assert other.asked == []
        assert "redirect" in str(caught.value).lower()
        assert SECRET not in str(caught.value)


async def test_what_a_server_knows_of_us_is_in_no_event_error_or_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A server that tells everybody: in results, errors and log messages."""
    caplog.set_level(logging.DEBUG, "voxagent")
    with faulty("stdio", env={"API_TOKEN": SECRET}, log_level="debug") as server:
        seen: list[Any] = []
        model = script(tool_call("leak"), tool_call("fail"), tool_call("log"), tool_call("echo", text="x"))
        result = await Agent(model, toolsets=[server], observers=[seen.append]).run("?")
    assert results(result) == [
        ("the token is [REDACTED:API_TOKEN]", False),
        ("no such thing, token [REDACTED:API_TOKEN]", True),
        ("logged", False),
        ("x", False),
    ]
    ends = [event for event in seen if isinstance(event, ToolEndEvent)]
    assert ends[0].metadata == {"structured_content": {"token": "[REDACTED:API_TOKEN]"}}
    assert ends[3].metadata == {"_meta": {"from": "the server"}}
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("voxagent")]
    assert "faulty: db: bad [REDACTED:API_TOKEN]" in ours
    assert SECRET not in repr([seen, result, ours])


async def test_log_messages_below_the_level_that_is_wanted_are_left_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with faulty("stdio", idle_timeout=0.5) as server:
        async with opened(server):
            await called(server, "log")
            await refused(server, "flood", count=10)
    assert [each.levelname for each in caplog.records if each.name == "voxagent.mcp"] == ["ERROR"]


@pytest.mark.parametrize("kind", ["http", "json"])
async def test_a_header_that_comes_back_is_not_shown(kind: str, tmp_path: Path) -> None:
    headers = {"authorization": f"Bearer {SECRET}"}
    async with recording(kind, tmp_path / "log", headers=headers) as server, opened(server):
        assert await called(server, "leak") == "the token is [REDACTED:authorization-2]"


async def test_a_client_of_your_own_is_used_and_closed() -> None:
    made: list[httpx2.AsyncClient] = []

    def client() -> httpx2.AsyncClient:
        made.append(httpx2.AsyncClient(headers={"x-mine": "1"}, timeout=None))
        return made[-1]

    with faulty_process("http", [], {}) as (_, port):
        server = MCPServerHTTP(f"http://127.0.0.1:{port}/mcp", client=client)
        async with opened(server):
            assert await called(server, "echo", text="a") == "a"
    assert [each.is_closed for each in made] == [True]


@pytest.mark.parametrize("kind", ["http", "stateless", "json"])
@pytest.mark.parametrize("mode", ["legacy", "auto", "2026-07-28"])
async def test_every_way_to_speak_http_works_in_both_eras(kind: str, mode: Any) -> None:
    with demo(kind, mode=mode) as server:
        model = script(tool_call("add", a=1, b=2), tool_call("refuse"), tool_call("blob", size=3_000_000))
        result = await Agent(model, toolsets=[server]).run("?")
        found = results(result)
        assert found[:2] == [("3", False), ("Error executing tool refuse: not today", True)]
        assert not found[2][1]


async def test_a_server_that_was_started_anew_is_asked_again_without_a_word() -> None:
    """A session that it has forgotten is made again; a call that it never took is made once more."""
    port = free_port()
    server = MCPServerHTTP(f"http://127.0.0.1:{port}/mcp", name="demo", mode="legacy")
    with process(DEMO, "http", str(port)):
        await asyncio.to_thread(listening, port)
        await server.__aenter__()
        assert await called(server, "add", a=1, b=1) == "2"
    said, seconds = await refused(server, "add", a=1, b=1)
    assert said.startswith("ToolError: the MCP server 'demo' ")
    assert seconds < 3
    with process(DEMO, "http", str(port)):
        await asyncio.to_thread(listening, port)
        assert await called(server, "add", a=1, b=1) == "2"
        await server.__aexit__(None, None, None)


async def test_a_session_that_the_server_has_forgotten_is_made_again() -> None:
    port = free_port()
    server = MCPServerHTTP(f"http://127.0.0.1:{port}/mcp", name="demo", mode="legacy")
    with process(DEMO, "http", str(port)):
        await asyncio.to_thread(listening, port)
        await server.__aenter__()
    with process(DEMO, "http", str(port)):
        await asyncio.to_thread(listening, port)
        assert await called(server, "add", a=1, b=1) == "2"
        await server.__aexit__(None, None, None)


# --- answers that break ---------------------------------------------------------------------------------


def plain(status: int, body: bytes, more: str = "") -> bytes:
    start = f"HTTP/1.1 {status} Told\r\ncontent-type: application/json\r\n{more}"
    return f"{start}content-length: {len(body)}\r\n\r\n".encode() + body


class Mangling:
    """An MCP server that answers calls of some tools with what nobody can read, and of others late."""

    def __init__(self) -> None:
        self.late = asyncio.Event()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while asked := (await reader.readuntil(b"\r\n\r\n")).decode().lower():
                length = int((re.search(r"content-length: (\d+)", asked) or [0, 0])[1])
                writer.write(await self.answer(json.loads(await reader.readexactly(length) or b"{}")))
                await writer.drain()
        writer.close()

    async def answer(self, message: dict[str, Any]) -> bytes:
        result: dict[str, Any] = {}
        match message.get("method"):
            case "initialize":
                told = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}}
                result = {**told, "serverInfo": {"name": "mangling", "version": "0"}}
            case "tools/list":
                schema = {"type": "object"}
                result = {"tools": [{"name": name, "inputSchema": schema} for name in ("bad", "late")]}
            case "tools/call" if message["params"]["name"] == "bad":
                return plain(200, b"zzzz", "content-encoding: gzip\r\n")
            case "tools/call":
                await self.late.wait()
                result = {"content": [{"type": "text", "text": "well"}]}
            case "server/discover":
                error = {"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "no"}}
                return plain(200, json.dumps(error).encode())
            case _:
                return plain(202, b"")
        return plain(200, json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}).encode())


@asynccontextmanager
async def mangling(**options: Any) -> AsyncIterator[tuple[Mangling, MCPServer]]:
    there = Mangling()
    async with await asyncio.start_server(there.talk, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        server = MCPServerHTTP(f"http://127.0.0.1:{port}/mcp", name="mangling", idle_timeout=20, **options)
        async with opened(server):
            yield there, server


async def test_an_answer_that_cannot_be_unpacked_fails_its_call_and_no_other() -> None:
    async with mangling() as (there, server):
        others = [asyncio.create_task(called(server, "late")) for _ in range(3)]
        said, _ = await refused(server, "bad")
        assert said.startswith("ToolError: the MCP server 'mangling' could not do 'bad': DecodingError: ")
        there.late.set()
        assert await asyncio.gather(*others) == ["well"] * 3
        assert server.state == "connected"


async def test_what_cannot_be_sent_fails_its_call_and_no_other() -> None:
    async with mangling() as (there, server):
        other = asyncio.create_task(called(server, "late"))
        why = "cannot be sent: '.*ud800' is no text that can be"
        with pytest.raises(ToolsetError, match=why):
            await server.read_resource("x://a\ud800")
        with pytest.raises(ToolsetError, match=why):
            await server.get_prompt("p", {"a": "\ud800"})
        assert "cannot be sent: " in (await refused(server, "late", text="\ud800"))[0]
        there.late.set()
        assert await other == "well"


# --- the older protocol -------------------------------------------------------------------------------


def events(*pieces: bytes) -> list[Any]:
    return [head(), *(chunked(piece) for piece in pieces)]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (whole(500, b"{}"), "HTTP 500 Told"),
        (
            events(b"event: endpoint\ndata: http://elsewhere/messages\n\n"),
            "would go to 'http://elsewhere', which is not 'http://127.0.0.1:",
        ),
        (whole(307, b"", location="https://127.0.0.1:1/sse"), "redirects to 'https://127.0.0.1:1', which is"),
        ([*events(b"event: hello\ndata: 1\n\n"), b"0\r\n\r\n"], "without saying where messages go"),
        (whole(307, b"", location="/again"), "redirects without end"),
    ],
)
async def test_a_stream_of_events_that_does_not_begin_well_is_an_error(answer: Any, said: str) -> None:
    async with Server(answer) as first:
        with pytest.raises(ToolsetError) as caught:
            async with opened(MCPServerSSE(f"{first.url}/sse", connect_timeout=3.0)):
                pass
        assert said in str(caught.value)


async def test_messages_that_the_server_does_not_take_fail_at_once() -> None:
    async with Server(events(b"event: endpoint\ndata: /messages\n\n"), whole(400, b"no")) as first:
        with pytest.raises(ToolsetError) as caught:
            async with opened(MCPServerSSE(f"{first.url}/sse", connect_timeout=3.0)):
                pass
        assert "HTTP 400" in str(caught.value)
