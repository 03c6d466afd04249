"""One HTTP/1.1 connection, straight on asyncio.

Of what a small request costs, most goes into the layers between HTTP and the socket: streams that give way to
other tasks where nothing has to be waited for, and a time limit around every read. None of that is needed
where time is kept above. So bytes come by a `Pipe` of our own, and h11 reads them, as it does for httpcore2;
what one network read brought of a body is handed over as one piece. Which connection a request gets is the
pool's affair, and stays httpcore2's.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping
from typing import Any, Literal, cast

import h11
import httpcore2

from .addresses import reached
from .pipe import Pipe

MAX_HEAD = 102_400
"""Bytes of the head of an answer."""


class Connection(httpcore2.AsyncConnectionInterface):
    """A connection as httpcore2's pool takes one.

    Of a request's time limits only "connect" counts.

    Args:
        origin: The server.
        context: How TLS is spoken, where it is.
        keep: Seconds that it is kept while nobody uses it.
    """

    def __init__(self, origin: httpcore2.Origin, context: ssl.SSLContext, keep: float) -> None:
        self._origin = origin
        self._context = context
        self._keep = keep
        self._state: Literal["new", "active", "idle", "closed"] = "new"
        self._until = 0.0
        self._pipe: Pipe | None = None
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)

    async def handle_async_request(self, request: httpcore2.Request) -> httpcore2.Response:
        """Send a request, and read the head of its answer."""
        if self._state not in ("new", "idle"):
            raise httpcore2.ConnectionNotAvailable
        self._state = "active"
        try:
            pipe = self._pipe or await self._connected(cast("Any", request).extensions)
            pipe.write(await self._sent(request))
            head = await self._head(pipe)
        except BaseException:  # a connection in an unknown state is closed, and it is raised again
            await self.aclose()
            raise
        told = {"http_version": b"HTTP/" + head.http_version, "reason_phrase": bytes(head.reason)}
        body = _Body(self, pipe)
        return httpcore2.Response(
            head.status_code, headers=head.headers.raw_items(), content=body, extensions=told
        )

    async def _connected(self, told: Mapping[str, Any]) -> Pipe:
        origin, seconds = self._origin, told.get("timeout", {}).get("connect")
        context = self._context if origin.scheme == b"https" else None
        if context is not None:
            context.set_alpn_protocols(["http/1.1"])
        try:
            async with asyncio.timeout(seconds):
                host = origin.host.decode("ascii")
                _, self._pipe = await asyncio.get_running_loop().create_connection(
                    Pipe,
                    sock=await reached(host, origin.port),
                    ssl=context,
                    server_hostname=host if context is not None else None,
                )
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(str(error) or f"no connection within {seconds:g} s") from error
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
        return self._pipe

    async def _sent(self, request: httpcore2.Request) -> bytes:
        """The request as bytes; all of it, so that it goes out at once."""
        body = b"".join([part async for part in cast("AsyncIterable[bytes]", request.stream)])
        http, target = self._http, request.url.target
        try:
            parts = [http.send(h11.Request(method=request.method, target=target, headers=request.headers))]
            parts.append(http.send(h11.Data(data=body)))
            parts.append(http.send(h11.EndOfMessage()))
        except h11.LocalProtocolError as error:
            raise httpcore2.LocalProtocolError(str(error)) from error
        return b"".join(filter(None, parts))

    async def _head(self, pipe: Pipe) -> h11.Response:
        while True:
            event = self._event()
            if isinstance(event, h11.Response):
                return event
            if event is h11.NEED_DATA:
                data = await pipe.read()
                if not data:
                    raise httpcore2.RemoteProtocolError("the server closed the connection without an answer")
                self._http.receive_data(data)

    def _event(self) -> object:
        try:
            return self._http.next_event()
        except h11.RemoteProtocolError as error:
            raise httpcore2.RemoteProtocolError(str(error)) from error

    async def body(self, pipe: Pipe) -> AsyncGenerator[bytes]:
        """The body of the answer, in the pieces that came."""
        pieces: list[bytes] = []
        while True:
            try:
                event = self._event()
            except httpcore2.RemoteProtocolError:
                if pieces:  # what came ahead of it is shown
                    yield b"".join(pieces)
                raise
            if type(event) is h11.Data:
                pieces.append(event.data)
                continue
            if pieces:
                yield b"".join(pieces)
                pieces.clear()
            if event is not h11.NEED_DATA:
                return
            self._http.receive_data(await pipe.read())

    async def over(self, pipe: Pipe) -> None:
        """The answer is done with; only one that was read to its end leaves the connection usable."""
        http = self._http
        ended = http.our_state is h11.DONE and http.their_state is h11.DONE
        if self._state != "active" or not ended or http.trailing_data[0] or not pipe.is_silent:
            await self.aclose()
            return
        http.start_next_cycle()
        self._state, self._until = "idle", time.monotonic() + self._keep

    async def aclose(self) -> None:
        """Close at once."""
        self._state = "closed"
        if self._pipe is not None:
            self._pipe.close()
            await asyncio.sleep(0)  # the event loop closes the socket at its next turn

    # --- what the pool asks --------------------------------------------------------------------------

    def can_handle_request(self, origin: httpcore2.Origin) -> bool:
        """Whether it leads there."""
        return origin == self._origin

    def is_connected(self) -> bool:
        """Whether it is open."""
        return self._pipe is not None and self._state != "closed"

    def is_available(self) -> bool:
        """Whether it takes a request."""
        return self._state == "idle"

    def is_idle(self) -> bool:
        """Whether nobody uses it."""
        return self._state == "idle"

    def is_closed(self) -> bool:
        """Whether it is closed."""
        return self._state == "closed"

    def has_expired(self) -> bool:
        """Whether it was kept long enough, or the server has spoken unasked: it says good-bye."""
        if self._state != "idle" or self._pipe is None:
            return False
        pipe = self._pipe
        return not pipe.is_silent or time.monotonic() > self._until or pipe.is_readable

    def info(self) -> str:
        """What it is, for logs."""
        return f"'{self._origin}', HTTP/1.1, {self._state}"


class _Body:
    """The body of an answer, which gives its connection back."""

    def __init__(self, connection: Connection, pipe: Pipe) -> None:
        self._connection = connection
        self._pipe = pipe

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._connection.body(self._pipe)

    async def aclose(self) -> None:
        """The answer is done with."""
        await self._connection.over(self._pipe)
