"""A model server in a process of its own, on loopback, that speaks every wire over connections that it keeps.

What it answers is decided by the last words of the user: "fail" (500), "refuse" (401), "stall" (half an
answer, and silence), "tool" (a call of the tool `ask`, and an answer once its result is there), and anything
else (an answer in three pieces). `GET /` tells how many connections are open and how many there were.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

from tests.behaviour.anthropic_dialect import AnthropicDialect
from tests.behaviour.openai_dialects import ChatDialect, ResponsesDialect
from tests.behaviour.wire import Call, Dialect, text

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
DIALECTS: Mapping[str, Dialect] = {
    dialect.name: dialect for dialect in (AnthropicDialect(), ResponsesDialect(), ChatDialect())
}
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


def chunked(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def whole(status: int, body: Any) -> bytes:
    data = json.dumps(body).encode()
    told = f"HTTP/1.1 {status} Told\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
    return told.encode() + data


def answers(dialect: Dialect) -> dict[str, bytes]:
    """What is answered to which words; to all others it is "text"."""
    said = dialect.events(text("one ", "two ", "three"))
    called = dialect.events(Call("ask"))
    half = dialect.events(text("half"))
    return {
        "text": HEAD + b"".join(map(chunked, said.all)) + END,
        "tool": HEAD + b"".join(map(chunked, called.all)) + END,
        "stall": HEAD + b"".join(map(chunked, half.open)),
        "fail": whole(*dialect.errors["server"]),
        "refuse": whole(*dialect.errors["authentication"]),
    }


ANSWERS = {dialect.path: answers(dialect) for dialect in DIALECTS.values()}


def last_words(body: Any) -> str:
    """What the user said last; "" if the last thing is a tool's result."""
    last = body["messages" if "messages" in body else "input"][-1]
    if last.get("role") == "tool" or last.get("type") == "function_call_output":
        return ""
    content = last["content"]
    return content if isinstance(content, str) else str(content[-1].get("text", ""))


def answer_to(path: str, body: Any) -> bytes:
    known = ANSWERS[path]
    return known.get(last_words(body), known["text"])


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
        first, *lines = raw.decode().lower().split("\r\n")
        length = next(int(line.partition(":")[2]) for line in lines if line.startswith("content-length:"))
        return answer_to(first.split(" ")[1], json.loads(await reader.readexactly(length)))


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
    python = [sys.executable, "-m", "tests.doors.model_server"]
    with subprocess.Popen(
        python, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        try:
            yield ModelServer(int(process.stdout.readline()))
        finally:
            process.kill()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
