"""Standard input and output for messages, and for nothing else.

While messages go there, what the program reads from standard input is nothing, and what it prints goes to
stderr. Input is read by a thread that nobody waits for: a read that blocks could not be cancelled. A request
that cannot be read is answered all the same: its client waits.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, redirect_stdout, suppress
from types import TracebackType
from typing import Any, Self, cast

from .messages import unsendable

AHEAD = 100
"""Lines that are read ahead of who takes them."""
PARSE_ERROR = -32_700
ID = re.compile(
    r'\s*\{(?:\s*"(?:jsonrpc|method)"\s*:\s*"[^"]*"\s*,)*\s*"id"\s*:\s*(\d{1,18}(?!\d)|"[^"\\\x00-\x1f]{1,100}")\s*,'
)
"""The beginning of a message that cannot be read as a whole, up to its id."""


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
                with suppress(Exception):  # whoever does not take it wants nothing any more
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
    said = ErrorData(code=PARSE_ERROR, message=f"the request cannot be read: {wrong[0]['msg']}")
    asked = [each for each in map(_request, (each["input"] for each in wrong)) if each is not None]
    if not asked:
        return None
    id = _id_of(asked[0])
    return SessionMessage(JSONRPCError(jsonrpc="2.0", id=id if unsendable(id) is None else None, error=said))


def _request(given: Any) -> dict[str, object] | str | None:
    """A request, which may be no more than its text; None for what is none."""
    read: Any = given
    if isinstance(given, str):
        with suppress(ValueError, RecursionError):
            read = json.loads(given, strict=False)
    if isinstance(read, dict):
        request = cast("dict[str, object]", read)
        return request if "method" in request and request.get("id") is not None else None
    is_meant = (
        isinstance(read, str) and read.lstrip().startswith("{") and '"method"' in read and '"id"' in read
    )
    return read if is_meant else None


def _id_of(request: dict[str, object] | str) -> int | str | None:
    """The id of a request, None where it has none that can be told."""
    if isinstance(request, str):
        found = ID.match(request)
        return None if found is None else cast("int | str", json.loads(found[1]))
    id = request.get("id")
    return id if isinstance(id, int | str) and not isinstance(id, bool) else None


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
