"""The pipes of a server's process: what is to be written never holds up who must go on, and a server that is
half dead is noticed.

A request waits for room in a pipe that is full, as long as its call does. A message that nobody waits for,
such as the one that a call was given up, is kept beside, or left out where there are too many; and a server
that then still does not read for long is given up, unless it is at work on a request.

A server that has closed its input may still answer what it was asked, and a process that has ended may have
been one that starts the server. So both are given up only once they are silent while somebody waits; and who
answers what it was asked after the process has ended, is the server.
"""

from __future__ import annotations

import asyncio
import math
from asyncio.subprocess import SubprocessStreamProtocol
from typing import cast

BUFFER = 65_536
SILENT_SECONDS = 5.0
"""Seconds of silence while somebody waits, after which a server is given up that has closed its input, or
whose process has failed."""
STARTED_SECONDS = 30.0
"""The same where the process has ended as one does that has started the server."""
LOOK_SECONDS = 0.25
DEAF_SECONDS = 30.0
"""Seconds that a server which is not at work may leave a message unread that nobody waits for."""
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
        self._is_doubted = self._is_asked = self._is_there = False
        self._given = self._kept = 0
        self._heard = 0.0
        self._waiting: dict[int | str, int] = {}
        """Requests without an answer, with the bytes that had been given once they were written."""
        self._pipes: asyncio.SubprocessTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The process was started."""
        super().connection_made(transport)
        self._pipes = cast("asyncio.SubprocessTransport", transport)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """Nobody is at the other end of a pipe any more."""
        super().pipe_connection_lost(fd, exc)
        if fd == 0:
            self._room.set()
            self._doubt()

    def pipe_data_received(self, fd: int, data: bytes | str) -> None:
        """The server has written something."""
        super().pipe_data_received(fd, data)
        if fd == 1:
            self._heard = self._clocks.time()
            self._is_there = self._is_asked

    def process_exited(self) -> None:
        """The process has ended; its pipes may be held open by others."""
        super().process_exited()
        self._doubt()

    def pause_writing(self) -> None:
        """The pipe is full."""
        super().pause_writing()
        self._room.clear()

    def resume_writing(self) -> None:
        """There is room in the pipe again."""
        super().resume_writing()
        self._kept = 0
        self._room.set()

    async def write(self, data: bytes, *, waits: bool, id: int | str | None) -> None:
        """Send a message; raises `OSError` once the server does not take any.

        Args:
            data: The message.
            waits: Whether it may wait for room in the pipe.
            id: Of a request, which is then without an answer until `answered`.
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
            if not self._waiting:
                self._end(CLOSED)
            raise BrokenPipeError(self.fault or CLOSED)
        if id is not None:
            self._waiting[id] = self._given
            self._heard = self._clocks.time()
            self._is_asked = self._is_doubted

    def answered(self, id: object) -> None:
        """Nobody waits for an answer to this request any more."""
        self._waiting.pop(cast("int | str", id), None)

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

    def _doubt(self) -> None:
        """From now on the server may be gone, and is once it is silent for too long."""
        if not self._is_doubted:
            self._is_doubted, self._heard = True, self._clocks.time()
            self._judge()

    def _judge(self) -> None:
        if self._is_left or self._is_over:
            return
        if self._waiting and self._clocks.time() > self._heard + self._patience:
            self._end(CLOSED if self._is_closed else "")
        else:
            self._clocks.call_later(LOOK_SECONDS, self._judge)

    @property
    def _patience(self) -> float:
        if self._is_closed:
            return SILENT_SECONDS
        if self._is_there:
            return math.inf
        return SILENT_SECONDS if self._pipes.get_returncode() else STARTED_SECONDS

    def _watch(self) -> None:
        """End it unless the server reads something within some seconds."""
        if not self._is_watched:
            self._is_watched = True
            self._clocks.call_later(DEAF_SECONDS, self._look, self._read)

    def _look(self, before: int) -> None:
        self._is_watched = False
        if not self._room.is_set():
            if self._read == before and all(end > before for end in self._waiting.values()):
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
