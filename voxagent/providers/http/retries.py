"""When a request is tried again, and how long to wait before.

Only ahead of the first content: what a reader has seen is never answered anew here.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from ...errors import ConfigError, ProviderError


@dataclass(slots=True, frozen=True)
class Retries:
    """How often, and how patiently, a request is tried again.

    Args:
        attempts: Tries in all.
        base: Seconds that the first wait takes at most; each following one twice as long.
        cap: Seconds that a wait takes at most.
        max_retry_after: Seconds that the service may ask us to wait; if it asks for more, we give up.
    """

    attempts: int = 3
    base: float = 0.5
    cap: float = 8.0
    max_retry_after: float = 60.0

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ConfigError(f"Retries(attempts={self.attempts!r}): at least 1 is needed")

    def wait(self, attempt: int, error: ProviderError, left: float | None) -> float | None:
        """Seconds to wait after failed try number `attempt`; None if it shall not be tried again.

        Args:
            attempt: 1 for the first.
            error: What happened.
            left: Seconds until the deadline.
        """
        if attempt >= self.attempts or not error.retryable:
            return None
        if error.retry_after is not None:
            wait = error.retry_after
            if wait > self.max_retry_after:
                return None
        else:
            wait = random.uniform(0, min(self.cap, self.base * 2 ** min(attempt - 1, 64)))  # noqa: S311  # no secret
        return None if left is not None and wait >= left else wait
