"""From what a tool returns to what the model reads.

Text stays text, blocks stay blocks, anything else becomes JSON. What cannot become JSON is the
tool's error, told to the model; nothing a tool returns can break the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from itertools import islice
from typing import Any, Generic, TypeAlias, cast

from typing_extensions import TypeVar

from ..errors import ToolError
from ..types.blocks import (
    AudioBlock,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    ProviderBlock,
    TextBlock,
    ToolResultBlock,
    UnknownBlock,
)
from ..types.record import Record, record

ValueT = TypeVar("ValueT", default=Any)
Content: TypeAlias = str | Sequence[ContentBlock]
BLOCKS = (TextBlock, ImageBlock, DocumentBlock, AudioBlock, ProviderBlock, UnknownBlock)

MAX_ITEMS = 100_000
"""Items that are taken of an iterator, which may have no end."""
MAX_RESULT = 256_000
"""Bytes of one tool result that a model is shown."""


@record
class ToolReturn(Record, Generic[ValueT]):
    """A tool's return value, more for the model to see, and what only the program shall see.

    Args:
        value: What the tool returns.
        content: Text or blocks that the model gets after the value.
        metadata: For the program: it is in `ToolEndEvent` and in the result's `tool_metas`.
    """

    value: ValueT
    content: Content = ""
    metadata: Mapping[str, Any] | None = field(default=None)


def as_content(value: object) -> Content:
    """What the model reads of a value; raises `ToolError` if it cannot be told."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, BLOCKS):
        return [_clean_block(value)]
    if isinstance(value, (list, tuple)):
        items = cast("Sequence[object]", value)
        if any(isinstance(each, BLOCKS) for each in items):
            return [
                _clean_block(each) if isinstance(each, BLOCKS) else TextBlock(_text(each)) for each in items
            ]
        return _text(items)
    if isinstance(value, ToolReturn):
        returned = cast("ToolReturn[object]", value)
        return joined(as_content(returned.value), as_content(returned.content))
    return _text(value)


def joined(first: Content, second: Content) -> Content:
    """Two contents as one."""
    if not second or not first:
        return first or second
    return [*_blocks(first), *_blocks(second)]


def _blocks(content: Content) -> Sequence[ContentBlock]:
    return [TextBlock(content)] if isinstance(content, str) else content


def _text(value: object) -> str:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, (bytes, bytearray)):
        return _decoded(value)
    kind = type(value).__name__
    try:
        if isinstance(value, Iterator):
            return _json(list(islice(cast("Iterator[object]", value), MAX_ITEMS)))
        return _json(value)
    except Exception as error:  # a value may bring code of its own that writes it
        raise ToolError(f"the tool returned a {kind} that cannot be told as JSON: {error}") from error


def _json(value: object) -> str:
    from pydantic_core import PydanticSerializationError, to_json, to_jsonable_python

    try:
        return to_json(value, bytes_mode="base64", inf_nan_mode="strings").decode()
    except PydanticSerializationError as error:
        if "surrogates not allowed" not in str(error):
            raise
    plain = to_jsonable_python(_clean_within(value), bytes_mode="base64", inf_nan_mode="strings")
    return to_json(_clean_within(plain), inf_nan_mode="strings").decode()


def _decoded(data: bytes | bytearray) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        from base64 import b64encode

        return f"base64:{b64encode(data).decode()}"


def clean(text: str) -> str:
    """The text without lone surrogates, which no provider can be sent."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _clean_block(block: ContentBlock) -> ContentBlock:
    if isinstance(block, TextBlock):
        return TextBlock(clean(block.text), block.citations)
    return block


def _clean_within(value: object) -> object:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return {clean(key) if isinstance(key, str) else key: _clean_within(each) for key, each in items}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_clean_within(each) for each in cast("Sequence[object]", value)]
    return value


def shown(block: ToolResultBlock, limit: int = MAX_RESULT) -> ToolResultBlock:
    """What the model is shown of a result: the whole, or its beginning and a note."""
    if isinstance(block.content, str):
        text, _ = _cut(block.content, limit)
        return block if text is block.content else _with(block, text)
    parts: list[ContentBlock] = []
    for part in block.content:
        if not isinstance(part, TextBlock):
            parts.append(part)
            continue
        text, size = _cut(part.text, limit)
        limit -= size
        parts.append(part if text is part.text else TextBlock(text))
    return _with(block, parts) if limit < 0 else block


def _with(block: ToolResultBlock, content: Content) -> ToolResultBlock:
    return ToolResultBlock(block.tool_use_id, block.tool_name, content, block.is_error)


def _cut(text: str, limit: int) -> tuple[str, int]:
    """The text, or its beginning and a note; and how many bytes the whole has."""
    data = text.encode(errors="replace")
    if len(data) <= limit:
        return text, len(data)
    kept = data[: max(0, limit)].decode(errors="ignore")
    return f"{kept}\n[cut: the first {len(kept):,} of {len(text):,} characters are shown]", len(data)
