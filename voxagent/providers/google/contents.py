"""From a message's blocks to the API's parts: what is sent, in which order, and what is left out.

What the API would refuse is never sent: empty text, results behind other parts, foreign names,
blocks and seals of other providers. A picture or another file without a form is a mistake of the program
where it is new, and becomes a note once it was answered, maybe by another provider. Ids of calls are sent
back if they are somebody's: those that were made here, because the model told none, are not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

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
from .media import WITHIN_RESULTS, media_part
from .seals import Part, is_seal, put_seal, seal_first_call, sealed

MADE = "google_call_"
"""How ids begin that were made here."""
TOLD_ONLY = frozenset(("groundingMetadata", "urlContextMetadata", "citationMetadata"))
"""What an answer tells besides its parts; it is not sent back."""
_MADE = re.compile(rf"{MADE}\d+(_\d+)*$")


def parts_of(message: Message, provider: str, *, newer: bool) -> list[Part]:
    """The parts that a message is sent as; none if there is nothing in it that can be sent.

    Args:
        message: What was said.
        provider: Name on the blocks that may go back.
        newer: Whether the model is of generation 3 or later.
    """
    if message.role != "assistant":
        return _asked(message.blocks, provider, newer=newer)
    parts: list[Part] = []
    foreign = message.provider not in (None, provider)
    for block in message.blocks:
        if isinstance(block, ProviderBlock) and block.provider == provider and is_seal(block.data):
            put_seal(block.data, parts)
        elif (part := _said(block, provider, foreign=foreign)) is not None:
            parts.append(part)
    if newer:
        seal_first_call(parts)
    return parts


def _said(block: ContentBlock, provider: str, *, foreign: bool) -> Part | None:
    """A block of a model's message."""
    match block:
        case TextBlock() | RefusalBlock():
            return {"text": block.text} if block.text else None
        case ThinkingBlock():
            if block.provider != provider or not (block.text or block.signature):
                return None
            hidden = block.redacted and not block.text
            told: Part = {"text": ""} if hidden else {"text": block.text, "thought": True}
            return sealed(told, block.signature)
        case ToolUseBlock():
            arguments = block.input if block.arguments is None else {"invalid_json": block.arguments}
            call: Part = {**_given(block.id), "name": wire_name(block.name), "args": arguments}
            return sealed({"functionCall": call}, None if foreign else block.signature)
        case ProviderBlock():
            own = block.provider == provider and not TOLD_ONLY & block.data.keys()
            return block.data if own else None
        case ImageBlock() | AudioBlock() | DocumentBlock():
            return _file(block)
        case _:
            return None


def _asked(blocks: list[ContentBlock], provider: str, *, newer: bool) -> list[Part]:
    """A user's message: results first, then the files that came with them, then the rest."""
    results: list[Part] = []
    behind: list[Part] = []
    rest: list[Part] = []
    for block in blocks:
        if isinstance(block, ToolResultBlock):
            told, files = _result(block, newer=newer)
            results.append(told)
            behind += files
        elif (part := _shown(block, provider)) is not None:
            rest.append(part)
    return [*results, *behind, *rest]


def _shown(block: ContentBlock, provider: str) -> Part | None:
    match block:
        case TextBlock() | RefusalBlock():
            return {"text": block.text} if block.text else None
        case ImageBlock() | AudioBlock() | DocumentBlock():
            return _file(block)
        case ProviderBlock():
            return block.data if block.provider == provider else None
        case _:
            return None


def _result(block: ToolResultBlock, *, newer: bool) -> tuple[Part, list[Part]]:
    """A function's result, and the files of it that cannot stand within."""
    name = wire_name(block.tool_name)
    files = [] if isinstance(block.content, str) else [*map(_file, block.content)]
    parts = [part for part in files if part is not None]
    within = [part for part in parts if newer and _stands_within(part)]
    told: Part = {**_given(block.tool_use_id), "name": name}
    told["response"] = {"error" if block.is_error else "output": block.text}
    if within:
        told["parts"] = within
    behind = [part for part in parts if part not in within]
    if behind:
        behind.insert(0, {"text": f"What {name} gave besides:"})
    return {"functionResponse": told}, behind


def _file(block: ContentBlock) -> Part | None:
    """A file, or a note in its place if it has no form; None for what is no file."""
    if not isinstance(block, ImageBlock | AudioBlock | DocumentBlock):
        return None
    try:
        return media_part(block)
    except ConfigError as error:
        return {"text": f"[left out: {error}]"}


def _stands_within(part: Part) -> bool:
    inline = cast("dict[str, Any]", part.get("inlineData", {}))
    return inline.get("mimeType") in WITHIN_RESULTS


def check_media(messages: Sequence[Message]) -> None:
    """Look at the files that are new.

    Raises:
        ConfigError: there is one among them that the API has no form for.
    """
    for message in messages:
        if isinstance(message.content, str) or message.role == "assistant":
            continue
        for block in message.content:
            if isinstance(block, ImageBlock | AudioBlock | DocumentBlock):
                media_part(block)


def _given(id: str) -> Part:
    return {} if not id or _MADE.match(id) else {"id": id}
