"""Where sessions are kept.

Messages are appended, never rewritten, and every append names the version it expects: the number of
messages that the writer has seen. A writer that missed something is refused instead of overwriting it.
"""

from __future__ import annotations

import copy
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from threading import Lock

from ..errors import SessionConflict
from ..types.message import Message
from .session import Session, check_key


class SessionStorage(ABC):
    """A place for sessions, by key."""

    @abstractmethod
    async def load(self, key: str) -> Session | None:
        """The session, or None if there is none."""

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

        Raises:
            SessionConflict: Somebody else has appended since `expected_version`; nothing is stored.
        """

    async def exists(self, key: str) -> bool:
        """Whether there is a session of that key."""
        return await self.load(key) is not None


class InMemorySessionStorage(SessionStorage):
    """Sessions in this process's memory, safe to be used from several threads and loops."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._sessions: dict[str, Session] = {}

    async def load(self, key: str) -> Session | None:
        """A copy of the session, or None if there is none."""
        with self._lock:
            found = self._sessions.get(check_key(key))
            return None if found is None else _copied(found)

    async def save(self, session: Session) -> None:
        """Store a copy of a session, in place of what was there."""
        with self._lock:
            self._sessions[check_key(session.key)] = _copied(session)

    async def delete(self, key: str) -> bool:
        """Forget a session; tells whether there was one."""
        with self._lock:
            return self._sessions.pop(check_key(key), None) is not None

    async def list_keys(self) -> list[str]:
        """The keys of all sessions, sorted."""
        with self._lock:
            return sorted(self._sessions)

    async def append(self, key: str, messages: Sequence[Message], *, expected_version: int) -> int:
        """Append messages to a session, made if there is none; returns the new version."""
        with self._lock:
            found = self._sessions.get(check_key(key))
            version = 0 if found is None else found.version
            if version != expected_version:
                raise SessionConflict(
                    f"session {key!r} has {version} messages, {expected_version} were expected"
                )
            if found is None:
                found = self._sessions[key] = Session.create(key)
            found.messages.extend(messages)
            found.updated_at = time.time()
            return found.version


def _copied(session: Session) -> Session:
    other = copy.copy(session)
    other.messages = list(session.messages)
    other.metadata = copy.deepcopy(session.metadata)
    return other
