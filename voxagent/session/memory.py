"""Sessions in this process's memory: the store of an agent that is given no other."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from threading import Lock
from typing import Any, Self, cast

from ..errors import ConfigError
from ..types.message import Message
from .checks import check_key, check_messages, check_page, check_version
from .session import Session
from .storage import SessionStorage, conflict, taken
from .stored import check_session, metadata_text


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
        taken_in = _taken_in(session)
        with self._lock:
            self._sessions[session.key] = taken_in

    async def create(self, session: Session) -> None:
        """Store a copy of a new session; raises `SessionConflict` if there is one of that key."""
        taken_in = _taken_in(session)
        with self._lock:
            if session.key in self._sessions:
                raise taken(session.key)
            self._sessions[session.key] = taken_in

    async def messages(self, key: str, start: int = 0, limit: int | None = None) -> list[Message]:
        """A page of a session."""
        check_page(start, limit)
        with self._lock:
            found = self._sessions.get(check_key(key))
            every = [] if found is None else found.messages
            return _own(every[start:] if limit is None else every[start : start + limit])

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
        fresh = _own(check_messages(check_key(key), messages))
        expected_version = check_version(key, expected_version)
        with self._lock:
            found = self._sessions.get(key)
            version = 0 if found is None else found.version
            if version != expected_version:
                raise conflict(key, version, expected_version)
            if found is None:
                found = self._sessions[key] = Session.create(key)
            found.messages.extend(fresh)
            found.updated_at = max(found.created_at, time.time())
            return found.version


def _taken_in(session: Session) -> Session:
    check_session(session)
    other = copy.copy(session)
    other.created_at, other.updated_at = float(session.created_at), float(session.updated_at)
    other.messages = _own(check_messages(session.key, session.messages))
    other.metadata = json.loads(metadata_text(session))  # as any other store gives it back
    return other


def _copied(session: Session) -> Session:
    other = copy.copy(session)
    other.messages = _own(session.messages)
    other.metadata = copy.deepcopy(session.metadata)
    return other


def _own(messages: Sequence[Message]) -> list[Message]:
    """The messages, with metadata that nobody else has."""
    return [each if each.metadata is None else _with_own_metadata(each) for each in messages]


def _with_own_metadata(message: Message) -> Message:
    return replace(message, metadata=cast("Mapping[str, Any]", _unshared(message.metadata)))


def _unshared(value: object) -> object:
    """A copy of dicts and lists, and what is in them as it is: not everything can be copied."""
    if isinstance(value, dict):
        return {name: _unshared(each) for name, each in cast("dict[object, object]", value).items()}
    if isinstance(value, list):
        return [_unshared(each) for each in cast("list[object]", value)]
    return value
