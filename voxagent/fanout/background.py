"""One event loop of the process, in a thread of its own, for callers that have none.

It is kept between calls, so that connections and servers stay warm, and works where the caller's
own loop is running (notebooks, web handlers). After a fork the child starts anew. At the end of
the process whoever registered is closed, for at most two seconds.
"""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Generic, TypeVar

from ..errors import ConfigError

logger: logging.Logger = logging.getLogger("voxagent")
T = TypeVar("T")

CLOSE_SECONDS = 2.0

_blocks: contextvars.ContextVar[bool] = contextvars.ContextVar(
    "voxagent_blocks_the_background", default=False
)
"""Whether somebody up the line of callers blocks the background loop and waits for us."""


class _Background:
    def __init__(self, name: str) -> None:
        self.name = name
        self.lock = threading.Lock()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.thread: threading.Thread | None = None
        self.closers: list[Callable[[], Awaitable[None]]] = []

    def running(self) -> asyncio.AbstractEventLoop:
        with self.lock:
            if self.loop is None:
                self.loop = asyncio.new_event_loop()
                self.thread = threading.Thread(
                    target=self._turn, args=(self.loop,), name=self.name, daemon=True
                )
                self.thread.start()
            return self.loop

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        loop.run_forever()
        loop.run_until_complete(_late())  # it is stopped at the end of the process only

    def close(self) -> None:
        with self.lock:
            loop, self.loop = self.loop, None
            thread, self.thread = self.thread, None
            closers, self.closers = self.closers, []
        if loop is None or thread is None:
            return
        end = time.monotonic() + CLOSE_SECONDS
        closing = asyncio.run_coroutine_threadsafe(_closed(closers), loop)
        try:
            closing.result(CLOSE_SECONDS)
        except TimeoutError:
            logger.warning("what was cancelled at exit did not stop and was left")
        loop.call_soon_threadsafe(loop.stop)
        thread.join(max(0.1, end - time.monotonic()))
        if not thread.is_alive():
            loop.close()


async def _closed(closers: list[Callable[[], Awaitable[None]]]) -> None:
    try:
        async with asyncio.timeout(CLOSE_SECONDS * 0.9):  # the rest is for what it then cancels
            for close in reversed(closers):
                # in a task of its own: one that finds itself cancelled does not keep the others open
                await asyncio.gather(_tried(close), return_exceptions=True)
    except TimeoutError:
        logger.warning("closing at exit took longer than %g s and was cancelled", CLOSE_SECONDS)
    await asyncio.sleep(0)  # what was just created begins: to some libraries that is the least they need
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


async def _late() -> None:
    """Cancel what began while all else was closed; what does not stop at once is left."""
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others, timeout=0.05)
    await asyncio.get_running_loop().shutdown_asyncgens()


async def _tried(close: Callable[[], Awaitable[None]]) -> None:
    try:
        await close()
    except Exception:  # one that fails shall not keep the others open
        logger.exception("closing at exit failed")


_background = _Background("voxagent-loop")
_servers = _Background("voxagent-servers")
_last: list[Callable[[], None]] = []


def _forget() -> None:
    global _background, _servers
    _background, _servers = _Background("voxagent-loop"), _Background("voxagent-servers")


def _close() -> None:
    """First what runs agents, then what those agents talk to, then what they have written to."""
    _background.close()
    _servers.close()
    while _last:
        _last.pop()()


os.register_at_fork(after_in_child=_forget)
atexit.register(_close)


def background_loop() -> asyncio.AbstractEventLoop:
    """The process's background loop, started when first asked for."""
    return _background.running()


def server_loop() -> asyncio.AbstractEventLoop:
    """The process's loop for connections that outlive the loop of a run, started when first asked for.

    It is apart from the background loop, and nothing of the program's own runs on it but callbacks of
    servers: whoever blocks another loop, waiting for a run, does not block the servers of that run.
    """
    return _servers.running()


