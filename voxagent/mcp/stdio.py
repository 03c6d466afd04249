"""A process as a transport of the SDK: its two streams read and write the process directly."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from .messages import (
    LISTING,
    NO_SESSION,
    OF_LISTING,
    OURS,
    Item,
    Lines,
    UnreadableMessage,
    encoded,
    message_of,
)
from .process import ServerProcess

if TYPE_CHECKING:
    from mcp.shared.message import SessionMessage

FIRST = ("server/discover", "initialize")
"""Requests that another connection would make by itself: that this one has ended says all."""
GIVEN_UP = "notifications/cancelled"


class _Output:
    """The messages that a process writes."""

    def __init__(self, process: ServerProcess) -> None:
        self._process = process
        self._lines = Lines()
        self._waiting: deque[Item] = deque()

    async def __anext__(self) -> Item:
        while not self._waiting:
            data = await self._process.read()
            for item in _items(self._lines.fed(data) if data else [self._lines.rest()]):
                self._seen(item)
                self._waiting.append(item)
            if not data or self._lines.endless:
                break
        if not self._waiting:
            raise StopAsyncIteration
        return self._waiting.popleft()

    def _seen(self, item: Item) -> None:
        message: Any = getattr(item, "message", None)
        if getattr(message, "method", None) is None:
            self._process.answered(getattr(message, "id", None))

    async def aclose(self) -> None:
        """Reading ends with the process."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Reading ends with the process."""


def _items(lines: list[bytes | UnreadableMessage]) -> list[Item]:
    return [
        line if isinstance(line, UnreadableMessage) else message_of(line)
        for line in lines
        if isinstance(line, UnreadableMessage) or line.strip()
    ]


class _Input:
    """Where messages to a process go."""

    def __init__(self, process: ServerProcess) -> None:
        self._process = process

    async def send(self, item: SessionMessage, /) -> None:
        """Write a message; raises `MCPError` for one that cannot be sent.

        A request that the server does not take any more is as good as one of a session that it has forgotten:
        it may be made of another.
        """
        from mcp import MCPError

        line, message = encoded(item) + b"\n", cast("Any", item.message)
        method, id = getattr(message, "method", None), getattr(message, "id", None)
        if method == GIVEN_UP:
            self._process.answered(message.params["requestId"])
        try:
            await self._process.write(line, waits=id is not None, id=None if method is None else id)
        except OSError as error:
            if method is not None and id is not None and method not in FIRST:
                data = OF_LISTING if method == LISTING else OURS
                raise MCPError(NO_SESSION, str(error), data) from None

    async def aclose(self) -> None:
        """Its input is closed when the process is ended."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Its input is closed when the process is ended."""


@asynccontextmanager
async def stdio(process: ServerProcess) -> AsyncGenerator[Any]:
    """The streams of a process that has been started and is ended elsewhere."""
    yield _Output(process), _Input(process)
