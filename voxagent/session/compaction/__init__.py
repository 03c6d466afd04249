"""Histories made shorter, so that they fit into a model's window; each part is loaded when it is named."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .budget import Budget
    from .context import at_any_cost, budget_for, compact, compact_context, needs_compaction, strategy_of
    from .marks import Compaction
    from .policy import CompactionPolicy, CompactionStrategy
    from .strategies import Strategy, clear_tool_results, cut_tool_results, drop_oldest_turns, in_turn
    from .summary import Ask, summarise

_PLACES = {
    ".budget": ("Budget",),
    ".context": (
        "at_any_cost",
        "budget_for",
        "compact",
        "compact_context",
        "needs_compaction",
        "strategy_of",
    ),
    ".marks": ("Compaction",),
    ".policy": ("CompactionPolicy", "CompactionStrategy"),
    ".strategies": ("Strategy", "clear_tool_results", "cut_tool_results", "drop_oldest_turns", "in_turn"),
    ".summary": ("Ask", "summarise"),
}
_MODULES = {name: module for module, names in _PLACES.items() for name in names}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        module = _MODULES.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(module, __name__), name)


__all__ = [
    "Ask",
    "Budget",
    "Compaction",
    "CompactionPolicy",
    "CompactionStrategy",
    "Strategy",
    "at_any_cost",
    "budget_for",
    "clear_tool_results",
    "compact",
    "compact_context",
    "cut_tool_results",
    "drop_oldest_turns",
    "in_turn",
    "needs_compaction",
    "strategy_of",
    "summarise",
]
