"""Where the events of a run go: to observers, and into the buffer of a stream's reader.

`send` never waits, so a run is not switched to and fro for every piece of text: what one network read
brought reaches the reader together. Whoever sent asks `blocked` and then awaits `settle`, which waits for
asynchronous observers (five seconds at most) and for a reader that is slower than the model.

Asynchronous observers are awaited in a task of the sink's own, so that what stops a tool or a run does not
strike an observer that was just being told: every observer comes to the end of every event.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import traceback
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, cast

from ..abort import stops_task
from ..streaming.events import BaseEvent, StreamEventData

logger: logging.Logger = logging.getLogger("voxagent")

OBSERVER_SECONDS = 5.0
BUFFER_SIZE = 256


class Observer(Protocol):
    """A function that sees every event; one that fails or hangs harms nobody."""

    def __call__(self, event: StreamEventData, /) -> Awaitable[None] | None:
        """See an event."""
        ...


class Buffer:
    """Events between a run and the one reader of its stream, bounded."""

    def __init__(self, size: int = BUFFER_SIZE) -> None:
        self._size = size
        self._events: deque[BaseEvent] = deque()
        self._closed = False
        self._reader: asyncio.Future[None] | None = None
        self._writers: list[asyncio.Future[None]] = []

    @property
    def full(self) -> bool:
        """Whether the run should wait for the reader."""
        return len(self._events) >= self._size and not self._closed

    def put(self, event: BaseEvent) -> None:
        """Add an event; the reader is woken once, however many follow."""
        if self._closed:
            return
        self._events.append(event)
        self._wake_reader()

    def _wake_reader(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def room(self) -> None:
        """Wait until the reader has caught up."""
        while self.full:
            writer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._writers.append(writer)
            await writer

    async def first(self) -> None:
        """Wait until there is an event, or until the run is over."""
        while not self._events and not self._closed:
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader

    async def take(self) -> list[BaseEvent]:
        """All events that are there; waits for one, and gives an empty list once the run is over."""
        await self.first()
        taken = list(self._events)
        self._events.clear()
        self._wake_writers()
        return taken

    def _wake_writers(self) -> None:
        writers, self._writers = self._writers, []
        for writer in writers:
            if not writer.done():
                writer.set_result(None)

    def close(self) -> None:
        """No more events will come; those that are there can still be taken."""
        self._closed = True
        self._wake_reader()
        self._wake_writers()


class Sink:
    """Sends the events of one run on.

    Args:
        observers: Functions that see every event.
        buffer: The reader's buffer, if the run is streamed.
        hide: Takes secrets out of what is logged of an observer that failed.
    """

    __slots__ = ("_awaited", "_buffer", "_hide", "_observers", "_observing", "_over", "_silenced", "wanted")

    def __init__(
        self, observers: Sequence[Observer], buffer: Buffer | None = None, hide: Callable[[str], str] = str
    ) -> None:
        self._hide = hide
        self._observers = tuple(observers)
        self._buffer = buffer
        self._awaited: deque[tuple[Observer, Awaitable[None]]] = deque()
        self._silenced: list[Observer] = []
        self._observing: asyncio.Task[None] | None = None
        self._over = False
        self.wanted: bool = bool(observers) or buffer is not None
        """Whether anybody listens; if not, events need not be made."""

    @property
    def blocked(self) -> bool:
        """Whether `settle` has something to wait for."""
        return self._observed_late or (self._buffer is not None and self._buffer.full)

    @property
    def _observed_late(self) -> bool:
        return self._observing is not None or bool(self._awaited)

    def send(self, event: BaseEvent) -> None:
        """Send an event on, without waiting; what a tool that was left behind still says is dropped."""
        if self._over:
            return
        for observer in self._observers:
            if self._silenced and observer in self._silenced:
                continue
            try:
                answer = observer(cast("StreamEventData", event))
            except (Exception, asyncio.CancelledError) as error:  # an observer's fault is not the run's
                self._log(f"an observer failed on {type(event).__name__}", error)
                continue
            if inspect.isawaitable(answer):
                self._awaited.append((observer, answer))
        if self._buffer is not None:
            self._buffer.put(event)

    async def settle(self) -> None:
        """Wait for asynchronous observers, and for a reader that is behind."""
        while self._observed_late:
            await self._told()
        if self._buffer is not None:
            await self._buffer.room()

    async def _told(self) -> None:
        """Wait for the observers; a cancellation strikes whoever waits, never them."""
        if self._observing is None:
            self._observing = asyncio.create_task(self._observe())
        await asyncio.wait([self._observing])

    async def _observe(self) -> None:
        try:
            while self._awaited:
                observer, answer = self._awaited.popleft()
                if observer in self._silenced:
                    _dropped(answer)
                elif not await self._observed(answer):
                    self._silenced.append(observer)
        finally:
            self._observing = None
            while self._awaited:  # the event loop itself is closing
                _dropped(self._awaited.popleft()[1])

    async def _observed(self, answer: Awaitable[None]) -> bool:
        """Wait for an observer; False if it hangs, and shall hold up this run no more."""
        limit = asyncio.timeout(OBSERVER_SECONDS)
        try:
            async with limit:
                await answer
        except (Exception, asyncio.CancelledError) as error:  # an observer's fault is not the run's
            if stops_task(error):
                raise
            if limit.expired():
                logger.error(
                    "an observer did not return within %g s; this run tells it no more", OBSERVER_SECONDS
                )
                return False
            self._log("an observer failed", error)
        return True

    def _log(self, what: str, error: BaseException) -> None:
        logger.error("%s\n%s", what, self._hide("".join(traceback.format_exception(error))))

    async def finish(self) -> None:
        """The run is over: wait for its observers, even if that is cancelled; nothing is sent any more."""
        self._over = True
        cancelled: asyncio.CancelledError | None = None
        while self._observed_late:
            try:
                await self._told()
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled

    async def emit(self, event: BaseEvent) -> None:
        """Send an event and settle."""
        self.send(event)
        if self.blocked:
            await self.settle()


def _dropped(answer: Awaitable[None]) -> None:
    if inspect.iscoroutine(answer):
        answer.close()
