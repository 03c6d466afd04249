"""Which route is tried next for one answer, and whether any is.

Whatever has not been tried goes first, in the order of the chain, from the route that answered last. What has
been tried is tried again only once nothing else is left, after a wait, and as often as the policy says.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from random import uniform

from ...errors import FailoverReason, NoProfilesAvailableError, ProviderError
from ...types.config import ModelSettings
from .health import Ticket
from .policy import FailoverPolicy
from .reasons import OF_CREDENTIALS, reason_of
from .routes import Route

FIRST_WAIT = 0.5
"""Seconds that the first wait takes at most, where nobody says how long; each following one twice as long."""
LONGEST_WAIT = 8.0
NEVER = float("inf")


class Search:
    """What has been tried for one answer.

    Args:
        routes: All routes.
        current: The one that answered last.
        policy: How often and how long it is tried.
        deadline: `time.monotonic()` by which the answer must be there; None for no limit.
    """

    def __init__(
        self, routes: Sequence[Route], current: Route, policy: FailoverPolicy, deadline: float | None
    ) -> None:
        start = routes.index(current)
        self._order = [*routes[start:], *routes[:start]]
        self._policy = policy
        self._deadline = deadline
        self._begun = time.monotonic()
        self._tries: dict[Route, int] = {}
        self._asks_for: dict[Route, float | None] = {}
        self._round: set[Route] = set()
        self._out: set[Route] = set()
        self.error: ProviderError | None = None
        """The last failure."""

    @property
    def tries(self) -> int:
        """How many tries have failed."""
        return sum(self._tries.values())

    def found(self) -> tuple[Route, Ticket] | None:
        """The route to try now."""
        for route in self._fresh():
            ticket = route.admitted()
            if ticket is not None:
                return route, ticket
        return None

    def _fresh(self) -> list[Route]:
        return [route for route in self._open() if route not in self._round]

    def _open(self) -> list[Route]:
        most = self._policy.attempts
        return [route for route in self._order if route not in self._out and self._tries.get(route, 0) < most]

    def has_next(self, route: Route) -> bool:
        """Whether another route could be tried right away."""
        return any(each.place != route.place and each.is_ready() for each in self._fresh())

    def moves_on(self, reason: str) -> bool:
        """Whether another route is asked for this reason."""
        return reason in self._policy.reasons

    def patience(self, route: Route, settings: ModelSettings) -> tuple[float, float]:
        """Seconds that a route may take to its first content, and between two pieces of content."""
        first = self._policy.first_content(settings, route.target.facts, self.has_next(route))
        return first, self._policy.idle(settings)

    def failed(self, route: Route, error: ProviderError, shown: bool) -> None:
        """Note a failure; raises it where no other route may answer in its place."""
        self.error = error
        reason = reason_of(error)
        if not self.moves_on(reason) or (shown and self._policy.after_first_delta == "fail"):
            raise error
        self._tries[route] = self._tries.get(route, 0) + 1
        self._asks_for[route] = error.retry_after
        beside = [each for each in self._order if each.place == route.place]
        self._round.update([route] if reason in OF_CREDENTIALS else beside)
        if reason in OF_CREDENTIALS or reason is FailoverReason.TIMEOUT:
            beside = [route]
        if reason is FailoverReason.TIMEOUT or not error.retryable:
            self._out.update(beside)
        if reason is FailoverReason.CONTEXT_OVERFLOW:
            self._out.update(self._no_larger(route))

    def _no_larger(self, route: Route) -> list[Route]:
        """The routes that are known to take no more than this one."""
        window = route.target.facts.context_window
        if window is None:
            return []
        others = [each for each in self._open() if each.place != route.place]
        return [each for each in others if (each.target.facts.context_window or NEVER) <= window]

    def wait(self) -> float:
        """Seconds until a route may be tried, nothing being left to try now; raises if that is too long."""
        rests = [max(route.rest().seconds, self._backoff(route)) for route in self._open()]
        seconds = min(rests, default=NEVER)
        left = self._begun + self._policy.retry_seconds - time.monotonic()
        if self._deadline is not None:
            left = min(left, self._deadline - time.monotonic())
        if seconds >= left:
            raise self.error or self._nobody(seconds)
        self._round.clear()
        return seconds

    def _backoff(self, route: Route) -> float:
        """Seconds that are waited where the service does not say for how long."""
        tries = self._tries.get(route, 0)
        if not tries or self._asks_for[route] is not None:
            return 0.0
        return uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2 ** (tries - 1)))  # noqa: S311  # no secret

    def _nobody(self, seconds: float) -> NoProfilesAvailableError:
        rests = ", ".join(f"{route.name} ({route.rest().kind})" for route in self._order)
        soon = None if seconds == NEVER else seconds
        return NoProfilesAvailableError(f"no model may be asked now: {rests}", retry_after=soon)
