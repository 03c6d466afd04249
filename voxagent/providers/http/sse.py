"""Server-sent events, split on bytes (WHATWG HTML, section 9.2.6).

Bytes may be cut anywhere: inside a line, inside a character, between CR and LF. What `feed` returns does not
depend on where. An event is as large as it is; how much an answer may weigh in all is the caller's limit.
"""

from __future__ import annotations

from typing import NamedTuple

MARK = b"\xef\xbb\xbf"
"""The byte order mark that a stream may begin with."""


class Event(NamedTuple):
    """One event: its name ("" if it has none) and its data."""

    name: str
    data: bytes


class EventSplitter:
    """Bytes in, events out."""

    __slots__ = ("_cr", "_first", "_parts")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._cr = False
        self._first = True

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete."""
        if self._first:
            data = self._without_mark(data)
        if self._cr or b"\r" in data:
            data = self._without_cr(data)
        if not data:
            return []
        parts = self._parts
        if parts:
            parts.append(data)
            if b"\n\n" not in data and not (data.startswith(b"\n") and parts[-2].endswith(b"\n")):
                return []  # a large event is joined once, not at each piece of it
            data = b"".join(parts)
        *complete, rest = data.split(b"\n\n")
        self._parts = [rest] if rest else []
        return [event for block in complete if (event := _event(block)) is not None]

    def end(self) -> list[Event]:
        """The event that the end of the stream completes: some servers leave out the last blank line."""
        event = _event(b"".join(self._parts))
        self._parts = []
        return [event] if event is not None else []

    def _without_mark(self, data: bytes) -> bytes:
        """Without the byte order mark; nothing while that is all there is."""
        data, self._parts = b"".join(self._parts) + data, []
        if len(data) < len(MARK) and MARK.startswith(data):
            self._parts = [data] if data else []
            return b""
        self._first = False
        return data.removeprefix(MARK)

    def _without_cr(self, data: bytes) -> bytes:
        if not data:
            return data
        ends, begins = data.endswith(b"\r"), self._cr and data.startswith(b"\n")
        self._cr, data = ends, data[1:] if begins else data
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _event(block: bytes) -> Event | None:
    if block.startswith(b"data: ") and b"\n" not in block:
        return Event("", block[6:])
    if block.startswith(b"event: "):
        first, _, rest = block[7:].partition(b"\n")
        if rest.startswith(b"data: ") and b"\n" not in rest:
            return Event(first.decode("utf-8", "replace"), rest[6:])
    name = ""
    data: list[bytes] = []
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace")
    return Event(name, b"\n".join(data)) if data else None
