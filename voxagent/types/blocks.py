"""What a message is made of: text, thinking, pictures, tool calls and their results.

Blocks are frozen, because providers keep the bytes that a message was sent as. What a provider
keeps on its own side (a web search it ran, a signature it wants back) is kept as it came, in a
`ProviderBlock`, and a block of a kind that this version does not know becomes an `UnknownBlock`:
neither is ever lost or fatal.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, cast

from .record import Record, Tagged, frozen

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema


@frozen
class TextBlock(Record):
    """Text, and the sources that the model quoted for it (as the provider told them)."""

    text: str
    citations: tuple[Mapping[str, Any], ...] = ()
    type: Literal["text"] = field(default="text", kw_only=True)


@frozen
class ThinkingBlock(Record):
    """What the model thought, to be sent back unchanged.

    Args:
        text: The thoughts or their summary, "" where the provider shows none.
        signature: The provider's seal; without it the block cannot be sent back.
        redacted: True where the thoughts are only in the seal, encrypted.
        id: The provider's own name of the block.
        provider: Who wrote it; another provider is not shown it.
    """

    text: str
    signature: str | None = None
    redacted: bool = False
    id: str | None = None
    provider: str | None = None
    type: Literal["thinking"] = field(default="thinking", kw_only=True)


def _base64(block: object, data: str | bytes) -> None:
    if isinstance(data, bytes):
        object.__setattr__(block, "data", b64encode(data).decode())


@frozen
class ImageBlock(Record):
    """A picture, by its bytes (kept as base64 text) or by a URL that the provider fetches."""

    media_type: str = ""
    data: str | bytes = ""
    url: str = ""
    type: Literal["image"] = field(default="image", kw_only=True)

    def __post_init__(self) -> None:
        _base64(self, self.data)


@frozen
class DocumentBlock(Record):
    """A document (PDF, text), by its bytes (kept as base64 text) or by a URL."""

    media_type: str = ""
    data: str | bytes = ""
    url: str = ""
    name: str = ""
    type: Literal["document"] = field(default="document", kw_only=True)

    def __post_init__(self) -> None:
        _base64(self, self.data)


@frozen
class AudioBlock(Record):
    """Sound, by its bytes (kept as base64 text) or by a URL."""

    media_type: str = ""
    data: str | bytes = ""
    url: str = ""
    type: Literal["audio"] = field(default="audio", kw_only=True)

    def __post_init__(self) -> None:
        _base64(self, self.data)


@frozen
class ToolUseBlock(Record):
    """The model calls a tool.

    Args:
        id: Id of the call, unique in the history.
        name: Name of the tool.
        input: The arguments.
        arguments: The arguments as the model wrote them, kept only where they are no JSON object.
        signature: The provider's seal on this call, to be sent back with it.
    """

    id: str
    name: str
    input: dict[str, Any]
    arguments: str | None = None
    signature: str | None = None
    type: Literal["tool_use"] = field(default="tool_use", kw_only=True)


@frozen
class ToolResultBlock(Record):
    """What a tool call gave: text, or blocks."""

    tool_use_id: str
    tool_name: str
    content: str | Sequence[ContentBlock]
    is_error: bool = False
    type: Literal["tool_result"] = field(default="tool_result", kw_only=True)

    @property
    def text(self) -> str:
        """The text of the result, joined."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(block.text for block in self.content if isinstance(block, TextBlock))


@frozen
class RefusalBlock(Record):
    """The model says that it will not answer."""

    text: str
    type: Literal["refusal"] = field(default="refusal", kw_only=True)


@frozen
class ProviderBlock(Record):
    """Something of a provider's own, kept as it came and sent back to that provider only."""

    provider: str
    data: dict[str, Any]
    type: Literal["provider"] = field(default="provider", kw_only=True)


@frozen
class UnknownBlock(Record):
    """A block of a kind that this version does not know; it dumps as it was loaded."""

    type: str
    data: dict[str, Any]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            _unknown, serialization=core_schema.plain_serializer_function_ser_schema(_known_again)
        )


def _unknown(value: object) -> UnknownBlock:
    if isinstance(value, UnknownBlock):
        return value
    data = dict(cast("Mapping[str, Any]", value))
    return UnknownBlock(type=str(data.pop("type")), data=data)


def _known_again(block: UnknownBlock) -> dict[str, Any]:
    return {"type": block.type, **block.data}


ContentBlock: TypeAlias = Annotated[
    TextBlock
    | ThinkingBlock
    | ImageBlock
    | DocumentBlock
    | AudioBlock
    | ToolUseBlock
    | ToolResultBlock
    | RefusalBlock
    | ProviderBlock
    | UnknownBlock,
    Tagged(
        (
            TextBlock,
            ThinkingBlock,
            ImageBlock,
            DocumentBlock,
            AudioBlock,
            ToolUseBlock,
            ToolResultBlock,
            RefusalBlock,
            ProviderBlock,
        ),
        "type",
        UnknownBlock,
    ),
]


@frozen
class ToolCall(Record):
    """A tool call as programs see it.

    Args:
        id: Id of the call, unique in the history.
        name: Name of the tool.
        params: The arguments; {} where they are no JSON object.
        arguments: The arguments as the model wrote them, where they came as text.
        signature: The provider's seal on this call.
    """

    id: str
    name: str
    params: dict[str, Any]
    arguments: str | None = None
    signature: str | None = None


@frozen
class ToolResult(Record):
    """What a tool call gave, as programs see it."""

    tool_use_id: str
    content: str | Sequence[ContentBlock]
    is_error: bool = False
