"""Connections to PostgreSQL that are kept between calls, and the tables, made when they are first needed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any, LiteralString, TypeVar
from weakref import WeakSet

from ..errors import SessionError, said_by
from ..fanout.background import at_last
from .places import server_of, without_secrets
from .stored import newer

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.abc import PQGen
    from psycopg.rows import TupleRow

T = TypeVar("T")

AT_ONCE = 10
KEPT = 10
TIMEOUT = 30.0
FRESH_SECONDS = 5.0
OURS = {
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""How a server that is no longer there is noticed, unless the URL says otherwise; seconds, the last is ms."""
THEIRS = (
    "select set_config('tcp_keepalives_idle', '15', false),"
    " set_config('tcp_keepalives_interval', '5', false), set_config('tcp_keepalives_count', '3', false)"
)
"""How the server notices that we are no longer there, and frees our locks."""
MIGRATION_LOCK = 0x766F78616765  # any number that other programs do not lock

MIGRATIONS: tuple[tuple[LiteralString, ...], ...] = (
    (
        "create table voxagent_session (num bigint generated always as identity primary key,"
        " key bytea not null unique, id text not null, version bigint not null,"
        " created_at double precision not null, updated_at double precision not null,"
        " metadata text not null)",
        "create table voxagent_message"
        " (session bigint not null references voxagent_session on delete cascade, seq bigint not null,"
        " data text not null, primary key (session, seq))",
    ),
)
"""What brings the tables from each schema version to the next; the version is the number of those done."""

_open: WeakSet[Pool] = WeakSet()
_abandoned: list[object] = []


def _close_all() -> None:
    for pool in list(_open):
        pool.shut()


def _forget_all() -> None:
    for pool in list(_open):
        pool.forget()


at_last(_close_all)
os.register_at_fork(after_in_child=_forget_all)


class Pool:
    """Connections to one server, for any thread; nothing is connected before it is used.

    Args:
        url: The server and the database, as libpq knows it.
        patience: Seconds of silence after which a server is given up.
    """

    def __init__(self, url: str, patience: float) -> None:
        self._url = url
        self._patience = patience
        self._parts = server_of(url)
        self._start()
        _open.add(self)

    def _start(self) -> None:
        self._room = threading.BoundedSemaphore(AT_ONCE)
        self._guard = threading.Lock()
        self._idle: list[tuple[float, Connection[TupleRow]]] = []
        self._ready = False

    def forget(self) -> None:
        """Begin anew in the child of a fork, to which the parent's connections do not belong."""
        _abandoned.extend(self._idle)
        self._start()

    @contextmanager
    def connection(self) -> Generator[Connection[TupleRow]]:
        """A connection within the block, and no more than some at a time; each statement is a transaction."""
        with self._room, self.told():
            connection = self._taken()
            with self._back_if_it_fails(connection):
                yield connection
            self.give_back(connection)

    def read(self, work: Callable[[Connection[TupleRow]], T]) -> T:
        """Do what changes nothing; no more of it than some at a time."""
        with self._room:
            connection, value = self.asked(work)
            self.give_back(connection)
            return value

    def asked(self, ask: Callable[[Connection[TupleRow]], T]) -> tuple[Connection[TupleRow], T]:
        """A connection until it is given back, and what it answers to a question that may be asked twice.

        A kept connection that is gone says so only when it is used, and all that are kept go together when a
        server is started anew: another one is asked then. A server that is silent is not asked again.
        """
        from psycopg import Error

        with self.told():
            connection = self._taken()
            try:
                with self._back_if_it_fails(connection):
                    return connection, ask(connection)
            except Error as error:
                if not connection.closed or isinstance(error.__cause__, TimeoutError):
                    raise
            connection = self._connected()
            with self._back_if_it_fails(connection):
                return connection, ask(connection)

    @contextmanager
    def _back_if_it_fails(self, connection: Connection[TupleRow]) -> Generator[None]:
        """Give a connection back if the block fails."""
        from psycopg import Error

        try:
            yield
        except BaseException as error:  # nothing of it is swallowed
            if isinstance(error, Error) and not answers(connection):
                self.shut()  # what ended this one has most likely ended the others
            self.give_back(connection)
            raise

    def _taken(self) -> Connection[TupleRow]:
        while self._idle:
            with suppress(IndexError):  # another thread was faster
                used, connection = self._idle.pop()
                if _alive(used, connection):
                    return connection
                self.shut()
        return self._connected()

    def give_back(self, connection: Connection[TupleRow]) -> None:
        """Keep a connection for the next one, if it is still good and there are not enough of them."""
        if connection.closed or len(self._idle) >= KEPT:
            connection.close()
            return
        self._idle.append((time.monotonic(), connection))

    def shut(self) -> None:
        """Close what is kept; takes no lock, because the garbage collector may call it anywhere."""
        while self._idle:
            self._idle.pop()[1].close()

    def _connected(self) -> Connection[TupleRow]:
        more: dict[str, Any] = {name: value for name, value in OURS.items() if name not in self._url}
        connection: Connection[TupleRow] = _patient(self._patience).connect(
            self._url, autocommit=True, **more
        )
        try:
            connection.execute(THEIRS)
            with self._guard:
                if not self._ready:
                    _migrate(connection)
                self._ready = True
        except BaseException:  # the connection is closed, and it is raised again
            connection.close()
            raise
        return connection

    @contextmanager
    def told(self) -> Generator[None]:
        """Say what the server said, without the password."""
        from psycopg import Error

        try:
            yield
        except Error as error:
            said = error.diag.message_primary or said_by(error).partition("\n")[0]
            said = without_secrets(said, self._parts)
            raise SessionError(f"postgresql: {type(error).__name__}: {said}") from error


