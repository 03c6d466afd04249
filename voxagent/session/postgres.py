"""Sessions in PostgreSQL: for several machines, durable and under real locks.

An append is one statement, which compares the version and writes, so nothing needs a transaction over
several round trips. A session's lock is an advisory lock: the server queues those who wait in the order they
came, and frees it when a connection ends. It belongs to a connection, so a run that uses a session holds one
while it lasts, and appends over it: if it breaks, the lock is lost, and so is the append.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Self, TypeAlias, TypeVar, cast
from uuid import uuid4
from weakref import finalize

from ..errors import SessionError
from ..fanout.threads import in_thread
from ..types.message import Message
from .checks import check_page, check_version
from .lock import in_use
from .places import known_secrets_of, server_of
from .postgrespool import TIMEOUT, Pool, answers, patient
from .session import Session
from .storage import SessionStorage, conflict, lost, taken
from .stored import (
    Written,
    key_bytes,
    key_of,
    messages_of,
    messages_text,
    positive,
    readable,
    session_of,
    written,
)

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    Connected: TypeAlias = Connection[TupleRow]

T = TypeVar("T")

CANCEL_SECONDS = 5.0

LOAD = (
    "select id, created_at, updated_at, metadata, version,"
    " array(select data from voxagent_message where session = num order by seq)"
    " from voxagent_session where key = %s"
)
PAGE = (
    "select seq, data from voxagent_message join voxagent_session on num = session"
    " where key = %s and seq >= %s order by seq limit %s"
)
VERSION = "select version from voxagent_session where key = %s"
KEYS = "select key from voxagent_session"
DELETE = "delete from voxagent_session where key = %s"
TRY = "select pg_try_advisory_lock(%s)"

_MESSAGES = (
    " added as (insert into voxagent_message (session, seq, data)"
    " select num, %(expected)s + nth - 1, data"
    " from head, unnest(%(texts)s::text[]) with ordinality as given (data, nth))"
    " select num from head"
)
_CREATE = (
    "with head as (insert into voxagent_session (key, id, version, created_at, updated_at, metadata)"
    " values (%(key)s, %(id)s, %(count)s, %(created_at)s, %(updated_at)s, %(metadata)s)"
    " on conflict (key) do nothing returning num),"
)
_APPEND_FIRST = (
    "with head as (insert into voxagent_session as there (key, id, version, created_at, updated_at, metadata)"
    " values (%(key)s, %(id)s, %(count)s, %(now)s, %(now)s, '{}') on conflict (key) do update"
    " set version = excluded.version, updated_at = greatest(there.created_at, excluded.updated_at)"
    " where there.version = 0"
    " returning num),"
)
_APPEND = (
    "with head as (update voxagent_session set version = version + %(count)s,"
    " updated_at = greatest(created_at, %(now)s)"
    " where key = %(key)s and version = %(expected)s returning num),"
)
CREATE = _CREATE + _MESSAGES
APPEND_FIRST = _APPEND_FIRST + _MESSAGES
APPEND = _APPEND + _MESSAGES


@dataclass(slots=True, eq=False)
class _Hold:
    """The connection that has a session's lock; one statement at a time goes over it."""

    connection: Connected
    guard: threading.Lock = field(default_factory=threading.Lock)


