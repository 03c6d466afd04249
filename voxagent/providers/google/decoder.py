"""From the bytes of an answer to JSON: a stream of events, one object, or a list of objects.

What was complete ahead of an error is handed over first, so that the result does not depend on how the
network cut the bytes. Once the answer may be over, what cannot be read is nobody's loss. An error may come
within a stream as a bare object, line by line and not as an event: then the stream has no end but that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import cast

from ...errors import ProviderError, StreamTruncatedError
from ..chunks import StreamChunk
from ..http.jsontext import loaded
from ..http.sse import Event, EventSplitter
from .answer import Answer
from .errors import failure, malformed

_BROKEN = (AttributeError, KeyError, TypeError, ValueError)
"""What reading a value raises that has not the shape it should have."""
_LINES = (b":", b"event", b"data", b"id", b"retry")
"""How a line of a stream begins."""
_BLANK = b" \t\r\n\xef\xbb\xbf"
_HEAD = 400
"""Bytes of an answer that are kept to be shown if there is nothing else in it."""
_TAIL = 8_000
"""Bytes of a stream that are kept to look for an error that is no event."""
_BARE = re.compile(rb"\n[\[\s]*(\{)")


class AnswerDecoder:
    """Reads an answer: a stream of events, one object, or a list of objects.

    Which of them it is the first byte tells: proxies lie about content types.
    """

    def __init__(self, provider: str) -> None:
        self._answer = Answer(provider)
        self._events: EventSplitter | None = None
        self._body: list[bytes] = []
        self._head: bytes | None = b""
        """The first bytes, until the first event is there."""
        self._tail = b""
        self._failure: ProviderError | None = None
        self._ended = False

    @property
    def rests(self) -> bool:
        """Whether what came is a whole answer (see `RestingDecoder`)."""
        return self._answer.rests and self._failure is None

    def feed(self, data: bytes) -> Sequence[StreamChunk]:
        """The chunks that these bytes complete; raises once everything ahead of the error was given."""
        self._raise()
        if self._events is None and not self._body:
            data = data.lstrip(_BLANK)
            if data and data[:1] not in b"{[":
                self._events = EventSplitter()
        if self._events is None:
            if data:
                self._body.append(data)
            return ()
        events = self._events.feed(data)
        self._tail = (self._tail + data)[-_TAIL:]
        if self._head is not None:
            self._head = None if events else (self._head + data)[:_HEAD]
        return self._taken(events)

    def end(self) -> Sequence[StreamChunk]:
        """The last chunks; raises if the answer is not complete."""
        self._raise()
        if self._ended:
            return ()
        self._ended = True
        if self._events is None:
            return self._whole(b"".join(self._body))
        events = self._events.end()
        chunks = self._taken(events, cut=True)
        self._raise()
        if not self._answer.rests:
            self._look_for_error()
        if self._head is not None and not events:
            raise self._nothing(self._head)
        self._answer.end(chunks)
        return chunks

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _look_for_error(self) -> None:
        """Raise the error that stands bare at the end of the stream, if there is one."""
        found = _BARE.search(b"\n" + self._tail)
        if found is None:
            return
        with suppress(*_BROKEN):
            told = loaded(self._tail[found.start(1) - 1 :].rstrip(b"] \r\n"))["error"]
            raise failure(told, self._answer.received)

    def _taken(self, events: Sequence[Event], *, cut: bool = False) -> list[StreamChunk]:
        chunks: list[StreamChunk] = []
        for event in events:
            rested, place = self._answer.rests, len(chunks)
            try:
                self._answer.take(loaded(event.data), chunks)
            except (ProviderError, *_BROKEN) as error:
                if rested:
                    self._answer.rests = True
                    del chunks[place:]
                    break
                self._failure = self._unread(event.data, error, cut)
                if self._failure is not None:
                    break
        if not chunks:
            self._raise()
        return chunks

    def _unread(self, data: bytes, error: Exception, cut: bool) -> ProviderError | None:
        """What is wrong with an event; None if it says nothing, or if only its end is missing."""
        if isinstance(error, ProviderError):
            return error
        is_json = not isinstance(error, ValueError)
        if not is_json and (cut or data.strip() in (b"", b"[DONE]")):
            return None
        what = "an event is not what the protocol says" if is_json else "an event is no JSON"
        wrong = malformed(what, data, self._answer.received)
        wrong.__cause__ = error
        return wrong

    def _nothing(self, head: bytes) -> ProviderError:
        first = head.lstrip(_BLANK)[:5]
        if first and any(first.startswith(line) or line.startswith(first) for line in _LINES):
            return StreamTruncatedError("the answer ended ahead of its first event")
        return malformed("the answer is neither JSON nor a stream of events", head)

    def _whole(self, body: bytes) -> list[StreamChunk]:
        chunks: list[StreamChunk] = []
        if not body:
            raise malformed("the answer is empty", body)
        try:
            told = loaded(body)
            row = cast("list[object]", told) if isinstance(told, list) else [told]
            if not row:
                raise TypeError("an empty list")
            for each in row:
                self._answer.take(each, chunks)
        except _BROKEN as error:
            raise malformed("the answer cannot be read", body, self._answer.received) from error
        self._answer.end(chunks)
        return chunks
