"""A keep-alive server on loopback, in the test's own loop, that answers step by step.

An answer is a list of steps: bytes to send, or functions of the connection. Each request takes the next
answer; the last one is given again when they are used up.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Self

END = b"0\r\n\r\n"
Step = bytes | Callable[["Connection"], Awaitable[None]]
Answer = Sequence[Step]


class Over(Exception):
    """The connection is finished."""


class Connection:
    """The connection of one request."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer


def head(status: int = 200, content_type: str = "text/event-stream", **headers: str) -> bytes:
    told = {"content-type": content_type, "transfer-encoding": "chunked", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in told.items()]
    return "\r\n".join([f"HTTP/1.1 {status} Told", *lines, "", ""]).encode()


def chunked(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def whole(status: int, body: bytes, **headers: str) -> list[Step]:
    return [head(status, "application/json", **headers), chunked(body), END]


def waits(event: asyncio.Event) -> Step:
    async def step(connection: Connection) -> None:
        await event.wait()

    return step


async def stall(connection: Connection) -> None:
    """Send nothing more until the client leaves."""
    await connection.reader.read()
    raise Over


async def close(connection: Connection) -> None:
    """Close in the middle of whatever it was."""
    raise Over


async def flood(connection: Connection) -> None:
    """Send lines until the client leaves."""
    while True:
        connection.writer.write(chunked(b"x" * 65_000 + b"\n"))
        await connection.writer.drain()


class Server:
    """Listens while it is entered."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = answers
        self.asked: list[dict[str, list[str]]] = []
        """The headers of each request."""
        self.paths: list[str] = []
        self.bodies: list[bytes] = []
        self.connections = self.open_connections = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something is true of this server."""
        async with asyncio.timeout(10):
            while not true():
                self._changed.clear()
                await self._changed.wait()

    async def all_closed(self) -> None:
        """Wait until no connection is open."""
        await self.until(lambda: not self.open_connections)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open_connections += 1
        try:
            while True:
                await self._one(reader, writer)
        except (Over, ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open_connections -= 1
            self._changed.set()
            self._tasks.discard(task)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers: dict[str, list[str]] = {}
        for line in filter(None, lines):
            name, _, value = line.partition(": ")
            headers.setdefault(name.lower(), []).append(value)
        self.bodies.append(await reader.readexactly(int(headers.get("content-length", ["0"])[0])))
        self.asked.append(headers)
        self.paths.append(first.split(" ")[1])
        self._changed.set()
        for step in self.answers[min(len(self.asked), len(self.answers)) - 1]:
            if isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
            else:
                await step(Connection(reader, writer))