class PostgresSessionStorage(SessionStorage):
    """Sessions in a PostgreSQL database, for any number of processes and machines (`voxagent[postgres]`).

    The tables `voxagent_session`, `voxagent_message` and `voxagent_schema` are made where the connection's
    search path leads. Locks need connections of their own, so a pooler in front of the server has to give
    them whole sessions, not single transactions.

    Args:
        url: "postgresql://user:password@host:port/database", with whatever options libpq knows.
        timeout: Seconds of silence after which a server is given up, and the call is a `SessionError`.
    """

    def __init__(self, url: str, *, timeout: float = TIMEOUT) -> None:
        self._parts = server_of(url)
        self._place = self._parts.path.lstrip("/")
        self._pool = Pool(url, positive("timeout", timeout))
        self._held: dict[str, _Hold] = {}
        finalize(self, self._pool.shut).atexit = False

    def __repr__(self) -> str:
        return f"PostgresSessionStorage(database={self._place!r})"

    def known_secrets(self) -> list[tuple[str, str]]:
        """What lets the program in, by name: an agent with this store keeps it out of what it tells."""
        return known_secrets_of(self._parts)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """The store of a URL."""
        return cls(url)

    async def load(self, key: str) -> Session | None:
        """The session, or None if there is none."""
        binary = key_bytes(key)

        def read(connection: Connected) -> Session | None:
            row = connection.execute(LOAD, (binary,)).fetchone()
            if row is None:
                return None
            name, created_at, updated_at, metadata, version, texts = row
            if len(texts) != version:
                raise SessionError(f"session {key!r} has {len(texts)} messages, its head counts {version}")
            return session_of(key, (name, created_at, updated_at, metadata), texts, _where(key, 0))

        return await self._read(read)

    async def messages(self, key: str, start: int = 0, limit: int | None = None) -> list[Message]:
        """A page of a session; nothing else is read."""
        check_page(start, limit)
        binary = key_bytes(key)

        def read(connection: Connected) -> list[Message]:
            rows = connection.execute(PAGE, (binary, start, limit)).fetchall()
            for number, (seq, _) in enumerate(rows, start):
                if seq != number:
                    raise SessionError(f"session {key!r}, message {number} is missing")
            return messages_of([str(text) for _, text in rows], _where(key, start))

        return await self._read(read)

    async def version(self, key: str) -> int:
        """How many messages a session has."""
        binary = key_bytes(key)
        return await self._read(lambda connection: _version(connection, binary) or 0)

    async def exists(self, key: str) -> bool:
        """Whether there is a session of that key."""
        binary = key_bytes(key)
        return await self._read(lambda connection: _version(connection, binary) is not None)

    async def save(self, session: Session) -> None:
        """Store a session, in place of what was there."""
        row = _row(written(session))

        def write(connection: Connected) -> None:
            with connection.transaction():
                connection.execute(DELETE, (row["key"],))
                connection.execute(CREATE, row)

        await self._done(write)

    async def create(self, session: Session) -> None:
        """Store a new session; raises `SessionConflict` if there is one of that key."""
        row = _row(written(session))
        if not await self._done(lambda connection: connection.execute(CREATE, row).fetchone()):
            raise taken(session.key)

    async def append(self, key: str, messages: Sequence[Message], *, expected_version: int) -> int:
        """Append messages to a session, made if there is none; returns the new version."""
        texts, expected = messages_text(key, messages), check_version(key, expected_version)
        row = {
            "key": key_bytes(key),
            "id": uuid4().hex,
            "count": len(texts),
            "expected": expected,
            "now": time.time(),
            "texts": texts,
        }

        def write(connection: Connected) -> int:
            statement = APPEND if expected else APPEND_FIRST
            if connection.execute(statement, row).fetchone() is None:
                raise conflict(key, _version(connection, key_bytes(key)) or 0, expected)
            return expected + len(texts)

        hold = self._held.get(key)
        if hold is None:
            return await self._done(write)
        return await in_thread(lambda: self._held_done(key, hold, write))

    async def delete(self, key: str) -> bool:
        """Forget a session; tells whether there was one."""
        binary = key_bytes(key)
        return await self._done(lambda connection: connection.execute(DELETE, (binary,)).rowcount > 0)

    async def list_keys(self) -> list[str]:
        """The keys of all sessions, sorted."""

        def read(connection: Connected) -> list[str]:
            return sorted(key_of(binary) for (binary,) in connection.execute(KEYS).fetchall())

        return await self._read(read)

    @asynccontextmanager
    async def lock(self, key: str, wait: float) -> AsyncGenerator[None]:
        """Hold a session against everybody who uses this database."""
        number = int.from_bytes(sha256(b"voxagent" + key_bytes(key)).digest()[:8], signed=True)
        own: list[Connected] = []
        try:
            if not await in_thread(lambda: self._tried(own, number)):
                await self._locked(own[0], key, number, wait)
            self._held[key] = _Hold(own[0])
            try:
                yield
            finally:
                del self._held[key]
        finally:
            if own:
                await in_thread(lambda: self._free(own[0]))

    def _tried(self, own: list[Connected], number: int) -> bool:
        """Take a connection; tells whether it has the lock at once."""
        connection, row = self._pool.asked(lambda connection: connection.execute(TRY, (number,)).fetchone())
        own.append(connection)
        return row == (True,)

    async def _locked(self, connection: Connected, key: str, number: int, wait: float) -> None:
        waiting = asyncio.create_task(
            in_thread(lambda: self._wait(connection, key, number, wait)), name="voxagent-session-lock"
        )
        try:
            await asyncio.shield(waiting)
        except asyncio.CancelledError:
            await in_thread(lambda: connection.cancel_safe(timeout=CANCEL_SECONDS))
            await asyncio.wait([waiting])
            waiting.exception()
            raise

    def _wait(self, connection: Connected, key: str, number: int, wait: float) -> None:
        from psycopg.errors import LockNotAvailable

        if wait <= 0:
            raise in_use(key, wait)
        with self._pool.told():
            limit = f"{max(1, round(wait * 1000))}ms"
            connection.execute("select set_config('lock_timeout', %s, false)", (limit,))
            try:
                with patient(connection, wait):
                    connection.execute("select pg_advisory_lock(%s)", (number,))
            except LockNotAvailable:
                raise in_use(key, wait) from None
            connection.execute("set lock_timeout = default")

    def _free(self, connection: Connected) -> None:
        from psycopg import Error

        try:
            connection.execute("select pg_advisory_unlock_all()")
            connection.execute("set lock_timeout = default")
        except Error:
            connection.close()
        self._pool.give_back(connection)

    async def _read(self, work: Callable[[Connected], T]) -> T:
        def do() -> T:
            with readable("postgresql: what is stored"):
                return self._pool.read(work)

        return await in_thread(do)

    async def _done(self, work: Callable[[Connected], T]) -> T:
        def do() -> T:
            with self._pool.connection() as connection, readable("postgresql: what is stored"):
                return work(connection)

        return await in_thread(do)

    def _held_done(self, key: str, hold: _Hold, work: Callable[[Connected], T]) -> T:
        """Work over the connection that has the lock: if it is broken, so is the lock."""
        from psycopg import Error

        with hold.guard, self._pool.told():
            try:
                return work(hold.connection)
            except Error as error:
                if not answers(hold.connection):
                    raise lost(key) from error
                raise

    async def close(self) -> None:
        """Close the connections that are not in use; others are opened when the store is used again."""
        await in_thread(self._pool.shut)


def _where(key: str, start: int) -> Callable[[int], str]:
    return lambda number: f"session {key!r}, message {start + number}"


def _version(connection: Connected, key: bytes) -> int | None:
    row = connection.execute(VERSION, (key,)).fetchone()
    return None if row is None else cast("int", row[0])


def _row(row: Written) -> Mapping[str, object]:
    return {
        "key": row.key,
        "id": row.id,
        "count": len(row.messages),
        "expected": 0,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "metadata": row.metadata,
        "texts": list(row.messages),
    }
