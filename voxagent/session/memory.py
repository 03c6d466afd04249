"""Sessions in this process's memory: the store of an agent that is given no other."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from threading import Lock
from typing import Self

from ..errors import ConfigError
from ..types.message import Message
from .session import Session, check_key
from .storage import SessionStorage, check_page, conflict, taken


class InMemorySessionStorage(SessionStorage):
    """Sessions in this process's memory, safe to be used from several threads and loops."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._sessions: dict[str, Session] = {}

    @classmethod
    def from_url(cls, url: str) -> Self:
        """A new store, for "memory:"."""
        if url.rstrip("/").lower() != "memory:":
            raise ConfigError(f"{url!r} names a place, but memory has none: memory: is expected")
        return cls()

    async def load(self, key: str) -> Session | None:
        """A copy of the session, or None if there is none."""
        with self._lock:
            found = self._sessions.get(check_key(key))
            return None if found is None else _copied(found)

    async def save(self, session: Session) -> None:
        """Store a copy of a session, in place of what was there."""
        with self._lock:
            self._sessions[check_key(session.key)] = _copied(session)

    async def create(self, session: Session) -> None:
        """Store a copy of a new session; raises `SessionConflict` if there is one of that key."""
        with self._lock:
            if check_key(session.key) in self._sessions:
                raise taken(session.key)
            self._sessions[session.key] = _copied(session)

    async def messages(self, key: str, start: int = 0, limit: int | None = None) -> list[Message]:
        """A page of a session."""
        check_page(start, limit)
        with self._lock:
            found = self._sessions.get(check_key(key))
            every = [] if found is None else found.messages
            return every[start:] if limit is None else every[start : start + limit]

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
                raise conflict(key, version, expected_version)
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
