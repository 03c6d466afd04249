"""Conversations that are kept between runs, one writer at a time."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..errors import LockTimeoutError, SessionConflict, SessionError
from ..types.tokens import estimate_tokens as count_tokens
from ..types.tokens import message_tokens as count_message_tokens
from .lock import SessionLock, SessionLockManager, session_lock
from .marks import effective
from .memory import InMemorySessionStorage
from .registry import storage_from
from .session import Session, resolve_session_key
from .storage import Locks, SessionStorage

if TYPE_CHECKING:
    from .compaction import (
        Ask,
        Budget,
        Compaction,
        CompactionPolicy,
        CompactionStrategy,
        Strategy,
        at_any_cost,
        budget_for,
        clear_tool_results,
        compact,
        compact_context,
        cut_tool_results,
        drop_oldest_turns,
        in_turn,
        needs_compaction,
        strategy_of,
        summarise,
    )
    from .files import FileSessionStorage
    from .postgres import PostgresSessionStorage
    from .redis import RedisSessionStorage
    from .sqlite import SQLiteSessionStorage

_STORES = {
    "FileSessionStorage": ".files",
    "PostgresSessionStorage": ".postgres",
    "RedisSessionStorage": ".redis",
    "SQLiteSessionStorage": ".sqlite",
}

if not TYPE_CHECKING:  # stores and compaction are loaded when they are first named

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_STORES.get(name, ".compaction"), __name__), name)


__all__ = [
    "Ask",
    "Budget",
    "Compaction",
    "CompactionPolicy",
    "CompactionStrategy",
    "FileSessionStorage",
    "InMemorySessionStorage",
    "LockTimeoutError",
    "Locks",
    "PostgresSessionStorage",
    "RedisSessionStorage",
    "SQLiteSessionStorage",
    "Session",
    "SessionConflict",
    "SessionError",
    "SessionLock",
    "SessionLockManager",
    "SessionStorage",
    "Strategy",
    "at_any_cost",
    "budget_for",
    "clear_tool_results",
    "compact",
    "compact_context",
    "count_message_tokens",
    "count_tokens",
    "cut_tool_results",
    "drop_oldest_turns",
    "effective",
    "in_turn",
    "needs_compaction",
    "resolve_session_key",
    "session_lock",
    "storage_from",
    "strategy_of",
    "summarise",
]
