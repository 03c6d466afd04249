"""About how many tokens a text, a message or a request is, without asking anybody.

A tokeniser cuts text by what it is made of, so the estimate counts that: words, letters, digits, marks, line
ends, and characters of other scripts. How finely a family of models cuts, and what its service puts around
tools and calls unseen, is in `FAMILIES`. The weights were fitted on recorded requests and the tokens that the
services counted for them; pictures and documents are flat guesses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from string import ascii_letters, digits, punctuation
from typing import NamedTuple

from .blocks import (
    AudioBlock,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    ProviderBlock,
    TextBlock,
    ToolResultBlock,
    ToolUseBlock,
    UnknownBlock,
)
from .config import OutputSpec, ToolSpec
from .message import Message


class Family(NamedTuple):
    """How models of a family cut text.

    Args:
        names: Pattern of their names.
        scale: Tokens, as a multiple of those of OpenAI's models.
        tools: Tokens that a request with tools has more.
        call: Tokens around a call and its result.
        output: Tokens that a request with a schema for its output has more.
    """

    names: str
    scale: float
    tools: int
    call: int
    output: int = 0


FAMILIES = (
    Family(r"claude.*(-4[-.][789]|(opus|sonnet|haiku|fable|mythos)-[5-9])", 1.4, 350, 50, 150),
    Family(r"claude.*4[-.][56]", 1.2, 500, 50, 150),
    Family(r"claude", 1.2, 340, 50, 150),
    Family(r"gpt-oss", 1.0, 90, 30),
    Family(r"gpt-[5-9]", 1.0, 50, 15, 60),
    Family(r"gpt|(^|/)o\d", 1.0, 10, 15, 60),
    Family(r"gemini", 1.0, 100, 15),
    Family(r"deepseek", 1.0, 300, 30),
    Family(r"llama-?4", 1.0, 670, 30),
    Family(r"grok", 1.0, 150, 20, 150),
    Family(r"mi[sn]tral|codestral", 1.0, 50, 30),
    Family(r"", 1.0, 150, 30),
)
WEIGHTS = (
    (ascii_letters.encode(), 0.11),
    (digits.encode(), 0.8),
    (punctuation.encode(), 0.6),
    (b"\n", 1.0),
    (bytes(range(0xC0, 0xE0)), 0.4),
    (bytes(range(0xE0, 0xF0)), 0.9),
    (bytes(range(0xF0, 0x100)), 2.0),
)
"""Tokens of a letter, a digit, a mark, a line end, and of characters that begin two, three and four bytes."""
WEIGHTS_OF_ASCII = WEIGHTS[:4]
WORD, MESSAGE, TOOL, SCHEMA, IMAGE, DOCUMENT = 0.48, 4, 10, 0.6, 1_000, 1_500
"""Tokens that begin a word, a message, a tool; how much of a schema is told; a picture; a short document."""
MOST, MOST_OF_A_TOOL = 3, 400
"""Tokens that a character hardly ever exceeds, and characters that a tool hardly ever does."""


def _weight(text: str) -> float:
    rest = text.encode("utf-8", "replace")
    found, left = WORD * len(rest.split()), len(rest)
    for kind, each in WEIGHTS_OF_ASCII if left == len(text) else WEIGHTS:
        rest = rest.translate(None, kind)
        found += each * (left - (left := len(rest)))
        if not left:
            break
    return found


_told = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode


@lru_cache(maxsize=256)
def _family(model: str) -> Family:
    return next(family for family in FAMILIES if re.search(family.names, model.lower()))


def _blocks(blocks: Iterable[ContentBlock], family: Family) -> float:
    """The weight of blocks; their texts are weighed as one, which blanks between them do not change."""
    texts: list[str] = []
    found = 0.0
    for block in blocks:
        match block:
            case TextBlock():
                texts.append(block.text)
            case ToolUseBlock():
                found += family.call
                texts += (block.name, block.arguments or _told(block.input))
            case ToolResultBlock():
                if isinstance(block.content, str):
                    texts.append(block.content)
                else:
                    found += _blocks(block.content, family)
            case ImageBlock():
                found += IMAGE
            case DocumentBlock() | AudioBlock():
                length = len(block.data) // (5 if block.media_type.startswith("text/") else 40)
                found += max(DOCUMENT, length)
            case ProviderBlock() | UnknownBlock():
                texts.append(_told(block.data))
            case _:
                texts.append(block.text)
    return found + family.scale * _weight(" ".join(texts))


def estimate_tokens(text: str, model: str = "") -> int:
    """About how many tokens a text is; the model's name tells how finely it cuts."""
    return round(_family(model).scale * _weight(text))


def message_weight(message: Message, model: str = "") -> float:
    """What one message adds to `message_tokens`, which rounds the sum."""
    family = _family(model)
    if isinstance(message.content, str):
        return MESSAGE + family.scale * _weight(message.content)
    return MESSAGE + _blocks(message.content, family)


def message_tokens(messages: Sequence[Message], model: str = "") -> int:
    """About how many tokens messages are, with what the service puts around them and their calls."""
    return round(sum(message_weight(each, model) for each in messages))


def request_tokens(
    messages: Sequence[Message],
    system: str = "",
    tools: Sequence[ToolSpec] = (),
    output: OutputSpec | None = None,
    model: str = "",
) -> int:
    """About how many tokens the model reads of a request; up to the last answer, what the service counted."""
    family = _family(model)
    for at in range(len(messages) - 1, -1, -1):
        usage = messages[at].usage
        if usage is not None and usage.input_tokens:
            return usage.total_tokens + message_tokens(messages[at + 1 :], model)
    schemas = [spec.parameters for spec in tools] + ([output.schema] if output else [])
    told = _weight("\n".join([system, *(f"{spec.name} {spec.description}" for spec in tools)]))
    told = family.scale * (told + SCHEMA * _weight("\n".join(map(_told, schemas))) + TOOL * len(tools))
    around = bool(tools) * family.tools + bool(output) * family.output
    return message_tokens(messages, model) + round(told) + around


def quick_bound(messages: Sequence[Message], system: str = "", tools: int = 0) -> int:
    """More tokens than `request_tokens` says as a rule, at a fraction of its price; for the question whether
    to ask.

    Args:
        messages: The history.
        system: The system prompt.
        tools: How many tools there are.
    """
    size = len(system) + MOST_OF_A_TOOL * tools
    for message in reversed(messages):
        if message.usage is not None and message.usage.input_tokens:
            return message.usage.total_tokens + MOST * size
        content = message.content
        size += len(content) + 10 if isinstance(content, str) else sum(map(_size, content))
    return MOST * size


def _size(block: ContentBlock) -> int:
    """About as many characters as a block has, or would have as text."""
    match block:
        case ToolUseBlock():
            return 60 + len(block.arguments or _told(block.input))
        case ToolResultBlock(content=str(content)):
            return 10 + len(content)
        case (
            ImageBlock()
            | DocumentBlock()
            | AudioBlock()
            | ToolResultBlock()
            | ProviderBlock()
            | UnknownBlock()
        ):
            return int(_blocks([block], FAMILIES[0]))
        case _:
            return 10 + len(block.text)
