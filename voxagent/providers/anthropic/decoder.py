"""From the bytes of an answer to chunks.

An answer counts only with its end mark: a reason and, in a stream, `message_stop`. A stream that ends ahead
of that was cut; bytes that are not what the protocol says are an error, never an index or Unicode error;
blocks, events and pieces of unknown kinds are passed over or kept, for the API grows. What was complete ahead
of an error is handed over first, so that the result does not depend on how the network cut the bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ...errors import ProviderError, StreamTruncatedError
from ...types.blocks import RefusalBlock
from ...types.message import FinishReason
from ...types.usage import Usage
from ..chunks import BlockChunk, MessageEndChunk, MessageStartChunk, StreamChunk
from ..http.jsontext import loaded
from ..http.sse import Event, EventSplitter
from .errors import event_error, malformed
from .parts import Part, TextPart, opened

REASONS: Mapping[object, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_use",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
    "pause_turn": "pause",
}
_BROKEN = (AttributeError, KeyError, TypeError, ValueError)
"""What reading a value raises that has not the shape it should have."""
_LINES = (b":", b"event:", b"data:", b"id:", b"retry:")
"""How a line of a stream begins."""
_TOLD = ("stop_sequence", "stop_details", "container")


class Answer:
    """An answer as it grows, by the events of the protocol."""

    def __init__(self, provider: str) -> None:
        self.provider = provider
        self.done: bool = False
        self._parts: dict[int, Part] = {}
        self._texts: list[TextPart] = []
        self._loose: TextPart | None = None
        self._usage: dict[str, Any] = {}
        self._reason: object = None
        self._metadata: dict[str, Any] = {}

    @property
    def received(self) -> str:
        """The text so far."""
        return "".join(piece for text in self._texts for piece in text.pieces)

    def take(self, event: Any, out: list[StreamChunk]) -> None:
        """Take an event; raises one of `_BROKEN` if it has not the shape it should have."""
        kind = event["type"]
        if kind == "content_block_delta":
            self._parts[event["index"]].grow(event["delta"], out)
        elif kind == "content_block_start":
            self._open(event["index"], event["content_block"], out)
        elif kind == "content_block_stop":
            self._parts.pop(event["index"]).close(out)
        elif kind == "message_start":
            self._begin(event["message"], out)
        elif kind == "message_delta":
            self._note(event["delta"])
            self._count(event.get("usage"))
        elif kind == "message_stop":
            self._end(out)
        elif kind == "error":
            raise event_error(event, self.provider, self.received)

    def _open(self, index: int, block: Any, out: list[StreamChunk]) -> None:
        loose, self._loose = self._loose, None
        if loose is not None and block["type"] == "text":
            loose.seal(out)
        part = self._parts[index] = opened(block, out, self.provider)
        if isinstance(part, TextPart):
            self._texts.append(part)
            self._loose = part

    def _begin(self, message: Any, out: list[StreamChunk]) -> None:
        out.append(MessageStartChunk(self.provider, str(message.get("model") or "")))
        self._metadata["id"] = message.get("id")
        self._note(message)
        self._count(message.get("usage"))

    def _note(self, told: Any) -> None:
        self._reason = told.get("stop_reason") or self._reason
        self._metadata.update((name, told[name]) for name in _TOLD if told.get(name) is not None)

    def _count(self, usage: Any) -> None:
        """Usage is told several times, each time the whole so far."""
        if usage is not None:
            self._usage.update((name, value) for name, value in usage.items() if value is not None)

    def _end(self, out: list[StreamChunk]) -> None:
        if not isinstance(self._reason, str):
            raise StreamTruncatedError(
                "the answer ended without a stop reason", provider=self.provider, received=self.received
            )
        while self._parts:
            self._parts.pop(next(iter(self._parts))).close(out)
        details = self._metadata.get("stop_details")
        if self._reason == "refusal" and isinstance(details, Mapping):
            explanation = cast("Mapping[str, object]", details).get("explanation")
            if explanation:
                out.append(BlockChunk(RefusalBlock(str(explanation))))
        self._metadata["stop_reason"] = self._reason
        for name in ("server_tool_use", "service_tier"):
            if self._usage.get(name):
                self._metadata[name] = self._usage[name]
        out.append(MessageEndChunk(REASONS.get(self._reason), usage_of(self._usage), self._metadata))
        self.done = True


def usage_of(told: Mapping[str, Any]) -> Usage | None:
    """The usage: the API counts what is cached beside the input, we count it within."""
    if not told:
        return None
    read, written = _number(told, "cache_read_input_tokens"), _number(told, "cache_creation_input_tokens")
    details = told.get("output_tokens_details")
    return Usage(
        input_tokens=_number(told, "input_tokens") + read + written,
        output_tokens=_number(told, "output_tokens"),
        cache_read_tokens=read,
        cache_write_tokens=written,
        reasoning_tokens=_number(details, "thinking_tokens"),
    )


def _number(told: object, name: str) -> int:
    value = cast("Mapping[str, object]", told).get(name) if isinstance(told, Mapping) else None
    return value if isinstance(value, int) else 0


class AnswerDecoder:
    """Reads an answer: a stream of events or, from services that cannot stream, one object.

    Which of the two it is, its bytes tell: proxies lie about content types.
    """

    def __init__(self, provider: str) -> None:
        self._answer = Answer(provider)
        self._provider = provider
        self._events = EventSplitter()
        self._head: list[bytes] | None = []
        self._failure: ProviderError | None = None

    def feed(self, data: bytes) -> list[StreamChunk]:
        """The chunks that these bytes complete; raises once everything ahead of the error was given."""
        if self._failure is not None:
            raise self._failure
        events = [] if self._answer.done else self._events.feed(data)
        if events:
            self._head = None
        elif self._head is not None:
            self._head.append(data)
        return self._taken(events)

    def end(self) -> list[StreamChunk]:
        """The last chunks; raises if the end mark has not come."""
        if self._failure is not None:
            raise self._failure
        if self._answer.done:
            return []
        events = self._events.end()
        if self._head is not None and not events:
            return self._without_events(b"".join(self._head))
        out = self._taken(events, cut=True)
        if self._failure is not None:
            raise self._failure
        if not self._answer.done:
            raise StreamTruncatedError(
                "the stream ended ahead of its end mark",
                provider=self._provider,
                received=self._answer.received,
            )
        return out

    def _taken(self, events: list[Event], *, cut: bool = False) -> list[StreamChunk]:
        out: list[StreamChunk] = []
        answer = self._answer
        for event in events:
            try:
                answer.take(loaded(event.data), out)
            except ProviderError as error:
                return self._failed(error, out)
            except _BROKEN as error:
                failure = self._unread(event, error, cut)
                if failure is not None:
                    failure.__cause__ = error
                    return self._failed(failure, out)
            if answer.done:
                break
        return out

    def _failed(self, failure: ProviderError, out: list[StreamChunk]) -> list[StreamChunk]:
        self._failure = failure
        if not out:
            raise failure
        return out

    def _unread(self, event: Event, error: Exception, cut: bool) -> ProviderError | None:
        """What is wrong with an event; None if it says nothing, or if only its end is missing."""
        received = self._answer.received
        if not isinstance(error, ValueError):
            what = f"an event is not what the protocol says ({type(error).__name__}: {error})"
            return malformed(what, event.data, self._provider, received)
        if cut or event.data.strip() in (b"", b"[DONE]"):
            return None
        if event.name == "error":
            return event_error({"error": event.data.decode("utf-8", "replace")}, self._provider, received)
        return malformed("an event is no JSON", event.data, self._provider, received)

    def _without_events(self, body: bytes) -> list[StreamChunk]:
        """What came is no stream: one object, or nothing of this protocol."""
        first = body.lstrip()[:6]
        if first.startswith(b"{"):
            return _read_whole(body, self._provider)
        if first and any(first.startswith(line) or line.startswith(first) for line in _LINES):
            raise StreamTruncatedError("the stream ended ahead of its first event", provider=self._provider)
        raise malformed("the answer is no stream of events", body, self._provider)


def _read_whole(body: bytes, provider: str) -> list[StreamChunk]:
    out: list[StreamChunk] = []
    answer = Answer(provider)
    try:
        message = loaded(body)
        if message.get("type") != "message":
            if message.get("error"):
                raise event_error(message, provider, "")
            raise TypeError("it is no message")
        answer.take({"type": "message_start", "message": message}, out)
        for index, block in enumerate(message["content"]):
            answer.take({"type": "content_block_start", "index": index, "content_block": block}, out)
            answer.take({"type": "content_block_stop", "index": index}, out)
        answer.take({"type": "message_stop"}, out)
    except _BROKEN as error:
        what = f"the answer cannot be read ({error})"
        raise malformed(what, body, provider, answer.received) from error
    return out
