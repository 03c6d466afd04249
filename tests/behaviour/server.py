"""A model server on loopback that answers as it is told, and misbehaves where it is told to.

It lives in a thread of its own, so that it serves `run`, `run_stream` and `run_sync` alike. An answer is a
list of steps: bytes to send, or functions of the connection such as `reset` and `stall`. Each request takes
the next answer; the last one is given again when they are used up.
"""

import asyncio
import json
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

WAIT = 10.0
"""Seconds after which a server that shall come up or go away has failed."""


@dataclass
class Asked:
    """A request, as it came."""

    path: str
    headers: dict[str, str]
    body: Any
    at: float


@dataclass
class Connection:
    """The connection of one request."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    server: "FaultServer"

    async def send(self, data: bytes) -> None:
        """Send, as fast as the client reads."""
        self.writer.write(data)
        await self.writer.drain()
        self.server.sent += len(data)


Step = bytes | Callable[[Connection], Awaitable[None]]
Answer = Sequence[Step]


class Over(Exception):
    """The connection is finished."""


# --- what may be done instead of sending ----------------------------------------------------------


async def reset(connection: Connection) -> None:
    """Break the connection with an RST."""
    raw = connection.writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.writer.transport.abort()
    raise Over


async def close(connection: Connection) -> None:
    """Close the connection cleanly, in the middle of whatever it was."""
    raise Over


async def stall(connection: Connection) -> None:
    """Send nothing more, and notice when the client leaves."""
    await connection.reader.read()
    raise Over


def pause(seconds: float) -> Step:
    """Send nothing for a while."""

    async def step(connection: Connection) -> None:
        await asyncio.sleep(seconds)

    return step


def forever(*steps: Step) -> Step:
    """These steps again and again, until the client leaves."""

    async def step(connection: Connection) -> None:
        while not connection.reader.at_eof():
            await _given(connection, steps)
        raise Over

    return step


def after(*events: threading.Event) -> Step:
    """Go on once these are set."""

    async def step(connection: Connection) -> None:
        for event in events:
            await asyncio.to_thread(event.wait, WAIT)

    return step


# --- HTTP -----------------------------------------------------------------------------------------


def head(status: int = 200, content_type: str = "text/event-stream", **headers: str) -> bytes:
    """The head of a response with a chunked body."""
    lines = [f"HTTP/1.1 {status} Told", f"content-type: {content_type}", "transfer-encoding: chunked"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def chunked(data: bytes) -> bytes:
    """Data as one chunk of a chunked body."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n" if data else b""


END = b"0\r\n\r\n"


def streamed(*steps: Step, open: bool = False, **headers: str) -> Answer:
    """A stream of events, each in a chunk of its own; `open` leaves out the end of the body."""
    body = [chunked(step) if isinstance(step, bytes) else step for step in steps]
    return [head(**headers), *body, *([] if open else [END])]


def whole(status: int, body: object, content_type: str = "application/json", **headers: str) -> Answer:
    """A complete answer; what is not bytes is sent as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return [head(status, content_type, **headers) + chunked(data) + END]


# --- the server -----------------------------------------------------------------------------------


class FaultServer:
    """Listens on loopback while it is entered.

    Args:
        answers: What to answer, in order.
        deaf: Whether it takes connections and reads nothing.

    Attributes:
        asked: The requests.
        connections: How many connections were made.
        sent: Bytes of answers that the clients took.
    """

    def __init__(self, *answers: Answer, deaf: bool = False) -> None:
        self.answers = answers
        self.deaf = deaf
        self.asked: list[Asked] = []
        self.connections = self.sent = 0
        self._open = 0
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(WAIT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(WAIT)
        assert not self._thread.is_alive()

    def is_left(self, seconds: float) -> bool:
        """Whether no connection is open, at the latest after some seconds."""
        return self._is_so(lambda: self._open == 0 and bool(self.connections), seconds)

    def is_asked(self, times: int, seconds: float = WAIT) -> bool:
        """Whether so many requests have come, at the latest after some seconds."""
        return self._is_so(lambda: len(self.asked) >= times, seconds)

    def is_still(self, seconds: float) -> int:
        """Bytes that were sent, once no more have been for some seconds."""
        before = -1
        deadline = time.monotonic() + WAIT
        while self.sent != before and time.monotonic() < deadline:
            before = self.sent
            time.sleep(seconds)
        return self.sent

    def _is_so(self, condition: Callable[[], bool], seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(condition, seconds)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._stopping = asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        server.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._stopping.wait()
        server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await server.wait_closed()

    def _opened(self, change: int) -> None:
        with self._changed:
            self._open += change
            self.connections += max(change, 0)
            self._changed.notify_all()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._opened(1)
        try:
            if self.deaf:
                await self._stopping.wait()
            while (asked := await _request(reader)) is not None:
                with self._changed:
                    number = len(self.asked)
                    self.asked.append(asked)
                    self._changed.notify_all()
                answer = self.answers[min(number, len(self.answers) - 1)]
                await _given(Connection(reader, writer, self), answer)
        except (Over, ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError):
            pass
        finally:
            self._opened(-1)
            self._tasks.discard(task)
            if writer.transport.get_write_buffer_size() and self._stopping.is_set():
                writer.transport.abort()
            writer.close()


async def _given(connection: Connection, steps: Answer) -> None:
    for step in steps:
        if isinstance(step, bytes):
            await connection.send(step)
        else:
            await step(connection)


async def _request(reader: asyncio.StreamReader) -> Asked | None:
    try:
        raw = await reader.readexactly(1)
        if raw == b"\x16":  # a TLS handshake, which nobody here understands
            raise Over
        raw += await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = raw.decode().split("\r\n")
    _, path, _ = first.split(" ")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(path, headers, json.loads(body) if body else None, time.monotonic())