async def on_loop(loop: asyncio.AbstractEventLoop, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Await a coroutine on another thread's loop, in a copy of this context.

    A cancellation is passed on, and raised once the coroutine has ended; a second one does not wait.
    """
    if loop is asyncio.get_running_loop():
        return await main()
    return await _Crossing(loop, main).ended()


class _Crossing(Generic[T]):
    """A coroutine on another loop: that one is woken once to begin it, ours once when it has ended.

    Waking a thread is most of what a crossing costs, so there is little else to it.
    """

    __slots__ = ("_ended", "_error", "_home", "_loop", "_main", "_over", "_task", "_value")

    def __init__(self, loop: asyncio.AbstractEventLoop, main: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._loop = loop
        self._main = main
        self._home = asyncio.get_running_loop()
        self._over: asyncio.Future[None] = self._home.create_future()
        self._ended = False
        self._error: BaseException | None = asyncio.CancelledError()  # which may be ahead of its first step
        self._value: T
        self._task: asyncio.Task[None]
        loop.call_soon_threadsafe(self._begin, context=contextvars.copy_context())

    async def ended(self) -> T:
        """What the coroutine gives."""
        try:
            await self._over
        except asyncio.CancelledError:
            if not self._ended:
                self._over = self._home.create_future()
                self._loop.call_soon_threadsafe(self._stop)
                await self._over
            raise
        error, self._error = self._error, None
        if error is None:
            return self._value
        try:
            raise error
        finally:
            del error  # it refers to this frame

    def _begin(self) -> None:
        self._task = self._loop.create_task(self._carried())
        self._task.add_done_callback(self._tell)

    async def _carried(self) -> None:
        """Nothing passes through the loop, which is not ours alone."""
        try:
            self._value = await self._main()
        except BaseException as error:  # carried over to who waits
            self._error = error
        else:
            self._error = None

    def _stop(self) -> None:
        self._task.cancel()

    def _tell(self, task: asyncio.Task[None]) -> None:
        self._ended = True
        with suppress(RuntimeError):  # nobody waits any more: the loop is closed
            self._home.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        if not self._over.done():
            self._over.set_result(None)


def at_exit(close: Callable[[], Awaitable[None]], *, servers: bool = False) -> None:
    """Await `close()` at the end of the process; the last registered is first.

    Args:
        close: What is to be done.
        servers: Do it on the loop of servers, after all that is done on the background loop.
    """
    home = _servers if servers else _background
    with home.lock:
        home.closers.append(close)


def at_last(close: Callable[[], None]) -> None:
    """Call `close()` at the end of the process, after all loops; it must neither raise nor start threads."""
    _last.append(close)


def run_in_background(main: Callable[[], Coroutine[Any, Any, T]], on_interrupt: Callable[[], object]) -> T:
    """Run a coroutine on the background loop, in a copy of the caller's context, and wait for it.

    Called on the background loop itself (an async tool that blocks on another agent), or by what such a
    call runs, it runs on a fresh loop in another thread. Ctrl-C calls `on_interrupt`, waits for the clean
    end, and goes on.

    Raises:
        ConfigError: It is called on the loop of servers, which it would block for good.
    """
    if threading.current_thread() is _servers.thread:
        raise ConfigError(
            "run_sync(...) would block the event loop that all MCP servers share: in a tool or callback of a"
            " server, await run(...), or make it a plain function, which runs in a thread"
        )
    if _blocks.get() or threading.current_thread() is _background.thread:
        return _in_fresh_loop(main, on_interrupt)
    loop = background_loop()
    context = contextvars.copy_context()
    done: Future[T] = Future()

    tasks: list[asyncio.Task[None]] = []

    def begin() -> None:
        if not tasks:
            tasks.append(context.run(loop.create_task, _carried(main, done)))

    return _waited(done, on_interrupt, lambda: loop.call_soon_threadsafe(begin))


async def _carried(main: Callable[[], Coroutine[Any, Any, T]], done: Future[T]) -> None:
    """Nothing passes through the loop: what interrupts one caller must not end the loop of all."""
    try:
        done.set_result(await main())
    except BaseException as error:  # carried over to the thread that waits
        done.set_exception(error)


def _in_fresh_loop(main: Callable[[], Coroutine[Any, Any, T]], on_interrupt: Callable[[], object]) -> T:
    done: Future[T] = Future()
    context = contextvars.copy_context()
    context.run(_blocks.set, True)
    fresh = threading.Thread(
        target=lambda: context.run(asyncio.run, _carried(main, done)), name="voxagent-fresh-loop", daemon=True
    )
    try:
        return _waited(done, on_interrupt, fresh.start)
    finally:
        fresh.join(CLOSE_SECONDS)


def _waited(done: Future[T], on_interrupt: Callable[[], object], begin: Callable[[], object]) -> T:
    try:
        begin()
        return done.result()
    except KeyboardInterrupt:
        if not done.done():
            on_interrupt()
            begin()  # once more, as it may have been interrupted itself
            done.exception()
        raise
