"""What a history must be so that any provider accepts it: calls answered, results not too long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..tools.content import shown
from ..types.blocks import ToolCall, ToolResultBlock
from ..types.message import Message

INTERRUPTED = (
    "interrupted: the program ended while this call was to be made, and it is not known whether it was;"
    " find out before you call it again"
)
"""What the model is told of a call that an earlier run left open."""


def limited(message: Message) -> Message:
    """The message as the model is shown it: results that are too long are cut."""
    if isinstance(message.content, str) or message.role != "user":
        return message
    blocks = [shown(block) if isinstance(block, ToolResultBlock) else block for block in message.content]
    if all(new is old for new, old in zip(blocks, message.content, strict=True)):
        return message
    return Message("user", blocks, metadata=message.metadata)


def open_calls_of(history: Sequence[Message]) -> list[ToolCall]:
    """The calls at the end of a history that have no result."""
    answered: set[str] = set()
    for message in reversed(history):
        if message.role == "assistant":
            return [call for call in message.tool_calls if call.id not in answered]
        if not message.tool_results:
            break
        answered.update(result.tool_use_id for result in message.tool_results)
    return []


def answered_calls(
    calls: Sequence[ToolCall], results: Mapping[str, ToolResultBlock], otherwise: str
) -> Message:
    """One user message with a result for each call, in the order of the calls."""
    return Message(
        "user",
        [
            results.get(call.id) or ToolResultBlock(call.id, call.name, otherwise, is_error=True)
            for call in calls
        ],
    )
