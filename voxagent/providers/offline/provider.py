"""`offline:demo`: a model for first steps, examples and smoke tests, which needs no network and no key."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

from pydantic_core import to_json

from ...errors import ConfigError
from ...types.blocks import TextBlock, ThinkingBlock, ToolCall, ToolResultBlock, ToolUseBlock
from ...types.message import Message
from ...types.usage import Usage
from ..base import ModelFacts, ModelRequest
from ..chunks import (
    MessageEndChunk,
    MessageStartChunk,
    StreamChunk,
    TextDeltaChunk,
    ToolCallDeltaChunk,
    ToolUseChunk,
)
from .conversation import call_ids, read_turn
from .output import output_text
from .plan import next_calls

MODEL = "demo"
WORDS = re.compile(r"\s*\S+\s*?(?=\s|$)|\s+$")
PIECE = 16


class OfflineProvider:
    """The built-in model `offline:demo`: deterministic, without network, free of charge.

    It is for first steps, examples and smoke tests, and no language model: it reads the tools it is given,
    picks by the words of the prompt, fills their arguments by type from the prompt, and words an answer,
    or fills the output type, from what they give. Nothing it says is made up beyond that.

    Args:
        model: Name of the model; "demo" is the only one.
        delay: Seconds between two pieces of an answer, to be looked at; none by default.
    """

    name = "offline"

    def __init__(self, model: str = MODEL, *, delay: float = 0.0) -> None:
        if model != MODEL:
            raise ConfigError(
                f"unknown model 'offline:{model}': the built-in model without network is 'offline:{MODEL}'"
            )
        if delay < 0:
            raise ConfigError(f"delay={delay!r} is a negative number of seconds")
        self.model = model
        self.delay = delay

    def facts(self, model: str) -> ModelFacts:
        """It calls tools, costs nothing, and has no window that could be full."""
        return ModelFacts(tools=True, native_output=False, input_price=0.0, output_price=0.0)

    @asynccontextmanager
    async def open(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[StreamChunk]]:
        """Answer a request."""
        chunks = self._answered(request)
        try:
            yield chunks
        finally:
            await chunks.aclose()

    async def _answered(self, request: ModelRequest) -> AsyncGenerator[StreamChunk]:
        yield MessageStartChunk(self.name, self.model)
        turn = read_turn(request.messages)
        ids = call_ids(request.messages)
        calls = [ToolCall(next(ids), call.name, call.arguments) for call in next_calls(request, turn)]
        written = 0
        for chunk in _pieces(calls, "" if calls else output_text(request, turn)):
            await asyncio.sleep(self.delay)
            if not isinstance(chunk, ToolUseChunk):
                written += len(chunk.delta)
            yield chunk
        usage = Usage(_read(request) // 4, written // 4, requests=1)
        yield MessageEndChunk("tool_use" if calls else "stop", usage)


def _pieces(
    calls: Sequence[ToolCall], text: str
) -> Iterator[TextDeltaChunk | ToolCallDeltaChunk | ToolUseChunk]:
    for word in WORDS.findall(text):
        yield TextDeltaChunk(word)
    for call in calls:
        arguments = to_json(call.params).decode()
        for start in range(0, len(arguments), PIECE):
            yield ToolCallDeltaChunk(call.id, call.name, arguments[start : start + PIECE])
        yield ToolUseChunk(ToolCall(call.id, call.name, call.params, arguments))


def _read(request: ModelRequest) -> int:
    """How many characters the model was sent."""
    told = [f"{tool.name}{tool.description}{tool.parameters}" for tool in request.tools]
    return len(request.system) + sum(map(len, told)) + sum(map(_length, request.messages))


def _length(message: Message) -> int:
    total = 0
    for block in message.blocks:
        match block:
            case TextBlock() | ThinkingBlock() | ToolResultBlock():
                total += len(block.text)
            case ToolUseBlock():
                total += len(str(block.input))
            case _:
                pass
    return total
