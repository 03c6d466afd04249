"""Locks on files, which the system frees when their holder dies, and folders that nobody else looks into.

Where the system has no such locks (Windows), processes are not kept apart: there a version check refuses
whoever missed something, and only that.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600

_system = import_module("fcntl") if find_spec("fcntl") else None


def lock_file(fd: int, *, wait: bool) -> bool:
    """Lock an open file until it is closed; tells whether it could be had without waiting, or waits."""
    if _system is None:
        return True
    try:
        _system.flock(fd, _system.LOCK_EX if wait else _system.LOCK_EX | _system.LOCK_NB)
    except BlockingIOError:
        return False
    return True


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
    """Hold the lock of a file that is there for nothing else, and is made if it is not there."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, FILE_MODE)
    try:
        lock_file(fd, wait=True)
        yield
    finally:
        os.close(fd)
