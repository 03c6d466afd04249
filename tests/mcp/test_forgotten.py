"""Sessions that a server has forgotten: each server says it in its own way, and nobody notices."""

import asyncio
from typing import Any

import pytest

from tests.mcp.forgetful import NOT_FOUND, Forgetful
from tests.mcp.servers import agent_with, called, eventually, opened, refused, results
from voxagent.errors import ToolsetError
from voxagent.mcp import MCPServerHTTP
from voxagent.testing import tool_call


def error(code: int, message: object, id: object = None) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}}


FORGOTTEN: dict[str, tuple[int, Any]] = {
    "as TypeScript says it": NOT_FOUND,
    "as Python says it": (404, error(-32_600, "Session not found")),
    "without a word": (404, b""),
    "as text": (404, b"no such session"),
    "as another object": (404, {"error": "gone"}),
    "as Python says it, with the id": (404, error(-32_600, "Session not found", "SAME")),
    "as an invalid request": (400, error(-32_600, "Session not found")),
    "with the id of something else": (404, error(-32_002, "gone", 4_711)),
    "with another code and no id": (404, error(-32_002, "gone")),
    "as a bad request": (400, error(-32_000, "Bad Request: No valid session ID provided")),
    "as a server that begins anew": (400, error(-32_000, "Bad Request: Server not initialized")),
    "as a bad request in text": (400, b"Unknown Mcp-Session-Id"),
}
MEANT: dict[str, tuple[int, Any, str]] = {
    "a method": (404, error(-32_601, "no such method"), "no such method"),
    "an argument": (400, error(-32_602, "session_id is missing"), "session_id is missing"),
    "an argument of the tool": (400, error(-32_000, "session_id of the cart is missing"), "of the cart"),
    "a resource": (404, error(-32_002, "Resource not found", "SAME"), "Resource not found"),
    "something else": (400, error(-32_000, "not today"), "not today"),
    "a status": (503, b"session id", "HTTP 503"),
}


def made(server: Forgetful, **options: Any) -> MCPServerHTTP:
    return MCPServerHTTP(server.url, name="forgetful", idle_timeout=10.0, **options)


@pytest.mark.parametrize("said", FORGOTTEN)
async def test_a_session_that_is_forgotten_is_made_anew_however_that_is_said(said: str) -> None:
    async with Forgetful(FORGOTTEN[said]) as here, made(here) as server:
        here.forget()
        assert results(await agent_with(server, tool_call("echo", text="a")).run("?")) == [("a", False)]
        assert (here.sessions, here.executed) == (2, ["a"])


@pytest.mark.parametrize("what", MEANT)
async def test_a_refusal_of_something_else_is_told_and_the_session_kept(what: str) -> None:
    status, body, said = MEANT[what]
    async with Forgetful((status, body)) as here, made(here) as server:
        here.forget()
        told, _ = await refused(server, "echo", text="a")
        assert (said in told, here.sessions, here.executed) == (True, 1, [])


@pytest.mark.parametrize("code", [-32_013, -32_012])
async def test_a_code_that_a_server_uses_as_we_do_means_nothing_of_ours(code: int) -> None:
    """The call is not made again, nor is it said that we are not let in."""
    async with Forgetful((200, error(code, "quota used up", "SAME"))) as here, made(here) as server:
        here.forget()
        told, _ = await refused(server, "echo", text="a")
        assert told == "ToolError: the MCP server 'forgetful' could not do 'echo': quota used up"
        assert (server.state, here.sessions, here.refused) == ("connected", 1, 1)


async def test_a_call_that_was_executed_is_not_made_again_because_the_session_is_forgotten_after_it() -> None:
    """The SDK lists the tools once it has an answer of one that it does not know."""
    async with Forgetful() as here:
        server = made(here)
        await server._do(lambda session: session.taken())
        told, _ = await refused(server, "echo", text="the last")
        assert told == "ToolError: the MCP server 'forgetful' could not do 'echo': Session not found"
        assert (here.sessions, here.executed) == (1, ["the last"])
        await server._do(lambda session: session.released())


async def test_a_server_that_forgets_every_session_is_asked_twice_and_quoted() -> None:
    async with Forgetful() as here, made(here) as server:
        here.keeps = False
        here.forget()
        told, _ = await refused(server, "echo", text="a")
        assert told == "ToolError: the MCP server 'forgetful' could not do 'echo': Session not found"
        assert here.sessions == 2
        with pytest.raises(ToolsetError, match="'forgetful' cannot be listed: Session not found"):
            await server.accept_tools()


async def test_calls_that_find_their_session_forgotten_one_after_the_other_all_share_the_next() -> None:
    """Nobody loses the connection because another has left it already."""
    texts = ["a", "b", "c", "d"]
    async with Forgetful() as here, made(here) as server:
        here.held = {text: asyncio.Event() for text in texts[1:]}
        here.forget()
        calls = [asyncio.create_task(called(server, "echo", text=text)) for text in texts]
        assert await calls[0] == "a"
        assert here.ended == []  # the others still wait there
        for text, call in zip(texts[1:], calls[1:], strict=True):
            here.held[text].set()
            assert await call == text
        assert (here.sessions, here.executed) == (2, texts)
        await eventually(lambda: here.ended == ["s1"])


async def test_a_server_that_is_closed_closes_what_calls_still_wait_on_in_a_forgotten_session() -> None:
    async with Forgetful() as here, made(here) as server:
        here.held = {"b": asyncio.Event()}
        here.forget()
        waiting = asyncio.create_task(refused(server, "echo", text="b"))
        assert await called(server, "echo", text="a") == "a"
        await server._do(lambda session: session.close())
        told, _ = await waiting
        assert "the MCP server 'forgetful' could not do 'echo'" in told
        assert sorted(here.ended) == ["s1", "s2"]
        here.held["b"].set()


async def test_tools_are_listed_in_a_new_session_too() -> None:
    async with Forgetful() as here, made(here) as server:
        here.forget()
        await server.accept_tools()
        here.forget()
        async with opened(server) as tools:
            assert [tool.name for tool in tools] == ["echo"]
        assert here.sessions == 3
