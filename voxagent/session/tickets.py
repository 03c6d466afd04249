"""One writer per session among the processes of a machine, in the order they came.

Whoever wants a session draws a ticket: a file with the next number, which it keeps locked. It has the
session once no lower ticket is locked any more. The system frees the locks of a process that dies, so
nothing has to be renewed, no clock is read, and a process that merely stalls keeps what it holds.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, Generator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from weakref import WeakSet

from ..errors import SessionError
from ..fanout.threads import in_thread, start
from .flock import FILE_MODE, lock_file, locked_file, make_folder, unlock_file
from .lock import in_use
from .stored import key_bytes

_open: WeakSet[Ticket] = WeakSet()


def _forget_tickets() -> None:
    """A child must not keep alive what its parent holds."""
    for ticket in _open:
        os.close(ticket.fd)
    _open.clear()
    _watched.clear()


os.register_at_fork(after_in_child=_forget_tickets)


class Ticket:
    """A place in a queue."""

    def __init__(self, path: Path, number: int) -> None:
        self.number = number
        self.path: Path = path / f"{number:012d}"
        self.fd: int = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, FILE_MODE)
        lock_file(self.fd, wait=False)
        _open.add(self)

    @property
    def lost(self) -> bool:
        """Whether somebody has removed it, so that others no longer wait for it."""
        return os.fstat(self.fd).st_nlink == 0

    def tear(self) -> None:
        """Leave the queue; a file that cannot be removed now is removed by those who come."""
        with suppress(OSError):
            self.path.unlink()
        if self in _open:
            _open.discard(self)
            unlock_file(self.fd)
            os.close(self.fd)


class Tickets:
    """The queues of a store's sessions.

    Args:
        folder: Where they are; made when it is first needed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder: Path = folder

    @asynccontextmanager
    async def held(self, key: str, wait: float) -> AsyncGenerator[Ticket]:
        """Have a session's lock within the block; raises `LockTimeoutError` after `wait` seconds."""
        queue = self.folder / sha256(key_bytes(key)).hexdigest()
        drawn: list[Ticket] = []
        try:
            if not await in_thread(lambda: self._draw(queue, drawn)):
                await self._turn(queue, drawn[0], key, wait)
            yield drawn[0]
        finally:
            if drawn:
                await in_thread(lambda: self._leave(queue, drawn[0]))

    async def _turn(self, queue: Path, ticket: Ticket, key: str, wait: float) -> None:
        """Wait until no ticket is ahead any more."""
        if wait <= 0:
            raise in_use(key, wait)
        try:
            async with asyncio.timeout(wait):
                while (ahead := await in_thread(lambda: self._ahead(queue, ticket))) is not None:
                    await _freed(ahead)
        except TimeoutError:
            raise in_use(key, wait) from None

    @contextmanager
    def _alone(self) -> Generator[None]:
        try:
            make_folder(self.folder)
            with locked_file(self.folder / "queues"):
                yield
        except OSError as error:
            raise SessionError(f"{self.folder} cannot hold locks: {error.strerror}") from error

    def _draw(self, queue: Path, drawn: list[Ticket]) -> bool:
        """Draw a ticket; tells whether it is the first."""
        with self._alone():
            make_folder(queue)
            drawn.append(Ticket(queue, max(_numbers(queue), default=0) + 1))
        return self._ahead(queue, drawn[0]) is None

    def _ahead(self, queue: Path, ticket: Ticket) -> Path | None:
        """The nearest ticket ahead that somebody holds; those that nobody holds are removed."""
        with self._alone():
            for number in sorted(_numbers(queue), reverse=True):
                path = queue / f"{number:012d}"
                if number < ticket.number and not _removed(path):
                    return path
        return None

    def _leave(self, queue: Path, ticket: Ticket) -> None:
        try:
            with self._alone():
                ticket.tear()
                with suppress(OSError):  # others are in the queue
                    queue.rmdir()
        except SessionError:
            ticket.tear()  # whatever it was, nobody shall wait for us


def _numbers(queue: Path) -> list[int]:
    return [int(name) for name in os.listdir(queue) if name.isdecimal()] if queue.is_dir() else []


def _removed(path: Path) -> bool:
    """Whether nobody holds this ticket; it is removed then."""
    fd = os.open(path, os.O_RDWR)
    try:
        free = lock_file(fd, wait=False)
        if free:
            path.unlink()
        return free
    finally:
        os.close(fd)


_guard = threading.Lock()
_watched: dict[Path, Future[None]] = {}


async def _freed(path: Path) -> None:
    """Wait until nobody holds a ticket any more."""
    loop = asyncio.get_running_loop()
    free = asyncio.Event()

    def tell(done: Future[None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(free.set)

    _watch(path).add_done_callback(tell)
    await free.wait()


def _watch(path: Path) -> Future[None]:
    """Have a thread wait for a ticket: one, however many wait, or stop waiting, in this process."""
    with _guard:
        watched = _watched.get(path)
        if watched is None:
            watched = _watched[path] = Future()
            start(lambda: _watching(path))
        return watched


def _watching(path: Path) -> None:
    with suppress(OSError):  # it is gone
        fd = os.open(path, os.O_RDWR)
        try:
            lock_file(fd, wait=True)
        finally:
            os.close(fd)
    with _guard:
        watched = _watched.pop(path)
    watched.set_result(None)
