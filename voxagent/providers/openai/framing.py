"""From the bytes of an answer to JSON values: a stream of events, or one object.

Which of the two it is the first byte tells, not the content type: proxies lie about that. What is neither,
a web page or nothing at all, is an error, and so is everything that is not JSON. Only our own errors leave
here, and what came ahead of one is handed over first: nothing depends on how the network cut the bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from pydantic_core import from_json

from ...errors import ProviderError, StreamTruncatedError
from ..chunks import StreamChunk
from ..http.jsontext import loaded
from ..http.sse import Event, EventSplitter
from .failures import malformed

BLANK = b" \t\r\n\xef\xbb\xbf"
STREAM = (b":", b"data", b"event", b"id", b"retry")
"""How a stream of events begins."""
DONE = b"[DONE]"
HEAD = 400
"""Bytes of an answer that are kept to be shown if there is nothing else in it."""
WRONG_SHAPES = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What walking through a value raises where it has not the shape that the protocol gives it."""


class Reader(Protocol):
    """What understands the JSON of one API; it adds to the chunks that it is handed."""

    ended: bool
    """Whether the last chunk is out."""

    def read(self, value: Any, chunks: list[StreamChunk]) -> None:
        """One event of a stream."""
        ...

    def whole(self, value: Any, chunks: list[StreamChunk]) -> None:
        """An answer that came as one object."""
        ...

    def end(self, chunks: list[StreamChunk], marked: bool) -> None:
        """The stream is over, with or without `[DONE]`; raises if the answer is not complete."""
        ...

    def text(self) -> str:
        """The text so far."""
        ...


class AnswerDecoder:
    """Reads the bytes of one answer, cut anywhere."""

    __slots__ = ("_body", "_failure", "_head", "_reader", "_splitter")

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._splitter: EventSplitter | None = None
        self._failure: ProviderError | None = None
        self._body: list[bytes] | None = None
        self._head: bytes | None = b""
        """The first bytes, until the first event is there."""

    def feed(self, data: bytes) -> Sequence[StreamChunk]:
        """The chunks that these bytes complete; raises once everything ahead of the error was given."""
        if self._failure is not None:
            raise self._failure
        if self._splitter is None:
            return self._begun(data)
        events = self._splitter.feed(data)
        if self._head is not None:
            self._head = None if events else (self._head + data)[:HEAD]
        return self._read(events)

    def _begun(self, data: bytes) -> Sequence[StreamChunk]:
        """Tell a JSON object from a stream by the first byte that is no blank."""
        if self._body is not None:
            self._body.append(data)
            return ()
        data, self._head = (self._head or b"") + data, b""
        first = data.lstrip(BLANK)[:1]
        if not first:
            self._head = data
            return ()
        if first in b"{[":
            self._body = [data]
            return ()
        self._splitter = EventSplitter()
        return self.feed(data)

    def _read(self, events: Iterable[Event], *, last: bool = False) -> list[StreamChunk]:
        reader, data = self._reader, b""
        chunks: list[StreamChunk] = []
        failure: ProviderError | None = None
        try:
            for event in events:
                if reader.ended:
                    break
                data = event.data
                if data == DONE:  # asked first: to find out by an exception costs more than an event
                    reader.end(chunks, True)
                    break
                try:
                    value = from_json(data)
                except ValueError:
                    value = self._odd(data, chunks, last)
                    if value is None:
                        break
                reader.read(value, chunks)
        except ProviderError as error:
            error.received = error.received or reader.text()
            failure = error
        except WRONG_SHAPES as error:
            failure = self._misshapen(data)
            failure.__cause__ = error
        if failure is not None and (last or not chunks):
            raise failure
        self._failure = failure
        return chunks

    def _odd(self, data: bytes, chunks: list[StreamChunk], last: bool) -> Any:
        """The value of an event that is no plain JSON; None if it is no value but the end."""
        if data.strip() == DONE:
            self._reader.end(chunks, True)
            return None
        try:
            return loaded(data)
        except ValueError as error:
            if last:  # cut within its last event
                return None
            raise malformed("the answer has something in it that is no JSON", data) from error

    def _misshapen(self, data: bytes) -> ProviderError:
        error = malformed("the answer has not the shape that its protocol gives it", data)
        error.received = self._reader.text()
        return error

    def end(self) -> Sequence[StreamChunk]:
        """The body is over: the last chunks; raises a `ProviderError` if the answer is not complete."""
        if self._failure is not None:
            raise self._failure
        if self._reader.ended:
            return ()
        if self._splitter is None:
            return self._whole(b"".join(self._body or ()))
        events = self._splitter.end()
        if self._head is not None and not events:
            raise self._nothing(self._head)
        chunks = self._read(events, last=True)
        if not self._reader.ended:
            self._ended(chunks)
        return chunks

    def _ended(self, chunks: list[StreamChunk]) -> None:
        try:
            self._reader.end(chunks, False)
        except ProviderError as error:
            error.received = self._reader.text()
            raise

    def _nothing(self, head: bytes) -> ProviderError:
        if head.lstrip(BLANK).startswith(STREAM):
            return StreamTruncatedError("the answer ended ahead of its first event")
        return malformed("the answer is neither JSON nor a stream of events", head)

    def _whole(self, body: bytes) -> Sequence[StreamChunk]:
        body = body.strip(BLANK)
        if not body:
            raise malformed("the answer is empty")
        chunks: list[StreamChunk] = []
        try:
            self._reader.whole(loaded(body), chunks)
        except ProviderError:
            raise
        except WRONG_SHAPES as error:
            raise self._misshapen(body) from error
        return chunks
