"""What one provider was recorded to say is taken by every other, by all that is known of what these refuse.

A conversation crosses twice: answered and gone on with, and as it was asked, where a picture or sound that is
new to a provider which cannot read it is a `ConfigError` that says so.
"""

from collections.abc import Iterable

import pytest

from tests.wires.crossing.recorded import FULL, Conversation, all_of_them, kept
from tests.wires.crossing.targets import TARGETS, Target, shows_something_new
from voxagent.errors import ConfigError
from voxagent.providers import ModelRequest
from voxagent.providers.cli.prompt import told
from voxagent.types import Message, ToolSpec, ToolUseBlock

every_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)


def request_for(target: Target, messages: list[Message]) -> ModelRequest:
    """A request with the tools that the history has calls of."""
    names = {block.name for message in messages for block in message.of(ToolUseBlock)}
    tools = [ToolSpec(name, "", {"type": "object", "properties": {}}) for name in sorted(names)]
    return ModelRequest(target.model, messages, tools=tools)


async def problems(target: Target, conversations: Iterable[Conversation]) -> list[str]:
    """What the target's service would refuse."""
    found: list[str] = []
    for each in conversations:
        for messages in each.whole, [*each.messages]:
            try:
                body = await target.body(request_for(target, messages))
            except ConfigError as error:
                if not shows_something_new(messages):
                    found.append(f"{each.name} ({len(messages)}): {error}")
                continue
            found += [f"{each.name} ({len(messages)}): {problem}" for problem in target.judge(body)]
    return found


@every_target
async def test_a_recorded_conversation_is_taken_by_every_other_provider(target: Target) -> None:
    """R-A12: ids, thoughts, seals and unsupported blocks become what the target takes, never a 400."""
    assert await problems(target, kept()) == []


@pytest.mark.slow
@pytest.mark.skipif(not FULL.is_dir(), reason="the folder with all recordings is not beside the project")
@every_target
async def test_every_recorded_conversation_is_taken_by_every_other_provider(target: Target) -> None:
    conversations = all_of_them()
    assert len(conversations) > 1000
    assert await problems(target, conversations) == []


def test_a_program_is_told_every_recorded_conversation_as_text() -> None:
    for each in kept():
        assert told(each.whole, "claudecode").endswith("Answer the user's last message.")
