"""Messages as Responses takes them: items, in the order of the blocks.

Nothing is kept by the service (`store: false`), so reasoning is sent back exactly as it came, with its seal
and at its place, and so is what the service's own tools did. Reasoning without a seal, reasoning that nothing
followed, and blocks of other providers, are left out; so is all reasoning if the model does not think, for
such a model refuses it. Calls are sent without the service's own item ids, which it would look up and not
find.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from ..http.names import wire_id, wire_name
from .parts import (
    Part,
    arguments_of,
    data_url,
    further,
    is_elsewhere,
    is_image,
    left_out,
    parts_of,
    result_text,
)

Item = dict[str, Any]

LONGEST_ID = 64
"""Characters of a call's id."""


class ResponsesMessages:
    """Turns messages into items; remembers in `warnings` what it could not."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self.warnings: list[str] = []

    def _warn(self, warning: str) -> None:
        if warning not in self.warnings:
            self.warnings.append(warning)

    def of(self, message: Message) -> list[Item]:
        """The items of a message, in order; none if there is nothing in it to send."""
        if message.role == "assistant":
            return self._said(message)
        if isinstance(message.content, str):
            return [{"role": message.role, "content": message.content}]
        found: list[Item] = []
        rest: list[ContentBlock] = []
        for block in message.content:
            if isinstance(block, ToolResultBlock):
                found.append(self._result(block))
            else:
                rest.append(block)
        parts = parts_of(rest, self._part)
        if parts or not found:
            plain = len(parts) <= 1 and all(part["type"] == "input_text" for part in parts)
            content = "".join(part["text"] for part in parts) if plain else parts
            found.append({"role": message.role, "content": content})
        return found

    def unreasoned(self, message: Message) -> list[Item]:
        """The items of a message without reasoning, for a model that takes none."""
        return [item for item in self.of(message) if item.get("type") != "reasoning"]

    def _result(self, block: ToolResultBlock) -> Item:
        text, shown = result_text(block), further(block)
        output = parts_of([TextBlock(text), *shown], self._part) if shown else text
        return {
            "type": "function_call_output",
            "call_id": wire_id(block.tool_use_id, LONGEST_ID),
            "output": output,
        }

    def _part(self, block: ContentBlock) -> Part | None:
        match block:
            case TextBlock():
                return {"type": "input_text", "text": block.text}
            case ImageBlock() if is_image(block):
                url = block.url or data_url(block, "image/png")
                return {"type": "input_image", "image_url": url, "detail": "auto"}
            case DocumentBlock(url=""):
                url = data_url(block, "application/pdf")
                return {"type": "input_file", "filename": block.name or "document", "file_data": url}
            case DocumentBlock() if is_elsewhere(block):
                return {"type": "input_file", "file_url": block.url}
            case DocumentBlock() if block.url.startswith("data:"):
                return {"type": "input_file", "filename": block.name or "document", "file_data": block.url}
            case ImageBlock() | DocumentBlock() | AudioBlock():
                return {"type": "input_text", "text": left_out(block, self._warn)}
            case _:
                return None

    def _said(self, message: Message) -> list[Item]:
        items: list[Item] = []
        summary: list[ThinkingBlock] = []
        for block in message.blocks:
            if isinstance(block, ThinkingBlock) and block.provider == self._provider:
                if summary and summary[-1].id != block.id:
                    summary = []
                summary.append(block)
                if block.signature:
                    items.append(_reasoning(summary, block.signature))
                    summary = []
                continue
            summary = []
            self._add(block, items)
        while items and items[-1].get("type") == "reasoning":
            items.pop()
        return items

    def _add(self, block: ContentBlock, items: list[Item]) -> None:
        match block:
            case TextBlock() | RefusalBlock():
                if block.text:
                    items.append({"role": "assistant", "content": block.text})
            case ToolUseBlock():
                told = {"call_id": wire_id(block.id, LONGEST_ID), "name": wire_name(block.name)}
                told["arguments"] = arguments_of(block)
                items.append({"type": "function_call", **told})
            case ProviderBlock() if block.provider == self._provider:
                if not _belongs(block.data, items):
                    items.append(block.data)
            case _:
                pass


def _reasoning(summary: list[ThinkingBlock], seal: str) -> Item:
    parts = [{"type": "summary_text", "text": block.text} for block in summary if block.text]
    item: Item = {"type": "reasoning", "summary": parts, "encrypted_content": seal}
    return {**item, "id": summary[-1].id} if summary[-1].id else item


def _belongs(data: Mapping[str, Any], items: list[Item]) -> bool:
    """Put what is kept of a message or call besides its content where it belongs; False if it is an item."""
    kind, last = data.get("type"), items[-1] if items else {}
    if kind == "reasoning_details":  # of an answer by Chat Completions, which has no items
        return True
    if kind == "message" and "content" not in data:
        for item in _texts_at_end(items):
            item["phase"] = data["phase"]
        return True
    if kind == "function_call" and "arguments" not in data:
        if last.get("type") == "function_call":
            last["namespace"] = data["namespace"]
        return True
    return False


def _texts_at_end(items: list[Item]) -> list[Item]:
    """The texts that stand last and have no phase yet."""
    found: list[Item] = []
    for item in reversed(items):
        if item.get("role") != "assistant" or "phase" in item:
            break
        found.append(item)
    return found
