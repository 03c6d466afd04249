"""Calls whoever listens. A listener that fails harms neither the emitter nor the other listeners."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import Any, TypeAlias

from .events import StreamEvent

logger: logging.Logger = logging.getLogger("voxagent")

EventCallback: TypeAlias = Callable[[Any], Awaitable[None] | None]
WildcardCallback: TypeAlias = Callable[[str, Any], Awaitable[None] | None]


class EventEmitter:
    """Listeners by event type, and listeners to all events.

    `emit` calls plain functions and refuses none: a coroutine function needs `emit_async`, which awaits
    listeners one after the other, in the order they came.
    """

    def __init__(self) -> None:
        self._listeners: dict[str, list[EventCallback]] = {}
        self._any: list[WildcardCallback] = []

    def on(self, event: StreamEvent | str, callback: EventCallback) -> Callable[[], None]:
        """Call `callback(data)` at each such event; returns a function that unsubscribes."""
        self._listeners.setdefault(str(event), []).append(callback)
        return lambda: self.off(event, callback)

    def once(self, event: StreamEvent | str, callback: EventCallback) -> Callable[[], None]:
        """Call `callback(data)` at the next such event only; returns a function that unsubscribes."""

        @wraps(callback)
        def first(data: Any) -> Awaitable[None] | None:
            unsubscribe()
            return callback(data)

        unsubscribe = self.on(event, first)
        return unsubscribe

    def off(self, event: StreamEvent | str, callback: EventCallback) -> None:
        """No longer call `callback` at such events."""
        listeners = self._listeners.get(str(event), [])
        for each in listeners:
            if callback in (each, getattr(each, "__wrapped__", None)):
                listeners.remove(each)
                return

    def on_any(self, callback: WildcardCallback) -> Callable[[], None]:
        """Call `callback(event_type, data)` at every event; returns a function that unsubscribes."""
        self._any.append(callback)
        return lambda: self.off_any(callback)

    def off_any(self, callback: WildcardCallback) -> None:
        """No longer call `callback` at every event."""
        if callback in self._any:
            self._any.remove(callback)

    def clear(self, event: StreamEvent | str | None = None) -> None:
        """Forget the listeners of one event type, or all."""
        if event is not None:
            self._listeners.pop(str(event), None)
            return
        self._listeners.clear()
        self._any.clear()

    def listener_count(self, event: StreamEvent | str | None = None) -> int:
        """How many listen to one event type, or to anything."""
        if event is not None:
            return len(self._listeners.get(str(event), []))
        return sum(map(len, self._listeners.values())) + len(self._any)

    def has_listeners(self, event: StreamEvent | str | None = None) -> bool:
        """Whether anybody would be called, those who listen to all events included."""
        return self.listener_count(event) + len(self._any) > 0

    def emit(self, event: StreamEvent | str, data: Any = None) -> None:
        """Call the listeners now; one that is a coroutine function is reported and not run."""
        for call in self._calls(event, data):
            answer = self._called(event, call)
            if answer is not None:
                _close(answer)
                logger.error("an async listener of %s is not run by emit(): use emit_async()", event)

    async def emit_async(self, event: StreamEvent | str, data: Any = None) -> None:
        """Call the listeners and await those that are coroutine functions."""
        for call in self._calls(event, data):
            answer = self._called(event, call)
            if answer is None:
                continue
            try:
                await answer
            except Exception:  # a listener's fault is not the emitter's
                logger.exception("a listener of %s failed", event)

    def _calls(self, event: StreamEvent | str, data: Any) -> list[Callable[[], Awaitable[None] | None]]:
        name = str(event)
        mine = [partial(each, data) for each in self._listeners.get(name, [])]
        return [*mine, *[partial(each, name, data) for each in self._any]]

    def _called(
        self, event: StreamEvent | str, call: Callable[[], Awaitable[None] | None]
    ) -> Awaitable[None] | None:
        try:
            answer = call()
        except Exception:  # a listener's fault is not the emitter's
            logger.exception("a listener of %s failed", event)
            return None
        return answer if inspect.isawaitable(answer) else None


def _close(answer: Awaitable[None]) -> None:
    if inspect.iscoroutine(answer):
        answer.close()
