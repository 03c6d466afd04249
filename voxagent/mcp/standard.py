"""Standard input and output for messages, and for nothing else.

While messages go there, what the program reads from standard input is nothing, and what it prints goes to
stderr. Input is read by a thread that nobody waits for: a read that blocks could not be cancelled.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, redirect_stdout
from typing import Any, Self

AHEAD = 100
"""Lines that are read ahead of who takes them."""


class Lines:
    """The lines of a file descriptor, as text.

    Args:
        descriptor: The file descriptor.
    """

    def __init__(self, descriptor: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._room = threading.Semaphore(AHEAD)
        threading.Thread(target=self._read, args=(descriptor,), name="voxagent-stdin", daemon=True).start()

    def _read(self, descriptor: int) -> None:
        with open(descriptor, encoding="utf-8", errors="replace", closefd=False) as file:
            for line in file:
                self._room.acquire()
                if not self._put(line):
                    return
        self._put(None)

    def _put(self, line: str | None) -> bool:
        """Whether there is still a loop that takes it."""
        try:
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
        except RuntimeError:
            return False
        return True

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        line = await self._lines.get()
        self._room.release()
        if line is None:
            raise StopAsyncIteration
        return line


@contextmanager
def own_input() -> Generator[int]:
    """Standard input, for us alone: whoever else reads it, finds it at its end."""
    own = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    try:
        yield own
    finally:
        os.dup2(own, 0)  # `own` stays open: the thread may still read from it


@asynccontextmanager
async def standard_streams() -> AsyncGenerator[tuple[Any, Any]]:
    """The streams of the SDK over standard input and output."""
    from mcp.server.stdio import stdio_server

    with own_input() as descriptor:
        lines: Any = Lines(descriptor)
        async with stdio_server(stdin=lines) as streams:
            sys.stdout.flush()  # what was printed before, while it goes to stderr already
            with redirect_stdout(sys.stderr):
                yield streams
