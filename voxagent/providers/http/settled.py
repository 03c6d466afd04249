"""A conversation as every service wants it: each call answered once, right behind the message that made it.

Services refuse a call without a result, a result without a call, results that stand apart from their calls,
and an id that is there twice. An agent leaves none of that behind. A history that was handed in, shortened or
joined from others may have it: a missing result is told as such, what was the result of nothing known is told
in words, and of two calls with one id the later gets another. A conversation that is in order stays the very
same messages, whose bytes are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import cast

from ...types.blocks import (
    AudioBlock,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from ...types.message import Message
from ..calls import unique_id

MEDIA = (ImageBlock, DocumentBlock, AudioBlock)
MISSING = "not executed: there is no result of this call"


def settled(messages: Sequence[Message]) -> Sequence[Message]:
    """The conversation in order; the same object if it was."""
    if _is_settled(messages):
        return messages
    taken: set[str] = set()
    answers = [place for place, message in enumerate(messages) if message.role == "assistant"]
    made = _answered((), (), messages[: answers[0]] if answers else messages)
    for place, after in pairwise([*answers, len(messages)]):
        message = messages[place]
        asked = _calls(message)
        said = _with_ids_of_its_own(message, taken)
        made += [said, *_answered(asked, _calls(said), messages[place + 1 : after])]
    return made


def newest(messages: Sequence[Message]) -> Sequence[Message]:
    """What was said since the last answer."""
    place = len(messages)
    while place and messages[place - 1].role != "assistant":
        place -= 1
    return messages[place:]


def _calls(message: Message) -> list[ToolUseBlock]:
    if type(message.content) is str or message.role != "assistant":
        return []
    return [block for block in message.content if type(block) is ToolUseBlock]


def _results(message: Message) -> list[ToolResultBlock]:
    if type(message.content) is str or message.role == "assistant":
        return []
    return [block for block in message.content if type(block) is ToolResultBlock]


def _is_settled(messages: Sequence[Message]) -> bool:
    """Whether the conversation is in order; this is asked of the whole of it with every request."""
    due: list[ToolUseBlock] = []
    taken: set[str] = set()
    for message in messages:
        content = message.content
        if content.__class__ is str:
            if due:
                return False
            continue
        calls: list[ToolUseBlock] = []
        results, is_said = 0, message.role == "assistant"
        for block in content:
            kind = block.__class__
            if kind is ToolUseBlock and is_said:
                calls.append(cast("ToolUseBlock", block))
            elif kind is ToolResultBlock and not is_said:
                if results == len(due) or not _answers(cast("ToolResultBlock", block), due[results]):
                    return False
                results += 1
        if results != len(due):
            return False
        due = calls
        for call in calls:
            if not call.id or call.id in taken:
                return False
            taken.add(call.id)
    return not due


def _answers(result: ToolResultBlock, call: ToolUseBlock) -> bool:
    return result.tool_use_id == call.id and result.tool_name == call.name


def _with_ids_of_its_own(message: Message, taken: set[str]) -> Message:
    """The message with ids for its calls that no call ahead of it has."""
    blocks: list[ContentBlock] = []
    for block in message.blocks:
        if isinstance(block, ToolUseBlock):
            id = unique_id(block.id, taken)
            taken.add(id)
            block = block if id == block.id else replace(block, id=id)
        blocks.append(block)
    return message if _same(blocks, message.blocks) else replace(message, content=blocks)


def _answered(
    asked: Sequence[ToolUseBlock], calls: Sequence[ToolUseBlock], others: Sequence[Message]
) -> list[Message]:
    """What follows an answer: the results of its calls, then whatever else was said.

    Args:
        asked: The calls as the results know them.
        calls: The same calls with the ids that they have now.
        others: The messages up to the next answer.
    """
    given = [result for message in others for result in _results(message)]
    results: list[ContentBlock] = []
    for known, call in zip(asked, calls, strict=True):
        found = next((result for result in given if result.tool_use_id == known.id), None)
        if found is None:
            results.append(ToolResultBlock(call.id, call.name, MISSING, is_error=True))
            continue
        given = [result for result in given if result is not found]
        results.append(replace(found, tool_use_id=call.id, tool_name=call.name))
    made: list[Message] = []
    for message in others:
        joins = results and not made and bool(_results(message))
        rest = _rest(message, given)
        blocks = [*results, *rest] if joins else rest
        results = [] if joins else results
        if _same(blocks, message.blocks):
            made.append(message)
        elif blocks:
            made.append(replace(message, content=blocks))
    return [Message("user", results), *made] if results else made


def _rest(message: Message, loose: Sequence[ToolResultBlock]) -> list[ContentBlock]:
    """What is in a message besides results; one that is the result of nothing known is told in words."""
    rest: list[ContentBlock] = []
    for block in message.blocks:
        if not isinstance(block, ToolResultBlock) or message.role == "assistant":
            rest.append(block)
        elif any(block is each for each in loose):
            whose = f" of {block.tool_name}" if block.tool_name else ""
            rest.append(TextBlock(f"[a result{whose}, whose call is not known any more]\n{block.text}"))
            if not isinstance(block.content, str):
                rest += [each for each in block.content if isinstance(each, MEDIA)]
    return rest


def _same(blocks: Sequence[ContentBlock], others: Sequence[ContentBlock]) -> bool:
    return len(blocks) == len(others) and all(map(_equal, blocks, others))


def _equal(block: ContentBlock, other: ContentBlock) -> bool:
    return block is other or block == other
