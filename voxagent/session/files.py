"""Sessions as files, one for each: lines of JSON that can be read, searched and mended with any editor.

    {"voxagent":2,"id":"...","key":"...","created_at":1.0,"updated_at":3.0,"metadata":{}}
    {"n":0,"c":1,"at":2.0,"messages":[{...}]}
    {"n":1,"c":3,"at":3.0,"messages":[{...},{...},{...}]}

Every append is one line, synced before it returns: `n` messages were there before, `c` come with it. What a
crash has left of a line has no end, or blocks that were never written: it is recognised, was never
acknowledged, and makes room for the next. Whatever else cannot be read is an error that names the line, and
stays where it is. Files of voxagent 0.1 are read, and written anew once something is appended.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import unquote, urlsplit

from ..errors import ConfigError, SessionError, said_by
from ..fanout.threads import in_thread
from ..types.message import Message
from .checks import check_key, check_messages, check_page, check_version
from .flock import locked_file, make_folder, reading, sync_folder
from .jsonlines import SessionFile, key_in
from .oldfiles import OldFile
from .places import path_of
from .session import Session
from .storage import SessionStorage, conflict, lost, taken
from .stored import check_session
from .tickets import Ticket, Tickets

logger: logging.Logger = logging.getLogger("voxagent")

T = TypeVar("T")


class FileSessionStorage(SessionStorage):
    """Sessions as files in a folder, safe to be used by several processes of a machine.

    The folder and the files are this user's alone (modes 0700 and 0600). No key is ever a path.

    Args:
        base_dir: The folder, ~ being the home folder; made when something is first written. A relative one
            stays where it is, wherever the program goes.
    """

    def __init__(self, base_dir: str | Path) -> None:
        self.base_dir: Path = path_of("base_dir", base_dir)
        self._folder = self.base_dir.absolute()
        self._locks = self._folder / ".locks"
        self._tickets = Tickets(self._locks)
        self._held: dict[str, Ticket] = {}

    def __repr__(self) -> str:
        return f"FileSessionStorage({str(self.base_dir)!r})"

    @classmethod
    def from_url(cls, url: str) -> Self:
        """The store of "file:///folder", or of "file:folder" for one below the working directory."""
        parts = urlsplit(url)
        if parts.netloc or "?" in url or "#" in url or not parts.path:
            raise ConfigError(
                f"{url!r} names no folder: file:///folder or file:folder is expected,"
                " with %3F and %23 for ? and # in it"
            )
        return cls(unquote(parts.path))

    async def load(self, key: str) -> Session | None:
        """The session, or None if there is none."""
        return await self._done(key, self._load)

    def _load(self, file: SessionFile, old: OldFile) -> Session | None:
        return file.load() if file.path.exists() else old.load()

    async def messages(self, key: str, start: int = 0, limit: int | None = None) -> list[Message]:
        """A page of a session; what stands before it is skipped, and what stands behind it is not read."""
        check_page(start, limit)

        def read(file: SessionFile, old: OldFile) -> list[Message]:
            if file.path.exists():
                return file.page(start, limit)
            session = old.load()
            every = [] if session is None else session.messages
            return every[start:] if limit is None else every[start : start + limit]

        return await self._done(key, read)

    async def version(self, key: str) -> int:
        """How many messages a session has; only the ends of its file are read."""

        def read(file: SessionFile, old: OldFile) -> int:
            if file.path.exists():
                return file.version()
            session = old.load()
            return 0 if session is None else session.version

        return await self._done(key, read)

    async def exists(self, key: str) -> bool:
        """Whether there is a session of that key."""
        return await self._done(key, lambda file, old: file.path.exists() or old.load() is not None)

    async def save(self, session: Session) -> None:
        """Store a session, in place of what was there; a crash leaves the old one or the new one."""

        def write(file: SessionFile, old: OldFile) -> None:
            file.write(session)
            old.remove()

        check_session(session)
        check_messages(session.key, session.messages)
        await self._done(session.key, write, alone=True)

    async def create(self, session: Session) -> None:
        """Store a new session; raises `SessionConflict` if there is one of that key."""

        def write(file: SessionFile, old: OldFile) -> None:
            if file.path.exists() or old.load() is not None:
                raise taken(session.key)
            file.write(session)

        check_session(session)
        check_messages(session.key, session.messages)
        await self._done(session.key, write, alone=True)

    async def append(self, key: str, messages: Sequence[Message], *, expected_version: int) -> int:
        """Append messages to a session, made if there is none; returns the new version."""
        ticket, fresh = self._held.get(check_key(key)), check_messages(key, messages)
        expected_version = check_version(key, expected_version)

        def add(file: SessionFile, old: OldFile) -> int:
            if ticket is not None and ticket.lost:
                raise lost(key)
            if file.path.exists():
                return file.append(fresh, expected_version)
            session = old.load() or Session.create(key)
            if session.version != expected_version:
                raise conflict(key, session.version, expected_version)
            session.messages.extend(fresh)
            session.updated_at = max(session.created_at, time.time())
            file.write(session)
            old.remove()
            return session.version

        return await self._done(key, add, alone=True)

    async def delete(self, key: str) -> bool:
        """Forget a session; tells whether there was one."""

        def remove(file: SessionFile, old: OldFile) -> bool:
            gone = old.remove()
            if file.path.exists():
                file.path.unlink()
                gone = True
            if gone:
                sync_folder(self._folder)
            return gone

        return await self._done(key, remove, alone=True)

    async def set_aside(self, key: str) -> Path | None:
        """Move the file of a session that cannot be read out of the way; tells where it is now."""

        def move(file: SessionFile, old: OldFile) -> Path | None:
            if not file.path.exists():
                return None
            aside = next(path for path in _names(file.path) if not path.exists())
            file.path.rename(aside)
            sync_folder(self._folder)
            return aside

        return await self._done(key, move, alone=True)

    async def list_keys(self) -> list[str]:
        """The keys of all sessions, sorted.

        A file whose head cannot be read is left out, and logged as an error: one must not hide the others.
        """

        def read() -> list[str]:
            found = (_listed(path) for path in self._folder.glob("*.jsonl"))
            return sorted({key for key in found if key is not None})

        return await in_thread(lambda: self._told(read))

    @asynccontextmanager
    async def lock(self, key: str, wait: float) -> AsyncGenerator[None]:
        """Hold a session against other processes of this machine."""
        async with self._tickets.held(check_key(key), wait) as ticket:
            self._held[key] = ticket
            try:
                yield
            finally:
                del self._held[key]

    async def _done(self, key: str, work: Callable[[SessionFile, OldFile], T], *, alone: bool = False) -> T:
        file, old = SessionFile(self._folder, check_key(key)), OldFile(self._folder, key)

        def do() -> T:
            if not alone:
                with reading():
                    return work(file, old)
            make_folder(self._folder)
            make_folder(self._locks)
            with locked_file(self._locks / f"writes-{file.stripe}"):
                return work(file, old)

        return await in_thread(lambda: self._told(do))

    def _told(self, do: Callable[[], T]) -> T:
        try:
            return do()
        except OSError as error:
            raise SessionError(f"{error.filename or self._folder}: {error.strerror or error}") from error


def _listed(path: Path) -> str | None:
    try:
        return key_in(path)
    except FileNotFoundError:  # it was deleted meanwhile
        return None
    except OSError as error:
        logger.error("%s: %s; its session is not listed", path, error.strerror)
    except SessionError as error:
        logger.error("%s; its session is not listed", said_by(error))
    return None


def _names(path: Path) -> list[Path]:
    return [path.with_name(f"{path.name}.aside-{number}") for number in range(1, 1000)]
