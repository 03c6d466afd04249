"""The pipes of a server's process: what is to be written never holds up who must go on, and a server that is
half dead is noticed.

A request waits for room in a pipe that is full, as long as its call does. A message that nobody waits for,
such as the one that a call was given up, is kept beside, or left out where there are too many; and a server
that then still does not read for some seconds is given up. So is one that has closed its input, or has ended
and left its output to somebody else.
"""

from __future__ import annotations

import asyncio
from asyncio.subprocess import SubprocessStreamProtocol
from typing import cast

BUFFER = 65_536
SILENT_SECONDS = 0.5
"""Seconds that output may still come in once the process has ended."""
DEAF_SECONDS = 5.0
"""Seconds that a server may leave a message unread that nobody waits for."""
CLOSED = "it has closed its input"
MOST_KEPT = 1_000_000
"""Bytes of such messages that are kept for a pipe that is full."""


class Pipes(SubprocessStreamProtocol):
    """The pipes of one process; `asyncio` tells what happens to them."""

    def __init__(self) -> None:
        super().__init__(limit=BUFFER, loop=asyncio.get_running_loop())
        self.fault: str = ""
        """Why the server was given up, "" if it was not."""
        self._clocks = asyncio.get_running_loop()
        self._room = asyncio.Event()
        self._room.set()
        self._is_watched = self._is_over = self._is_left = False
        self._given = self._kept = 0
        self._pipes: asyncio.SubprocessTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The process was started."""
        super().connection_made(transport)
        self._pipes = cast("asyncio.SubprocessTransport", transport)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """Nobody is at the other end of a pipe any more."""
        super().pipe_connection_lost(fd, exc)
        if fd == 0 and not self._is_left:
            self._clocks.call_later(SILENT_SECONDS, self._end, CLOSED)

    def process_exited(self) -> None:
        """The process has ended; its pipes may be held open by others."""
        super().process_exited()
        self._clocks.call_later(SILENT_SECONDS, self._end, "")

    def pause_writing(self) -> None:
        """The pipe is full."""
        super().pause_writing()
        self._room.clear()

    def resume_writing(self) -> None:
        """There is room in the pipe again."""
        super().resume_writing()
        self._kept = 0
        self._room.set()

    async def write(self, data: bytes, *, waits: bool) -> None:
        """Send a message; raises `OSError` once the server does not take any.

        Args:
            data: The message.
            waits: Whether somebody waits for what the server says to it.
        """
        while waits and not self._room.is_set():
            await self._room.wait()
        if not self._room.is_set():
            self._watch()
            self._kept += len(data)
            if self._kept > MOST_KEPT:
                return
        if not self._is_closed:
            self._given += len(data)
            self._input.write(data)
        if self._is_closed:
            self._end(CLOSED)
            raise BrokenPipeError(self.fault)

    def leave(self) -> None:
        """Close its input, which asks it to end."""
        self._is_left = True
        self._input.close()

    @property
    def _is_closed(self) -> bool:
        return self._is_over or self._input.is_closing()

    def _end(self, fault: str) -> None:
        """No more is expected of the server; what it has written can still be read."""
        if not self._is_over:
            self.fault, self._is_over = fault, True
            self._room.set()
            cast("asyncio.BaseTransport", self._pipes.get_pipe_transport(1)).close()

    def _watch(self) -> None:
        """End it unless the server reads something within some seconds."""
        if not self._is_watched:
            self._is_watched = True
            self._clocks.call_later(DEAF_SECONDS, self._look, self._read)

    def _look(self, before: int) -> None:
        self._is_watched = False
        if not self._room.is_set():
            if self._read == before:
                self._end(f"it has not read its input for {DEAF_SECONDS:g} s")
            else:
                self._watch()

    @property
    def _read(self) -> int:
        """Bytes that the server, or its pipe, has taken."""
        return self._given - self._input.get_write_buffer_size()

    @property
    def _input(self) -> asyncio.WriteTransport:
        return cast("asyncio.WriteTransport", self._pipes.get_pipe_transport(0))
