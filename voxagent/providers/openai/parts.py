"""Blocks as parts of what a user says: text, pictures, documents, sound; what an API cannot take, as text."""

from __future__ import annotations

import string
from base64 import b64decode
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any, TypeAlias

from ...errors import ConfigError
from ...types.blocks import (
    AudioBlock,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from ..http.base64text import usual_base64
from ..http.jsontext import dumped
from .models import Warn

Part: TypeAlias = dict[str, Any]
ToPart: TypeAlias = Callable[[ContentBlock], Part | None]

LETTERS = string.ascii_letters + string.digits
SHORT = 9
IMAGES = ("image/jpeg", "image/jpg", "image/png", "image/gif", "image/webp")
"""Kinds of pictures that are read; "" is one that does not say what it is."""
TEXTS = ("application/json", "application/xml", "application/yaml", "application/x-yaml", "application/toml")


def data_url(block: ImageBlock | DocumentBlock, otherwise: str) -> str:
    """The bytes of a block as a URL."""
    return f"data:{block.media_type or otherwise};base64,{usual_base64(block.data)}"


def is_image(block: ImageBlock) -> bool:
    """Whether a picture is of a kind that is read; one that stands elsewhere has to be looked at to know."""
    if block.url and not block.url.startswith("data:"):
        return is_elsewhere(block)
    media = block.url[5:].partition(";")[0] if block.url else block.media_type
    return media in ("", *IMAGES)


def is_elsewhere(block: ImageBlock | DocumentBlock) -> bool:
    """Whether a block stands where a service can fetch it (not in somebody's cloud, such as "gs://")."""
    return block.url.startswith(("https://", "http://"))


def is_text(block: DocumentBlock) -> bool:
    """Whether a document's bytes are text, which every model reads."""
    return bool(block.data) and (block.media_type.startswith("text/") or block.media_type in TEXTS)


def inline_text(block: DocumentBlock) -> str:
    """The text of a text document, with its name above it."""
    try:
        text = b64decode(block.data).decode("utf-8", "replace")
    except ValueError as error:
        raise ConfigError(f"the data of the document {block.name!r} is no base64: {error}") from error
    return f"{block.name}:\n{text}" if block.name else text


def left_out(block: ImageBlock | DocumentBlock | AudioBlock, warn: Warn) -> str:
    """What stands in the place of a block that the API cannot take."""
    warn(f"{block.type} of this form is not taken: the model is only told that it is there")
    where = "" if block.url.startswith("data:") else block.url
    return f"[{block.type} not shown: {where or block.media_type}]"


def short_id(id: str) -> str:
    """The id of a call in nine letters and digits; the same id gives the same one."""
    if len(id) == SHORT and id.isascii() and id.isalnum():
        return id
    number = int.from_bytes(sha256(id.encode("utf-8", "surrogatepass")).digest()[:8])
    return "".join(LETTERS[number // len(LETTERS) ** place % len(LETTERS)] for place in range(SHORT))


def result_text(result: ToolResultBlock) -> str:
    """The text of a tool's result; the APIs have no word for an error, so the text says it."""
    return f"Error: {result.text}" if result.is_error else result.text


def arguments_of(call: ToolUseBlock) -> str:
    """A call's arguments as JSON text. What the model wrote wrongly is wrapped: servers parse the history."""
    if call.arguments is not None:
        return dumped({"invalid_json": call.arguments}).decode()
    return dumped(call.input).decode()


def further(result: ToolResultBlock) -> list[ContentBlock]:
    """What there is in a tool's result besides text."""
    if isinstance(result.content, str):
        return []
    return [block for block in result.content if isinstance(block, (ImageBlock, DocumentBlock, AudioBlock))]


def parts_of(blocks: Iterable[ContentBlock], to_part: ToPart) -> list[Part]:
    """The parts that the blocks become; empty text and what is not the user's becomes none."""
    found: list[Part] = []
    for block in blocks:
        if isinstance(block, TextBlock) and not block.text:
            continue
        part = to_part(block)
        if part is not None:
            found.append(part)
    return found
