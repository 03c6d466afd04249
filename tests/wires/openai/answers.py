"""What an answer says, and how our decoders say it: the two are compared."""

from collections.abc import Iterable
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
from voxagent.types import (
    ContentBlock,
    Message,
    ProviderBlock,
    RefusalBlock,
    TextBlock,
    ThinkingBlock,
    ToolUseBlock,
)


@dataclass
class Answer:
    """The substance of an answer, in plain values.

    `usage` has the tokens read, written, from the cache, into the cache, thought. `seals` are the signed
    thoughts as (id, seal, summary); `items` are the types of what the service's own tools did; `error` is
    the kind of the error that ended the answer, and `text` then what had come before.
    """

    text: str = ""
    thinking: str = ""
    refusal: str = ""
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    citations: list[Any] = field(default_factory=list)
    seals: list[tuple[str | None, str, tuple[str, ...]]] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    reason: str | None = None
    usage: tuple[int, int, int, int, int] | None = None
    model: str = ""
    error: str = ""


def decoded(decoder: Decoder, pieces: Iterable[bytes], *, broken_off: bool = False) -> Answer:
    """The answer that a decoder reads; one that is broken off never comes to its end."""
    chunks: list[StreamChunk] = []
    try:
        for piece in pieces:
            chunks += decoder.feed(piece)
        if not broken_off:
            chunks += decoder.end()
    except ProviderError as error:
        return Answer(text=error.received, error=error.kind)
    if broken_off:
        assert not any(isinstance(chunk, MessageEndChunk) for chunk in chunks)
        return Answer(text=gathered(chunks).text, error="broken off")
    return gathered(chunks)


def chunks_of(decoder: Decoder, data: bytes) -> list[StreamChunk]:
    """All chunks of an answer."""
    return [*decoder.feed(data), *decoder.end()]


def message_of(chunks: Iterable[StreamChunk]) -> Message:
    """The message that chunks make: deltas are gathered until a block completes them or others follow."""
    blocks: list[ContentBlock] = []
    text: list[str] = []
    thinking: list[str] = []

    def close() -> None:
        if thinking:
            blocks.append(ThinkingBlock("".join(thinking)))
        if text:
            blocks.append(TextBlock("".join(text)))
        text.clear(), thinking.clear()

    for chunk in chunks:
        match chunk:
            case TextDeltaChunk():
                if thinking:
                    close()
                text.append(chunk.delta)
            case ThinkingDeltaChunk():
                if text:
                    close()
                thinking.append(chunk.delta)
            case BlockChunk():
                (text if isinstance(chunk.block, TextBlock) else thinking).clear()
                close()
                blocks.append(chunk.block)
            case ToolUseChunk(call):
                close()
                broken = None if call.params or call.arguments == "{}" else call.arguments
                blocks.append(ToolUseBlock(call.id, call.name, call.params, broken))
            case _:
                pass
    close()
    return Message("assistant", blocks)


def gathered(chunks: list[StreamChunk]) -> Answer:
    """The answer that chunks make."""
    answer = Answer()
    shown: dict[str, str] = {}
    summary: list[str] = []
    for chunk in chunks:
        assert answer.reason is None or not isinstance(chunk, MessageEndChunk), "two ends"
        match chunk:
            case MessageStartChunk():
                answer.model = chunk.model
            case TextDeltaChunk():
                assert chunk.delta
                answer.text += chunk.delta
            case ThinkingDeltaChunk():
                assert chunk.delta
                answer.thinking += chunk.delta
            case ToolCallDeltaChunk():
                shown[chunk.id] = shown.get(chunk.id, "") + chunk.delta
            case ToolUseChunk(call):
                written = call.arguments or ""
                assert shown.get(call.id, "{}") == written
                answer.calls.append((call.id, call.name, written))
            case BlockChunk(TextBlock() as block):
                assert answer.text.endswith(block.text)
                answer.citations += block.citations
            case BlockChunk(ThinkingBlock() as block):
                assert answer.thinking.endswith(block.text)
                summary += [block.text] if block.text else []
                if block.signature:
                    answer.seals.append((block.id, block.signature, tuple(summary)))
                    summary = []
            case BlockChunk(RefusalBlock() as block):
                answer.refusal += block.text
            case BlockChunk(ProviderBlock() as block):
                if set(block.data) not in ({"type", "phase"}, {"type", "namespace"}):
                    answer.items.append(block.data["type"])
                summary = []
            case MessageEndChunk():
                answer.reason = chunk.finish_reason
                usage = chunk.usage
                answer.usage = usage and (
                    usage.input_tokens,
                    usage.output_tokens,
                    usage.cache_read_tokens,
                    usage.cache_write_tokens,
                    usage.reasoning_tokens,
                )
            case _:
                raise AssertionError(f"unexpected {chunk!r}")
    return answer
