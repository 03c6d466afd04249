"""Sessions in an SQLite database: the store for one machine that has to remember.

Measured, not believed: write-ahead log with `synchronous=FULL`, because `NORMAL` lost acknowledged messages
in most simulated power cuts; one connection that writes, in a thread of its own, which commits together what
is waiting, because a connection for each thread is a tenth as fast; and a file lock around writes and
checkpoints of several processes, because SQLite before 3.51.3 can lose pages when two of them do both at one
instant.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from sqlite3 import Connection
from typing import Self, TypeVar
from urllib.parse import unquote, urlsplit
from uuid import uuid4
from weakref import finalize

from ..errors import ConfigError, SessionError
from ..types.message import Message
from .checks import check_key, check_page, check_version
from .database import Database
from .places import path_of
from .session import Session
from .storage import SessionStorage, conflict, lost, taken
from .stored import Written, key_bytes, key_of, messages_of, messages_text, session_of, written
from .tickets import Ticket, Tickets

T = TypeVar("T")

HEAD = "select num, id, created_at, updated_at, metadata, version from voxagent_session where key = ?"
PAGE = "select seq, data from voxagent_message where session = ? and seq >= ? order by seq limit ?"
INSERT = (
    "insert into voxagent_session (key, id, version, created_at, updated_at, metadata)"
    " values (?, ?, ?, ?, ?, ?) returning num"
)
INSERT_MESSAGE = "insert into voxagent_message (session, seq, data) values (?, ?, ?)"


class SQLiteSessionStorage(SessionStorage):
    """Sessions in an SQLite database, safe to be used by several processes of a machine.

    The database may have tables of the program's own beside ours. New files are this user's alone (0600).

    Args:
        path: The database file, ~ at its beginning being the home folder; made when it is first used. Where
            it cannot be written it can still be read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path: Path = path_of("path", path)
        self._database = Database(self.path)
        self._tickets = Tickets(self._database.locks)
        self._held: dict[str, Ticket] = {}
        finalize(self, self._database.shut).atexit = False

    def __repr__(self) -> str:
        return f"SQLiteSessionStorage({str(self.path)!r})"

    @classmethod
    def from_url(cls, url: str) -> Self:
        """The store of "sqlite:///chat.db", or of "sqlite:////var/chat.db" for a path from the root."""
        parts = urlsplit(url)
        path = unquote(parts.path.removeprefix("/"))
        if parts.netloc or "?" in url or "#" in url or not path or path == ":memory:":
            raise ConfigError(
                f"{url!r} names no file: sqlite:///chat.db or sqlite:////var/chat.db is expected,"
                " with %3F and %23 for ? and # in it"
            )
        return cls(path)

    async def load(self, key: str) -> Session | None:
        """The session, or None if there is none."""

        def read(connection: Connection) -> Session | None:
            head = _head(connection, key)
            if head is None:
                return None
            number, name, created_at, updated_at, metadata, version = head
            texts = self._texts(connection, key, number, 0, version)
            return session_of(key, (name, created_at, updated_at, metadata), texts, self._where(key, 0))

        return await self._database.read(_keyed(key, read))

    async def messages(self, key: str, start: int = 0, limit: int | None = None) -> list[Message]:
        """A page of a session; nothing else is read."""
        check_page(start, limit)

        def read(connection: Connection) -> list[Message]:
            head = _head(connection, key)
            if head is None:
                return []
            left = max(0, head[-1] - start)
            count = left if limit is None else min(limit, left)
            return messages_of(self._texts(connection, key, head[0], start, count), self._where(key, start))

        return await self._database.read(_keyed(key, read))

    def _texts(self, connection: Connection, key: str, number: int, start: int, count: int) -> list[str]:
        rows: list[tuple[int, str]] = connection.execute(PAGE, (number, start, count)).fetchall()
        if [seq for seq, _ in rows] != list(range(start, start + count)):
            there = {seq for seq, _ in rows}
            gap = next(seq for seq in range(start, start + count) if seq not in there)
            raise SessionError(f"{self._where(key, 0)(gap)} is missing")
        return [text for _, text in rows]

    def _where(self, key: str, start: int) -> Callable[[int], str]:
        return lambda number: f"{self.path}: session {key!r}, message {start + number}"

    async def version(self, key: str) -> int:
        """How many messages a session has."""
        head = await self._database.read(_keyed(key, lambda connection: _head(connection, key)))
        return 0 if head is None else head[-1]

    async def exists(self, key: str) -> bool:
        """Whether there is a session of that key."""
        head = await self._database.read(_keyed(key, lambda connection: _head(connection, key)))
        return head is not None

    async def save(self, session: Session) -> None:
        """Store a session, in place of what was there."""
        row = written(session)

        def write(connection: Connection) -> None:
            _remove(connection, row.key)
            _insert(connection, row)

        await self._database.write(write)

    async def create(self, session: Session) -> None:
        """Store a new session; raises `SessionConflict` if there is one of that key."""
        row = written(session)

        def write(connection: Connection) -> None:
            if _head(connection, session.key) is not None:
                raise taken(session.key)
            _insert(connection, row)

        await self._database.write(write)

    async def append(self, key: str, messages: Sequence[Message], *, expected_version: int) -> int:
        """Append messages to a session, made if there is none; returns the new version.

        It has returned once they are on the disk; what several runs append at a time is synced together.
        """
        binary, texts = key_bytes(key), messages_text(key, messages)
        expected, ticket = check_version(key, expected_version), self._held.get(key)

        def write(connection: Connection) -> int:
            if ticket is not None and ticket.lost:
                raise lost(key)
            return _append(connection, key, binary, texts, expected)

        return await self._database.write(write)

    async def delete(self, key: str) -> bool:
        """Forget a session; tells whether there was one."""
        binary = key_bytes(key)
        return await self._database.write(lambda connection: _remove(connection, binary))

    async def list_keys(self) -> list[str]:
        """The keys of all sessions, sorted."""

        def read(connection: Connection) -> list[str]:
            rows: list[tuple[bytes]] = connection.execute("select key from voxagent_session").fetchall()
            return sorted(key_of(binary) for (binary,) in rows)

        return await self._database.read(read)

    @asynccontextmanager
    async def lock(self, key: str, wait: float) -> AsyncGenerator[None]:
        """Hold a session against other processes of this machine."""
        async with self._tickets.held(check_key(key), wait) as ticket:
            self._held[key] = ticket
            try:
                yield
            finally:
                del self._held[key]

    async def set_aside(self) -> Path | None:
        """Move a database that cannot be read out of the way; tells where it is now."""
        return await self._database.set_aside()

    async def close(self) -> None:
        """Close the connections; they are opened again when the store is used again."""
        await self._database.close()


