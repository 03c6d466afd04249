"""When and how a run moves on to another target."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ...errors import ConfigError, FailoverReason
from ...types.config import ModelSettings
from ..base import ModelFacts
from .health import Health, shared_health
from .profiles import AuthProfile, AuthProfileManager
from .reasons import MOVING

LAST_TIMEOUT = 60.0
IDLE_TIMEOUT = 60.0


@dataclass(slots=True, frozen=True, eq=False)
class FailoverPolicy:
    """When and how a run moves on to another target; a target is a model, asked by one credential.

    Args:
        attempts: How often a target is asked for one answer. Others are asked first; then it is waited.
        retry_seconds: Seconds from the beginning of a request in which a target is asked again.
        first_delta_timeout: Seconds without content after which a target is left, if there is another one.
            The last one has 60.
        thinking_timeout: The same where the model thinks, by the setting `thinking` or by itself.
        idle_timeout: Seconds between two pieces of content; the setting `idle_timeout`, or 60, by default.
        after_first_delta: What happens when an answer breaks off that was shown in part: "restart" tells
            readers to drop it (`StreamResetEvent`) and answers anew, "fail" ends the run.
        reasons: What moves on. A refused request, a content filter and a refusal only do if they are named.
        profiles: Credentials by provider, in the order in which they are tried; or what keeps them. A model
            string of a provider with profiles is asked by these only.
        health: What is known of services; shared by all agents of the process by default.

    Raises:
        ConfigError: A value is out of range.
    """

    attempts: int = 2
    retry_seconds: float = 60.0
    first_delta_timeout: float = 10.0
    thinking_timeout: float = 600.0
    idle_timeout: float | None = None
    after_first_delta: Literal["restart", "fail"] = "restart"
    reasons: Collection[FailoverReason | str] = MOVING
    profiles: AuthProfileManager | Sequence[AuthProfile] = ()
    health: Health = field(default_factory=shared_health, repr=False)

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ConfigError(f"FailoverPolicy(attempts={self.attempts!r}): at least 1 is needed")
        if self.retry_seconds < 0:
            raise ConfigError(f"FailoverPolicy(retry_seconds={self.retry_seconds!r}) is negative")
        for name in ("first_delta_timeout", "thinking_timeout", "idle_timeout"):
            seconds: float | None = getattr(self, name)
            if seconds is not None and seconds <= 0:
                raise ConfigError(
                    f"FailoverPolicy({name}={seconds!r}): a positive number of seconds is expected"
                )
        if self.after_first_delta not in ("restart", "fail"):
            raise ConfigError(
                f"after_first_delta={self.after_first_delta!r}: 'restart' or 'fail' is expected"
            )
        known = [reason.value for reason in FailoverReason]
        for reason in self.reasons:
            if reason not in known:
                raise ConfigError(f"unknown reason {reason!r}: known are {', '.join(known)}")
        if not isinstance(self.profiles, AuthProfileManager):
            object.__setattr__(self, "profiles", AuthProfileManager(self.profiles))

    @property
    def manager(self) -> AuthProfileManager:
        """What keeps the profiles."""
        assert isinstance(self.profiles, AuthProfileManager)  # noqa: S101  # see `__post_init__`
        return self.profiles

    def first_content(self, settings: ModelSettings, facts: ModelFacts, has_next: bool) -> float:
        """Seconds that a target has until its first content."""
        thinks = settings.get("thinking", facts.thinks_unasked) not in ("off", False)
        first = self.thinking_timeout if thinks else self.first_delta_timeout
        return first if has_next else max(first, LAST_TIMEOUT, self.idle(settings))

    def idle(self, settings: ModelSettings) -> float:
        """Seconds that may lie between two pieces of content."""
        return self.idle_timeout or settings.get("idle_timeout") or IDLE_TIMEOUT
