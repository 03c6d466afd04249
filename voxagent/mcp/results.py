"""From what a server answers to what a model reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from ..errors import said_by
from ..tools.content import ToolReturn
from ..types.blocks import AudioBlock, ContentBlock, DocumentBlock, ImageBlock, TextBlock

BASE64 = re.compile(r"[A-Za-z0-9+/_\-\s]*+(?:=\s*+){0,2}+")


def returned(result: Any) -> ToolReturn[Any]:
    """A tool's result: its blocks, or its structured content where there are none.

    Structured content and `_meta` are in the metadata, as `structured_content` and `_meta`.
    """
    blocks = blocks_of(result.content)
    metadata = {
        name: value
        for name, value in (("structured_content", result.structured_content), ("_meta", result.meta))
        if value is not None
    }
    value: Any = blocks or ("" if result.structured_content is None else result.structured_content)
    if len(blocks) == 1 and isinstance(blocks[0], TextBlock):
        value = blocks[0].text
    return ToolReturn(value, metadata=metadata or None)


def text_of(result: Any) -> str:
    """All text of a result, for an error."""
    return "\n".join(block.text for block in blocks_of(result.content) if isinstance(block, TextBlock))


def reason_of(error: BaseException) -> str:
    """What is wrong, in words; of an answer that is not formed as it should be, where."""
    if not isinstance(error, ValidationError):
        return said_by(error)
    wrong = error.errors(include_url=False, include_context=False)
    first = min(wrong, key=lambda each: each["type"] != "literal_error")  # of a kind that nobody knows
    value = first["input"]
    shown = f" (it is {value!r:.60})" if isinstance(value, str | int | float | None) else ""
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}{shown}"


def blocks_of(content: Sequence[Any]) -> list[ContentBlock]:
    """The blocks that stand for the content of a result, a prompt or a sampling request."""
    return [block_of(each) for each in content]


def block_of(content: Any) -> ContentBlock:
    """One block; raises `ValueError` if its data cannot be read: no model takes a message with that."""
    match content.type:
        case "text":
            return TextBlock(content.text)
        case "image":
            return ImageBlock(content.mime_type, _data(content.data, "an image"))
        case "audio":
            return AudioBlock(content.mime_type, _data(content.data, "sound"))
        case "resource_link":
            told = " - ".join(filter(None, [content.title or content.name, content.description]))
            return TextBlock(f"{told}: {content.uri}")
        case "resource":
            return resource_block(content.resource)
        case _:
            return TextBlock(content.model_dump_json(by_alias=True, exclude_none=True))


def resource_block(resource: Any) -> ContentBlock:
    """What a resource holds: text, or bytes of a kind that models read."""
    text = getattr(resource, "text", None)
    if text is not None:
        return TextBlock(text)
    kind = resource.mime_type or "application/octet-stream"
    if kind.startswith("image/"):
        return ImageBlock(kind, _data(resource.blob, "an image"))
    if kind.startswith("audio/"):
        return AudioBlock(kind, _data(resource.blob, "sound"))
    return DocumentBlock(kind, _data(resource.blob, "a document"), name=resource.uri.rsplit("/", 1)[-1])


def _data(data: str, what: str) -> str:
    if not BASE64.fullmatch(data):
        raise ValueError(f"{what} is not base64: {data[:20]!r}")
    return data
