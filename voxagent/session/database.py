"""The connections to one SQLite database: one that writes, in a thread of its own, and some that read."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from sqlite3 import Connection
from typing import Any, TypeAlias, TypeVar
from weakref import WeakSet

from ..errors import SessionError
from ..fanout.background import at_last
from ..fanout.threads import in_thread
from .flock import FILE_MODE, locked_file, make_folder, sync_folder
from .readonly import code_of, is_read_only, read_there
from .stored import newer, readable

T = TypeVar("T")
Work: TypeAlias = Callable[[Connection], T]

BUSY_SECONDS = 30.0
EXIT_SECONDS = 2.0
BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
TOGETHER = 256
READERS = 8
READING = 32

MIGRATIONS = (
    (
        "create table voxagent_session (num integer primary key, key blob not null unique, id text not null,"
        " version integer not null, created_at real not null, updated_at real not null,"
        " metadata text not null)",
        "create table voxagent_message"
        " (session integer not null references voxagent_session on delete cascade, seq integer not null,"
        " data text not null, primary key (session, seq)) without rowid",
    ),
)
"""What brings a database from each schema version to the next; the version is the number of those done."""

PRAGMAS = (
    "pragma journal_mode = wal",
    "pragma synchronous = full",
    "pragma fullfsync = on",  # macOS, where a plain sync stops at the disk's own memory
    "pragma checkpoint_fullfsync = on",
    "pragma foreign_keys = on",
)


@dataclass(slots=True, eq=False)
class _Job:
    work: Work[Any]
    future: Future[Any] = field(default_factory=Future[Any])
    value: object = None
    error: Exception | None = None

    def do(self, connection: Connection, place: str) -> None:
        """Do all of the work or none; what it refuses concerns it alone, what the database refuses, all."""
        self.value = self.error = None
        connection.execute("savepoint job")
        try:
            with readable(place):
                self.value = self.work(connection)
        except sqlite3.Error:
            raise
        except Exception as error:  # carried over to the task that waits
            self.error = error
            connection.execute("rollback to job")
        connection.execute("release job")

    def tell(self) -> None:
        if self.error is not None:
            self.future.set_exception(self.error)
            return
        self.future.set_result(self.value)


Jobs: TypeAlias = SimpleQueue[_Job | None]
Identity: TypeAlias = tuple[int, int]

_open: WeakSet[Database] = WeakSet()
_abandoned: list[Connection] = []


def _close_all() -> None:
    for database in list(_open):
        database.finish()


def _forget_all() -> None:
    for database in list(_open):
        database.forget()


at_last(_close_all)
os.register_at_fork(after_in_child=_forget_all)


class Database:
    """An SQLite file; nothing is opened before it is used.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path: Path = path.absolute()
        self.locks: Path = self.path.with_name(f"{path.name}.locks")
        self._start()
        _open.add(self)

    def _start(self) -> None:
        self._guard = threading.Lock()
        self._room = threading.BoundedSemaphore(READING)
        self._jobs: Jobs | None = None
        self._thread: threading.Thread | None = None
        self._writer: Connection | None = None
        self._file: Identity | None = None
        self._readers: list[tuple[Identity | None, Connection]] = []

    def forget(self) -> None:
        """Begin anew in the child of a fork: connections do not outlive one, and must not be closed there."""
        _abandoned.extend(connection for _, connection in self._readers)
        if self._writer is not None:
            _abandoned.append(self._writer)
        self._start()

    # --- what stores do ------------------------------------------------------------------------------

    async def write(self, work: Work[T]) -> T:
        """Do something within a transaction; it has returned once that is on the disk."""
        job = _Job(work)
        self._put(job)
        waiting: asyncio.Future[T] = asyncio.wrap_future(job.future)
        try:
            return await asyncio.shield(waiting)
        except asyncio.CancelledError:
            await asyncio.wait([waiting])  # nobody would know whether it was written
            waiting.exception()
            raise

    async def read(self, work: Work[T]) -> T:
        """Do something with one state of the database."""
        return await in_thread(lambda: self._read(work))

    def _put(self, job: _Job) -> None:
        with self._guard:
            if self._jobs is None:
                self._jobs = SimpleQueue()
                self._thread = threading.Thread(
                    target=self._turn, args=(self._jobs, self._thread), name="voxagent-sqlite", daemon=True
                )
                self._thread.start()
            self._jobs.put(job)

    def _read(self, work: Work[T]) -> T:
        file, place = _identity(self.path), str(self.path)
        if file is None or file != self._file:
            ready = _Job(lambda connection: None)
            self._put(ready)
            try:
                ready.future.result()
            except SessionError as error:
                if file is None or not is_read_only(error):
                    raise
                with self._room, self._told():
                    return read_there(self.path, work, lambda connection: _schema(connection, place))
            file = self._file
        with self._room, self._told():
            connection = self._borrowed(file)
            try:
                connection.execute("begin")
                value = work(connection)
                connection.execute("rollback")
            except BaseException:  # the connection is closed, and it is raised again
                connection.close()
                raise
            self._give_back(file, connection)
            return value

    def _borrowed(self, file: Identity | None) -> Connection:
        with self._guard:
            while self._readers:
                known, connection = self._readers.pop()
                if known == file:
                    return connection
                connection.close()
        return _connected(f"{self.path.as_uri()}?mode=ro")

    def _give_back(self, file: Identity | None, connection: Connection) -> None:
        with self._guard:
            if len(self._readers) < READERS:
                self._readers.append((file, connection))
                return
        connection.close()

    # --- the thread that writes ------------------------------------------------------------------------

    def _turn(self, jobs: Jobs, before: threading.Thread | None) -> None:
        if before is not None:
            before.join()  # one at a time: it may still be closing
        last = False
        while not last:
            batch, last = _taken(jobs)
            if batch:
                self._do(batch)
        self._let_go()

    def _do(self, batch: list[_Job]) -> None:
        try:
            with self._told():
                self._current()
                self._commit(batch)
        except Exception as error:  # carried over to the tasks that wait
            self._let_go()
            for job in batch:
                job.future.set_exception(error)

    def _commit(self, batch: list[_Job]) -> None:
        """All in one transaction; if the database refuses it, each on its own."""
        writer = self._current()
        with self._alone():
            try:
                writer.execute("begin immediate")
                for job in batch:
                    job.do(writer, str(self.path))
                writer.execute("commit")
            except sqlite3.Error:
                with suppress(sqlite3.Error):
                    writer.execute("rollback")
                if len(batch) == 1:
                    raise
            else:
                for job in batch:
                    job.tell()
                return
        for job in batch:
            try:
                with self._told():
                    self._commit([job])
            except SessionError as error:
                job.future.set_exception(error)

    def _current(self) -> Connection:
        """The connection that writes, to the file that is there now: another may have taken its place."""
        if self._writer is None or _identity(self.path) != self._file:
            self._let_go()
            make_folder(self.path.parent)
            make_folder(self.locks)
            with self._alone():
                self._writer = self._opened()
            self._file = _identity(self.path)
        return self._writer

    def _opened(self) -> Connection:
        with suppress(FileExistsError):
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, FILE_MODE))
            sync_folder(self.path.parent)
        writer = _connected(self.path.as_uri())
        try:
            for pragma in PRAGMAS:
                writer.execute(pragma)
            _migrate(writer, str(self.path))
        except BaseException:  # the connection is closed, and it is raised again
            writer.close()
            raise
        return writer

    def _let_go(self) -> None:
        """Close the connection that writes, which may write the log into the database."""
        writer, self._writer, self._file = self._writer, None, None
        if writer is None:
            return
        try:
            with self._alone():
                writer.close()
        except (OSError, sqlite3.Error):
            _abandoned.append(writer)  # nobody may close it while another process writes

    def _alone(self) -> AbstractContextManager[None]:
        return locked_file(self.locks / "writes")

    @contextmanager
    def _told(self) -> Generator[None]:
        try:
            with readable(str(self.path)):
                yield
        except sqlite3.Error as error:
            remedy = ": mend it, or move it away with `set_aside`" if code_of(error) in BROKEN else ""
            raise SessionError(f"{self.path}: {error}{remedy}") from error
        except OSError as error:
            raise SessionError(f"{error.filename or self.path}: {error.strerror}") from error

    # --- the end -----------------------------------------------------------------------------------------

    def shut(self) -> None:
        """Close everything soon; takes no lock, because the garbage collector may call it anywhere."""
        while self._readers:
            self._readers.pop()[1].close()
        jobs, self._jobs = self._jobs, None
        if jobs is not None:
            jobs.put(None)

    def finish(self) -> None:
        """Close everything, and wait for it."""
        with self._guard:
            thread = self._thread
            self.shut()
        if thread is not None:
            thread.join(EXIT_SECONDS)

    async def close(self) -> None:
        """Close everything; it is opened again when it is used again."""
        await in_thread(self.finish)

    async def set_aside(self) -> Path | None:
        """Move the file, and its log, out of the way; tells where it is now, None if there was none."""

        def move() -> Path | None:
            self.finish()
            if not self.path.exists():
                return None
            with self._told(), self._alone():
                names = (self.path.with_name(f"{self.path.name}.aside-{number}") for number in range(1, 1000))
                aside = next(name for name in names if not name.exists())
                for suffix in ("", "-wal", "-shm"):
                    with suppress(FileNotFoundError):
                        os.rename(f"{self.path}{suffix}", f"{aside}{suffix}")
                sync_folder(self.path.parent)
                return aside

        return await in_thread(move)


