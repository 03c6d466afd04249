"""How long a provider may be silent. Only the time that it is waited for counts."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self, cast

from ...errors import ProviderTimeoutError


class Silence:
    """A `with` block around each wait for a provider, ended by a `ProviderTimeoutError` when it is silent.

    One timer serves a whole answer: a wait only notes the time, and the timer looks when it fires. It strikes
    within the block only, so that a generator may yield between two blocks.

    Args:
        first: Seconds until the first content.
        idle: Seconds between two pieces of content.
    """

    __slots__ = (
        "_begun", "_cancelling", "_expired", "_idle", "_limit", "_loop", "_spent", "_task", "_timer",
        "_waiting", "shown",
    )  # fmt: skip

    def __init__(self, first: float, idle: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._limit = first
        self._idle = idle
        self._spent = self._begun = 0.0
        self._waiting = self._expired = False
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[object]
        self._cancelling = 0
        self.shown: bool = False

    def content(self) -> None:
        """A piece of content came."""
        self._spent = 0.0
        if not self.shown:
            self.shown = True
            self._limit = self._idle
            self.stop()

    def stop(self) -> None:
        """The answer is over."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def __enter__(self) -> Self:
        self._begun = self._loop.time()
        self._waiting = True
        if self._timer is None:
            self._task = cast("asyncio.Task[object]", asyncio.current_task())
            self._cancelling = self._task.cancelling()
            self._timer = self._loop.call_at(self._due(), self._look)
        return self

    def _due(self) -> float:
        return self._begun + self._limit - self._spent

    def _look(self) -> None:
        self._timer = None
        if not self._waiting:
            return  # the next wait sets it again
        due = self._due()
        if self._loop.time() < due:
            self._timer = self._loop.call_at(due, self._look)
            return
        self._expired = True
        self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._waiting = False
        self._spent += self._loop.time() - self._begun
        if self._expired and self._task.uncancel() <= self._cancelling:
            what = "went silent" if self.shown else "gave no content"
            raise ProviderTimeoutError(f"the model {what} for {self._limit:g} s") from error
