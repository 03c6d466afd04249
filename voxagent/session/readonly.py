"""Read an SQLite database where it cannot be written: on a read-only disk, or in somebody else's folder.

With a write-ahead log, SQLite writes beside a database even to read it. Who may not is told that the file
never changes (`immutable`), which is true as long as there is no log: what is in it has been written into the
file, and nobody has it open. That is looked at before and after, so that a writer of another user, or on
another machine that has the disk, is noticed, and what was read meanwhile is read again.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection
from typing import TypeVar

from ..errors import SessionError

T = TypeVar("T")

TRIES = 5
REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM)


def code_of(error: sqlite3.Error) -> int:
    """SQLite's own code of an error; 0 for one that Python's module has found."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def is_read_only(error: SessionError) -> bool:
    """Whether a database could not be opened because nothing may be written there."""
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return code_of(cause) == sqlite3.SQLITE_READONLY
    return isinstance(cause, OSError) and cause.errno in REFUSED


def read_there(path: Path, work: Callable[[Connection], T], check: Callable[[Connection], object]) -> T:
    """Do something with one state of a database that cannot be written.

    Args:
        path: Its file.
        work: What is to be done.
        check: Refuses a database whose tables are not as this version knows them.

    Raises:
        SessionError: Others write to it all the time.
    """
    for _ in range(TRIES):
        before = _state(path)
        try:
            value = _done(path, work, check, immutable=not before[-1])
        except Exception:  # of a file that has changed meanwhile it says nothing
            if _state(path) == before:
                raise
            continue
        if before[-1] or _state(path) == before:
            return value
    raise SessionError(f"{path} cannot be written here, and others write to it: it changes while it is read")


def _done(
    path: Path, work: Callable[[Connection], T], check: Callable[[Connection], object], *, immutable: bool
) -> T:
    uri = f"{path.as_uri()}?mode=ro{'&immutable=1' if immutable else ''}"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
        connection.execute("begin")
        check(connection)
        return work(connection)


def _state(path: Path) -> tuple[int, int, int, bool]:
    """Which file it is, how long, when it was written, and whether there is a log beside it."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, os.path.exists(f"{path}-wal")
