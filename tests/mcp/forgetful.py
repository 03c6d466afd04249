"""A server over HTTP, in the test's own loop, that forgets its sessions when it is told to."""

import asyncio
import json
from types import TracebackType
from typing import Any, Self

NOT_FOUND = (404, {"jsonrpc": "2.0", "id": None, "error": {"code": -32_001, "message": "Session not found"}})


class Forgetful:
    """A server of before 2026-07-28 with one tool, `echo`; it forgets the session once that said "the last".

    Args:
        refusal: Status and body for a session that it does not know; an id `"SAME"` is that of the request.
    """

    def __init__(self, refusal: tuple[int, Any] = NOT_FOUND) -> None:
        self.refusal = refusal
        self.sessions = 0
        self.knows = True
        """Whether it knows the session that it gave last."""
        self.keeps = True
        """Whether it knows a session at all once it has given it."""
        self.executed: list[str] = []
        self.held: dict[str, asyncio.Event] = {}
        """What to wait for ahead of refusing a call, by its text."""
        self.ended: list[str] = []
        self.refused = 0
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        host, port = self._server.sockets[0].getsockname()
        return f"http://{host}:{port}/mcp"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()

    def forget(self) -> None:
        """Know the session no more."""
        self.knows = False

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                status, told = await self._asked(head.split(" ", 1)[0], headers, json.loads(body or "null"))
                data = told if isinstance(told, bytes) else json.dumps(told).encode()
                lines = [f"HTTP/1.1 {status} Told", f"content-length: {len(data)}"]
                lines += [] if isinstance(told, bytes) else ["content-type: application/json"]
                lines += [f"mcp-session-id: s{self.sessions}"] if b"protocolVersion" in data else []
                writer.write("\r\n".join([*lines, "", ""]).encode() + data)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self._writers.discard(writer)

    async def _asked(self, verb: str, headers: dict[str, str], message: Any) -> tuple[int, Any]:
        if verb == "DELETE":
            self.ended.append(headers["mcp-session-id"])
        if verb != "POST":
            return 405, b""
        method, params = message["method"], message.get("params") or {}
        text = (params.get("arguments") or {}).get("text", "")
        if method == "initialize":
            self.sessions += 1
            self.knows = self.keeps
            return 200, answer(
                message, protocolVersion="2025-06-18", capabilities={"tools": {}}, serverInfo=INFO
            )
        given = headers.get("mcp-session-id")
        if given and (given != f"s{self.sessions}" or not self.knows):
            if text in self.held:
                await self.held[text].wait()
            self.refused += 1
            status, body = self.refusal
            same = isinstance(body, dict) and body.get("id") == "SAME"
            return status, {**body, "id": message.get("id")} if same else body
        if "id" not in message:
            return 202, b""
        if method == "tools/list":
            return 200, answer(message, tools=[{"name": "echo", "inputSchema": {"type": "object"}}])
        if method == "tools/call":
            self.executed.append(text)
            self.knows = text != "the last"
            return 200, answer(message, content=[{"type": "text", "text": text}])
        return 200, {"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32_601, "message": "what?"}}


INFO = {"name": "forgetful", "version": "0"}


def answer(message: Any, **result: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": message["id"], "result": result}
