"""What a public server hardly ever does, at the parts that have to bear it."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, cast

import httpx2
import pytest
from mcp import MCPError
from mcp.shared.message import SessionMessage
from mcp_types import CallToolResult, JSONRPCRequest
from pydantic import ValidationError

from tests.mcp.demo import made
from voxagent.mcp import MCPServerInProcess
from voxagent.mcp.listing import Listed
from voxagent.mcp.messages import encoded, message_of, unsendable
from voxagent.mcp.results import reason_of
from voxagent.mcp.secrets import Secrets
from voxagent.mcp.session import ServerSession
from voxagent.mcp.sse import _said
from voxagent.mcp.target import ObjectTarget
from voxagent.mcp.traffic import Traffic, _Reading
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
        version = here.version
        times.append(version)
        if len(times) == 1:
            here._changed()
        return Listed(version=version)

    async def client() -> None: ...

    monkeypatch.setattr(here, "_found", found)
    monkeypatch.setattr(here, "client", client)
    assert [(await here.tools()).version for _ in range(3)] == [0, 1, 1]
    assert times == [0, 1]


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


async def test_a_connection_that_is_had_after_a_cancellation_that_did_not_wait_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = MCPServerInProcess(made())
    do, working = server._do, list[asyncio.Task[Any]]()

    async def never(*given: Any) -> Any:
        working.append(asyncio.create_task(do(*given)))
        raise asyncio.CancelledError

    monkeypatch.setattr(server, "_do", never)
    with pytest.raises(asyncio.CancelledError):
        await server.__aenter__()
    await asyncio.wait(working)
    assert server.state == "idle"


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({}, "content: Field required"),
        (
            {"content": [{"type": "hologram"}]},
            "content.0.TextContent.type: Input should be 'text' (it is 'hologram')",
        ),
    ],
)
def test_an_answer_that_is_not_formed_as_it_should_be_is_told_with_the_place(result: Any, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        CallToolResult.model_validate(result)
    assert reason_of(caught.value) == said
    assert reason_of(RuntimeError("as it is")) == "as it is"


def test_a_message_that_cannot_be_encoded_for_another_reason_tells_that() -> None:
    deep: Any = []
    for _ in range(2_000):
        deep = [deep]
    message = JSONRPCRequest(jsonrpc="2.0", id=1, method="tools/call", params={"a": deep})
    with pytest.raises(MCPError, match=r"^it cannot be sent: .*depth"):
        encoded(SessionMessage(message))
    assert unsendable({"fine": [1, b"\xff", {"k\ud800": "x"}]}) == "k\ud800"


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


async def test_a_connection_whose_reading_breaks_has_ended() -> None:
    class Broken:
        async def __anext__(self) -> Any:
            raise RuntimeError("what nobody expected")

    ended: list[bool] = []
    reading = _Reading(Broken(), Traffic(5.0), lambda: ended.append(True))
    with pytest.raises(RuntimeError, match="what nobody expected"):
        await anext(reading)
    assert ended == [True]


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
        (b'INFO {"result": {"rows": 3', []),
        (b'INFO {"level": "info"} jsonrpc', []),
        (b'Ready: { "id": 2, "result": 3, "jsonrpc": "2.0"', [2]),
        (b'Ready: { "result": 3, "jsonrpc": "2.0"', [1, 2]),
        (b'\xef\xbb\xbf{"result": {"rows": 3', [1, 2]),
        (b'"jsonrpc" is what {we} speak', []),
    ],
)
def test_what_a_server_logs_as_an_object_fails_no_call(line: bytes, failed: list[int]) -> None:
    traffic = Traffic(5.0)
    for id in (1, 2):
        traffic.sent(SessionMessage(JSONRPCRequest(jsonrpc="2.0", id=id, method="tools/call")))
    read: Any = message_of(line)
    assert [item.message.id for item in cast("list[Any]", traffic.received(read))] == failed
