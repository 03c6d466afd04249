"""Tell who listens that a secret was kept back: which one and where, never the secret."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from enum import StrEnum, auto
from typing import TypeAlias

logger: logging.Logger = logging.getLogger("voxagent")


class SecurityEvent(StrEnum):
    """What can be told."""

    SECRET_REDACTED = auto()
    """A registered value was replaced; data: `name`, `count`, `where`."""
    PATTERN_MATCHED = auto()
    """What a pattern matched was replaced; data: `name`, `count`, `where`."""


SecurityCallback: TypeAlias = Callable[[SecurityEvent, Mapping[str, object]], object]


class SecurityEventEmitter:
    """Calls `callback(event, data)` for whoever listens; one that fails harms nobody."""

    def __init__(self) -> None:
        self._callbacks: dict[SecurityEvent, list[SecurityCallback]] = {}

    def on(self, event: SecurityEvent | str, callback: SecurityCallback) -> Callable[[], None]:
        """Call `callback` at each such event; returns a function that unsubscribes."""
        self._callbacks.setdefault(SecurityEvent(event), []).append(callback)
        return lambda: self.off(event, callback)

    def off(self, event: SecurityEvent | str, callback: SecurityCallback) -> None:
        """Stop calling `callback`; one that is not known is ignored."""
        callbacks = self._callbacks.get(SecurityEvent(event), [])
        if callback in callbacks:
            callbacks.remove(callback)

    def emit(self, event: SecurityEvent | str, **data: object) -> None:
        """Tell all who listen to this event. The data must not carry a secret."""
        event = SecurityEvent(event)
        for callback in tuple(self._callbacks.get(event, ())):
            try:
                callback(event, data)
            except Exception:  # a listener's fault is not the emitter's
                logger.warning("a listener to security events failed", exc_info=True)
