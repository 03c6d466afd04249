"""What a program is told: the conversation as one text, or only what is new since its own last answer.

A program keeps its conversations itself. Its answer carries the name of that session and a digest of the
history up to it; while both still fit, the session is gone on with. A history that was changed,
shortened, redacted or answered by somebody else is told as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from ...errors import ConfigError
from ...types.blocks import (
    AudioBlock,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    ProviderBlock,
    RefusalBlock,
    TextBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from ...types.message import Message

SESSION = re.compile(r"\w[\w-]{0,99}")
_TAG = re.compile(r"<(?=/?(?:user|assistant|conversation)>)")


@dataclass(slots=True, frozen=True)
class Session:
    """A conversation that a program keeps.

    Args:
        id: The program's name of it.
        news: The messages that it does not have.
        data: What was kept with the answer that it ends with.
    """

    id: str
    news: Sequence[Message]
    data: dict[str, Any] = field(default_factory=dict[str, Any])


def told(messages: Sequence[Message], provider: str) -> str:
    """Messages as one text; a conversation of more than one is marked up.

    Raises:
        ConfigError: For a picture, a document or sound that is new, and for an empty conversation.
    """
    for message in messages[_news(messages) :]:
        _check_text(message, provider)
    texts = [(message.role, _text(message)) for message in messages]
    if not texts:
        raise ConfigError(f"{provider} has nothing to answer: the conversation is empty")
    if len(texts) == 1 and texts[0][0] == "user":
        return texts[0][1]
    marked = [f"<{role}>\n{_TAG.sub('&lt;', text)}\n</{role}>" for role, text in texts]
    last = "the user's last message" if texts[-1][0] == "user" else "by going on where the assistant stopped"
    conversation = "\n".join(marked)
    return (
        f"<conversation>\n{conversation}\n</conversation>\n\nThat was the conversation so far. Answer {last}."
    )


def digest(messages: Sequence[Message], *more: str) -> str:
    """What a history is recognised by."""
    known = sha256()
    for text in (*more, *(f"{message.role}:{_text(message)}" for message in messages)):
        data = text.encode("utf-8", "replace")
        known.update(b"%d:" % len(data))
        known.update(data)
    return known.hexdigest()


def session_in(messages: Sequence[Message], provider: str, *more: str) -> Session | None:
    """The session that the conversation can be gone on with, if there is one."""
    news = messages[_news(messages) :]
    last = _news(messages) - 1
    if last < 0 or not news:
        return None
    kept = [block.data for block in messages[last].of(ProviderBlock) if block.provider == provider]
    data = kept[-1] if kept else {}
    id = data.get("session")
    if not isinstance(id, str) or not SESSION.fullmatch(id):
        return None
    if data.get("digest") != digest(messages[: last + 1], *more):
        return None
    return Session(id, news, data)


def _news(messages: Sequence[Message]) -> int:
    """Where that begins which was said since the last answer."""
    return max((n for n, each in enumerate(messages, 1) if each.role == "assistant"), default=0)


def _check_text(message: Message, provider: str) -> None:
    for block in message.blocks:
        if isinstance(block, (ImageBlock, DocumentBlock, AudioBlock)):
            raise ConfigError(f"{provider} takes text only, and the conversation has a {block.type} in it")


def _text(message: Message) -> str:
    if isinstance(message.content, str):
        return message.content
    if message.role == "assistant":
        return "".join(_shown(block) for block in message.content)
    return "\n\n".join(filter(None, (_shown(block) for block in message.content)))


def _shown(block: ContentBlock) -> str:
    match block:
        case TextBlock() | RefusalBlock():
            return block.text
        case ToolUseBlock():
            return f"\n[called the tool {block.name} with {block.input}]\n"
        case ToolResultBlock():
            return f"[the tool {block.tool_name} gave: {block.text}]"
        case ImageBlock() | DocumentBlock() | AudioBlock():
            where = "" if block.url.startswith("data:") else block.url
            return f"[{block.type} not shown: {where or block.media_type}]"
        case _:
            return ""
