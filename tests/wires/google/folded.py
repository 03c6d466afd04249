"""Chunks folded to content by the rules of `voxagent.providers.chunks`."""

from collections.abc import Sequence
from dataclasses import dataclass, field

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
from voxagent.types.blocks import ContentBlock, TextBlock, ThinkingBlock, ToolUseBlock
from voxagent.types.message import Message


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
        assert self.chunks[0] is start
        return start

    @property
    def message(self) -> Message:
        """The answer, as it stands in a history."""
        return Message("assistant", content(self.chunks), provider="google")


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
            case ToolUseChunk(tool_call=call):
                blocks += [TextBlock(text)] if text else []
                assert arguments == call.arguments
                blocks.append(ToolUseBlock(call.id, call.name, call.params, signature=call.signature))
                text = arguments = ""
            case BlockChunk():
                blocks += [TextBlock(text)] if text else []
                blocks.append(chunk.block)
                text = ""
            case _:
                blocks += [TextBlock(text)] if text else []
                text = ""
    return blocks