_Head = tuple[int, str, float, float, str, int]


def _keyed(key: str, read: Callable[[Connection], T]) -> Callable[[Connection], T]:
    check_key(key)
    return read


def _head(connection: Connection, key: str) -> _Head | None:
    found: _Head | None = connection.execute(HEAD, (key_bytes(key),)).fetchone()
    return found


def _remove(connection: Connection, key: bytes) -> bool:
    return connection.execute("delete from voxagent_session where key = ?", (key,)).rowcount > 0


def _insert(connection: Connection, row: Written) -> None:
    values = (row.key, row.id, len(row.messages), row.created_at, row.updated_at, row.metadata)
    [(number,)] = connection.execute(INSERT, values).fetchall()
    connection.executemany(INSERT_MESSAGE, [(number, *each) for each in enumerate(row.messages)])


def _append(connection: Connection, key: str, binary: bytes, texts: Sequence[str], expected: int) -> int:
    head = _head(connection, key)
    version = 0 if head is None else int(head[-1])
    if version != expected:
        raise conflict(key, version, expected)
    now, new = time.time(), expected + len(texts)
    if head is None:
        _insert(connection, Written(binary, uuid4().hex, now, now, "{}", texts))
        return new
    connection.execute(
        "update voxagent_session set version = ?, updated_at = max(created_at, ?) where num = ?",
        (new, now, head[0]),
    )
    connection.executemany(INSERT_MESSAGE, [(head[0], *each) for each in enumerate(texts, expected)])
    return new
