"""The clock of one model request: how long until the first content, between two pieces of it, and in all.

One timer serves a whole answer: a piece of content only notes the time, and the timer looks when it
fires. Time spent waiting for the reader of a stream does not count.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from ..errors import ProviderTimeoutError

FIRST_CONTENT = 60.0
FIRST_CONTENT_THINKING = 600.0
IDLE = 60.0
NO_END = 1e9
"""Seconds that never pass."""


@dataclass(slots=True, frozen=True)
class Patience:
    """Seconds that a model request may take: to its first content, between contents, and in all."""

    first: float = FIRST_CONTENT
    idle: float = IDLE
    total: float | None = None


class Watch:
    """An `async with` block that a silent provider ends with a `ProviderTimeoutError`."""

    __slots__ = (
        "_begun",
        "_cancelling",
        "_expired",
        "_held",
        "_last",
        "_loop",
        "_patience",
        "_seen",
        "_task",
        "_timer",
    )

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._seen = self._held = False
        self._expired = ""

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # an `async with` runs in a task
        self._task = task
        self._cancelling = task.cancelling()
        self._begun = self._last = self._loop.time()
        self._timer = self._loop.call_at(self._due(), self._look)
        return self

    def _due(self) -> float:
        """When the provider's time is up, if nothing comes until then."""
        patience = self._patience
        last = self._loop.time() if self._held else self._last
        due = last + (patience.idle if self._seen else patience.first)
        return due if patience.total is None else min(due, self._begun + patience.total)

    def _look(self) -> None:
        due, now = self._due(), self._loop.time()
        if now < due:
            self._timer = self._loop.call_at(due, self._look)
            return
        first, idle, total = self._patience.first, self._patience.idle, self._patience.total
        self._expired = f"went silent for {idle:g} s" if self._seen else f"gave no content for {first:g} s"
        if total is not None and now >= self._begun + total:
            self._expired = f"did not finish within {total:g} s"
        self._task.cancel()

    def restart(self, wait: float = 0.0) -> None:
        """The first content is waited for anew, from in `wait` seconds."""
        self._seen = False
        self._last = self._loop.time() + wait

    def content(self) -> None:
        """A piece of content came."""
        self._last = self._loop.time()
        self._held = False
        if not self._seen:
            self._seen = True
            if self._patience.idle >= self._patience.first:
                return
            self._timer.cancel()
            self._timer = self._loop.call_at(self._due(), self._look)

    def hold(self) -> None:
        """The provider is not asked for more until the next `content`: its silence does not count."""
        self._held = True

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if not self._expired:
            return
        if self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise ProviderTimeoutError(f"the model {self._expired}") from error
