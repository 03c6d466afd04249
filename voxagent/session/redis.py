"""Sessions in Redis: for several machines, and as durable as the server is told to be.

Each change is one script, which the server runs alone: it compares the version and writes. Every append has
an id, so that one which the client sends twice, after a connection broke, is stored once. A session's lock is
a lease that is renewed in a thread of its own; who holds it is compared again within each append, so that a
writer that lost it, to a pause or a partition, writes nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast
from urllib.parse import SplitResult, parse_qsl
from uuid import uuid4
from weakref import finalize

from ..errors import ConfigError, SessionError, said_by
from ..fanout.threads import in_thread
from ..types.message import Message
from .checks import MAX_COUNT, check_page, check_version
from .lock import in_use
from .places import known_secrets_of, server_of, without_secrets
from .redisleases import Leases
from .redisscripts import ACQUIRE, APPEND, DELETE, READ, RELEASE, SAVE, SCHEMA
from .session import Session
from .storage import SessionStorage, conflict, lost, taken
from .stored import (
    key_bytes,
    key_of,
    messages_of,
    messages_text,
    newer,
    positive,
    readable,
    session_of,
    written,
)

if TYPE_CHECKING:
    from redis import Redis

logger: logging.Logger = logging.getLogger("voxagent")

T = TypeVar("T")

PREFIX = "voxagent"
LEASE_SECONDS = 15.0
TIMEOUT = CONNECT_SECONDS = 10.0
CONNECTIONS = 32
WAITS = (0.005, 0.05)


class RedisSessionStorage(SessionStorage):
    """Sessions in Redis, for any number of processes and machines. Needs `voxagent[redis]`.

    What an append returned from is as safe as the server keeps it: turn on `appendonly yes`, with
    `appendfsync always` for power cuts as well, and no eviction.

    Args:
        url: "redis://:password@host:port/0", or "rediss://..." for TLS, with whatever options redis-py knows.
        lease: Seconds after which the lock of a process that died is free; it is renewed thrice in that time.
        timeout: Seconds of silence after which a server is given up, and the call is a `SessionError`.
    """

    def __init__(self, url: str, *, lease: float = LEASE_SECONDS, timeout: float = TIMEOUT) -> None:
        from redis import BlockingConnectionPool, Redis, RedisError

        self._parts = server_of(url)
        self._place = f"{self._parts.hostname or 'localhost'}:{self._parts.port or 6379}"
        pooled = BlockingConnectionPool.from_url  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - untyped there
        seconds = positive("timeout", timeout)
        try:
            pool = pooled(
                url,
                max_connections=CONNECTIONS,
                socket_timeout=seconds,
                socket_connect_timeout=CONNECT_SECONDS,
            )
            pool.connection_class(**pool.connection_kwargs)  # which connects to nothing yet
        except (TypeError, ValueError, RedisError) as error:
            raise _no_url(self._parts, error) from None
        self._redis: Redis = Redis(connection_pool=pool)
        self._leases = Leases(self._redis, lease)
        self._held: dict[str, str] = {}
        finalize(self, pool.disconnect).atexit = False

    def __repr__(self) -> str:
        return f"RedisSessionStorage({self._place!r})"

    def known_secrets(self) -> list[tuple[str, str]]:
        """What lets the program in, by name: an agent with this store keeps it out of what it tells."""
        return known_secrets_of(self._parts)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """The store of a URL."""
        return cls(url)

    async def load(self, key: str) -> Session | None:
        """The session, or None if there is none."""
        names = _Names(key)

        def read() -> Session | None:
            facts, _, texts = self._read(names, 0, -1)
            if facts is None:
                return None
            return session_of(key, facts, texts, _where(key, 0))

        return await self._done(read, key)

    async def messages(self, key: str, start: int = 0, limit: int | None = None) -> list[Message]:
        """A page of a session; nothing else is read."""
        check_page(start, limit)
        names = _Names(key)
        if limit == 0:
            return []

        def read() -> list[Message]:
            last = -1 if limit is None or limit > MAX_COUNT - start else start + limit - 1
            _, _, texts = self._read(names, start, last)
            return messages_of(texts, _where(key, start))

        return await self._done(read, key)

    def _read(
        self, names: _Names, first: int, last: int
    ) -> tuple[tuple[str, float, float, str] | None, int, list[str]]:
        read = self._redis.register_script(READ)([names.head, names.messages], [first, last])
        facts, count, texts = cast("tuple[list[bytes | None], int, list[bytes]]", read)
        schema, counted, *told = [b"" if fact is None else fact for fact in facts]
        if not schema and not count:
            return None, 0, []
        with readable(f"the head of session {names.key!r}"):
            if schema and int(schema) > SCHEMA:
                raise newer(repr(self), int(schema), SCHEMA)
            if not schema or (counted and int(counted) != count):
                raise _miscounted(names.key, count)
            name, created_at, updated_at, metadata = [fact.decode() for fact in told]
            head = name, float(created_at), float(updated_at), metadata
        return head, count, [text.decode() for text in texts]

    async def version(self, key: str) -> int:
        """How many messages a session has."""
        names = _Names(key)
        return await self._done(lambda: self._read(names, 1, 0)[1], key)

    async def exists(self, key: str) -> bool:
        """Whether there is a session of that key."""
        names = _Names(key)
        return await self._done(lambda: bool(self._redis.exists(names.head)))

    async def save(self, session: Session) -> None:
        """Store a session, in place of what was there."""
        await self._save(session, only_new=False)

    async def create(self, session: Session) -> None:
        """Store a new session; raises `SessionConflict` if there is one of that key."""
        if not await self._save(session, only_new=True):
            raise taken(session.key)

    async def _save(self, session: Session, *, only_new: bool) -> bool:
        row = written(session)
        names = _Names(session.key)
        facts = [row.id, repr(row.created_at), repr(row.updated_at), row.metadata]
        args: list[str | int] = [int(only_new), *facts, *row.messages]
        return bool(await self._script(SAVE, [names.head, names.messages], args))

    async def append(self, key: str, messages: Sequence[Message], *, expected_version: int) -> int:
        """Append messages to a session, made if there is none; returns the new version."""
        names, texts = _Names(key), messages_text(key, messages)
        facts = [uuid4().hex, repr(time.time()), uuid4().hex]
        expected = check_version(key, expected_version)
        args: list[str | int] = [expected, self._held.get(key, ""), *facts, *texts]
        [what, number] = cast(
            "list[int]", await self._script(APPEND, [names.head, names.messages, names.lease], args, key)
        )
        match what:
            case 0:
                return number
            case 1:
                raise conflict(key, number, expected)
            case 2:
                raise lost(key)
            case 3:
                raise newer(repr(self), number, SCHEMA)
            case 4:
                raise _miscounted(key, number)
            case _:
                raise SessionError(
                    f"the head of session {key!r} cannot be read: delete the session, or mend it"
                )

    async def delete(self, key: str) -> bool:
        """Forget a session; tells whether there was one."""
        names = _Names(key)
        return bool(await self._script(DELETE, [names.head, names.messages], []))

    async def list_keys(self) -> list[str]:
        """The keys of all sessions, sorted. A name that looks like one of ours and is none is logged."""

        def read() -> list[str]:
            scan = self._redis.scan_iter  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - untyped there
            found = cast("Iterable[bytes]", scan(match=f"{PREFIX}:{{*}}:head", count=1000))
            keys = {_key_in(name) for name in found}
            return sorted(key for key in keys if key is not None)

        return await self._done(read)

    @asynccontextmanager
    async def lock(self, key: str, wait: float) -> AsyncGenerator[None]:
        """Hold a session against everybody who uses this server."""
        names, owner = _Names(key), uuid4().hex
        try:
            await self._wait(names, key, owner, wait)
            self._held[key] = owner
            self._leases.add(names.lease, owner)
            try:
                yield
            finally:
                del self._held[key]
                self._leases.remove(names.lease)
        finally:
            with suppress(SessionError):  # the lease ends by itself
                await self._script(RELEASE, names.queue, [owner])

    async def _wait(self, names: _Names, key: str, owner: str, wait: float) -> None:
        until, pause = time.monotonic() + wait, WAITS[0]
        args: list[str | int] = [owner, self._leases.milliseconds, int(wait > 0)]
        while not await self._script(ACQUIRE, names.queue, args):
            left = until - time.monotonic()
            if left <= 0:
                raise in_use(key, wait)
            await asyncio.sleep(min(pause, left))
            pause = min(pause * 2, WAITS[1])

    async def _script(
        self, script: str, keys: Sequence[str], args: Sequence[str | int], key: str | None = None
    ) -> Any:
        return await self._done(lambda: self._redis.register_script(script)(keys, args), key)

    async def _done(self, work: Callable[[], T], key: str | None = None) -> T:
        return await in_thread(lambda: self._told(work, key))

    def _told(self, work: Callable[[], T], key: str | None) -> T:
        from redis import RedisError

        try:
            with readable("redis: what is stored"):
                return work()
        except RedisError as error:
            said = without_secrets(said_by(error), self._parts)
            if key is not None and said.startswith("WRONGTYPE"):
                raise SessionError(f"session {key!r} cannot be read: something else has its name") from error
            raise SessionError(f"redis: {type(error).__name__}: {said}") from error

    async def close(self) -> None:
        """Close the connections; they are opened again when the store is used again."""
        await in_thread(self._redis.connection_pool.disconnect)


class _Names:
    """What a session's parts are called; the braces keep them on one node of a cluster."""

    def __init__(self, key: str) -> None:
        self.key = key
        base = f"{PREFIX}:{{{urlsafe_b64encode(key_bytes(key)).decode()}}}"
        self.head = f"{base}:head"
        self.messages = f"{base}:messages"
        self.lease = f"{base}:lease"
        self.queue = [self.lease, f"{base}:queue", f"{base}:waiting"]


def _miscounted(key: str, count: int) -> SessionError:
    return SessionError(
        f"session {key!r} has {count} messages, but its head is gone or counts others: delete it, or mend it"
    )


def _no_url(parts: SplitResult, error: Exception) -> ConfigError:
    """What redis-py does not take, by the names of the options: their values may be secrets."""
    said = without_secrets(said_by(error), parts)
    unknown = [name for name, _ in parse_qsl(parts.query) if f"'{name}'" in said]
    what = f"redis-py knows no option {unknown[0]!r}" if unknown and isinstance(error, TypeError) else said
    return ConfigError(f"session_storage='{parts.scheme}:...': {what}; redis://host:6379/0 is expected")


def _key_in(name: bytes) -> str | None:
    """The key of the session whose head has this name; None if somebody else has named something so."""
    with suppress(ValueError):
        key = key_of(urlsafe_b64decode(name.partition(b"{")[2].partition(b"}")[0]))
        if _Names(key).head.encode() == name:
            return key
    logger.warning("redis: %r is the name of no session: it is not listed", name)
    return None


def _where(key: str, start: int) -> Callable[[int], str]:
    return lambda number: f"session {key!r}, message {start + number}"
