"""A model server in a process of its own: the Messages API on loopback, over connections that it keeps.

What it answers is decided by the last words of the user: "fail" (500), "refuse" (401), "stall" (half an
answer, and silence), "tool" (a call of the tool `ask`, and an answer once its result is there), and anything
else (an answer in three pieces). `GET /` tells how many connections are open and how many there were.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

END = b"0\r\n\r\n"


def chunked(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def event(kind: str, **fields: Any) -> bytes:
    return chunked(f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode())


def block(index: int, begin: dict[str, Any], deltas: list[dict[str, Any]]) -> bytes:
    return b"".join(
        [
            event("content_block_start", index=index, content_block=begin),
            *[event("content_block_delta", index=index, delta=delta) for delta in deltas],
            event("content_block_stop", index=index),
        ]
    )


USAGE = {"input_tokens": 3, "output_tokens": 5}
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
BEGIN = event(
    "message_start",
    message={
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_reason": None,
        "usage": USAGE,
    },
)
PIECES = [{"type": "text_delta", "text": piece} for piece in ("one ", "two ", "three")]
CALL = {"type": "tool_use", "id": "call_1", "name": "ask", "input": {}}


def finish(reason: str) -> bytes:
    ended = event("message_delta", delta={"stop_reason": reason, "stop_sequence": None}, usage=USAGE)
    return ended + event("message_stop") + END


TEXT = HEAD + BEGIN + block(0, {"type": "text", "text": ""}, PIECES) + finish("end_turn")
TOOL = (
    HEAD + BEGIN + block(0, CALL, [{"type": "input_json_delta", "partial_json": "{}"}]) + finish("tool_use")
)
HALF = HEAD + BEGIN + event("content_block_start", index=0, content_block={"type": "text", "text": ""})
HALF += event("content_block_delta", index=0, delta={"type": "text_delta", "text": "half"})


def whole(status: int, body: Any) -> bytes:
    data = json.dumps(body).encode()
    told = f"HTTP/1.1 {status} Told\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
    return told.encode() + data


def failure(status: int, kind: str) -> bytes:
    return whole(status, {"type": "error", "error": {"type": kind, "message": "as you wished"}})


ANSWERS = {"fail": failure(500, "api_error"), "refuse": failure(401, "authentication_error"), "stall": HALF}


def answer_to(body: Any) -> bytes:
    last = body["messages"][-1]["content"][-1]
    if last["type"] == "tool_result":
        return TEXT
    return TOOL if last["text"] == "tool" else ANSWERS.get(last["text"], TEXT)


class Server:
    """Serves, and counts connections."""

    def __init__(self) -> None:
        self.open = self.total = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.total += 1
        try:
            while raw := await reader.readuntil(b"\r\n\r\n"):
                writer.write(await self.answer(raw, reader))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def answer(self, raw: bytes, reader: asyncio.StreamReader) -> bytes:
        if raw.startswith(b"GET"):
            return whole(200, {"open": self.open - 1, "total": self.total - 1})
        lines = raw.decode().lower().split("\r\n")
        length = next(int(line.partition(":")[2]) for line in lines if line.startswith("content-length:"))
        return answer_to(json.loads(await reader.readexactly(length)))


async def main() -> None:
    server = await asyncio.start_server(Server().serve, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await asyncio.to_thread(sys.stdin.read)  # until who started us is gone


@dataclass(frozen=True)
class ModelServer:
    """The server, seen from a test."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connections(self) -> tuple[int, int]:
        """How many are open, and how many there were."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=10)) as asking:
            asking.request("GET", "/")
            with asking.getresponse() as response:
                told = json.load(response)
        return told["open"], told["total"]


@contextmanager
def served() -> Iterator[ModelServer]:
    """The server, running."""
    with subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield ModelServer(int(process.stdout.readline()))
        finally:
            process.kill()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
