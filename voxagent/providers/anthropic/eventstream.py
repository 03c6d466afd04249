"""Bedrock's frames around the events of the Messages API, taken off.

A frame is its length, the length of its headers, a checksum of both, headers, payload, and a checksum of
everything (Amazon's event stream encoding, smithy.io/2.0/aws/amazon-eventstream.html). The payload of a
"chunk" holds one event in base64; an exception, which ends the stream, is told on as the event that
Anthropic itself would have sent.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import crc32
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from pydantic_core import from_json, to_json

from ..chunks import StreamChunk
from ..http.wire import Decoder
from .errors import malformed

CONTENT_TYPE = "application/vnd.amazon.eventstream"
LONGEST = 25_165_824
"""Bytes of the longest frame that the encoding knows: 24 MiB."""
SIZES: Mapping[int, int] = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a header's value, by its type; those of text (7) and bytes (6) say it themselves."""
TEXT = 7

KINDS: Mapping[str, str] = {
    "throttlingException": "rate_limit_error",
    "serviceUnavailableException": "overloaded_error",
    "modelTimeoutException": "timeout_error",
    "validationException": "invalid_request_error",
    "accessDeniedException": "permission_error",
    "resourceNotFoundException": "not_found_error",
}
"""What Anthropic calls Bedrock's exceptions; the others are errors of the server."""


class FramedDecoder:
    """Reads an answer in frames.

    Args:
        answer: Reads the events in them.
        provider: Name of the provider, for errors.
    """

    def __init__(self, answer: Decoder, provider: str) -> None:
        self._answer = answer
        self._provider = provider
        self._buffer = bytearray()
        self._broken = False

    def feed(self, data: bytes) -> Sequence[StreamChunk]:
        """The chunks that these bytes complete."""
        self._buffer += data
        events: list[bytes] = []
        try:
            events += self._events()
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            self._broken = True
        chunks = self._answer.feed(b"".join(events))
        if self._broken and not chunks:
            raise malformed("a frame of the stream is broken", bytes(self._buffer[:100]), self._provider)
        return chunks

    def end(self) -> Sequence[StreamChunk]:
        """The last chunks; raises if the end mark has not come."""
        return self._answer.end()

    def _events(self) -> Iterator[bytes]:
        buffer = self._buffer
        while not self._broken and len(buffer) >= 12:
            size, named = int.from_bytes(buffer[:4]), int.from_bytes(buffer[4:8])
            if crc32(buffer[:8]) != int.from_bytes(buffer[8:12]) or not named + 16 <= size <= LONGEST:
                raise ValueError("no frame begins here")
            if len(buffer) < size:
                return
            frame = bytes(buffer[:size])
            if crc32(frame[:-4]) != int.from_bytes(frame[-4:]):
                raise ValueError("the frame's checksum is wrong")
            event = _event(_headers(frame[12 : 12 + named]), from_json(frame[12 + named : -4] or b"{}"))
            del buffer[:size]
            yield event


def _headers(data: bytes) -> dict[str, str]:
    """The headers that are text."""
    found: dict[str, str] = {}
    at = 0
    while at < len(data):
        end = at + 1 + data[at]
        name, kind = data[at + 1 : end].decode(), data[end]
        at = end + 1
        if kind in SIZES:
            at += SIZES[kind]
            continue
        size = int.from_bytes(data[at : at + 2])
        at += 2 + size
        if kind == TEXT:
            found[name] = data[at - size : at].decode()
    return found


def _event(headers: Mapping[str, str], payload: Any) -> bytes:
    """What a frame holds, as a server-sent event; nothing if it is of a kind that says nothing."""
    if headers[":message-type"] != "event":
        return _failed(headers, cast("Mapping[str, object]", payload))
    if headers[":event-type"] != "chunk":
        return b""
    return b"data: " + b64decode(payload["bytes"]).replace(b"\n", b" ") + b"\n\n"


def _failed(headers: Mapping[str, str], payload: Mapping[str, object]) -> bytes:
    code = headers.get(":exception-type") or headers.get(":error-code") or "no reason given"
    words = payload.get("message") or headers.get(":error-message") or code
    error = {"type": KINDS.get(code, "api_error"), "message": f"{code}: {words}"}
    return b"data: " + to_json({"type": "error", "error": error}) + b"\n\n"
