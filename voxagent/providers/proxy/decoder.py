"""From the bytes that the proxy sends to the chunks that the model's provider gave.

An answer is a stream of events, or one object with all of them, from servers that cannot stream. What came
ahead of an error is handed over first, so that nothing depends on how the network cut the bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...errors import MalformedAnswerError, ProviderError, StreamTruncatedError
from ..chunks import MessageEndChunk, StreamChunk, StreamResetChunk, TextDeltaChunk
from ..http.jsontext import loaded
from ..http.sse import Event, EventSplitter
from ..openai.failures import excerpt
from .events import chunk_in
from .failures import failure_in

WRONG = (AttributeError, KeyError, TypeError, ValueError)
"""What reading a value raises that has not the shape it should have."""
LINES = (b":", b"data:", b"event:", b"id:", b"retry:")
"""How a stream of events begins."""


class AnswerDecoder:
    """Reads one answer."""

    def __init__(self) -> None:
        self._splitter = EventSplitter()
        self._head: list[bytes] | None = []
        """All bytes, until the first event is there."""
        self._texts: list[str] = []
        self._finish: MessageEndChunk | None = None
        self._failure: ProviderError | None = None
        self._done = False

    def feed(self, data: bytes) -> list[StreamChunk]:
        """The chunks that these bytes complete; raises once everything ahead of the error was given."""
        if self._failure is not None:
            raise self._failure
        events = self._splitter.feed(data)
        if events:
            self._head = None
        elif self._head is not None:
            self._head.append(data)
        return self._read(events)

    def end(self) -> list[StreamChunk]:
        """The last chunks; raises if the end mark has not come."""
        if self._done:
            return []
        if self._failure is not None:
            raise self._failure
        events = self._splitter.end()
        if self._head is not None and not events:
            return self._whole(b"".join(self._head).strip())
        out = self._read(events, cut=True)
        if not self._done:
            raise self._truncated("the stream ended ahead of its end mark")
        return out

    def _read(self, events: Iterable[Event], *, cut: bool = False) -> list[StreamChunk]:
        out: list[StreamChunk] = []
        for event in events:
            if self._done:
                break
            try:
                self._take(loaded(event.data), out)
            except ProviderError as error:
                self._failure = error
            except WRONG as error:
                if not cut:
                    self._failure = self._malformed("an event is not what the protocol says", event.data)
                    self._failure.__cause__ = error
            if self._failure is not None:
                break
        if self._failure is not None and (cut or not out):
            raise self._failure
        return out

    def _whole(self, body: bytes) -> list[StreamChunk]:
        out: list[StreamChunk] = []
        if body and any(body.startswith(line) or line.startswith(body) for line in LINES):
            raise self._truncated("the stream ended ahead of its first event")
        try:
            told = loaded(body)
            if "error" in told:
                raise failure_in(told).error()
            for event in told["events"]:
                self._take(event, out)
        except WRONG as error:
            raise self._malformed("the answer is not what the protocol says", body) from error
        if not self._done:
            raise self._truncated("the answer has no end mark")
        return out

    def _take(self, told: Any, out: list[StreamChunk]) -> None:
        """Take an event; raises one of `WRONG` if it has not the shape it should have."""
        kind = told["type"]
        if kind == "end":
            self._end(out)
            return
        if kind == "error":
            raise failure_in(told).error("".join(self._texts))
        chunk = chunk_in(told)
        if isinstance(chunk, MessageEndChunk):
            self._finish = chunk
        elif chunk is not None:
            if isinstance(chunk, TextDeltaChunk):
                self._texts.append(chunk.delta)
            elif isinstance(chunk, StreamResetChunk):
                self._texts.clear()
            out.append(chunk)

    def _end(self, out: list[StreamChunk]) -> None:
        if self._finish is None:
            raise self._truncated("the answer ended without a finish")
        out.append(self._finish)
        self._done = True

    def _truncated(self, what: str) -> StreamTruncatedError:
        return StreamTruncatedError(what, received="".join(self._texts))

    def _malformed(self, what: str, data: bytes) -> MalformedAnswerError:
        return MalformedAnswerError(f"{what}: {excerpt(data)!r}", received="".join(self._texts))