def _connected(uri: str) -> Connection:
    return sqlite3.connect(uri, BUSY_SECONDS, uri=True, isolation_level=None, check_same_thread=False)


def _identity(path: Path) -> Identity | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _taken(jobs: Jobs) -> tuple[list[_Job], bool]:
    """What is waiting to be written, and whether nothing comes after it."""
    batch: list[_Job] = []
    job = jobs.get()
    while job is not None:
        job.future.set_running_or_notify_cancel()  # nobody cancels it, and from here on nobody can
        batch.append(job)
        if len(batch) == TOGETHER:
            return batch, False
        try:
            job = jobs.get_nowait()
        except Empty:
            return batch, False
    return batch, True


def _migrate(writer: Connection, place: str) -> None:
    writer.execute("begin immediate")
    writer.execute("create table if not exists voxagent_schema (version integer not null)")
    version = _schema(writer, place)
    if version < len(MIGRATIONS):
        for statement in (each for step in MIGRATIONS[version:] for each in step):
            writer.execute(statement)
        writer.execute("delete from voxagent_schema")
        writer.execute("insert into voxagent_schema values (?)", (len(MIGRATIONS),))
    writer.execute("commit")


def _schema(connection: Connection, place: str) -> int:
    """The version of the tables; raises `SessionError` if a newer voxagent has made them."""
    found = connection.execute("select version from voxagent_schema").fetchone()
    version = 0 if found is None else int(found[0])
    if version > len(MIGRATIONS):
        raise newer(place, version, len(MIGRATIONS))
    return version
