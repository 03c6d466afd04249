"""Small streams, and what our wires make of them."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from voxagent.errors import ProviderError
from voxagent.providers.chunks import StreamChunk
from voxagent.providers.http.wire import Wire
from voxagent.providers.openai import ChatDialect, ChatWire, ResponsesWire


def sse(*values: Any, done: bool = True) -> bytes:
    """A stream of events; text is sent as it is."""
    data = [value if isinstance(value, str) else json.dumps(value) for value in values]
    return "".join(f"data: {each}\n\n" for each in [*data, *(["[DONE]"] if done else [])]).encode()


def delta(finish: str | None = None, /, **said: Any) -> dict[str, Any]:
    """A chunk of Chat Completions."""
    return {"model": "m", "choices": [{"index": 0, "delta": said, "finish_reason": finish}]}


def read(wire: Wire, data: bytes | Iterable[bytes]) -> list[StreamChunk]:
    """All chunks of an answer."""
    decoder = wire.decoder("text/event-stream")
    pieces = [data] if isinstance(data, bytes) else data
    chunks = [chunk for piece in pieces for chunk in decoder.feed(piece)]
    return [*chunks, *decoder.end()]


def chat(*values: Any, dialect: ChatDialect | None = None, done: bool = True) -> list[StreamChunk]:
    """What a stream of Chat Completions says, without its beginning."""
    return read(ChatWire(dialect), sse(*values, done=done))[1:]


def responses(*values: Any) -> list[StreamChunk]:
    """What a stream of Responses says."""
    return read(ResponsesWire(), sse(*values, done=False))


def failure_of(wire: Wire, data: bytes | Iterable[bytes]) -> ProviderError:
    """The error that an answer is."""
    with pytest.raises(ProviderError) as caught:
        read(wire, data)
    return caught.value
