"""Which services are well, as far as this process has seen: a breaker for each account at each address.

It opens at once where a service says that it has too much to do, and otherwise after failures in a row.
While it is open nobody asks. Then one request at a time is let through to see, until one has been answered.
How long that takes grows within the first minute, in which at most four requests reach a service that is
down; after it, a service that has come back is found within ten seconds.

All agents of a process share one `Health`, from whatever thread or event loop.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ...errors import ConfigError, FailoverReason, ModelNotFoundError, OverloadedError, ProviderError
from .reasons import OF_REQUESTS, reason_of

PROBE_AFTER = (5.0, 13.0, 22.0, 22.0, 10.0)
"""Seconds from the first, second ... failure until the next request is let through; the last one repeats."""
FAILURES = 2
"""Failures in a row that open a breaker."""
LIMITED = 60.0
"""Seconds that a model is left alone after a rate limit, if the service does not say."""
PROBING = 0.5
"""Seconds after which it is worth looking again whether a probe has come to something."""
MOST = 1024
"""States that are kept; the oldest goes first."""


class Rest(NamedTuple):
    """How long something is not asked (seconds), and the kind of the failure that this is for."""

    seconds: float = 0.0
    kind: str = ""


@dataclass(slots=True, eq=False)
class _State:
    """What is known of an account that is not well; one that is well has none."""

    failures: int = 0
    until: float | None = None
    kind: str = ""
    probe: Ticket | None = None
    limited: dict[str, tuple[float, str]] = field(default_factory=dict[str, tuple[float, str]])


@dataclass(slots=True, eq=False)
class Ticket:
    """The leave to ask once; `probing` if it is to find out whether a service has come back."""

    key: Hashable
    model: str
    probing: bool = False


class Health:
    """The state of services.

    Args:
        clock: Gives the time in seconds; for tests.
        probe_after: Seconds from the first, second ... failure in a row until a request is let through again.
    """

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, probe_after: Sequence[float] = PROBE_AFTER
    ) -> None:
        if not probe_after or min(probe_after) < 0:
            raise ConfigError(f"probe_after={probe_after!r}: some numbers of seconds are expected")
        self._clock = clock
        self._probe_after = tuple(probe_after)
        self._lock = threading.Lock()
        self._states: dict[Hashable, _State] = {}

    def rest(self, key: Hashable, model: str) -> Rest:
        """How long an account's model is not asked."""
        with self._lock:
            state = self._states.get(key)
            return Rest() if state is None else self._rest(state, model)

    def _rest(self, state: _State, model: str) -> Rest:
        now = self._clock()
        until, kind = state.limited.get(model, (0.0, ""))
        if state.until is not None and state.until > until:
            until, kind = state.until, state.kind
        if until > now:
            return Rest(until - now, kind)
        return Rest() if state.probe is None else Rest(PROBING, state.kind)

    def admitted(self, key: Hashable, model: str) -> Ticket | None:
        """The leave to ask, None if nobody shall; one that is had is to be told what came of it."""
        ticket = Ticket(key, model)
        with self._lock:
            state = self._states.get(key)
            if state is None:
                return ticket
            if self._rest(state, model).seconds > 0:
                return None
            if state.until is not None:
                ticket.probing = True
                state.probe = ticket
            return ticket

    def left(self, ticket: Ticket) -> None:
        """The request begins to be answered, or was given up: another may be sent to see."""
        with self._lock:
            self._released(ticket)

    def _released(self, ticket: Ticket) -> None:
        state = self._states.get(ticket.key)
        if state is not None and state.probe is ticket:
            state.probe = None

    def passed(self, ticket: Ticket) -> None:
        """The request was answered."""
        with self._lock:
            self._released(ticket)
            self._well(ticket)

    def _well(self, ticket: Ticket) -> None:
        """What was asked before a breaker opened does not close it."""
        state = self._states.get(ticket.key)
        if state is None or (state.until is not None and not ticket.probing):
            return
        state.failures, state.until = 0, None
        now = self._clock()
        state.limited = {model: limit for model, limit in state.limited.items() if limit[0] > now}
        if not state.limited:
            del self._states[ticket.key]

    def failed(self, ticket: Ticket, error: ProviderError) -> None:
        """The request failed."""
        with self._lock:
            self._released(ticket)
            reason = reason_of(error)
            if reason in OF_REQUESTS:
                self._well(ticket)
            elif reason is FailoverReason.RATE_LIMIT or isinstance(error, ModelNotFoundError):
                self._well(ticket)
                seconds = LIMITED if error.retry_after is None else error.retry_after
                self._state(ticket.key).limited[ticket.model] = (self._clock() + seconds, error.kind)
            else:
                self._broke(ticket, error)

    def _broke(self, ticket: Ticket, error: ProviderError) -> None:
        state = self._state(ticket.key)
        if state.until is not None and not ticket.probing:
            return  # it was asked before the breaker opened
        state.failures += 1
        state.kind = error.kind
        told = error.retry_after
        if not (isinstance(error, OverloadedError) or told is not None or state.failures >= FAILURES):
            return
        wait = self._probe_after[min(state.failures, len(self._probe_after)) - 1] if told is None else told
        state.until = self._clock() + wait

    def _state(self, key: Hashable) -> _State:
        state = self._states.get(key)
        if state is None:
            if len(self._states) >= MOST:
                del self._states[next(iter(self._states))]
            state = self._states[key] = _State()
        return state

    def unlock(self) -> None:
        """In a forked child, which may have been forked while another thread held the lock."""
        self._lock = threading.Lock()


_shared = Health()
os.register_at_fork(after_in_child=_shared.unlock)


def shared_health() -> Health:
    """What all agents of this process share."""
    return _shared
