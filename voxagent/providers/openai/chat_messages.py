"""Messages as Chat Completions takes them.

One message becomes several where it must: each tool result is a `tool` message, which holds text only, so
what else is in a result follows all of them as the user's. Blocks of other providers are left out: no API
takes them, and without them the conversation is still whole.
"""

from __future__ import annotations

from typing import Any

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
from ..http.base64text import usual_base64
from ..http.names import wire_id, wire_name
from .dialects import ChatDialect
from .parts import (
    Part,
    arguments_of,
    data_url,
    further,
    inline_text,
    is_elsewhere,
    is_image,
    is_text,
    left_out,
    parts_of,
    result_text,
    short_id,
)

BRIDGE = "OK"
"""Stands between the results of tools and the user where a server lets the user not speak at once."""
AUDIO_FORMATS = {
    "": "wav",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
}
"""The kinds of sound that are taken; "" is one that does not say what it is."""
LONGEST_ID = 40
"""Characters of a call's id."""


class ChatMessages:
    """Turns messages into the API's objects; remembers in `warnings` what it could not."""

    def __init__(self, dialect: ChatDialect) -> None:
        self._dialect = dialect
        self.warnings: list[str] = []

    def _warn(self, warning: str) -> None:
        if warning not in self.warnings:
            self.warnings.append(warning)

    def of(self, message: Message) -> list[dict[str, Any]]:
        """The objects of a message, in order; none if there is nothing in it to send."""
        if message.role == "assistant":
            return self._said(message)
        if isinstance(message.content, str):
            return [{"role": message.role, "content": message.content}]
        found: list[dict[str, Any]] = []
        rest: list[ContentBlock] = []
        for block in message.content:
            if not isinstance(block, ToolResultBlock):
                rest.append(block)
                continue
            id = self._id(block.tool_use_id)
            found.append({"role": "tool", "tool_call_id": id, "content": result_text(block)})
            shown = further(block)
            if shown:
                rest += [TextBlock(f"From the result of tool call {id}:"), *shown]
        parts = parts_of(rest, self._part)
        if parts and found and self._dialect.bridge:
            found.append({"role": "assistant", "content": BRIDGE})
        if parts or not found:
            plain = len(parts) <= 1 and all(part["type"] == "text" for part in parts)
            content = "".join(part["text"] for part in parts) if plain else parts
            found.append({"role": message.role, "content": content})
        return found

    def _part(self, block: ContentBlock) -> Part | None:
        match block:
            case TextBlock():
                return {"type": "text", "text": block.text}
            case ImageBlock() if self._dialect.images and is_image(block):
                return {"type": "image_url", "image_url": {"url": block.url or data_url(block, "image/png")}}
            case DocumentBlock():
                return self._document(block)
            case AudioBlock(url="") if self._dialect.audio and block.media_type in AUDIO_FORMATS:
                form = AUDIO_FORMATS[block.media_type]
                return {
                    "type": "input_audio",
                    "input_audio": {"data": usual_base64(block.data), "format": form},
                }
            case ImageBlock() | AudioBlock():
                return {"type": "text", "text": left_out(block, self._warn)}
            case _:
                return None

    def _document(self, block: DocumentBlock) -> Part:
        if is_text(block):
            return {"type": "text", "text": inline_text(block)}
        urls = self._dialect.document_urls
        is_data = not block.url or block.url.startswith("data:")
        if not self._dialect.files or not (is_data or (urls and is_elsewhere(block))):
            return {"type": "text", "text": left_out(block, self._warn)}
        data = block.url or data_url(block, "application/pdf")
        if urls == "document_url":
            return {"type": urls, urls: data}
        return {"type": "file", "file": {"filename": block.name or "document", "file_data": data}}

    def _said(self, message: Message) -> list[dict[str, Any]]:
        blocks = message.blocks
        text = "".join(block.text for block in blocks if isinstance(block, (TextBlock, RefusalBlock)))
        calls = [self._call(block) for block in blocks if isinstance(block, ToolUseBlock)]
        if not text and not calls:
            return []
        said: dict[str, Any] = {"role": "assistant", "content": text or None}
        if calls:
            said["tool_calls"] = calls
        self._add_thinking(said, blocks, message.provider)
        return [said]

    def _id(self, id: str) -> str:
        return short_id(id) if self._dialect.short_ids else wire_id(id, LONGEST_ID)

    def _call(self, block: ToolUseBlock) -> dict[str, Any]:
        function = {"name": wire_name(block.name), "arguments": arguments_of(block)}
        call: dict[str, Any] = {"id": self._id(block.id), "type": "function", "function": function}
        if self._dialect.seals and block.signature:
            call["extra_content"] = {"google": {"thought_signature": block.signature}}
        return call

    def _add_thinking(self, said: dict[str, Any], blocks: list[ContentBlock], author: str | None) -> None:
        """Thinking, where this server wants it back, of its own answers only."""
        back, provider = self._dialect.thinking_back, self._dialect.provider
        if back == "reasoning_details":
            for block in blocks:
                if (
                    isinstance(block, ProviderBlock)
                    and block.provider == provider
                    and "details" in block.data
                ):
                    said["reasoning_details"] = block.data["details"]
            return
        own = (None, provider)
        thoughts = [
            block.text
            for block in blocks
            if isinstance(block, ThinkingBlock) and block.provider in own and author in own
        ]
        thought = "".join(thoughts)
        if not back or not (thought or (self._dialect.thinking_due and "tool_calls" in said)):
            return
        if back != "content":
            said[back] = thought
            return
        parts: list[Part] = [{"type": "thinking", "thinking": [{"type": "text", "text": thought}]}]
        said["content"] = [*parts, {"type": "text", "text": said["content"]}] if said["content"] else parts
