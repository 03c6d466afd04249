"""One session as a file of lines: how it is read from both ends, written, and found out to be damaged."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Any, cast

from ..errors import SessionError
from ..types.message import Message
from .flock import FILE_MODE, sync_folder
from .oldfiles import old_key_in
from .session import Session
from .storage import conflict
from .stored import key_bytes, messages_of, messages_text, newer, written

SCHEMA = 2
PER_LINE = 100
BLOCK = 65_536
FIRST_BLOCK = 2_048
LONGEST_START = 128
ENTRY = re.compile(rb'\{"n":(\d+),"c":(\d+),"at":([0-9.e+-]+),"messages":\[')
NAME = re.compile(r"[a-z0-9-]*\.[0-9a-f]{32}\.jsonl")

_sync = os.fdatasync if hasattr(os, "fdatasync") else os.fsync


@dataclass(frozen=True, slots=True)
class _Head:
    id: str
    key: str
    created_at: float
    updated_at: float
    metadata: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Entry:
    line: int
    first: int
    count: int
    at: float
    messages: bytes


class SessionFile:
    """The file of a session.

    Args:
        folder: Where it is.
        key: The session's key. A hash of it in the name keeps any two keys apart, on file systems that do not
            know large letters from small ones too.
    """

    def __init__(self, folder: Path, key: str) -> None:
        digest = sha256(key_bytes(key)).hexdigest()
        shown = re.sub(r"[^a-z0-9]+", "-", key[:40].lower()).strip("-")
        self.key = key
        self.path: Path = folder / f"{shown}.{digest[:32]}.jsonl"
        self.stripe: str = digest[-2:]

    # --- reading -----------------------------------------------------------------------------------

    def load(self) -> Session:
        """The whole session."""
        with self.path.open("rb") as lines:
            head = self._head(lines.readline())
            entries = list(self._entries(lines))
        messages = self._messages(entries)
        updated = entries[-1].at if entries else head.updated_at
        return Session(head.id, head.key, messages, head.created_at, updated, head.metadata)

    def page(self, start: int, limit: int | None) -> list[Message]:
        """Some of its messages; of what stands before them, only what leads there is read."""
        try:
            return self._page(start, limit, near=True)
        except SessionError:
            return self._page(start, limit, near=False)  # which knows the number of the line

    def _page(self, start: int, limit: int | None, *, near: bool) -> list[Message]:
        stop = None if limit is None else start + limit
        wanted: list[_Entry] = []
        with self.path.open("rb") as lines:
            self._head(lines.readline())
            first = lines.tell()
            begin = _near(lines, first, start) if near else first
            lines.seek(begin)
            for entry in self._entries(lines, 0 if begin == first else None):
                if stop is not None and entry.first >= stop:
                    break
                if entry.first + entry.count > start:
                    wanted.append(entry)
        before = start - wanted[0].first if wanted else 0
        return self._messages(wanted)[before : None if limit is None else before + limit]

    def version(self) -> int:
        """How many messages it has, by its head and its last line."""
        with self.path.open("rb", buffering=0) as file:
            _, version = self._end(file)
            self._head(_first_line(file))
            return version

    def _head(self, line: bytes) -> _Head:
        data = _object(line) if line.endswith(b"\n") else None
        schema = None if data is None else data.get("voxagent")
        if data is None or not isinstance(schema, int):
            raise self._damaged(1, "is not the head of a session")
        if schema > SCHEMA:
            raise newer(str(self.path), schema, SCHEMA)
        try:
            head = _Head(
                str(data["id"]),
                str(data["key"]),
                float(data["created_at"]),
                float(data["updated_at"]),
                dict(data["metadata"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise self._damaged(1, "is not the head of a session") from error
        if head.key != self.key:
            raise self._damaged(1, f"is the head of another session, {head.key!r}, not of {self.key!r}")
        return head

    def _entries(self, lines: Iterator[bytes], version: int | None = 0) -> Iterator[_Entry]:
        """The lines from here on, of which the first begins with message `version`, if that is known."""
        for number, line in enumerate(lines, 2):
            if not line.endswith(b"\n") or (b"\0" in line and next(lines, None) is None):
                return
            entry = _entry(number, line)
            if entry is None:
                raise self._damaged(number, "holds no messages")
            if version is not None and entry.first != version:
                raise self._damaged(number, f"begins with message {entry.first}, {version} is expected")
            version = entry.first + entry.count
            yield entry

    def _messages(self, entries: Sequence[_Entry]) -> list[Message]:
        filled = [entry for entry in entries if entry.count]
        try:
            texts = [entry.messages.decode() for entry in filled]
        except UnicodeDecodeError as error:
            raise SessionError(f"{self.path} is not UTF-8: {error.reason}") from error
        found = messages_of(texts, lambda number: f"{self.path}, line {filled[number].line}")
        counted = sum(entry.count for entry in filled)
        if len(found) != counted:
            raise SessionError(f"{self.path} has {len(found)} messages, its lines count {counted}")
        return found

    def _end(self, file: FileIO) -> tuple[int, int]:
        """Where the last whole line ends, and how many messages there are up to there."""
        start = file.seek(0, os.SEEK_END)
        data, step = b"", FIRST_BLOCK
        while start:
            step = min(step * 2, start)
            start = file.seek(start - step)
            data = _read(file, step) + data
            found = _last_line(data, whole=start == 0)
            if found is not None:
                end, line = found
                if line.startswith(b'{"voxagent"'):
                    return start + end, 0
                entry = _entry(0, line)
                if entry is None:
                    raise self._damaged(_count(file, start + end), "holds no messages")
                return start + end, entry.first + entry.count
        raise self._damaged(1, "is not the head of a session")

    def _damaged(self, line: int, what: str) -> SessionError:
        return SessionError(f"{self.path}, line {line} {what}: mend it, or move it away with `set_aside`")

    # --- writing -----------------------------------------------------------------------------------

    def append(self, messages: Sequence[Message], expected: int) -> int:
        """Append a line; only one at a time may do that."""
        texts = messages_text(self.key, messages)
        with self.path.open("r+b", buffering=0) as file:
            end, version = self._end(file)
            head = self._head(_first_line(file))
            if version != expected:
                raise conflict(self.key, version, expected)
            if texts:
                with _whole(file, end):
                    _put(file, _line(version, texts, max(head.created_at, time.time())))
        return version + len(texts)

    def write(self, session: Session) -> None:
        """Write a whole file, in place of what was there; only one at a time may do that."""
        row = written(session)
        head = {
            "voxagent": SCHEMA,
            "id": row.id,
            "key": self.key,
            "created_at": row.created_at,
            "updated_at": row.updated_at,
        }
        texts = row.messages
        aside = self.path.with_suffix(".new")
        fd = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
        try:
            with open(fd, "wb", buffering=0) as file:
                text = json.dumps(head, separators=(",", ":"))
                _put(file, f'{text[:-1]},"metadata":{row.metadata}}}\n'.encode())
                for first in range(0, len(texts), PER_LINE):
                    _put(file, _line(first, texts[first : first + PER_LINE], row.updated_at))
                _sync(file.fileno())
            aside.replace(self.path)
        except BaseException:  # the half-written file goes, and it is raised again
            with suppress(OSError):
                aside.unlink()
            raise
        sync_folder(self.path.parent)


def key_in(path: Path) -> str | None:
    """The key of the session that a file holds; None if it is a file of something else."""
    with path.open("rb") as lines:
        line = lines.readline()
    if not NAME.fullmatch(path.name):
        return old_key_in(path, line)
    key = (_object(line) or {}).get("key")
    if not isinstance(key, str) or SessionFile(path.parent, key).path.name != path.name:
        raise SessionError(
            f"{path}, line 1 is not the head of a session: mend it, or move it to another folder"
        )
    return key


def _entry(number: int, line: bytes) -> _Entry | None:
    found = ENTRY.match(line)
    if found is None or not line.endswith(b"]}\n"):
        return None
    try:
        first, count, at = int(found[1]), int(found[2]), float(found[3])
    except ValueError:
        return None
    return _Entry(number, first, count, at, line[found.end() : -3])


def _near(lines: BufferedReader, first: int, start: int) -> int:
    """Where a line begins that is not behind message `start`, and not far before it."""
    begin, end = first, lines.seek(0, os.SEEK_END)
    while end - begin > BLOCK:
        middle = (begin + end) // 2
        place, number = _next(lines, middle, end)
        if number is not None and number <= start:
            begin = place
        else:
            end = middle
    return begin


def _next(lines: BufferedReader, place: int, end: int) -> tuple[int, int | None]:
    """Where the next line begins that holds messages, and with which; None if there is none any more."""
    while place < end:
        lines.seek(place)
        lines.readline()
        place = lines.tell()
        found = ENTRY.match(lines.read(LONGEST_START))
        if found is not None and place < end:
            return place, int(found[1])
    return place, None


def _count(file: FileIO, end: int) -> int:
    file.seek(0)
    return _read(file, end).count(b"\n")


@contextmanager
def _whole(file: FileIO, end: int) -> Generator[None]:
    """Write from there on, and sync; or, if that fails, leave what was there before."""
    if file.seek(0, os.SEEK_END) > end:
        file.truncate(end)
        file.seek(end)
    try:
        yield
        _sync(file.fileno())
    except BaseException:  # the half-written line goes, and it is raised again
        with suppress(OSError):
            file.truncate(end)
        raise


def _line(first: int, texts: Sequence[str], at: float) -> bytes:
    return f'{{"n":{first},"c":{len(texts)},"at":{at!r},"messages":[{",".join(texts)}]}}\n'.encode()


def _put(file: FileIO, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]


def _read(file: FileIO, count: int) -> bytes:
    parts: list[bytes] = []
    while count and (part := file.read(count)):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _first_line(file: FileIO) -> bytes:
    file.seek(0)
    data = b""
    while b"\n" not in data and (part := file.read(BLOCK)):
        data += part
    return data[: data.find(b"\n") + 1]


def _last_line(data: bytes, *, whole: bool) -> tuple[int, bytes] | None:
    """The end and the text of the last line that a crash has not torn; None if more has to be read."""
    found = _line_before(data, len(data), whole)
    if found is not None and b"\0" in data[found[0] : found[1]]:
        found = _line_before(data, found[0], whole)
    return None if found is None else (found[1], data[found[0] : found[1]])


def _line_before(data: bytes, end: int, whole: bool) -> tuple[int, int] | None:
    stop = data.rfind(b"\n", 0, end)
    begin = data.rfind(b"\n", 0, max(stop, 0)) + 1
    return None if stop < 0 or (begin == 0 and not whole) else (begin, stop + 1)


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        data = json.loads(line)
    except ValueError:
        return None
    return cast("dict[str, Any]", data) if isinstance(data, dict) else None
