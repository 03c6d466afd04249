"""Run the calls of one turn together, and come back whatever they do.

Every call has a task of its own, so that one that does not stop when it is cancelled can be left behind:
it gets a grace, then it is an orphan, kept until it ends and reported. A call marked `alone` waits for
those before it and keeps those behind it waiting. No more than `limit` calls run at a time.

A job's coroutine turns all that its tool raises into its value; only a cancellation leaves it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, Literal, TypeVar

T = TypeVar("T")

HURRY = 0.05
"""Seconds that calls get to end after a second cancellation: two deadlines may strike at one moment."""

_orphans: set[asyncio.Task[Any]] = set()


@dataclass(slots=True, eq=False)
class Job(Generic[T]):
    """One call.

    Args:
        start: Makes the coroutine that does it.
        timeout: Seconds it may take; None for no limit.
        alone: Whether nothing else may run beside it.
        on_cancel: Called with the reason ahead of the cancellation, for work in threads.
        on_end: Called with the job once it has ended, in whatever way.
        begin: Starts its clock, anew after `hold`.
    """

    start: Callable[[], Coroutine[Any, Any, T]]
    timeout: float | None
    alone: bool
    on_cancel: Callable[[str], object]
    on_end: Callable[[Job[T]], object]
    ended: Literal["done", "timed out", "cancelled", "orphaned", "not begun"] = "not begun"
    value: T | None = None
    timer: asyncio.TimerHandle | None = field(default=None, repr=False)
    expired: bool = False
    cancelled: bool = False
    begin: Callable[[], None] = field(default=lambda: None, repr=False)

    def hold(self) -> None:
        """Stop the clock, while the call waits for somebody."""
        if self.timer is not None and not self.cancelled:
            self.timer.cancel()


async def run_jobs(jobs: Sequence[Job[T]], limit: int, grace: float, is_fatal: Callable[[T], bool]) -> None:
    """Run jobs until each has ended; how is written into the jobs.

    A value for which `is_fatal` holds cancels the others. When this is cancelled, so are the jobs, and
    the cancellation is raised once they have ended or their grace is over.
    """
    crew = _Crew(limit, grace, is_fatal)
    for group in _groups(jobs):
        if crew.stopping:
            return
        await crew.run(group)


def _groups(jobs: Sequence[Job[T]]) -> list[list[Job[T]]]:
    groups: list[list[Job[T]]] = []
    for job in jobs:
        if job.alone or not groups or groups[-1][0].alone:
            groups.append([job])
        else:
            groups[-1].append(job)
    return groups


class _Crew(Generic[T]):
    def __init__(self, limit: int, grace: float, is_fatal: Callable[[T], bool]) -> None:
        self.limit = limit
        self.grace = grace
        self.is_fatal = is_fatal
        self.stopping = False
        self.loop = asyncio.get_running_loop()
        self.waiting: deque[Job[T]] = deque()
        self.running: set[int] = set()
        self.jobs: dict[int, Job[T]] = {}
        self.tasks: dict[int, asyncio.Task[T]] = {}

    async def run(self, jobs: Sequence[Job[T]]) -> None:
        self.waiting.extend(jobs)
        self.idle = self.loop.create_future()
        self._start_more()
        try:
            await self.idle
        except asyncio.CancelledError:
            await self._stopped()
            raise

    async def _stopped(self) -> None:
        self.stop("cancelled")
        while self.running:
            self.idle = self.loop.create_future()
            try:
                await self.idle
            except asyncio.CancelledError:  # in a hurry: hardly any grace
                for number in list(self.running):
                    self._give(number, HURRY)

    def stop(self, reason: str) -> None:
        """Cancel what runs; nothing more begins."""
        self.stopping = True
        self.waiting.clear()
        for number in list(self.running):
            self._cancel(number, reason)

    def _start_more(self) -> None:
        while self.waiting and len(self.running) < self.limit:
            job = self.waiting.popleft()
            number = len(self.jobs)
            self.jobs[number] = job
            self.running.add(number)
            self.tasks[number] = task = self.loop.create_task(job.start())
            task.add_done_callback(partial(self._done, number))
            job.begin = partial(self._begin, number)
            job.begin()
        if not self.running and not self.idle.done():
            self.idle.set_result(None)

    def _begin(self, number: int) -> None:
        """Start a call's clock."""
        job = self.jobs[number]
        if job.timeout is not None and not job.cancelled:
            job.timer = self.loop.call_later(job.timeout, self._expire, number)

    def _expire(self, number: int) -> None:
        self.jobs[number].expired = True
        self._cancel(number, "timed out")

    def _cancel(self, number: int, reason: str) -> None:
        job = self.jobs[number]
        if job.cancelled:  # its grace is running
            return
        job.cancelled = True
        self._give(number, self.grace)
        job.on_cancel(reason)
        self.tasks[number].cancel()

    def _give(self, number: int, grace: float) -> None:
        """Some more seconds, then the call is left behind."""
        job = self.jobs[number]
        if job.timer is not None:
            job.timer.cancel()
        job.timer = self.loop.call_later(min(grace, self.grace), self._leave_behind, number)

    def _leave_behind(self, number: int) -> None:
        task = self.tasks[number]
        _orphans.add(task)
        task.add_done_callback(_forget)
        self.jobs[number].ended = "orphaned"
        self._over(number)

    def _done(self, number: int, task: asyncio.Task[T]) -> None:
        if number not in self.running:
            return
        job = self.jobs[number]
        if task.cancelled():
            job.ended = "timed out" if job.expired else "cancelled"
        else:
            job.value = task.result()
            job.ended = "timed out" if job.expired else "done"
        fatal = job.ended == "done" and job.value is not None and self.is_fatal(job.value)
        if fatal and not self.stopping:
            self.running.discard(number)
            self.stop("another tool failed")
        self._over(number)

    def _over(self, number: int) -> None:
        job = self.jobs[number]
        if job.timer is not None:
            job.timer.cancel()
        self.running.discard(number)
        try:
            job.on_end(job)
        finally:
            self._start_more()


def _forget(task: asyncio.Task[Any]) -> None:
    _orphans.discard(task)
    if not task.cancelled():
        task.exception()
