"""Read Responses: the events of a stream, or a whole response.

An answer is a list of items. Text, thinking and arguments are shown as their deltas come; what an item's
end event tells completes it, and the final response brings the items whose end event never came (seen with
MCP tool lists). So every item is told once, whatever was left out. The answer is complete with
`response.completed` or `response.incomplete`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ...errors import ServerError, StreamTruncatedError
from ...types.message import FinishReason
from ..chunks import MessageEndChunk, MessageStartChunk, StreamChunk, TextDeltaChunk
from .dialects import ResponsesDialect
from .failures import failure, malformed
from .responses_items import Items
from .usage import usage_of

NOTHING: dict[str, Any] = {}
INCOMPLETE: Mapping[str, FinishReason] = {"max_output_tokens": "length", "content_filter": "content_filter"}
UNFINISHED = ("queued", "in_progress")
BROKEN = ("failed", "cancelled")


class ResponsesReader:
    """Reads one answer."""

    def __init__(self, dialect: ResponsesDialect) -> None:
        self.ended: bool = False
        self._items = Items(dialect.provider)
        self._pieces = self._items.pieces

    def text(self) -> str:
        """The text so far."""
        return "".join(self._pieces)

    def read(self, value: Any, chunks: list[StreamChunk]) -> None:
        """One event of a stream; this is what a streamed word costs."""
        kind = value.get("type")
        if kind == "response.output_text.delta":
            items, delta = self._items, value["delta"]
            if type(delta) is not str:
                raise TypeError("no text")
            item, part = value.get("output_index", 0), value.get("content_index", 0)
            if item != items.item or part != items.part:
                items.begin_text((item, part), chunks)
            self._pieces.append(delta)
            chunks.append(TextDeltaChunk(delta))
            return
        handle = self.HANDLERS.get(kind)
        if handle is not None:
            handle(self, value, chunks)
        elif value.get("error"):
            raise failure(value["error"])
        elif not isinstance(kind, str):
            raise malformed("the answer has an event without a type")

    def whole(self, value: Any, chunks: list[StreamChunk]) -> None:
        """A response that came as one object."""
        if value.get("error"):
            raise failure(value["error"])
        if not isinstance(value.get("output"), list):
            if value.get("message") or value.get("detail"):
                raise failure(value)
            raise malformed("the answer has no output")
        self._begun({"response": value}, chunks)
        self._finish(value, "", chunks)

    def end(self, chunks: list[StreamChunk], marked: bool) -> None:
        """The stream is over without its end event: it was cut."""
        raise StreamTruncatedError("the answer ended without its end event")

    def _begun(self, value: dict[str, Any], chunks: list[StreamChunk]) -> None:
        model = value["response"].get("model")
        chunks.append(MessageStartChunk("", str(model or "")))

    def _item_begun(self, value: dict[str, Any], chunks: list[StreamChunk]) -> None:
        self._items.begin(value.get("output_index", 0), value["item"])

    def _item_ended(self, value: dict[str, Any], chunks: list[StreamChunk]) -> None:
        self._items.end(value.get("output_index", 0), value["item"], chunks)

    def _part_ended(self, value: dict[str, Any], chunks: list[StreamChunk]) -> None:
        place = (value.get("output_index", 0), value.get("content_index", 0))
        self._items.end_part(place, value["part"], chunks)

    def _thought(self, value: dict[str, Any], chunks: list[StreamChunk]) -> None:
        self._items.think(value, chunks)

    def _argued(self, value: dict[str, Any], chunks: list[StreamChunk]) -> None:
        self._items.argue(value, chunks)

    def _completed(self, value: dict[str, Any], chunks: list[StreamChunk]) -> None:
        self._finish(value["response"], value["type"], chunks)

    def _failed(self, value: dict[str, Any], chunks: list[StreamChunk]) -> None:
        raise failure(value.get("error") or value)

    def _finish(self, response: dict[str, Any], event: str, chunks: list[StreamChunk]) -> None:
        status = response.get("status") or event.removeprefix("response.")
        if status in UNFINISHED:
            raise malformed(f"the answer is not finished: its status is {status!r}")
        if status in BROKEN:
            raise failure(response.get("error") or f"the response was {status}")
        self._items.rest(response.get("output") or (), chunks, complete=status != "incomplete")
        reason = self._reason(status, response.get("incomplete_details") or NOTHING)
        chunks.append(MessageEndChunk(reason, usage_of(response.get("usage"))))
        self.ended = True

    def _reason(self, status: str, details: Mapping[str, Any]) -> FinishReason:
        """How the answer ended: the API tells only whether it is complete, the rest is in the items."""
        if status == "incomplete":
            reason = INCOMPLETE.get(str(details.get("reason")))
            if reason is None:
                raise ServerError(f"the answer is incomplete: {details.get('reason')}", received=self.text())
            return reason
        if self._items.called:
            return "tool_use"
        return "refusal" if self._items.refused else "stop"

    HANDLERS: ClassVar[Mapping[object, Callable[[Any, dict[str, Any], list[StreamChunk]], None]]] = {
        "response.created": _begun,
        "response.output_item.added": _item_begun,
        "response.output_item.done": _item_ended,
        "response.content_part.done": _part_ended,
        "response.reasoning_summary_text.delta": _thought,
        "response.reasoning_text.delta": _thought,
        "response.function_call_arguments.delta": _argued,
        "response.completed": _completed,
        "response.done": _completed,
        "response.incomplete": _completed,
        "response.failed": _completed,
        "response.cancelled": _completed,
        "error": _failed,
    }
    """What is done about an event; others tell nothing that is not told again at the end of their item."""
