"""Standard input and output for messages, and for nothing else.

While messages go there, what the program reads from standard input is nothing, and what it prints goes to
stderr. Input is read by a thread that nobody waits for: a read that blocks could not be cancelled. A request
that cannot be read is answered all the same: its client waits.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, redirect_stdout
from types import TracebackType
from typing import Any, Self, cast

AHEAD = 100
"""Lines that are read ahead of who takes them."""
PARSE_ERROR = -32_700


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
        return line.removeprefix("\ufeff")


class _Messages:
    """What comes in, but for requests that cannot be read: those are answered here."""

    def __init__(self, reading: Any, writing: Any) -> None:
        self._reading = reading
        self._writing = writing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reading, name)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        item = await self._reading.__anext__()
        if isinstance(item, ValueError):
            answer = _refusal(item)
            if answer is not None:
                await self._writing.send(answer)
        return item

    async def __aenter__(self) -> Self:
        await self._reading.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._reading.__aexit__(kind, error, traceback)


def _refusal(error: ValueError) -> Any:
    """The answer to a request that could not be read; None for what is none."""
    from mcp.shared.message import SessionMessage
    from mcp_types import ErrorData, JSONRPCError
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return None
    wrong = error.errors(include_url=False)
    for id in filter(None, [_id_of(each["input"]) for each in wrong]):
        said = ErrorData(code=PARSE_ERROR, message=f"the request cannot be read: {wrong[0]['msg']}")
        return SessionMessage(JSONRPCError(jsonrpc="2.0", id=id[0], error=said))
    return None


def _id_of(given: Any) -> tuple[int | str] | None:
    """The id of a request, which may be its text; None for what is none."""
    try:
        read: Any = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        return None
    request = cast("dict[str, object]", read) if isinstance(read, dict) else {}
    id = request.get("id")
    return (id,) if "method" in request and isinstance(id, int | str) else None


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
                yield _Messages(*streams), streams[1]
