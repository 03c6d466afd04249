"""Chunks as they travel from the proxy: each is one server-sent event, whose data is one line of JSON.

The event `end` says that the model's own end mark has come and that nothing went wrong behind it. An answer
without it was cut. A comment is sent while there is nothing to say, so that nobody between takes the
connection for dead. Events of unknown kinds are passed over: a newer server may have more to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, cast

from ...types.record import Record
from ..chunks import (
    BlockChunk,
    FailoverChunk,
    MessageEndChunk,
    MessageStartChunk,
    RetryChunk,
    StreamChunk,
    StreamResetChunk,
    TextDeltaChunk,
    ThinkingDeltaChunk,
    ToolCallDeltaChunk,
    ToolUseChunk,
)
from ..http.jsontext import dumped
from .failures import Failure

ChunkType: TypeAlias = type[Record]

TYPES: Mapping[str, ChunkType] = {
    "start": MessageStartChunk,
    "text": TextDeltaChunk,
    "thinking": ThinkingDeltaChunk,
    "arguments": ToolCallDeltaChunk,
    "call": ToolUseChunk,
    "block": BlockChunk,
    "finish": MessageEndChunk,
    "retry": RetryChunk,
    "failover": FailoverChunk,
    "reset": StreamResetChunk,
}
NAMES: Mapping[ChunkType, str] = {kind: name for name, kind in TYPES.items()}

HEARTBEAT = b": the model is busy\n\n"


def event_of(chunk: StreamChunk) -> bytes:
    """A chunk as an event."""
    return _event({"type": NAMES[type(chunk)], **chunk.model_dump(mode="python")})


def failed_event(failure: Failure) -> bytes:
    """The event that ends an answer which failed."""
    return _event({"type": "error", "error": failure.model_dump()})


def end_event() -> bytes:
    """The event that ends an answer which is complete."""
    return _event({"type": "end"})


def chunk_in(told: Mapping[str, Any]) -> StreamChunk | None:
    """The chunk that an event tells; None if this version knows no such chunk.

    Raises:
        KeyError: The event has no type.
        ValueError: Its fields are not those of its chunk.
    """
    kind = TYPES.get(told["type"])
    return None if kind is None else cast("StreamChunk", kind.model_validate(told))


def _event(told: Mapping[str, Any]) -> bytes:
    return b"data: " + dumped(told) + b"\n\n"
