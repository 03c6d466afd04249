"""The items of a Responses answer: messages, reasoning, function calls, and what the service's own tools did.

A summary of thoughts has parts; each becomes a `ThinkingBlock` with the item's id, and the last one carries
the seal (the encrypted content), so that the item can be sent back exactly as it was. Reasoning whose text
comes in the open (DeepSeek, gpt-oss) is kept whole in a `ProviderBlock` behind its thoughts, and so is
everything that the service's own tools did. What a message or a call has besides (its phase, its namespace)
is kept in a `ProviderBlock` behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...types.blocks import ProviderBlock, RefusalBlock, TextBlock, ThinkingBlock
from ..calls import read_call, unique_id
from ..chunks import (
    BlockChunk,
    StreamChunk,
    TextDeltaChunk,
    ThinkingDeltaChunk,
    ToolCallDeltaChunk,
    ToolUseChunk,
)
from ..http.jsontext import dumped
from .failures import malformed

Place = tuple[object, object]


class Items:
    """Gathers the items of one answer.

    Args:
        provider: Name on blocks that only this provider can read.
    """

    def __init__(self, provider: str) -> None:
        self.pieces: list[str] = []
        """All text so far."""
        self.item: object = None
        self.part: object = None
        """Where the text that is being written belongs: its item and the part of its content."""
        self.called: bool = False
        self.refused: bool = False
        self._provider = provider
        self._from = 0
        """Where in the pieces the text that is being written begins."""
        self._parts: set[Place] = set()
        """Parts of messages that are told."""
        self._thoughts: list[str] = []
        self._thinking: Place | None = None
        self._summaries = 0
        """Parts of the summary that are told, of the item that is being written."""
        self._calls: dict[object, tuple[str, list[str]]] = {}
        """Calls that are being written, by item: their id and the pieces of their arguments."""
        self._names: dict[object, str] = {}
        self._taken: set[str] = set()
        self._places: set[object] = set()
        self._ids: set[object] = set()
        """Items that are told."""

    def begin(self, place: object, item: dict[str, Any]) -> None:
        """An item begins; only of a call there is something to know before its end."""
        if item.get("type") == "function_call":
            id = unique_id(str(item.get("call_id") or item.get("id") or ""), self._taken)
            self._taken.add(id)
            self._calls[place], self._names[place] = (id, list[str]()), str(item.get("name") or "")

    def end(self, place: object, item: dict[str, Any], chunks: list[StreamChunk]) -> None:
        """An item is complete."""
        self._places.add(place)
        self._ids.add(item.get("id"))
        kind = item.get("type")
        if kind == "message":
            self._message(place, item, chunks)
            return
        self._end_text("", (), chunks)
        if kind == "reasoning":
            self._reasoning(item, chunks)
        elif kind == "function_call":
            self._call(place, item, chunks)
        elif isinstance(kind, str):
            self._keep(item, chunks)
        else:
            raise malformed("the answer has an item without a type")

    def rest(self, output: Sequence[dict[str, Any]], chunks: list[StreamChunk], *, complete: bool) -> None:
        """The items of the final response that have not been told; a call that never ended is an error."""
        # Those that events told, not those told here: within one response an id may be there twice (xAI).
        places, ids = set(self._places), self._ids - {None}
        for place, item in enumerate(output):
            if place not in places and item.get("id") not in ids:
                self.end(place, item, chunks)
        self._end_text("", (), chunks)
        if self._calls and complete:
            raise malformed("the answer has a tool call without an end")

    def _keep(self, data: dict[str, Any], chunks: list[StreamChunk]) -> None:
        chunks.append(BlockChunk(ProviderBlock(self._provider, data)))

    # --- text

    def begin_text(self, place: Place, chunks: list[StreamChunk]) -> None:
        """Text begins that belongs to another part than the text before."""
        self._end_text("", (), chunks)
        self.item, self.part = place

    def end_part(self, place: Place, part: dict[str, Any], chunks: list[StreamChunk]) -> None:
        """A part of a message is complete."""
        if place in self._parts:
            return
        self._parts.add(place)
        if part.get("type") == "output_text":
            if place != (self.item, self.part):
                self.begin_text(place, chunks)
            self._end_text(part.get("text") or "", part.get("annotations") or (), chunks)
        elif part.get("type") == "refusal":
            self.refused = True
            chunks.append(BlockChunk(RefusalBlock(part.get("refusal") or "")))

    def _end_text(self, text: str, annotations: Sequence[Any], chunks: list[StreamChunk]) -> None:
        shown = "".join(self.pieces[self._from :])
        if text and not shown:
            self.pieces.append(text)
            chunks.append(TextDeltaChunk(text))
        if text or shown:
            self._parts.add((self.item, self.part))
            chunks.append(BlockChunk(TextBlock(text or shown, tuple(annotations))))
        self._from, self.item = len(self.pieces), None

    def _message(self, place: object, item: dict[str, Any], chunks: list[StreamChunk]) -> None:
        parts = item.get("content") or ()
        for number, part in enumerate(parts):
            self.end_part((place, number), part, chunks)
        if item.get("phase") and any(part.get("text") for part in parts):
            self._keep({"type": "message", "phase": item["phase"]}, chunks)

    # --- thinking

    def think(self, value: dict[str, Any], chunks: list[StreamChunk]) -> None:
        """A piece of a summary, or of thoughts in the open."""
        delta = value["delta"]
        if type(delta) is not str:
            raise TypeError("no text")
        place = (value.get("output_index", 0), value.get("summary_index"))
        if place != self._thinking:
            self._end_thought(value.get("item_id"), chunks)
            self._thinking = place
        self._thoughts.append(delta)
        chunks.append(ThinkingDeltaChunk(delta))

    def _end_thought(self, id: str | None, chunks: list[StreamChunk]) -> None:
        """A part of a summary is over because another one begins."""
        text, self._thoughts = "".join(self._thoughts), list[str]()
        if text:
            self._summaries += self._thinking is not None and self._thinking[1] is not None
            chunks.append(BlockChunk(ThinkingBlock(text, id=id, provider=self._provider)))

    def _reasoning(self, item: dict[str, Any], chunks: list[StreamChunk]) -> None:
        id, seal = item.get("id"), item.get("encrypted_content")
        opened = "".join(part["text"] for part in item.get("content") or ())
        summary = [part["text"] for part in item.get("summary") or ()]
        parts = [opened] if opened else summary[self._summaries :]
        shown, self._thoughts = bool(self._thoughts), list[str]()
        self._thinking, self._summaries = None, 0
        if seal and not parts:
            chunks.append(BlockChunk(ThinkingBlock("", seal, True, id, self._provider)))
        for number, text in enumerate(parts, 1):
            if number > 1 or not shown:
                chunks.append(ThinkingDeltaChunk(text))
            last = seal if number == len(parts) and not opened else None
            chunks.append(BlockChunk(ThinkingBlock(text, last, False, id, self._provider)))
        if opened:
            self._keep(item, chunks)

    # --- calls

    def argue(self, value: dict[str, Any], chunks: list[StreamChunk]) -> None:
        """A piece of a call's arguments."""
        place, delta = value.get("output_index", 0), value["delta"]
        if type(delta) is not str:
            raise TypeError("no text")
        if delta and place in self._calls:
            id, pieces = self._calls[place]
            pieces.append(delta)
            chunks.append(ToolCallDeltaChunk(id, self._names[place], delta))

    def _call(self, place: object, item: dict[str, Any], chunks: list[StreamChunk]) -> None:
        if place not in self._calls:
            self.begin(place, item)
        id, pieces = self._calls.pop(place)
        name = str(item.get("name") or self._names[place])
        arguments = item.get("arguments") or "".join(pieces)
        if type(arguments) is not str:
            arguments = dumped(arguments).decode()
        if arguments and not pieces:
            chunks.append(ToolCallDeltaChunk(id, name, arguments))
        self.called = True
        chunks.append(ToolUseChunk(read_call(id, name, arguments)))
        if item.get("namespace"):
            self._keep({"type": "function_call", "namespace": item["namespace"]}, chunks)
