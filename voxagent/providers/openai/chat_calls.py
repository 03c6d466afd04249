"""The tool calls of a Chat Completions answer, put together from their pieces.

OpenAI gives each call an `index` and sends id and name with its first piece only. Other servers leave the
index out, give every call the same one, send no id, a new one with every piece, the name in pieces or again
with every piece, the arguments whole or as an object. So a piece belongs to the call of its index, else of
its id, else to the last one; and there only a name begins another call: under another id, or after complete
arguments.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..calls import read_call, unique_id
from ..chunks import StreamChunk, ToolCallDeltaChunk, ToolUseChunk
from ..http.jsontext import dumped, loaded

NOTHING: dict[str, Any] = {}


class _Call:
    """One call as far as it has come."""

    __slots__ = ("given", "id", "name", "number", "pieces", "signature")

    def __init__(self, number: int, given: str, id: str, name: str) -> None:
        self.number = number
        self.given = given
        """The id that the service gave, "" for none."""
        self.id = id
        self.name = name
        self.pieces: list[str] = []
        self.signature: str | None = None

    def is_complete(self) -> bool:
        """Whether the arguments are JSON, so that nothing can follow."""
        try:
            loaded("".join(self.pieces).encode())
        except ValueError:
            return False
        return True


class Calls:
    """Gathers the calls of one answer."""

    __slots__ = ("_calls", "_places", "_taken")

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._places: dict[Any, _Call] = {}
        """The calls by index and by id; under None the last one that came without an index."""
        self._taken: set[str] = set()

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, entries: Sequence[dict[str, Any]], chunks: list[StreamChunk]) -> None:
        """The pieces of one event."""
        before = len(self._calls)
        for entry in entries:
            index = entry.get("index")
            function = entry.get("function") or NOTHING
            call = self._places.get(index)
            if call is None or function.get("name") or entry.get("id"):
                call = self._headed(call, entry, function.get("name") or "", before)
            arguments = function.get("arguments")
            if arguments:
                piece = arguments if type(arguments) is str else dumped(arguments).decode()
                call.pieces.append(piece)
                chunks.append(ToolCallDeltaChunk(call.id, call.name, piece))

    def _headed(self, call: _Call | None, entry: dict[str, Any], name: str, before: int) -> _Call:
        """The call of a piece that has a name, an id or a new index."""
        index, given = entry.get("index"), str(entry.get("id") or "")
        if index is None and given:
            call = self._places.get(given, call)
        if call is None or (name and _begins(call, given, name, index is None and call.number >= before)):
            call = self._begun(given, name)
        else:
            self._continue(call, given, name)
        self._places[index] = call
        if given:
            self._places[given] = call
        extra = (entry.get("extra_content") or NOTHING).get("google") or NOTHING
        call.signature = extra.get("thought_signature") or call.signature
        return call

    def _begun(self, given: str, name: str) -> _Call:
        call = _Call(len(self._calls), given, self._unique(given), name)
        self._calls.append(call)
        return call

    def _continue(self, call: _Call, given: str, name: str) -> None:
        if call.pieces:
            return
        if name != call.name:
            call.name += name
        if given and not call.given:
            call.given, call.id = given, self._unique(given)

    def _unique(self, given: str) -> str:
        id = unique_id(given, self._taken)
        self._taken.add(id)
        return id

    def end(self, chunks: list[StreamChunk]) -> None:
        """The answer is complete, and so are its calls."""
        for call in self._calls:
            read = read_call(call.id, call.name, "".join(call.pieces), call.signature)
            chunks.append(ToolUseChunk(read))


def _begins(call: _Call, given: str, name: str, together: bool) -> bool:
    """Whether a piece with a name begins a call other than the one at its place."""
    if given:
        return given != call.given
    if call.pieces:
        return name != call.name or call.is_complete()
    return together
