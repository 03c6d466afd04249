"""A process as a transport of the SDK: its two streams read and write the process directly."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from .messages import Item, Lines, UnreadableMessage, encoded, message_of
from .process import ServerProcess

if TYPE_CHECKING:
    from mcp.shared.message import SessionMessage


class _Output:
    """The messages that a process writes."""

    def __init__(self, process: ServerProcess) -> None:
        self._process = process
        self._lines = Lines()
        self._waiting: deque[Item] = deque()

    async def __anext__(self) -> Item:
        while not self._waiting:
            data = await self._process.read()
            self._waiting.extend(_items(self._lines.fed(data) if data else [self._lines.rest()]))
            if not data or self._lines.endless:
                break
        if not self._waiting:
            raise StopAsyncIteration
        return self._waiting.popleft()

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
        """Write a message; raises `MCPError` for one that cannot be sent."""
        data = encoded(item)
        try:
            await self._process.write(data + b"\n", waits=hasattr(item.message, "id"))
        except OSError:
            return  # it is gone, which its output tells as well: it has ended, too

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
