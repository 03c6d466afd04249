"""Streams of the protocol, written by hand."""

from collections.abc import Sequence
from typing import Any

from pydantic_core import to_json

from tests.wires.anthropic.folded import Decoded, decoded
from voxagent.providers.anthropic import MessagesWire
from voxagent.providers.chunks import MessageEndChunk, MessageStartChunk, StreamChunk

USAGE = {"input_tokens": 10, "output_tokens": 1}
START = MessageStartChunk("anthropic", "claude-x")


def event(type: str, **fields: Any) -> bytes:
    """One event."""
    return b"event: %s\ndata: %s\n\n" % (type.encode(), to_json({"type": type, **fields}))


def begun(**message: Any) -> bytes:
    """The first event."""
    return event("message_start", message={"id": "msg_1", "model": "claude-x", "usage": USAGE, **message})


def started(index: int, type: str, **fields: Any) -> bytes:
    """A block begins."""
    return event("content_block_start", index=index, content_block={"type": type, **fields})


def grown(index: int, type: str, **fields: Any) -> bytes:
    """A block grows."""
    return event("content_block_delta", index=index, delta={"type": type, **fields})


def stopped(index: int) -> bytes:
    """A block is complete."""
    return event("content_block_stop", index=index)


def text(index: int, *pieces: str, citations: Sequence[dict[str, Any]] = ()) -> bytes:
    """A block of text."""
    deltas = [grown(index, "text_delta", text=piece) for piece in pieces]
    quotes = [grown(index, "citations_delta", citation=each) for each in citations]
    return b"".join([started(index, "text", text=""), *deltas, *quotes, stopped(index)])


def call(index: int, id: str, name: str, *pieces: str) -> bytes:
    """A block with a call."""
    deltas = [grown(index, "input_json_delta", partial_json=piece) for piece in pieces]
    return b"".join([started(index, "tool_use", id=id, name=name, input={}), *deltas, stopped(index)])


def ended(reason: str | None = "end_turn", usage: Any = None, **delta: Any) -> bytes:
    """The last two events."""
    told = {"output_tokens": 5} if usage is None else usage
    return event("message_delta", delta={"stop_reason": reason, **delta}, usage=told) + event("message_stop")


def answer(*parts: bytes, reason: str = "end_turn") -> list[StreamChunk]:
    """The chunks between start and end of an answer with these blocks."""
    out = run(begun(), *parts, ended(reason))
    assert out.error is None
    assert out.chunks[0] == START
    assert isinstance(out.chunks[-1], MessageEndChunk)
    return out.chunks[1:-1]


def run(*pieces: bytes, content_type: str = "text/event-stream") -> Decoded:
    """What comes of an answer in these pieces."""
    return decoded(MessagesWire().decoder(content_type), pieces)
