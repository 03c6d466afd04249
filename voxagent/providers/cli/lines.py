"""A program's output, cut into lines, of which none may be endless."""

from __future__ import annotations

from ...errors import MalformedAnswerError

MAX_LINE = 10_000_000
MAX_OUTPUT = 100_000_000
"""Bytes of all lines; most of a long answer are the program's reports of what it read."""


class LineSplitter:
    """Bytes in, lines out; how the bytes are cut does not matter."""

    __slots__ = ("_parts", "_size", "_total")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = self._total = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that these bytes complete."""
        self._total += len(data)
        if self._total > MAX_OUTPUT:
            raise MalformedAnswerError(f"the program wrote more than {MAX_OUTPUT:,} bytes")
        first, *others = data.split(b"\n")
        self._parts.append(first)
        self._size += len(first)
        if self._size > MAX_LINE:
            raise MalformedAnswerError(f"the program wrote a line of more than {MAX_LINE:,} bytes")
        if not others:
            return []
        *complete, rest = others
        lines = [b"".join(self._parts), *complete]
        self._parts, self._size = [rest], len(rest)
        return lines

    def rest(self) -> bytes:
        """What came after the last line break."""
        return b"".join(self._parts)
