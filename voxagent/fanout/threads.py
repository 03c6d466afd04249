"""Threads for functions that block.

The event loop's own pool has a handful of workers, so a few slow functions stall all others, and
nested agents that share it deadlock. Here a thread is taken from the idle ones or made anew: nobody
ever waits for a thread, and how many run at once is the caller's to limit. Threads are daemons, so a
function that never returns does not keep the process alive; idle ones end after a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import threading
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeVar

T = TypeVar("T")
Job = Callable[[], None]

IDLE_SECONDS = 10.0

_idle: deque[SimpleQueue[Job]] = deque()


def _forget_threads() -> None:
    _idle.clear()


os.register_at_fork(after_in_child=_forget_threads)


def _work(jobs: SimpleQueue[Job]) -> None:
    while True:
        try:
            job = jobs.get(timeout=IDLE_SECONDS)
        except Empty:
            try:
                _idle.remove(jobs)
            except ValueError:  # somebody has just taken this thread: its job is on the way
                continue
            return
        job()
        del job
        _idle.append(jobs)


def start(job: Job) -> None:
    """Run a job in an idle thread or a new one. The job must not raise."""
    try:
        jobs = _idle.pop()
    except IndexError:
        jobs = SimpleQueue[Job]()
        threading.Thread(target=_work, args=(jobs,), name="voxagent-worker", daemon=True).start()
    jobs.put(job)


async def in_thread(function: Callable[[], T], *, leave: bool = False) -> T:
    """Call a function in a thread, in a copy of the caller's context, and wait for it.

    A cancellation cannot stop a thread: it is raised once the function has returned, so that nothing
    goes on unseen. Whoever must not wait that long watches from outside: with `leave`, a second
    cancellation is raised at once, and the function is left to itself.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def job() -> None:
        try:
            value = context.run(function)
        except BaseException as error:  # carried over to the task that waits
            _tell(loop, _fail, done, error)
        else:
            _tell(loop, done.set_result, value)

    start(job)
    return await _waited(done, leave)


async def _waited(done: asyncio.Future[T], leave: bool) -> T:
    cancelled: asyncio.CancelledError | None = None
    while cancelled is None or not done.done():
        try:
            value = await asyncio.shield(done)
        except asyncio.CancelledError as error:
            if leave and cancelled is not None:
                raise
            cancelled = error
        except BaseException:  # the cancellation is raised in its place
            if cancelled is None:
                raise
        else:
            if cancelled is None:
                return value
    raise cancelled


def _tell(loop: asyncio.AbstractEventLoop, tell: Callable[..., None], *args: object) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(tell, *args)


def _fail(done: asyncio.Future[T], error: BaseException) -> None:
    if isinstance(error, (StopIteration, asyncio.CancelledError)):  # a future cannot carry them
        error = RuntimeError(f"the function raised {error!r}")
    done.set_exception(error)
