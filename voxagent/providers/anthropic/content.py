"""From a message's blocks to the API's: what is sent, in which order, and what is left out.

What the API would refuse is never sent: text without a visible character, results behind other blocks, ids
and names with foreign characters, thoughts that this provider has not signed, blocks of other providers.
"""

from __future__ import annotations

import re
from binascii import crc32
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

from pydantic_core import to_json

from ...errors import ConfigError
from ...types.blocks import (
    AudioBlock,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    ProviderBlock,
    RefusalBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from ...types.message import Message
from .media import document, image

Block: TypeAlias = dict[str, Any]

CITATIONS = frozenset(
    (
        "char_location",
        "page_location",
        "content_block_location",
        "web_search_result_location",
        "search_result_location",
    )
)
_FOREIGN = re.compile(r"[^a-zA-Z0-9_-]")


def blocks_of(message: Message, provider: str) -> list[Block]:
    """The blocks that a message is sent as; none if there is nothing in it that can be sent.

    Raises:
        ConfigError: there is a block in it that the API has no form for.
    """
    read = _said if message.role == "assistant" else _asked
    blocks = [told for block in message.blocks if (told := read(block, provider)) is not None]
    if message.role == "user":
        blocks.sort(key=lambda block: block["type"] != "tool_result")
    return blocks


def _asked(block: ContentBlock, provider: str) -> Block | None:
    """A block of a user's message."""
    match block:
        case TextBlock() | RefusalBlock():
            return _text(block.text)
        case ToolResultBlock():
            return _result(block, provider)
        case ImageBlock():
            return image(block)
        case DocumentBlock():
            return document(block)
        case AudioBlock():
            raise ConfigError(
                f"an AudioBlock ({block.media_type or block.url or 'of unknown type'}) cannot be sent: "
                "these models read text, images, PDF and plain text"
            )
        case ProviderBlock():
            return _own(block, provider)
        case _:
            return None


def _said(block: ContentBlock, provider: str) -> Block | None:
    """A block of an assistant's message, which holds no pictures and documents in this API."""
    match block:
        case TextBlock():
            return _cited(block)
        case ToolUseBlock():
            return {
                "type": "tool_use",
                "id": call_id(block.id),
                "name": tool_name(block.name),
                "input": block.input,
            }
        case ThinkingBlock():
            return _thought(block, provider)
        case ProviderBlock():
            return _own(block, provider)
        case RefusalBlock():
            return _text(block.text)
        case _:
            return None


def _text(text: str) -> Block | None:
    return {"type": "text", "text": text} if text and not text.isspace() else None


def _cited(block: TextBlock) -> Block | None:
    told = _text(block.text)
    citations = [
        {name: value for name, value in each.items() if name != "file_id"}  # only ever in answers
        for each in block.citations
        if each.get("type") in CITATIONS
    ]
    return {**told, "citations": citations} if told and citations else told


def _thought(block: ThinkingBlock, provider: str) -> Block | None:
    if block.provider != provider or not block.signature:
        return None
    if block.redacted:
        return {"type": "redacted_thinking", "data": block.signature}
    return {"type": "thinking", "thinking": block.text, "signature": block.signature}


def _own(block: ProviderBlock, provider: str) -> Block | None:
    if block.provider != provider:
        return None
    if "cache_control" not in block.data:
        return block.data
    rest = {name: value for name, value in block.data.items() if name != "cache_control"}
    return {**rest, "cache_control": block.data["cache_control"]}  # last, so that it is seen in the bytes


def _result(block: ToolResultBlock, provider: str) -> Block:
    told: Block = {"type": "tool_result", "tool_use_id": call_id(block.tool_use_id)}
    if isinstance(block.content, str):
        content: str | list[Block] = block.content if block.content.strip() else ""
    else:
        content = [part for each in block.content if (part := _shown(each, provider)) is not None]
    if content:
        told["content"] = content
    if block.is_error:
        told.setdefault("content", "error")  # an error without a word is refused
        told["is_error"] = True
    return told


def _shown(block: ContentBlock, provider: str) -> Block | None:
    """A part of a tool's result; what has no form becomes a note, for the conversation must go on."""
    if isinstance(block, ToolResultBlock):
        return None
    try:
        return _asked(block, provider)
    except ConfigError as error:
        return _text(f"[left out: {error}]")


def call_id(id: str) -> str:
    """An id of a call that the API takes (`^[a-zA-Z0-9_-]+$`): the same for a call and its result."""
    return id if id and not _FOREIGN.search(id) else _mapped(id, "call")


def tool_name(name: str) -> str:
    """A name of a tool that the API takes (`^[a-zA-Z0-9_-]{1,128}$`), even if a model invented it."""
    return name if name and len(name) <= 128 and not _FOREIGN.search(name) else _mapped(name, "unnamed")


def _mapped(text: str, empty: str) -> str:
    sum = crc32(text.encode("utf-8", "surrogatepass"))
    return f"{_FOREIGN.sub('_', text)[:100] or empty}_{sum:08x}"


def encoded(value: object) -> bytes:
    """A value as JSON: lone surrogates become U+FFFD, numbers that JSON does not know become null.

    Raises:
        ConfigError: there is something in the value that JSON has no form for.
    """
    try:
        return to_json(value, inf_nan_mode="null")
    except ValueError:
        pass
    try:
        return to_json(_clean(value), inf_nan_mode="null")
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"a message cannot be sent as JSON: {error}") from error


def _clean(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {_clean(key): _clean(each) for key, each in cast("Mapping[object, object]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_clean(each) for each in cast("Sequence[object]", value)]
    return value


def joined(blocks: Sequence[Block]) -> bytes:
    """Blocks as JSON, with commas between them and no brackets around."""
    return encoded(blocks)[1:-1]
