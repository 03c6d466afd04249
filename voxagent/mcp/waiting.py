"""Requests that wait for a server, and the questions that it asks us meanwhile.

From 2026-07-28 on, and over HTTP before, a question comes within the request that it is asked for, so it is
known for which. Over the streams of a process, and SSE, an older server does not say. A question to the user
is then asked for nobody in particular, and a question to a model is asked of the run that was asked least, of
several the one that waits longest: as servers begin in order, that is mostly the right one, and no run pays
for all.

While a server waits for us it is not silent, so the clock of its requests stands still. A question ends with
the request that it is asked for, or with the last one if nobody knows for which.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Self, TypeVar

from ..tools.context import RunContext

logger: logging.Logger = logging.getLogger("voxagent.mcp")
T = TypeVar("T")

GRACE = (0.5, 1.5)
"""Seconds that a question has to end after its first and its second cancellation."""

_here: ContextVar[Waiting | None] = ContextVar("voxagent_mcp_waiting", default=None)


class Waiting:
    """An `async with` block that waits for a server, and ends with `TimeoutError` if that is silent.

    Args:
        requests: All that wait for this server.
        run: On whose behalf; None outside of a run.
        idle: Seconds of silence; None for no limit.
    """

    __slots__ = ("_clock", "_idle", "_over", "_requests", "_token", "asked", "questions", "run")

    def __init__(self, requests: Requests, run: RunContext[Any] | None, idle: float | None) -> None:
        self.run: RunContext[Any] | None = run
        self.asked: int = 0
        """How many questions were asked for it."""
        self.questions: set[asyncio.Task[Any]] = set()
        """What the server asks for this request."""
        self._requests = requests
        self._idle = idle
        self._over = False
        self._clock: asyncio.Timeout
        self._token: Token[Waiting | None]

    async def __aenter__(self) -> Self:
        self._token = _here.set(self)
        self._requests.waiting.append(self)
        self._clock = asyncio.timeout(self._idle)
        await self._clock.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over = True
        _here.reset(self._token)
        self._requests.waiting.remove(self)
        try:
            await stopped(self._requests.ending(self))
        finally:
            await self._clock.__aexit__(kind, error, traceback)

    def heard(self) -> None:
        """The server has said something: its time begins anew; it stands still while it asks us."""
        if self._idle is None or self._over or self._clock.expired():
            return
        asked = bool(self.questions or self._requests.unknown)
        now = asyncio.get_running_loop().time()
        self._clock.reschedule(None if asked else now + self._idle)


class Requests:
    """All requests that wait for one server."""

    def __init__(self) -> None:
        self.waiting: list[Waiting] = []
        self.unknown: set[asyncio.Task[Any]] = set()
        """Questions of which nobody knows for which request they are."""

    def asking(self) -> Waiting | None:
        """The request that a question is asked for, if that is known."""
        here = _here.get()
        if here is not None and here in self.waiting:
            return here
        return self.waiting[0] if len(self.waiting) == 1 else None

    def next(self) -> Waiting | None:
        """The request of a run that is the next to be asked for."""
        runs = [each for each in self.waiting if each.run is not None]
        return min(runs, key=lambda each: each.asked, default=None)

    def ending(self, request: Waiting) -> Iterable[asyncio.Task[Any]]:
        """The questions that are void without this request."""
        return request.questions if self.waiting else request.questions | self.unknown

    async def answered(self, request: Waiting | None, work: Coroutine[Any, Any, T]) -> T | None:
        """The answer to a question, None if it has become void meanwhile."""
        task = asyncio.create_task(work)
        questions = self.unknown if request is None else request.questions
        questions.add(task)
        if request is not None:
            request.asked += 1
        self._heard()
        try:
            await asyncio.wait([task])
        finally:
            await stopped([task])
            questions.discard(task)
            self._heard()
        return task.result() if task.done() and not task.cancelled() else None

    def _heard(self) -> None:
        for each in self.waiting:
            each.heard()


async def stopped(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait for their end, twice and for a short time; what still goes on is left."""
    left = {task for task in tasks if not task.done()}
    for grace in GRACE:
        for task in left:
            task.cancel()
        if left:
            _, left = await asyncio.wait(left, timeout=grace)
    if left:
        logger.warning("a callback of an MCP server did not stop and was left")
