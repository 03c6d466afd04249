"""Messages as Ollama takes them: one text each, pictures beside it, arguments of calls as objects.

A result names its tool, because older servers know calls by nothing else; newer ones are told the id as well.
Pictures are sent by their bytes only.
"""

from __future__ import annotations

from typing import Any

from ...types.blocks import (
    AudioBlock,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    RefusalBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from ...types.message import Message
from ..http.base64text import usual_base64
from ..http.names import wire_name
from ..openai.parts import further, inline_text, is_text, left_out, result_text


class OllamaMessages:
    """Turns messages into the API's objects; remembers in `warnings` what it could not."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
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
            found.append(_result(block))
            shown = further(block)
            if shown:
                rest += [TextBlock(f"From the result of {block.tool_name or block.tool_use_id}:"), *shown]
        if rest or not found:
            found.append(self._shown(message.role, rest))
        return found

    def _shown(self, role: str, blocks: list[ContentBlock]) -> dict[str, Any]:
        """What the user says and shows."""
        texts: list[str] = []
        images: list[str] = []
        for block in blocks:
            match block:
                case TextBlock():
                    texts.append(block.text)
                case ImageBlock(url=""):
                    images.append(usual_base64(block.data))
                case DocumentBlock() if is_text(block):
                    texts.append(inline_text(block))
                case ImageBlock() | DocumentBlock() | AudioBlock():
                    texts.append(left_out(block, self._warn))
                case _:
                    pass
        told: dict[str, Any] = {"role": role, "content": "\n".join(filter(None, texts))}
        return {**told, "images": images} if images else told

    def _said(self, message: Message) -> list[dict[str, Any]]:
        blocks = message.blocks
        text = "".join(block.text for block in blocks if isinstance(block, (TextBlock, RefusalBlock)))
        calls = [_call(block) for block in blocks if isinstance(block, ToolUseBlock)]
        if not text and not calls:
            return []
        own = (None, self._provider)
        thoughts = [
            block.text
            for block in blocks
            if isinstance(block, ThinkingBlock) and block.provider in own and message.provider in own
        ]
        said: dict[str, Any] = {"role": "assistant", "content": text}
        if any(thoughts):
            said["thinking"] = "".join(thoughts)
        if calls:
            said["tool_calls"] = calls
        return [said]


def _call(block: ToolUseBlock) -> dict[str, Any]:
    arguments = block.input if block.arguments is None else {"invalid_json": block.arguments}
    return {"id": block.id, "function": {"name": wire_name(block.name), "arguments": arguments}}


def _result(block: ToolResultBlock) -> dict[str, Any]:
    told = {"role": "tool", "content": result_text(block), "tool_call_id": block.tool_use_id}
    return {**told, "tool_name": wire_name(block.tool_name)} if block.tool_name else told
