"""What a model shall answer, written down: texts, thoughts, tool calls, failures, and waiting.

`text(...)`, `tool_call(...)` and their like make one part each; `answer(...)` puts several parts into one
answer of the model. Where a whole answer is expected, a bare part is an answer of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never, get_args

from pydantic_core import to_json

from ..errors import ConfigError
from ..providers.calls import read_call
from ..providers.chunks import (
    BlockChunk,
    MessageEndChunk,
    MessageStartChunk,
    StreamChunk,
    TextDeltaChunk,
    ThinkingDeltaChunk,
    ToolCallDeltaChunk,
    ToolUseChunk,
)
from ..types.blocks import ContentBlock, RefusalBlock, TextBlock, ThinkingBlock, ToolUseBlock
from ..types.message import FinishReason, Message
from ..types.usage import Usage


@dataclass(slots=True, frozen=True)
class Text:
    """The model writes text."""

    text: str


@dataclass(slots=True, frozen=True)
class Thinking:
    """The model thinks aloud; with a signature, it wants the thought back."""

    text: str
    signature: str | None = None


@dataclass(slots=True, frozen=True)
class Call:
    """The model calls a tool; without an id it gets the next of call_1, call_2 ..."""

    name: str
    arguments: str
    id: str | None = None


@dataclass(slots=True, frozen=True)
class Block:
    """The model gives a block of another kind, such as a refusal."""

    block: ContentBlock


@dataclass(slots=True, frozen=True)
class Failure:
    """The provider fails."""

    error: Exception


@dataclass(slots=True, frozen=True)
class Pause:
    """Nothing comes until the event is set; without an event, nothing ever comes."""

    event: asyncio.Event | None = None


Part: TypeAlias = Text | Thinking | Call | Block | Failure | Pause
PARTS = get_args(Part)


@dataclass(slots=True, frozen=True)
class ScriptedAnswer:
    """One answer of a model; made by `answer(...)`."""

    parts: tuple[Part, ...]
    usage: Usage | None = None
    finish_reason: FinishReason | None = None
    chunk_size: int | None = None
    cut: bool = False


Step: TypeAlias = ScriptedAnswer | Part | Message


def text(content: str) -> Text:
    """The model writes text."""
    return Text(content)


def thinking(content: str, signature: str | None = None) -> Thinking:
    """The model thinks aloud; with a signature, the thought is sent back to it in later requests."""
    return Thinking(content, signature)


def tool_call(name: str, /, id: str | None = None, **args: Any) -> Call:
    """The model calls a tool.

    Args:
        name: Name of the tool.
        id: Id of the call; call_1, call_2 ... in the conversation by default.
        **args: The arguments. One that is named `id` itself needs `raw_call`.
    """
    return Call(name, to_json(args).decode(), id)


def raw_call(name: str, arguments: str, id: str | None = None) -> Call:
    """The model calls a tool with arguments as it writes them, which need not be JSON."""
    return Call(name, arguments, id)


def refusal(content: str) -> Block:
    """The model says that it will not answer."""
    return Block(RefusalBlock(content))


def fails(error: Exception) -> Failure:
    """The provider fails: ahead of its answer if this comes first, else in the middle of it."""
    return Failure(error)


def stalls() -> Pause:
    """Nothing more comes, until whoever waits is cancelled."""
    return Pause()


def waits(event: asyncio.Event) -> Pause:
    """Nothing comes until the event is set."""
    return Pause(event)


def answer(
    *parts: Part,
    usage: Usage | None = None,
    finish_reason: FinishReason | None = None,
    chunk_size: int | None = None,
    cut: bool = False,
) -> ScriptedAnswer:
    """One answer of the model, made of several parts.

    Args:
        *parts: What it consists of, in order; several calls are called in parallel.
        usage: What it costs; one request and no tokens by default.
        finish_reason: How it ends; by default "tool_use" after calls, "refusal" after a refusal, else "stop".
        chunk_size: Characters of each streamed piece; a part is one piece by default.
        cut: Whether the stream ends without its end mark.

    Raises:
        ConfigError: A part is none, or `chunk_size` is below 1.
    """
    for part in parts:
        if not isinstance(part, PARTS):
            raise ConfigError(f"{part!r} is no part of an answer: text(...) or tool_call(...) is expected")
    if chunk_size is not None and chunk_size < 1:
        raise ConfigError(f"chunk_size={chunk_size!r} is not a positive number of characters")
    return ScriptedAnswer(parts, usage, finish_reason, chunk_size, cut)


def as_answer(step: Step) -> ScriptedAnswer:
    """The answer that a step stands for; raises `ConfigError` if it stands for none."""
    match step:
        case ScriptedAnswer():
            return step
        case Message():
            parts = tuple(_part_of(block) for block in step.blocks)
            return ScriptedAnswer(parts, step.usage, step.finish_reason)
        case _:
            return answer(step)


def _part_of(block: ContentBlock) -> Part:
    match block:
        case TextBlock(citations=()):
            return Text(block.text)
        case ThinkingBlock(redacted=False, id=None):
            return Thinking(block.text, block.signature)
        case ToolUseBlock(signature=None):
            written = block.arguments if block.arguments is not None else to_json(block.input).decode()
            return Call(block.name, written, block.id)
        case _:
            return Block(block)


async def delivered(
    given: ScriptedAnswer, ids: Iterator[str], provider: str, model: str
) -> AsyncGenerator[StreamChunk]:
    """The answer as a stream of chunks."""
    yield MessageStartChunk(provider, model)
    for part in given.parts:
        match part:
            case Failure():
                raise part.error
            case Pause():
                await (part.event or asyncio.Event()).wait()
            case _:
                for chunk in _chunks(part, given.chunk_size, ids, provider):
                    yield chunk
    if not given.cut:
        yield MessageEndChunk(given.finish_reason or _reason(given.parts), given.usage or Usage(requests=1))


def _chunks(
    part: Text | Thinking | Call | Block, size: int | None, ids: Iterator[str], provider: str
) -> Iterator[StreamChunk]:
    match part:
        case Text():
            yield from map(TextDeltaChunk, _pieces(part.text, size))
        case Thinking():
            yield from map(ThinkingDeltaChunk, _pieces(part.text, size))
            if part.signature is not None:
                yield BlockChunk(ThinkingBlock(part.text, part.signature, provider=provider))
        case Call():
            id = part.id if part.id is not None else next(ids)
            yield from (ToolCallDeltaChunk(id, part.name, piece) for piece in _pieces(part.arguments, size))
            yield ToolUseChunk(read_call(id, part.name, part.arguments))
        case Block():
            yield BlockChunk(part.block)
        case _:
            assert_never(part)


def _pieces(content: str, size: int | None) -> Sequence[str]:
    if size is None:
        return [content] if content else []
    return [content[start : start + size] for start in range(0, len(content), size)]


def _reason(parts: Sequence[Part]) -> FinishReason:
    if any(isinstance(part, Call) for part in parts):
        return "tool_use"
    refused = any(isinstance(part, Block) and isinstance(part.block, RefusalBlock) for part in parts)
    return "refusal" if refused else "stop"
