"""From a message's blocks to the API's: what is sent, in which order, and what is left out.

What the API would refuse is never sent: text without a visible character, results behind other blocks, ids
and names with foreign characters, thoughts that this provider has not signed or that nothing follows, blocks
of other providers. A picture, a document or sound without a form is a mistake of the program where it is new,
and becomes a note once it was answered, maybe by another provider: the conversation must go on.
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
from ..http.names import wire_name
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
THOUGHTS = ("thinking", "redacted_thinking")
_FOREIGN = re.compile(r"[^a-zA-Z0-9_-]")


def blocks_of(message: Message, provider: str) -> list[Block]:
    """The blocks that a message is sent as; none if there is nothing in it that can be sent."""
    read = _said if message.role == "assistant" else _noted
    blocks = [told for block in message.blocks if (told := read(block, provider)) is not None]
    if message.role == "user":
        blocks.sort(key=lambda block: block["type"] != "tool_result")
    while message.role == "assistant" and blocks and blocks[-1]["type"] in THOUGHTS:
        blocks.pop()
    return blocks


def check_media(messages: Sequence[Message], provider: str) -> None:
    """Look at pictures, documents and sound that are new.

    Raises:
        ConfigError: there is one among them that the API has no form for.
    """
    for message in messages:
        if isinstance(message.content, str) or message.role == "assistant":
            continue
        for block in message.content:
            if isinstance(block, (ImageBlock, DocumentBlock, AudioBlock)):
                _asked(block, provider)


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
                "name": wire_name(block.name),
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
    if block.is_error and not isinstance(content, str):  # an error is told in text, or refused
        content = [part if part["type"] == "text" else _left_out(part) for part in content]
    if content:
        told["content"] = content
    if block.is_error:
        told.setdefault("content", "error")  # an error without a word is refused
        told["is_error"] = True
    return told


def _shown(block: ContentBlock, provider: str) -> Block | None:
    """A part of a tool's result."""
    return None if isinstance(block, ToolResultBlock) else _noted(block, provider)


def _noted(block: ContentBlock, provider: str) -> Block | None:
    """A block of a user's message, or a note in its place if it has no form."""
    try:
        return _asked(block, provider)
    except ConfigError as error:
        return _text(f"[left out: {error}]")


def _left_out(part: Block) -> Block:
    return {"type": "text", "text": f"[left out: the {part['type']} that came with the error]"}


def call_id(id: str) -> str:
    """An id of a call that the API takes (`^[a-zA-Z0-9_-]+$`): the same for a call and its result."""
    if id and not _FOREIGN.search(id):
        return id
    sum = crc32(id.encode("utf-8", "surrogatepass"))
    return f"{_FOREIGN.sub('_', id)[:100] or 'call'}_{sum:08x}"


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
