"""What no compaction takes."""

from __future__ import annotations

from voxagent import Agent, Message
from voxagent.session import (
    Budget,
    CompactionPolicy,
    clear_tool_results,
    compact,
    compact_context,
    in_turn,
    summarise,
)


def ask(question: str) -> str:
    return question


def no_budget(messages: list[Message]) -> list[Message]:
    return messages


async def shorter(messages: list[Message]) -> None:
    summarise(ask)  # E: a model that nobody waits for
    in_turn(no_budget)  # E: a strategy that takes no budget
    clear_tool_results(keep="all")  # E: a number that is a text
    await compact(messages, 1_000, clear_tool_results())  # E: a number as the budget
    compact_context("text", 10)  # E: a text as the messages
    done = await compact(messages, Budget(1), clear_tool_results())
    Agent("a:b", compaction=clear_tool_results())  # E: a strategy as a policy
    CompactionPolicy(start_at="late")  # E: a part that is a text
    done.removed = 3  # E: a compaction that is changed
