"""Where sessions are kept.

Messages are appended, never rewritten, and every append names the version it expects: the number of
messages that the writer has seen. A writer that missed something is refused instead of overwriting it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, runtime_checkable

from ..errors import SessionConflict, SessionError
from ..types.message import Message
from .checks import check_count, check_page
from .session import Session


@runtime_checkable
class Locks(Protocol):
    """A store that can keep writers of other processes away."""

    def lock(self, key: str, wait: float) -> AbstractAsyncContextManager[object]:
        """Hold a session against other processes, for which it waits `wait` seconds at most; 0 does not wait.

        A store that finds this lock lost refuses the next append with `SessionConflict`.

        Raises:
            LockTimeoutError: Another process held it for that long.
        """
        ...


class SessionStorage(ABC):
    """A place for sessions, by key. Five methods make one; the others have a default on top of them."""

    @abstractmethod
    async def load(self, key: str) -> Session | None:
        """The session, or None if there is none.

        Raises:
            SessionError: What is stored cannot be read; nothing is lost by asking.
        """

    @abstractmethod
    async def save(self, session: Session) -> None:
        """Store a session as it is, in place of what was there."""

    @abstractmethod
    async def delete(self, key: str) -> bool:
        """Forget a session; tells whether there was one."""

    @abstractmethod
    async def list_keys(self) -> list[str]:
        """The keys of all sessions, sorted."""

    @abstractmethod
    async def append(self, key: str, messages: Sequence[Message], *, expected_version: int) -> int:
        """Append messages to a session, made if there is none; returns the new version.

        All of them are stored or none, and what was returned from survives the end of the process.

        Raises:
            SessionConflict: Somebody else has appended since `expected_version`; nothing is stored.
        """

    async def create(self, session: Session) -> None:
        """Store a new session; raises `SessionConflict` if there is one of that key."""
        if await self.exists(session.key):
            raise taken(session.key)
        await self.save(session)

    async def exists(self, key: str) -> bool:
        """Whether there is a session of that key."""
        return await self.load(key) is not None

    async def version(self, key: str) -> int:
        """How many messages a session has; 0 if there is none."""
        session = await self.load(key)
        return 0 if session is None else session.version

    async def messages(self, key: str, start: int = 0, limit: int | None = None) -> list[Message]:
        """A page of a session: up to `limit` messages from number `start` on, which counts from 0."""
        check_page(start, limit)
        session = await self.load(key)
        found = [] if session is None else session.messages
        return found[start:] if limit is None else found[start : start + limit]

    async def fork(self, key: str, at: int | None = None, *, new_key: str) -> Session:
        """Make a new session of the first `at` messages of another, or of all; it has its metadata too.

        Raises:
            SessionConflict: There is a session of the new key.
            SessionError: There is none of the old key, or it has fewer messages.
        """
        source = await self.load(key)
        if source is None:
            raise SessionError(f"there is no session {key!r} to fork")
        if at is not None and check_count("at", at) > source.version:
            raise SessionError(f"session {key!r} has {source.version} messages: it cannot be forked at {at}")
        fork = Session.create(new_key)
        fork.messages.extend(source.messages[:at])
        fork.metadata.update(source.metadata)
        await self.create(fork)
        return fork

    async def close(self) -> None:  # noqa: B027  # a store without connections has nothing to do
        """Let go of files and connections; they are opened again when the store is used again."""


def conflict(key: str, version: int, expected: int) -> SessionConflict:
    """Somebody else has appended."""
    return SessionConflict(f"session {key!r} has {version} messages, {expected} were expected")


def taken(key: str) -> SessionConflict:
    """A new session has the key of an old one."""
    return SessionConflict(f"there is a session {key!r} already")


def lost(key: str) -> SessionConflict:
    """The lock under which a session is written is no longer ours."""
    return SessionConflict(f"the lock of session {key!r} was lost: another run may be writing to it")
