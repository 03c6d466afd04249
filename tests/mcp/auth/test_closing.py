"""A server that closes a connection just when the next request comes; idle ones are closed after a while."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from voxagent import Agent
from voxagent.mcp import MCPServerHTTP
from voxagent.testing import ScriptedProvider, text, tool_call

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


class Closing:
    """An MCP server that resets the connection at the first request of a method.

    Args:
        method: The method.
        times: How often.
    """

    def __init__(self, method: str, times: int) -> None:
        self.method = method
        self.left = times
        self.asked: list[str] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode().lower():
                length = int(head.split("content-length: ")[1].split("\r\n")[0])
                asked = json.loads(await reader.readexactly(length))
                self.asked.append(asked["method"])
                if asked["method"] == self.method and self.left:
                    self.left -= 1
                    writer.transport.abort()
                    return
                result = self.result(asked["method"])
                body = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}).encode()
                writer.write(HEAD % len(body) + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    def result(self, method: str) -> dict[str, Any]:
        tools = [{"name": "act", "inputSchema": {"type": "object"}}]
        told: dict[str, dict[str, Any]] = {
            "server/discover": {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}},
            "tools/list": {"tools": tools, "ttlMs": 0, "cacheScope": "private"},
            "tools/call": {"content": [{"type": "text", "text": "done"}]},
        }
        return {"resultType": "complete", **told[method]}


@asynccontextmanager
async def closing(method: str, times: int = 1) -> AsyncGenerator[tuple[Closing, str]]:
    server = Closing(method, times)
    listening = await asyncio.start_server(server.answer, "127.0.0.1", 0)
    async with listening:
        yield server, f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/mcp"


async def acted(url: str) -> list[str]:
    agent = Agent(ScriptedProvider(tool_call("act"), text("done")), toolsets=[MCPServerHTTP(url)])
    result = await agent.run("go")
    return [told.text for message in result.messages for told in message.tool_results]


@pytest.mark.parametrize("method", ["server/discover", "tools/list"])
async def test_a_question_is_asked_again_when_the_connection_was_closed(method: str) -> None:
    async with closing(method) as (server, url), asyncio.timeout(20):
        assert await acted(url) == ["done"]
    assert server.asked.count(method) == 2


async def test_no_tool_is_executed_again_when_the_connection_was_closed() -> None:
    async with closing("tools/call") as (server, url), asyncio.timeout(20):
        [told] = await acted(url)
    assert "could not do 'act'" in told
    assert server.asked.count("tools/call") == 1


async def test_a_question_is_not_asked_without_end() -> None:
    async with closing("tools/list", 100) as (server, url), asyncio.timeout(20):
        with pytest.raises(Exception, match="cannot be listed"):
            await acted(url)
    assert server.asked.count("tools/list") == 2
