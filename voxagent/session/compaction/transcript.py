"""A message as text, for a model that reads a conversation it does not take part in."""

from __future__ import annotations

import json

from ...types.blocks import (
    AudioBlock,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    RefusalBlock,
    TextBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from ...types.message import Message

LONGEST_TEXT, LONGEST_RESULT = 20_000, 2_000
"""Characters of a text that somebody wrote, and of a call or its result, whose beginnings say most."""

_written = json.JSONEncoder(ensure_ascii=False, default=str).encode


def entry(message: Message) -> str:
    """What a message says and does; "" if there is nothing to tell."""
    lines = [line for block in message.blocks if (line := _line(block, message.role))]
    return "\n".join(lines)


def _line(block: ContentBlock, role: str) -> str:
    match block:
        case TextBlock() | RefusalBlock():
            return f"{role}: {_clipped(block.text, LONGEST_TEXT)}" if block.text else ""
        case ToolUseBlock():
            told = block.arguments or _written(block.input)
            return f"{role} calls {block.name}: {_clipped(told, LONGEST_RESULT)}"
        case ToolResultBlock():
            kind = "error" if block.is_error else "result"
            return f"{kind} of {block.tool_name}: {_clipped(block.text, LONGEST_RESULT)}"
        case ImageBlock() | DocumentBlock() | AudioBlock():
            return f"{role}: [{block.type}]"
        case _:
            return ""


def _clipped(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]} [{len(text) - longest} characters left out]"
