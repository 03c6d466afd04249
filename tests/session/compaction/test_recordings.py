"""Recorded conversations of real models are taken by every wire after a compaction as well (R-A15)."""

from collections.abc import Iterator

import pytest

from tests.session.compaction.histories import numbered, problems
from tests.wires.crossing import recorded
from tests.wires.crossing.targets import TARGETS, Target
from voxagent.providers import ModelRequest
from voxagent.session import compact_context, count_message_tokens
from voxagent.types import Message, ToolSpec, ToolUseBlock

LONG = [
    messages
    for messages in (numbered(conversation.whole) for conversation in recorded.kept())
    if len(messages) > 4 and not [*problems(messages, messages)]
]


def compacted(messages: list[Message]) -> Iterator[list[Message]]:
    """What is left of a conversation for a half of its tokens, for a quarter, and for next to none."""
    for share in (2, 4, 100):
        target = count_message_tokens(messages) // share
        yield compact_context(messages, target, preserve_recent=1, aggressive=share > 2)


def request_for(target: Target, messages: list[Message]) -> ModelRequest:
    names = {block.name for message in messages for block in message.of(ToolUseBlock)}
    tools = [ToolSpec(name, "", {"type": "object", "properties": {}}) for name in sorted(names)]
    return ModelRequest(target.model, messages, tools=tools)


def test_a_recorded_conversation_stays_a_valid_one() -> None:
    assert len(LONG) > 10
    for messages in LONG:
        for found in compacted(messages):
            assert [*problems(found, messages)] == []
            assert len(found) < len(messages) or count_message_tokens(found) < count_message_tokens(messages)


@pytest.mark.parametrize("name", ["openai", "openai-chat", "anthropic", "google", "ollama", "groq"])
async def test_what_is_left_of_a_recorded_conversation_is_taken_by_every_protocol(name: str) -> None:
    target = next(target for target in TARGETS if target.name == name)
    for messages in LONG:
        before = [*target.judge(await target.body(request_for(target, messages)))]
        for found in compacted(messages):
            after = [*target.judge(await target.body(request_for(target, found)))]
            assert [problem for problem in after if problem not in before] == []
