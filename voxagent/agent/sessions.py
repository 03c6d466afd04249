"""The stored conversations of an agent, one run at a time in each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import cast

from ..abort import AbortSignal, Scope, stops_task
from ..errors import ConfigError, LockTimeoutError, SessionConflict, SessionError, VoxAgentError, said_by
from ..session.lock import session_lock
from ..session.session import Session
from ..session.storage import SessionStorage
from ..types.message import Message

logger: logging.Logger = logging.getLogger("voxagent")

_held: ContextVar[tuple[_Holding, ...]] = ContextVar("voxagent_held_sessions", default=())


@dataclass(slots=True)
class _Holding:
    """That a run holds a session. What it starts knows of it, and may outlive it."""

    storage: SessionStorage
    key: str
    over: bool = False


@contextmanager
def stated(key: str, doing: str) -> Generator[None]:
    """What a store raises, as an error of a session: a store of a program may raise anything."""
    try:
        yield
    except VoxAgentError:
        raise
    except (Exception, asyncio.CancelledError) as error:
        if stops_task(error):
            raise
        said = f"{type(error).__name__}: {said_by(error)}"
        raise SessionError(f"session {key!r} could not be {doing}: {said}") from error


class SessionHouse:
    """A store, and how its sessions are waited for.

    Args:
        storage: The store.
        reject: Refuse a run whose session is in use, instead of letting it wait.
    """

    def __init__(self, storage: SessionStorage, *, reject: bool = False) -> None:
        self.storage = storage
        self._reject = reject

    @asynccontextmanager
    async def held(self, key: str, wait: float, signal: AbortSignal) -> AsyncGenerator[bool]:
        """Hold a session's lock; gives False if `signal` was aborted before it could be had.

        Raises:
            LockTimeoutError: Another run held it for `wait` seconds.
            SessionConflict: Another run holds it, and this one is to be refused.
        """
        around = [each for each in _held.get() if not each.over]
        if any(each.storage is self.storage and each.key == key for each in around):
            raise ConfigError(
                f"session {key!r} is held by the run around this one, which would wait for itself for ever"
            )
        held = False
        async with AsyncExitStack() as stack:
            async with Scope(signal):
                await stack.enter_async_context(self._lock(key, wait))
                held = True
            if not held:
                yield False
                return
            holding = _Holding(self.storage, key)
            token = _held.set((*around, holding))
            try:
                yield True
            finally:
                holding.over = True
                _held.reset(token)

    async def loaded(self, key: str, signal: AbortSignal, deadline: float | None) -> Sequence[Message] | None:
        """The messages of a session; None if the run was stopped, or its time was up, ahead of them."""
        loading = asyncio.ensure_future(self.storage.load(key))
        try:
            async with Scope(signal, deadline):
                await asyncio.wait([loading])
        finally:
            done = not loading.cancel()
            loading.add_done_callback(lambda each: each.cancelled() or each.exception())
        if not done:
            return None
        with stated(key, "loaded"):
            session = loading.result()
        if session is None:
            return ()
        if not isinstance(cast("object", session), Session):
            raise self._not_stored(key, session, "a Session or None")
        for message in session.messages:
            if not isinstance(cast("object", message), Message):
                raise self._not_stored(key, message, "a Session of nothing but messages")
        return session.messages

    def _not_stored(self, key: str, value: object, wanted: str) -> SessionError:
        store = type(self.storage).__name__
        return SessionError(f"{store}.load({key!r}) gave a {type(value).__name__}: {wanted} is expected")

    @asynccontextmanager
    async def _lock(self, key: str, wait: float) -> AsyncGenerator[None]:
        locking = session_lock(self.storage, key, 0 if self._reject else wait)
        try:
            with stated(key, "locked"):
                await locking.__aenter__()
        except LockTimeoutError as error:
            if self._reject:
                raise SessionConflict(f"session {key!r} is in use by another run") from error
            raise
        try:
            yield
        finally:
            try:
                with stated(key, "unlocked"):
                    await locking.__aexit__(None, None, None)
            except SessionError as error:  # the run has done what it had to do
                logger.error("session %r: %s", key, type(error.__cause__ or error).__name__)