@cache
def _patient(seconds: float) -> Any:
    """The class of connections that do not wait for ever: a server that is frozen keeps its sockets open."""
    from psycopg import Connection, OperationalError

    class Patient(Connection["TupleRow"]):
        patience = seconds

        def wait(self, gen: PQGen[T], *args: Any, **more: Any) -> T:
            try:
                return super().wait(_until_silent(gen, self.patience), *args, **more)
            except TimeoutError as error:
                self.close()
                raise OperationalError(f"the server has said nothing for {self.patience:g} s") from error

    return Patient


@contextmanager
def patient(connection: Connection[TupleRow], more: float) -> Generator[None]:
    """Wait for the server some seconds longer than usual, within the block."""
    ours: Any = connection
    ours.patience += more
    try:
        yield
    finally:
        ours.patience -= more


def _until_silent(gen: PQGen[T], patience: float) -> PQGen[T]:
    """The same steps; raises `TimeoutError` where nothing was ready for too long."""
    until = time.monotonic() + patience
    try:
        asked = next(gen)
        while True:
            ready = yield asked
            now = time.monotonic()
            if ready:
                until = now + patience
            elif now > until:
                raise TimeoutError
            asked = gen.send(ready)
    except StopIteration as end:
        result: T = end.value
        return result


def _alive(used: float, connection: Connection[TupleRow]) -> bool:
    """Whether a kept connection can be used; one that was not used for some time is asked."""
    return time.monotonic() - used < FRESH_SECONDS or answers(connection)


def answers(connection: Connection[TupleRow]) -> bool:
    """Whether the server still knows a connection: the error that ends one may come before its end."""
    from psycopg import Error

    try:
        connection.execute("select 1")
    except Error:
        connection.close()
        return False
    return True


def _migrate(connection: Connection[TupleRow]) -> None:
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
        connection.execute("create table if not exists voxagent_schema (version bigint not null)")
        found = connection.execute("select version from voxagent_schema").fetchone()
        version = 0 if found is None else int(found[0])
        if version > len(MIGRATIONS):
            raise newer("postgresql", version, len(MIGRATIONS))
        if version < len(MIGRATIONS):
            for step in MIGRATIONS[version:]:
                for statement in step:
                    connection.execute(statement)
            connection.execute("delete from voxagent_schema")
            connection.execute("insert into voxagent_schema values (%s)", (len(MIGRATIONS),))
