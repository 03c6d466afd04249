"""Messages as they come in: lines of bounded length, read as the protocol's messages."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias, cast

from ..errors import said_by

if TYPE_CHECKING:
    from mcp.shared.message import SessionMessage

Item: TypeAlias = "SessionMessage | Exception"

MAX_MESSAGE = 10_000_000
"""Bytes of one message; of a longer one only the beginning is kept, to tell whose answer it was."""
KEPT_OF_LONG = 1_000
BROKEN = -32_011
"""Code of the error that stands for an answer which could not be used, or a question that cannot be sent."""
NO_SESSION = -32_013
"""Code of the error that stands for a session in which the server takes nothing, such as a forgotten one."""
OURS: str = secrets.token_hex(16)
"""The data of errors that are made here: servers may use the same codes, and mean something else."""
OF_LISTING: str = f"{OURS} tools/list"
"""The same for a listing of tools, which the SDK makes also once a call was executed."""
LISTING = "tools/list"
BOM = b"\xef\xbb\xbf"
MESSAGE_START = re.compile(rb'\{\s*+"(?:jsonrpc|id|method|params|result|error)"\s*+:')
MAX_SKIPPED = 200_000_000
"""Bytes of one message after which nothing sensible is expected any more."""
SKIP_SECONDS = 5.0
"""Seconds that the rest of a message that is too long may take: nothing else comes through meanwhile."""
TOO_LARGE = f"a message is larger than {MAX_MESSAGE:,} bytes"


class UnreadableMessage(Exception):
    """Something that a server said and nobody can read; `start` is its beginning."""

    def __init__(self, said: str, start: bytes) -> None:
        super().__init__(said)
        self.start = start


def message_of(data: bytes) -> Item:
    """The message that stands there, or why there is none.

    Some servers print something ahead of a message, on the same line.
    """
    from mcp.shared.message import SessionMessage
    from mcp_types import jsonrpc_message_adapter

    line = data.strip().removeprefix(BOM).lstrip()
    if not line.startswith(b"{"):
        start = MESSAGE_START.search(line)
        line = line if start is None else line[start.start() :]
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError:
        return UnreadableMessage("the server sent a message that is not valid", data[:100_000])


def encoded(item: SessionMessage) -> bytes:
    """The message as it is sent; raises `MCPError` with what is in it that cannot be."""
    from mcp import MCPError

    try:
        return item.message.model_dump_json(by_alias=True, exclude_unset=True).encode()
    except ValueError as error:
        text = unsendable(getattr(item.message, "params", None))
        said = said_by(error) if text is None else f"{text!r:.100} is no text that can be"
        raise MCPError(BROKEN, f"it cannot be sent: {said}") from None


def is_ours(error: object, code: int) -> bool:
    """Whether an error was made here with this code; what a server says itself never is."""
    return getattr(error, "code", None) == code and getattr(error, "data", None) in (OURS, OF_LISTING)


def executed_nothing(error: object) -> bool:
    """Whether an error says that a question was not even begun, so that it may be asked once more."""
    return is_ours(error, NO_SESSION) and getattr(error, "data", None) == OURS


def unsendable(value: object) -> str | None:
    """The first text within a value that nobody can send: it holds half of a character."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            if not _is_sendable(each):
                return each
        elif isinstance(each, Mapping):
            held = cast("Mapping[object, object]", each)
            left += [*held, *held.values()]
        elif isinstance(each, Sequence) and not isinstance(each, bytes):
            left += cast("Sequence[object]", each)
    return None


def _is_sendable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class Lines:
    """Cuts what comes in into lines; of a line that is too long the end is never kept."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._skipping = False
        self._skipped = 0
        self._since = 0.0

    @property
    def endless(self) -> bool:
        """Whether the line that is skipped has no end to be waited for."""
        if not self._skipping:
            return False
        return self._skipped > MAX_SKIPPED or time.monotonic() - self._since > SKIP_SECONDS

    def fed(self, data: bytes) -> list[bytes | UnreadableMessage]:
        """The lines that are complete now, without their ends, and what is too long to ever be one."""
        lines: list[bytes | UnreadableMessage] = []
        first, *more = data.split(b"\n")
        self._take(first, lines)
        for piece in more:
            if not self._skipping:
                lines.append(bytes(self._rest))
            self._rest.clear()
            self._skipping, self._skipped = False, 0
            self._take(piece, lines)
        return lines

    def rest(self) -> bytes:
        """What came after the last line end; it is told once."""
        rest = bytes(self._rest)
        self._rest.clear()
        return rest

    def _take(self, piece: bytes, lines: list[bytes | UnreadableMessage]) -> None:
        if self._skipping:
            self._skipped += len(piece)
            return
        self._rest += piece
        if len(self._rest) > MAX_MESSAGE:
            lines.append(UnreadableMessage(TOO_LARGE, bytes(self._rest[:KEPT_OF_LONG])))
            self._rest.clear()
            self._skipping, self._since = True, time.monotonic()
