"""One writer at a time per session, in this process: runs wait for their turn in the order they came.

Runs may live in several event loops and threads, so waiting is a `Future` that any thread can set.
"""

from __future__ import annotations

import asyncio
import time
from asyncio import AbstractEventLoop
from collections import OrderedDict
from collections.abc import AsyncGenerator
from concurrent.futures import Future
from contextlib import AsyncExitStack, asynccontextmanager
from threading import Lock
from types import TracebackType
from typing import Self
from weakref import WeakValueDictionary, finalize

from ..errors import ConfigError, LockTimeoutError
from .checks import check_key
from .storage import Locks, SessionStorage

DEFAULT_TIMEOUT = 30.0


def in_use(key: str, seconds: float) -> LockTimeoutError:
    """Somebody else held the lock all the time."""
    return LockTimeoutError(f"session {key!r} was in use by another run for {seconds:g} s")


class SessionLock:
    """The lock of one session, an async context manager.

    Args:
        session_key: The session.
        timeout: Seconds to wait for it before `LockTimeoutError`.
    """

    def __init__(self, session_key: str, timeout: float = DEFAULT_TIMEOUT) -> None:
        if timeout <= 0:
            raise ConfigError(f"timeout={timeout!r} is not a positive number of seconds")
        self.session_key: str = check_key(session_key)
        self.timeout = timeout
        self._guard = Lock()
        self._held = False
        self._waiting: OrderedDict[Future[None], AbstractEventLoop] = OrderedDict()

    @property
    def locked(self) -> bool:
        """Whether somebody holds it."""
        return self._held

    async def acquire(self, wait: float | None = None) -> bool:
        """Wait for the lock, for `wait` seconds or the lock's own timeout; True once it is held."""
        turn = self._queue_up()
        if turn is None:
            return True
        limit = self.timeout if wait is None else wait
        try:
            async with asyncio.timeout(limit):
                await asyncio.wrap_future(turn)
        except (TimeoutError, asyncio.CancelledError) as error:
            if self._left_holding(turn):  # it was handed over at this very moment
                self.release()
            if isinstance(error, TimeoutError):
                raise in_use(self.session_key, limit) from None
            raise
        return True

    def _queue_up(self) -> Future[None] | None:
        with self._guard:
            if not self._held:
                self._held = True
                return None
            turn: Future[None] = Future()
            self._waiting[turn] = asyncio.get_running_loop()
            return turn

    def _left_holding(self, turn: Future[None]) -> bool:
        """Wait no longer; tells whether the turn had come."""
        with self._guard:
            if self._waiting.pop(turn, None) is not None:
                return False
            return turn.done() and not turn.cancelled()

    def release(self) -> None:
        """Hand the lock to whoever has waited longest, and whose loop can still be told."""
        with self._guard:
            while self._waiting:
                turn, loop = self._waiting.popitem(last=False)
                if not loop.is_closed() and turn.set_running_or_notify_cancel():
                    turn.set_result(None)
                    return
            self._held = False

    async def __aenter__(self) -> Self:
        await self.acquire()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


class SessionLockManager:
    """The locks of all sessions, made when needed and forgotten when nobody has them any more."""

    def __init__(self, timeout: float = DEFAULT_TIMEOUT) -> None:
        self.timeout = timeout
        self._guard = Lock()
        self._locks: WeakValueDictionary[str, SessionLock] = WeakValueDictionary()

    def get_lock(self, session_key: str) -> SessionLock:
        """The lock of a session."""
        with self._guard:
            found = self._locks.get(check_key(session_key))
            if found is None:
                found = self._locks[session_key] = SessionLock(session_key, self.timeout)
            return found


_guard = Lock()
_managers: dict[int, SessionLockManager] = {}


def _manager_of(storage: SessionStorage) -> SessionLockManager:
    """The locks of a store in this process, whoever uses it; a store need not be hashable."""
    with _guard:
        found = _managers.get(id(storage))
        if found is None:
            found = _managers[id(storage)] = SessionLockManager()
            finalize(storage, _managers.pop, id(storage), None).atexit = False
        return found


@asynccontextmanager
async def session_lock(
    storage: SessionStorage, key: str, wait: float = DEFAULT_TIMEOUT
) -> AsyncGenerator[None]:
    """Be the only one who writes to a session: in this process, and wherever the store's own lock reaches.

    Args:
        storage: Where the session is.
        key: Its key.
        wait: Seconds to wait for it; 0 does not wait.

    Raises:
        LockTimeoutError: Another one held it for that long.
    """
    lock = _manager_of(storage).get_lock(key)
    until = time.monotonic() + wait
    async with AsyncExitStack() as stack:
        await lock.acquire(wait)
        stack.callback(lock.release)
        if isinstance(storage, Locks):
            await stack.enter_async_context(storage.lock(key, max(0.0, until - time.monotonic())))
        yield
