"""Conversations that are kept between runs, one writer at a time."""

from ..errors import LockTimeoutError, SessionConflict, SessionError
from .lock import SessionLock, SessionLockManager
from .session import Session, resolve_session_key
from .storage import InMemorySessionStorage, SessionStorage

__all__ = [
    "InMemorySessionStorage",
    "LockTimeoutError",
    "Session",
    "SessionConflict",
    "SessionError",
    "SessionLock",
    "SessionLockManager",
    "SessionStorage",
    "resolve_session_key",
]
