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
from .dialects import ChatDialect
from .parts import (
    Part,
    arguments_of,
    data_url,
    further,
    inline_text,
    is_text,
    left_out,
    parts_of,
    result_text,
)

AUDIO_FORMATS = {"audio/mpeg": "mp3", "audio/mp3": "mp3"}


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
            found.append({"role": "tool", "tool_call_id": block.tool_use_id, "content": result_text(block)})
            shown = further(block)
            if shown:
                rest += [TextBlock(f"From the result of tool call {block.tool_use_id}:"), *shown]
        parts = parts_of(rest, self._part)
        if parts or not found:
            plain = len(parts) <= 1 and all(part["type"] == "text" for part in parts)
            content = "".join(part["text"] for part in parts) if plain else parts
            found.append({"role": message.role, "content": content})
        return found

    def _part(self, block: ContentBlock) -> Part | None:
        match block:
            case TextBlock():
                return {"type": "text", "text": block.text}
            case ImageBlock():
                return {"type": "image_url", "image_url": {"url": block.url or data_url(block, "image/png")}}
            case DocumentBlock():
                return self._document(block)
            case AudioBlock(url=""):
                form = AUDIO_FORMATS.get(block.media_type, "wav")
                return {"type": "input_audio", "input_audio": {"data": str(block.data), "format": form}}
            case AudioBlock():
                return {"type": "text", "text": left_out(block, self._warn)}
            case _:
                return None

    def _document(self, block: DocumentBlock) -> Part:
        if is_text(block):
            return {"type": "text", "text": inline_text(block)}
        if block.url or not self._dialect.files:
            return {"type": "text", "text": left_out(block, self._warn)}
        file = {"filename": block.name or "document", "file_data": data_url(block, "application/pdf")}
        return {"type": "file", "file": file}

    def _said(self, message: Message) -> list[dict[str, Any]]:
        blocks = message.blocks
        text = "".join(block.text for block in blocks if isinstance(block, (TextBlock, RefusalBlock)))
        calls = [self._call(block) for block in blocks if isinstance(block, ToolUseBlock)]
        if not text and not calls:
            return []
        said: dict[str, Any] = {"role": "assistant", "content": text or None}
        if calls:
            said["tool_calls"] = calls
        self._add_thinking(said, blocks)
        return [said]

    def _call(self, block: ToolUseBlock) -> dict[str, Any]:
        function = {"name": block.name, "arguments": arguments_of(block)}
        call: dict[str, Any] = {"id": block.id, "type": "function", "function": function}
        if self._dialect.seals and block.signature:
            call["extra_content"] = {"google": {"thought_signature": block.signature}}
        return call

    def _add_thinking(self, said: dict[str, Any], blocks: list[ContentBlock]) -> None:
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
            block.text for block in blocks if isinstance(block, ThinkingBlock) and block.provider in own
        ]
        thought = "".join(thoughts)
        if not back or not thought:
            return
        if back != "content":
            said[back] = thought
            return
        parts: list[Part] = [{"type": "thinking", "thinking": [{"type": "text", "text": thought}]}]
        said["content"] = [*parts, {"type": "text", "text": said["content"]}] if said["content"] else parts
