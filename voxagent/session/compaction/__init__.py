"""Histories made shorter, so that they fit into a model's window."""

from .budget import Budget
from .context import CompactionStrategy, budget_for, compact, compact_context, needs_compaction, strategy_of
from .marks import Compaction, effective
from .strategies import Strategy, clear_tool_results, cut_tool_results, drop_oldest_turns, in_turn
from .summary import Ask, summarise

__all__ = [
    "Ask",
    "Budget",
    "Compaction",
    "CompactionStrategy",
    "Strategy",
    "budget_for",
    "clear_tool_results",
    "compact",
    "compact_context",
    "cut_tool_results",
    "drop_oldest_turns",
    "effective",
    "in_turn",
    "needs_compaction",
    "strategy_of",
    "summarise",
]
