"""What a public server hardly ever does, at the parts that have to bear it."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, cast

import httpx2
import pytest
from mcp import MCPError
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCRequest

from tests.mcp.demo import made
from voxagent.errors import ToolsetError
from voxagent.mcp import MCPServerInProcess
from voxagent.mcp.listing import Listed
from voxagent.mcp.messages import message_of
from voxagent.mcp.secrets import Secrets
from voxagent.mcp.session import NO_SESSION, ServerSession
from voxagent.mcp.sse import _said
from voxagent.mcp.target import ObjectTarget
from voxagent.mcp.traffic import Traffic
from voxagent.tools import ToolContext, ToolReturn


class Caller:
    async def call_tool(
        self, name: str, arguments: Mapping[str, Any], context: ToolContext[Any]
    ) -> ToolReturn[Any]:
        raise AssertionError("nothing is called here")


def session() -> ServerSession:
    return ServerSession("corner", ObjectTarget(None), {}, Caller(), Secrets())


class Deaf:
    """A client of a server that says it tells changes, and does not."""

    def listen(self, **wanted: Any) -> Any:
        raise ValueError("no such method")


async def test_a_server_that_does_not_tell_changes_is_not_asked_for_them_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "voxagent")
    here, listens = session(), asyncio.Event()
    await asyncio.wait_for(here._listen(Deaf(), listens), 5)
    assert (listens.is_set(), here.version) == (True, 0)
    assert "tells no changes: no such method" in caplog.text


async def test_tools_that_change_while_they_are_listed_are_listed_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here, times = session(), []

    async def found() -> Listed:
        times.append(here.version)
        if len(times) == 1:
            here._changed()
        return Listed()

    async def client() -> None: ...

    monkeypatch.setattr(here, "_found", found)
    monkeypatch.setattr(here, "client", client)
    for _ in range(3):
        assert await here.tools() == Listed()
    assert times == [0, 1]


async def test_a_call_that_finds_its_session_forgotten_is_made_once_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here, asked = session(), 0
    known = -1

    async def client() -> None: ...

    async def answered(client: object, what: str, ask: object) -> str:
        nonlocal asked
        asked += 1
        if asked > known:
            raise MCPError(NO_SESSION, "Session terminated")
        return "well"

    monkeypatch.setattr(here, "client", client)
    monkeypatch.setattr(here, "_answered", answered)
    with pytest.raises(ToolsetError, match="Session terminated"):
        await here._asked("a call", lambda client: client)
    assert asked == 2
    asked, known = 0, 1
    monkeypatch.setattr(here, "_answered", once_forgotten(answered))
    assert await here._asked("a call", lambda client: client) == "well"


def once_forgotten(answered: Any) -> Any:
    """A server that knows the session the second time it is asked."""
    before: list[str] = []

    async def asked(client: object, what: str, ask: object) -> Any:
        if not before:
            before.append(what)
            raise MCPError(NO_SESSION, "Session terminated")
        return await answered(client, what, ask)

    return asked


async def test_a_connection_that_is_had_at_the_moment_of_a_cancellation_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = MCPServerInProcess(made())
    do = server._do

    async def late(*given: Any) -> Any:
        await do(*given)
        raise asyncio.CancelledError

    monkeypatch.setattr(server, "_do", late)
    with pytest.raises(asyncio.CancelledError):
        await server.__aenter__()
    assert server.state == "idle"


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (httpx2.Response(500, text="broken"), "HTTP 500 Internal Server Error"),
        (httpx2.Response(500, json={"error": {"message": "too many"}}), "too many"),
        (httpx2.Response(500, json=["odd"]), "HTTP 500 Internal Server Error"),
    ],
)
async def test_a_server_that_takes_nothing_is_quoted_where_it_says_why(
    response: httpx2.Response, told: str
) -> None:
    assert await _said(response) == told


async def test_a_first_question_that_goes_out_ahead_of_all_reading_has_its_time_from_then_on() -> None:
    traffic, now = Traffic(5.0), asyncio.get_running_loop().time()
    traffic.sent(SessionMessage(JSONRPCRequest(jsonrpc="2.0", id=1, method="server/discover")))
    assert traffic.until is not None
    assert 4.0 < traffic.until - now < 6.0


@pytest.mark.parametrize(
    ("line", "failed"),
    [
        (b'{"error": "boom", "id": 9}', []),
        (b'{"level": "info", "result": {"rows": 3}}', []),
        (b'{"error": "boom", "id": 1}', [1]),
        (b'{"result": {"rows": 3', [1, 2]),
        (b'{"jsonrpc": "2.0", "result": 3}', [1, 2]),
    ],
)
def test_what_a_server_logs_as_an_object_fails_no_call(line: bytes, failed: list[int]) -> None:
    traffic = Traffic(5.0)
    for id in (1, 2):
        traffic.sent(SessionMessage(JSONRPCRequest(jsonrpc="2.0", id=id, method="tools/call")))
    read: Any = message_of(line)
    assert [item.message.id for item in cast("list[Any]", traffic.received(read))] == failed
