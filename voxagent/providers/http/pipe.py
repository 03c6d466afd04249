"""Bytes to and from one server, straight from the event loop.

What comes is kept until it is read, all of it at once; a server that sends faster than anybody reads has to
wait.
"""

from __future__ import annotations

import asyncio
import select
from typing import cast

import httpcore2

WAITING = 262_144
"""Bytes that wait to be read from which on the server is made to wait."""


class Pipe(asyncio.Protocol):
    """Bytes to and from one server."""

    def __init__(self) -> None:
        self._came: list[bytes] = []
        self._size = 0
        self._over = False
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The event loop has a connection."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """The event loop has read something."""
        self._came.append(data)
        self._size += len(data)
        if self._size >= WAITING:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """The server says no more, so neither do we."""
        self._over = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._over, self._error = True, exc
        self._wake()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    @property
    def is_silent(self) -> bool:
        """Whether nothing came that was not read yet, not even the end."""
        return not self._came and not self._over

    @property
    def is_readable(self) -> bool:
        """Whether something came that the event loop, which was busy elsewhere, has not seen yet."""
        waits = select.poll()
        waits.register(self._transport.get_extra_info("socket"), select.POLLIN)
        return bool(waits.poll(0))

    def write(self, data: bytes) -> None:
        """Send; what the socket does not take at once follows by itself, while the answer is waited for."""
        self._transport.write(data)

    async def read(self) -> bytes:
        """Everything that came; waits for something, and gives nothing once the server has closed."""
        if self.is_silent:
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        if not self._came and self._error is not None:
            raise httpcore2.ReadError(str(self._error)) from self._error
        data = b"".join(self._came)
        self._came.clear()
        if self._size >= WAITING:
            self._transport.resume_reading()
        self._size = 0
        return data

    def close(self) -> None:
        """Close at once, whatever was not sent yet."""
        self._transport.abort()
