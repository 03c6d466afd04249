"""Chunks folded to content by the rules of `voxagent.providers.chunks`, and the content that is expected."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from voxagent.errors import ProviderError
from voxagent.providers.chunks import (
    BlockChunk,
    MessageEndChunk,
    MessageStartChunk,
    StreamChunk,
    TextDeltaChunk,
    ThinkingDeltaChunk,
    ToolCallDeltaChunk,
    ToolUseChunk,
)
from voxagent.providers.http.wire import Decoder
from voxagent.types.blocks import ContentBlock, ProviderBlock, TextBlock, ThinkingBlock, ToolUseBlock


@dataclass
class Decoded:
    """What came out of a decoder."""

    chunks: list[StreamChunk] = field(default_factory=list)
    error: ProviderError | None = None

    @property
    def end(self) -> MessageEndChunk:
        (end,) = [chunk for chunk in self.chunks if isinstance(chunk, MessageEndChunk)]
        assert self.chunks[-1] is end
        return end

    @property
    def start(self) -> MessageStartChunk:
        (start,) = [chunk for chunk in self.chunks if isinstance(chunk, MessageStartChunk)]
        return start


def decoded(decoder: Decoder, pieces: Sequence[bytes]) -> Decoded:
    """Everything that a decoder gives for an answer that arrives in these pieces."""
    out = Decoded()
    try:
        for piece in pieces:
            out.chunks += decoder.feed(piece)
        out.chunks += decoder.end()
    except ProviderError as error:
        out.error = error
    return out


def content(chunks: Sequence[StreamChunk]) -> list[ContentBlock]:
    """The blocks of an answer."""
    blocks: list[ContentBlock] = []
    text = thinking = arguments = ""
    for chunk in chunks:
        match chunk:
            case TextDeltaChunk():
                assert not thinking
                text += chunk.delta
            case ThinkingDeltaChunk():
                blocks += [TextBlock(text)] if text else []
                text, thinking = "", thinking + chunk.delta
            case BlockChunk(block=TextBlock() as block):
                assert block.text == text
                blocks.append(block)
                text = ""
            case BlockChunk(block=ThinkingBlock() as block):
                blocks += [TextBlock(text)] if text else []
                assert block.text == thinking
                blocks.append(block)
                text = thinking = ""
            case ToolCallDeltaChunk():
                arguments += chunk.delta
            case _:
                blocks += [TextBlock(text)] if text else []
                text = ""
                blocks += _block(chunk, arguments)
                arguments = "" if isinstance(chunk, ToolUseChunk) else arguments
    return blocks


def _block(chunk: StreamChunk, arguments: str) -> list[ContentBlock]:
    if isinstance(chunk, BlockChunk):
        return [chunk.block]
    if isinstance(chunk, ToolUseChunk):
        call = chunk.tool_call
        assert (arguments or "{}") == call.arguments
        return [ToolUseBlock(call.id, call.name, call.params)]
    return []


def expected(blocks: Sequence[dict[str, Any]]) -> list[ContentBlock]:
    """The API's content in our words."""
    return [told for block in blocks if (told := _expected(block)) is not None]


def _expected(block: dict[str, Any]) -> ContentBlock | None:
    match block["type"]:
        case "text":
            return TextBlock(block["text"], tuple(block.get("citations") or ())) if block["text"] else None
        case "thinking":
            return ThinkingBlock(block["thinking"], block["signature"] or None, provider="anthropic")
        case "redacted_thinking":
            return ThinkingBlock("", block["data"], redacted=True, provider="anthropic")
        case "tool_use":
            return ToolUseBlock(block["id"], block["name"], block["input"])
        case _:
            return ProviderBlock("anthropic", block)
