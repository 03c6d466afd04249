"""Watch what goes between us and a server, so that no call waits for an answer that cannot come.

The SDK waits for an answer with the id of the call. What cannot be read, is too long, or answers a call that
was never made would leave it waiting; here such a thing becomes an error answer to the call it must have
been for. And one tool that is not described as it should be would cost the whole list; here it is mended.

The first question of `mode="auto"` is one that older servers do not know. One that ignores it is taken to
have said so, after some seconds.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from .mending import mended
from .messages import BOM, BROKEN, LISTING, OURS, Item, UnreadableMessage

if TYPE_CHECKING:
    from mcp.shared.message import SessionMessage

DENIED = -32_012
"""Code of the error that stands for a server which does not let us in."""
UNKNOWN_METHOD = -32_601
ID = re.compile(rb'"id"\s*:\s*(\d{1,18}(?!\d)|"[^"\\]{1,100}")')
MESSAGE = re.compile(rb'\s*\{.*?"(?:jsonrpc|result|error)"\s*:', re.DOTALL)
"""What was meant to be a message; a line of a log may be an object too."""
SAYS_SO = b'"jsonrpc"'
PROBE = "server/discover"

logger: logging.Logger = logging.getLogger("voxagent")


class Traffic:
    """The requests that wait for an answer.

    Args:
        patience: Seconds to wait for an answer to the first question.
    """

    def __init__(self, patience: float) -> None:
        self.clock: asyncio.Timeout | None = None
        """Of the reading that waits for the first answer."""
        self.until: float | None = None
        self.probe: int | str = 0
        self.begun: bool = False
        """Whether there was an answer."""
        self._patience = patience
        self._waiting: dict[int | str, str] = {}
        self._asked: set[int | str] = set()
        self._last = 0

    def sent(self, item: SessionMessage) -> None:
        """A message goes out."""
        message: Any = item.message
        id, method = getattr(message, "id", None), getattr(message, "method", None)
        if id is not None and method is not None:
            self._waiting[id] = method
            if method == PROBE:
                self._ask(id)
            if isinstance(id, int):
                self._last = max(self._last, id)
            else:
                self._asked.add(id)
        elif method == "notifications/cancelled":
            self._waiting.pop(cast("Mapping[str, Any]", message.params)["requestId"], None)

    def _ask(self, id: int | str) -> None:
        self.probe, self.begun = id, False
        self.until = asyncio.get_running_loop().time() + self._patience
        if self.clock is not None:
            self.clock.reschedule(self.until)

    def received(self, item: Item) -> list[Item]:
        """What a message that came in means."""
        if isinstance(item, Exception):
            return self._unread(item)
        message: Any = item.message
        if getattr(message, "method", None) is not None or not hasattr(message, "id"):
            return [item]
        id = message.id
        method = self._waiting.pop(id, None)
        if method is not None:
            self.begun, self.until = True, None
            if method == LISTING and hasattr(message, "result"):
                message.result = mended(message.result)
            return [item]
        if (isinstance(id, int) and 0 <= id <= self._last) or id in self._asked:
            return []  # too late: nobody waits for it any more
        why = f"the server answered a request that was never made (id {id!r:.100})"
        if id is None:  # it could not read one
            why = f"the server refused a message without saying which: {message.error.message}"
        return self._failed(why)

    def unsent(self, item: SessionMessage) -> None:
        """A message could not go out."""
        self._waiting.pop(getattr(item.message, "id", ""), None)

    def _unread(self, error: Exception) -> list[Item]:
        if not isinstance(error, UnreadableMessage):
            return [error]
        if _is_meant(error.start):
            found = ID.search(error.start)
            text = None if found is None else found[1].decode(errors="replace")
            id = None if text is None else text.strip('"') if text.startswith('"') else int(text)
            if id is not None and id in self._waiting:
                return [self._answer(id, str(error))]
            if not _is_complete(error.start):
                return self._failed(str(error))
        logger.debug("an MCP server wrote something else than messages: %r", error.start[:200])
        return []

    def _failed(self, why: str) -> list[Item]:
        """Nobody can tell which call it was for, and one of them will not be answered."""
        return [self._answer(id, why) for id in list(self._waiting)]

    def _answer(self, id: int | str, why: str) -> Item:
        self._waiting.pop(id, None)
        return error_answer(id, BROKEN, why)


def _is_meant(line: bytes) -> bool:
    """Whether a line was meant to be a message, which may have something ahead of it."""
    start = line.find(b"{")
    return bool(MESSAGE.match(line.removeprefix(BOM))) or -1 < start < line.find(SAYS_SO)


def _is_complete(line: bytes) -> bool:
    """Whether a line is something whole that is no message: programs log their errors as objects, too."""
    try:
        return SAYS_SO not in line and isinstance(json.loads(line, parse_int=str), dict)
    except ValueError:
        return False
    except RecursionError:  # it is nested too deeply to be seen through
        return True


def error_answer(id: int | str, code: int, why: str) -> Item:
    """An answer that the server did not give."""
    from mcp.shared.message import SessionMessage
    from mcp_types import ErrorData, JSONRPCError

    error = ErrorData(code=code, message=why, data=OURS)
    return SessionMessage(JSONRPCError(jsonrpc="2.0", id=id, error=error))


def unknown_method(id: int | str) -> Item:
    """What a server should have answered to a question that it does not know."""
    return error_answer(id, UNKNOWN_METHOD, "the server did not answer")


class _Reading:
    def __init__(self, stream: Any, traffic: Traffic, on_end: Callable[[], object]) -> None:
        self._stream = stream
        self._traffic = traffic
        self._on_end = on_end
        self._waiting: deque[Item] = deque()

    @property
    def last_context(self) -> Any:
        """The context that the SDK handles a message in."""
        return getattr(self._stream, "last_context", None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        while not self._waiting:
            try:
                self._waiting.extend(self._traffic.received(await self._next()))
            except Exception:  # nothing is read any more after it; raised again
                self._on_end()
                raise
        return self._waiting.popleft()

    async def _next(self) -> Item:
        traffic = self._traffic
        item: Item
        if traffic.begun:
            item = await self._stream.__anext__()
            return item
        try:
            async with asyncio.timeout_at(traffic.until) as traffic.clock:
                item = await self._stream.__anext__()
                return item
        except TimeoutError:
            return unknown_method(traffic.probe)
        finally:
            traffic.clock = None

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stream.__aexit__(kind, error, traceback)


class _Writing:
    def __init__(self, stream: Any, traffic: Traffic, check: Callable[[SessionMessage], object]) -> None:
        self._stream = stream
        self._traffic = traffic
        self._check = check

    async def send(self, item: SessionMessage, /) -> None:
        self._traffic.sent(item)
        try:
            self._check(item)
            await self._stream.send(item)
        except Exception:  # raised again
            self._traffic.unsent(item)
            raise

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stream.__aexit__(kind, error, traceback)


@asynccontextmanager
async def watched(
    transport: AbstractAsyncContextManager[Any],
    on_end: Callable[[], object],
    patience: float,
    check: Callable[[SessionMessage], object] = lambda item: None,
) -> AsyncGenerator[Any]:
    """A transport of the SDK, watched.

    Args:
        transport: The transport.
        on_end: Called when the server says no more.
        patience: Seconds to wait for an answer to the first question of `mode="auto"`.
        check: Called with each message ahead of the transport; raises for one that cannot be sent.
    """
    traffic = Traffic(patience)
    async with transport as (reading, writing):
        yield _Reading(reading, traffic, on_end), _Writing(writing, traffic, check)
