"""Histories are made shorter by functions that have their real types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_type

from voxagent import Agent, Message
from voxagent.agent import handle_context_overflow
from voxagent.session import (
    Ask,
    Budget,
    Compaction,
    CompactionPolicy,
    CompactionStrategy,
    Strategy,
    budget_for,
    clear_tool_results,
    compact,
    compact_context,
    cut_tool_results,
    drop_oldest_turns,
    effective,
    in_turn,
    needs_compaction,
    strategy_of,
    summarise,
)


async def ask(question: str) -> str:
    return question


def newest(messages: Sequence[Message], budget: Budget) -> list[Message]:
    return list(messages[-budget.tokens :])


async def later(messages: Sequence[Message], budget: Budget) -> Sequence[Message]:
    return messages


async def shorter(messages: list[Message]) -> None:
    own: Strategy = newest
    model: Ask = ask
    assert_type(strategy_of(CompactionStrategy.SUMMARIZE, model), Strategy)
    assert_type(strategy_of("truncate_oldest"), Strategy)
    strategy = in_turn(
        clear_tool_results(keep=1), cut_tool_results(100), summarise(ask), drop_oldest_turns(), own, later
    )
    budget = budget_for(messages, 1_000, "be brief", "gpt-5")
    assert_type(budget, Budget)
    done = await compact(messages, budget, strategy)
    assert_type(done, Compaction)
    assert_type(done.messages, list[Message])
    assert_type(done.marker, Message | None)
    assert_type(effective(messages), list[Message])
    assert_type(needs_compaction(messages, "", 1_000, model="gpt-5"), bool)
    assert_type(compact_context(messages, 1_000, 4, "gpt-5", True), list[Message])
    assert_type(Agent("a:b", compaction=CompactionPolicy(strategy, window=10_000)), Agent[None, str])
    assert_type(Agent("a:b", compaction=None), Agent[None, str])
    assert_type(CompactionPolicy("summarize").start_at, float)
    assert_type(handle_context_overflow(messages, ValueError(), "gpt-5"), list[Message])
