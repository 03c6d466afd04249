"""The parts of an answer while they arrive: text, thoughts, calls, and blocks that only the service reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

from pydantic_core import from_json, to_json

from ...types.blocks import ProviderBlock, TextBlock, ThinkingBlock
from ..calls import read_call
from ..chunks import (
    BlockChunk,
    StreamChunk,
    TextDeltaChunk,
    ThinkingDeltaChunk,
    ToolCallDeltaChunk,
    ToolUseChunk,
)


class Part(Protocol):
    """A block of an answer between its start and its end; `out` takes the chunks.

    What has not the shape that the protocol gives it raises a `TypeError` or a `KeyError`.
    """

    def grow(self, delta: Any, out: list[StreamChunk]) -> None:
        """Take a piece; one of an unknown kind is passed over."""
        ...

    def close(self, out: list[StreamChunk]) -> None:
        """The block is complete."""
        ...


class TextPart:
    """Text, with the sources it quotes. Without sources it is told by its pieces alone."""

    __slots__ = ("citations", "pieces", "sealed")

    def __init__(self, block: Mapping[str, Any], out: list[StreamChunk]) -> None:
        self.sealed: bool = False
        self.pieces: list[str] = []
        self.citations: list[Mapping[str, Any]] = [*(block.get("citations") or ())]
        self._take(_text(block, "text"), out)

    def grow(self, delta: Any, out: list[StreamChunk]) -> None:
        """Take a piece of text, or a source."""
        if delta["type"] == "text_delta":
            self._take(delta["text"], out)
        elif delta["type"] == "citations_delta":
            self.citations.append(delta["citation"])

    def _take(self, text: str, out: list[StreamChunk]) -> None:
        if text.__class__ is not str:
            raise TypeError("text is expected")
        if text:
            self.pieces.append(text)
            out.append(TextDeltaChunk(text))

    def close(self, out: list[StreamChunk]) -> None:
        """Tell the sources."""
        if self.citations:
            self.seal(out)

    def seal(self, out: list[StreamChunk]) -> None:
        """Say that the text ends here, so that what follows is not taken for a part of it."""
        if self.pieces and not self.sealed:
            self.sealed = True
            out.append(BlockChunk(TextBlock("".join(self.pieces), tuple(self.citations))))


class ThinkingPart:
    """Thoughts and the seal on them; some models show only the seal."""

    __slots__ = ("pieces", "provider", "signature")

    def __init__(self, block: Mapping[str, Any], out: list[StreamChunk], provider: str) -> None:
        self.provider: str = provider
        self.signature: str = _text(block, "signature")
        self.pieces: list[str] = []
        self._take(_text(block, "thinking"), out)

    def grow(self, delta: Any, out: list[StreamChunk]) -> None:
        """Take a piece of the thoughts, or the seal."""
        if delta["type"] == "thinking_delta":
            self._take(delta["thinking"], out)
        elif delta["type"] == "signature_delta":
            self.signature += delta["signature"]

    def _take(self, text: str, out: list[StreamChunk]) -> None:
        if text.__class__ is not str:
            raise TypeError("text is expected")
        if text:
            self.pieces.append(text)
            out.append(ThinkingDeltaChunk(text))

    def close(self, out: list[StreamChunk]) -> None:
        """Tell the whole, with its seal."""
        text = "".join(self.pieces)
        if text or self.signature:
            out.append(BlockChunk(ThinkingBlock(text, self.signature or None, provider=self.provider)))


class CallPart:
    """A call of a tool; some services send its arguments whole, at the start."""

    __slots__ = ("id", "input", "name", "pieces")

    def __init__(self, block: Mapping[str, Any]) -> None:
        self.id: str = _text(block, "id")
        self.name: str = _text(block, "name")
        self.input: object = block.get("input")
        self.pieces: list[str] = []

    def grow(self, delta: Any, out: list[StreamChunk]) -> None:
        """Take a piece of the arguments."""
        if delta["type"] == "input_json_delta" and (piece := _text(delta, "partial_json")):
            self.pieces.append(piece)
            out.append(ToolCallDeltaChunk(self.id, self.name, piece))

    def close(self, out: list[StreamChunk]) -> None:
        """Tell the call."""
        if not self.pieces and self.input:
            self.grow({"type": "input_json_delta", "partial_json": to_json(self.input).decode()}, out)
        out.append(ToolUseChunk(read_call(self.id, self.name, "".join(self.pieces))))


class ServicePart:
    """A block that the service made for itself, or that this version does not know: kept as it came."""

    __slots__ = ("data", "pieces", "provider")

    def __init__(self, block: Mapping[str, Any], provider: str) -> None:
        self.provider: str = provider
        self.data: dict[str, Any] = dict(block)
        self.pieces: list[str] = []

    def grow(self, delta: Any, out: list[StreamChunk]) -> None:
        """Take a piece of the block's input, or of a field that a later version has."""
        if delta["type"] == "input_json_delta":
            self.pieces.append(_text(delta, "partial_json"))
            return
        for name, value in delta.items():
            before = self.data.get(name)
            if name != "type":
                self.data[name] = (
                    before + value if isinstance(before, str) and isinstance(value, str) else value
                )

    def close(self, out: list[StreamChunk]) -> None:
        """Tell the block."""
        arguments = "".join(self.pieces)
        if arguments:
            self.data["input"] = _object(arguments)
        out.append(BlockChunk(ProviderBlock(self.provider, self.data)))


class SealedPart:
    """Thoughts that only the service can read."""

    __slots__ = ("data", "provider")

    def __init__(self, block: Mapping[str, Any], provider: str) -> None:
        self.provider: str = provider
        self.data: str = _text(block, "data")

    def grow(self, delta: Any, out: list[StreamChunk]) -> None:
        """There are no pieces: the whole is in the start."""

    def close(self, out: list[StreamChunk]) -> None:
        """Tell the block."""
        block = ThinkingBlock("", self.data, redacted=True, provider=self.provider)
        out.append(BlockChunk(block))


def opened(block: Any, out: list[StreamChunk], provider: str) -> Part:
    """The part that a block's start opens."""
    match block["type"]:
        case "text":
            return TextPart(block, out)
        case "thinking":
            return ThinkingPart(block, out, provider)
        case "redacted_thinking":
            return SealedPart(block, provider)
        case "tool_use":
            return CallPart(block)
        case str():
            return ServicePart(block, provider)
        case other:
            raise TypeError(f"{other!r} is no type of a block")


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name) or ""
    if not isinstance(value, str):
        raise TypeError(f"{name} is no text")
    return value


def _object(arguments: str) -> dict[str, Any]:
    try:
        value: object = from_json(arguments)
    except ValueError:  # cut off by the output limit
        value = None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
