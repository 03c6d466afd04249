"""Locks on files, which the system frees when their holder dies, and folders that nobody else looks into.

Where the system has no such locks (Windows), processes are not kept apart: there a version check refuses
whoever missed something, and only that.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from weakref import WeakValueDictionary

from ..fanout.threads import start

FOLDER_MODE = 0o700
FILE_MODE = 0o600
WAIT_SECONDS = 30.0
READING = 32

_system = import_module("fcntl") if find_spec("fcntl") else None


class _Here:
    """What this process has open, and who is next in it."""

    def __init__(self) -> None:
        self.open: set[int] = set()
        self.start()

    def start(self) -> None:
        self.reading = threading.BoundedSemaphore(READING)
        self._guard = threading.Lock()
        self._turns: WeakValueDictionary[Path, threading.Lock] = WeakValueDictionary()

    def turn(self, path: Path) -> threading.Lock:
        """The lock of a file within this process: who waits for that opens no file."""
        with self._guard:
            found = self._turns.get(path)
            if found is None:
                found = self._turns[path] = threading.Lock()
            return found

    def forget(self) -> None:
        """Begin anew in the child of a fork, which must not keep locked what its parent has locked."""
        for fd in self.open:
            os.close(fd)
        self.open.clear()
        self.start()


_here = _Here()
os.register_at_fork(after_in_child=_here.forget)


def reading() -> AbstractContextManager[object]:
    """Read a file within the block, as one of a few threads that do."""
    return _here.reading


def lock_file(fd: int, *, wait: bool) -> bool:
    """Lock an open file until it is closed; tells whether it could be had without waiting, or waits."""
    if _system is None:
        return True
    try:
        _system.flock(fd, _system.LOCK_EX if wait else _system.LOCK_EX | _system.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock_file(fd: int) -> None:
    """Give up the lock of an open file, for a child that has it open too as well."""
    if _system is not None:
        _system.flock(fd, _system.LOCK_UN)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, for this user alone; one that is there stays as it is."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make names in a folder survive a power cut, where the system lets folders be opened."""
    with suppress(PermissionError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


@contextmanager
def locked_file(path: Path) -> Generator[None]:
    """Hold the lock of a file that is there for nothing else, and is made if it is not there.

    Raises:
        TimeoutError: Another process has held it for half a minute: it is likely to be stopped.
    """
    turn = _here.turn(path)
    if not turn.acquire(timeout=WAIT_SECONDS):
        raise _not_had(path)
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT, FILE_MODE)
        _here.open.add(fd)
        try:
            if not lock_file(fd, wait=False) and not _waited(fd):
                raise _not_had(path)
            try:
                yield
            finally:
                unlock_file(fd)
        finally:
            _here.open.discard(fd)
            os.close(fd)
    finally:
        turn.release()


def _not_had(path: Path) -> TimeoutError:
    said = f"another process has had it locked for {WAIT_SECONDS:g} s"
    return TimeoutError(errno.ETIMEDOUT, said, str(path))


def _waited(fd: int) -> bool:
    """Wait for a lock in the system's queue, but not for ever; tells whether it was had."""
    same, had = os.dup(fd), threading.Event()
    _here.open.add(same)

    def wait() -> None:
        with suppress(OSError):
            lock_file(same, wait=True)
            had.set()
        _here.open.discard(same)
        os.close(same)

    start(wait)
    return had.wait(WAIT_SECONDS)
