"""The stored conversations of an agent, one run at a time in each."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from contextvars import ContextVar

from ..abort import AbortSignal, Scope
from ..errors import ConfigError
from ..session.lock import SessionLockManager
from ..session.storage import SessionStorage

_held: ContextVar[frozenset[tuple[int, str]]] = ContextVar("voxagent_held_sessions", default=frozenset())


class SessionHouse:
    """A store and the locks of its sessions."""

    def __init__(self, storage: SessionStorage) -> None:
        self.storage = storage
        self._locks = SessionLockManager()

    @asynccontextmanager
    async def held(self, key: str, wait: float, signal: AbortSignal) -> AsyncGenerator[bool]:
        """Hold a session's lock; gives False if `signal` was aborted before it could be had.

        Raises:
            LockTimeoutError: Another run held it for `wait` seconds.
        """
        me = (id(self), key)
        if me in _held.get():
            raise ConfigError(
                f"session {key!r} is held by the run around this one, which would wait for itself for ever"
            )
        lock = self._locks.get_lock(key)
        held = False
        async with Scope(signal):
            held = await lock.acquire(wait)
        if not held:
            yield False
            return
        token = _held.set(_held.get() | {me})
        try:
            yield True
        finally:
            _held.reset(token)
            lock.release()
