"""Stopping: a signal that any thread may set, and a scope that it interrupts.

Nothing here is polled. A signal calls back whoever subscribed; a `Scope` turns that call, or the
end of the time given, into a cancellation of the task inside it, and tells that cancellation from
one that came from elsewhere, which always goes through.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import Literal, Self, cast

from .errors import AbortError, ConfigError

logger: logging.Logger = logging.getLogger("voxagent")


class AbortSignal:
    """Tells whether, and why, something shall stop; may be read, set and awaited from any thread."""

    __slots__ = ("__weakref__", "_aborted", "_callbacks", "_lock", "_reason", "_sources", "_stopping")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._aborted = False
        self._stopping = False
        self._reason: str | None = None
        self._callbacks: list[Callable[[str], object]] = []
        self._sources: tuple[AbortSignal, ...] = ()

    def __repr__(self) -> str:
        return f"AbortSignal(aborted={self._aborted}, reason={self._reason!r})"

    @property
    def aborted(self) -> bool:
        """Whether it was aborted."""
        return self._aborted

    @property
    def stopping(self) -> bool:
        """Whether it was aborted, or shall be once the current turn is over."""
        return self._stopping or any(source.stopping for source in self._sources)

    @property
    def reason(self) -> str | None:
        """Why; None as long as nobody said."""
        return self._reason

    def abort(self, reason: str | None = None) -> None:
        """Stop now. Only the first call counts."""
        with self._lock:
            if self._aborted:
                return
            self._aborted = self._stopping = True
            self._reason = reason if reason is not None else self._reason or "aborted"
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            self._call(callback)

    def stop(self, reason: str | None = None) -> None:
        """Stop once the current turn is over."""
        with self._lock:
            self._stopping = True
            self._reason = self._reason or reason or "stopped"

    def _call(self, callback: Callable[[str], object]) -> None:
        try:
            callback(self._reason or "aborted")
        except Exception:  # one listener's fault is not the others'
            logger.exception("an abort callback failed")

    def on_abort(self, callback: Callable[[str], object]) -> Callable[[], None]:
        """Call `callback(reason)` on abort, in the thread that aborts; at once if it has happened.

        Returns a function that unsubscribes.
        """
        with self._lock:
            waiting = not self._aborted
            if waiting:
                self._callbacks.append(callback)
        if not waiting:
            self._call(callback)

        def unsubscribe() -> None:
            with self._lock:
                if callback in self._callbacks:
                    self._callbacks.remove(callback)

        return unsubscribe

    def check(self) -> None:
        """Raise `AbortError` if it was aborted."""
        if self._aborted:
            raise AbortError(self._reason or "aborted")

    async def wait(self) -> str:
        """Wait until it is aborted; returns the reason."""
        loop = asyncio.get_running_loop()
        happened = asyncio.Event()
        unsubscribe = self.on_abort(lambda _: loop.call_soon_threadsafe(happened.set))
        try:
            await happened.wait()
        finally:
            unsubscribe()
        return self._reason or "aborted"

    def clear_callbacks(self) -> None:
        """Forget whoever subscribed."""
        with self._lock:
            self._callbacks.clear()

    @staticmethod
    def any(*signals: AbortSignal) -> AbortSignal:
        """A signal that is aborted, or stops, as soon as one of these does; they do not keep it alive."""
        combined = AbortSignal()
        combined._sources = signals
        reference = weakref.ref(combined)

        def pass_on(reason: str) -> None:
            alive = reference()
            if alive is not None:
                alive.abort(reason)

        for signal in signals:
            weakref.finalize(combined, signal.on_abort(pass_on))
        return combined


def stops_task(error: BaseException) -> bool:
    """Whether this cancels the current task, and is not something that its code raised by itself."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


class AbortController:
    """The hand on the switch: give `signal` to a run, call `abort` from any thread."""

    __slots__ = ("signal",)

    def __init__(self) -> None:
        self.signal: AbortSignal = AbortSignal()

    def abort(self, reason: str | None = None, *, after: Literal["now", "turn"] = "now") -> None:
        """Stop the run: now, or gracefully, once the current turn (answer and tools) is over."""
        if after not in ("now", "turn"):
            raise ConfigError(f"abort(after={after!r}): 'now' or 'turn' is expected")
        if after == "turn":
            self.signal.stop(reason)
            return
        self.signal.abort(reason)

    def cleanup(self) -> None:
        """Forget whoever waits for the signal."""
        self.signal.clear_callbacks()


class TimeoutHandler:
    """Aborts a controller after a time, in milliseconds."""

    def __init__(self, timeout_ms: float) -> None:
        if timeout_ms <= 0:
            raise ConfigError(f"timeout_ms={timeout_ms!r} is not a positive number of milliseconds")
        self.timeout_ms = timeout_ms
        self.expired: bool = False
        self._timer: asyncio.TimerHandle | None = None

    async def start(self, controller: AbortController) -> None:
        """Begin to count; a second start begins again."""
        self.cancel()
        self.expired = False
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self.timeout_ms / 1000, self._expire, controller)

    def _expire(self, controller: AbortController) -> None:
        self.expired = True
        controller.abort(f"timed out after {self.timeout_ms:g} ms")

    def cancel(self) -> None:
        """Stop counting."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Scope:
    """An `async with` block that ends early on an abort or a deadline.

    The task inside is cancelled; when the block has been left, `ended` says why: None if the block
    ended by itself, else "aborted" or "timed out". A cancellation from elsewhere goes through. Aborts
    that come while the task runs reach it at its next `await`, or at `checkpoint`.

    Args:
        signal: What may abort the block.
        deadline: `time.monotonic()` (seconds) at which its time is up; None for no limit.
    """

    __slots__ = (
        "_cancelled",
        "_cancelling",
        "_left",
        "_loop",
        "_task",
        "_timer",
        "_unsubscribe",
        "deadline",
        "ended",
        "signal",
    )

    def __init__(self, signal: AbortSignal, deadline: float | None = None) -> None:
        self.signal: AbortSignal = signal
        self.deadline: float | None = deadline
        self.ended: Literal["aborted", "timed out"] | None = None
        self._left = False
        self._cancelled = False
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        task = self._task = cast("asyncio.Task[object]", asyncio.current_task())  # an `async with` has one
        self._cancelling = task.cancelling()
        self._loop = asyncio.get_running_loop()
        if self.deadline is not None:
            left = self.deadline - time.monotonic()
            self._timer = self._loop.call_later(left, self._interrupt, "timed out")
        self._unsubscribe = self.signal.on_abort(self._aborted)
        return self

    def _aborted(self, reason: str) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._interrupt, "aborted")

    def _interrupt(self, why: Literal["aborted", "timed out"]) -> None:
        """Runs between two steps of the task, so the cancellation strikes where the task waits."""
        if self._left or self.ended is not None:
            return
        self.ended = why
        self._cancelled = True
        self._task.cancel()

    def checkpoint(self) -> None:
        """Raise `CancelledError` if the block shall end; for stretches that never suspend."""
        if self.ended is None and self.signal.aborted:
            self.ended = "aborted"
        if self.ended is None and self.deadline is not None and time.monotonic() >= self.deadline:
            self.ended = "timed out"
        if self.ended is not None:
            raise asyncio.CancelledError

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        self._left = True
        if self._timer is not None:
            self._timer.cancel()
        self._unsubscribe()
        if self.ended is None:
            return False
        pending = self._task.uncancel() if self._cancelled else self._task.cancelling()
        return pending <= self._cancelling and kind is asyncio.CancelledError
