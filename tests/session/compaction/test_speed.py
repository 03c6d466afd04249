"""A long history is made shorter at once: 10,000 messages in under 100 ms, beside a model's time (R-A15)."""

import asyncio
import time
from collections.abc import Callable

import pytest

from tests.session.compaction.histories import agent_run, chat
from voxagent.session import (
    Budget,
    clear_tool_results,
    compact,
    compact_context,
    count_message_tokens,
    drop_oldest_turns,
    effective,
    in_turn,
    summarise,
)
from voxagent.types import Message

GENEROUS = 3.0
"""Seconds for what takes a tenth, where each line is traced and the machine has other things to do."""
HISTORIES = {
    "a chat": chat(10_000),
    "one task": agent_run(4_999, size=20),
    "results": agent_run(4_999, size=100),
}


async def ask(question: str) -> str:
    return "Numbers were said."


def through(messages: list[Message]) -> list[Message]:
    strategy = in_turn(clear_tool_results(), summarise(ask), drop_oldest_turns())
    done = asyncio.run(compact(messages, Budget(2_000), strategy))
    assert done.marker is not None
    assert effective([*messages, done.marker]) == done.messages
    return done.messages


WAYS: dict[str, Callable[[list[Message]], list[Message]]] = {
    "compact_context": lambda messages: compact_context(messages, 2_000),
    "aggressive": lambda messages: compact_context(messages, 2_000, aggressive=True),
    "strategies in turn": through,
}


def best_of(count: int, work: Callable[[], object]) -> float:
    """Seconds of the fastest try, at once where it is fast enough."""
    least = float("inf")
    for _ in range(count):
        begun = time.perf_counter()
        work()
        least = min(least, time.perf_counter() - begun)
        if least < GENEROUS:
            break
    return least


@pytest.mark.parametrize("name", HISTORIES)
@pytest.mark.parametrize("way", WAYS)
def test_ten_thousand_messages_are_compacted_in_a_moment(name: str, way: str) -> None:
    messages = HISTORIES[name]
    assert len(messages) == 10_000
    assert count_message_tokens(WAYS[way](messages)) <= 2_000
    assert best_of(3, lambda: WAYS[way](messages)) < GENEROUS


def test_the_time_grows_with_the_messages_and_not_with_their_square() -> None:
    long = agent_run(40_000, size=2)
    assert best_of(2, lambda: compact_context(long, 100)) < GENEROUS * 8
