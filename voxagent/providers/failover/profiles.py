"""Credentials of providers, several of one: which are fit to be used, and for how long they are not.

A rate limit lets a profile cool down, for as long as the service asks; refused keys disable it, once that
has happened several times in a row. Whatever else fails says nothing of the key.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from ...errors import (
    ConfigError,
    FailoverExhaustedError,
    FailoverReason,
    NoProfilesAvailableError,
    ProviderError,
)
from .reasons import MOVING, reason_of

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class AuthProfile:
    """A key of a provider, and how it has fared; its `repr` does not show the key.

    Args:
        id: Its name in results, events and logs.
        api_key: The key.
        provider: The provider's name, as in "provider:model".
        cooldown_until: When it may be used again; None for now. A time without a zone is UTC.
        failure_count: How often in a row the key was refused.
        disabled: Whether it is not used any more.
    """

    id: str
    api_key: str = field(repr=False)
    provider: str
    cooldown_until: datetime | None = None
    failure_count: int = 0
    disabled: bool = False

    def is_available(self) -> bool:
        """Whether it is enabled and has cooled down."""
        return self.rest(datetime.now(UTC)) <= 0

    def rest(self, now: datetime) -> float:
        """Seconds until it may be used; infinite if it is disabled."""
        if self.disabled:
            return float("inf")
        until = self.cooldown_until
        if until is None:
            return 0.0
        return max(0.0, ((until if until.tzinfo else until.replace(tzinfo=UTC)) - now).total_seconds())

    def set_cooldown(self, duration_seconds: float) -> None:
        """Do not use it for some seconds."""
        self.cooldown_until = datetime.now(UTC) + timedelta(seconds=duration_seconds)

    def record_failure(self) -> None:
        """The key was refused."""
        self.failure_count += 1

    def reset_failures(self) -> None:
        """The key was accepted: what was before does not count."""
        self.failure_count = 0

    def disable(self) -> None:
        """Use it no more."""
        self.disabled = True


class AuthProfileManager:
    """Knows which profiles are fit to be used; safe to use from any thread.

    Args:
        profiles: The profiles, in the order in which they are tried.
        max_failures: How often in a row a key is refused until its profile is disabled.
        rate_limit_cooldown: Seconds that a profile cools down after a rate limit, unless the service says.
        now: Gives the time; for tests.

    Raises:
        ConfigError: Two profiles of one provider have one id, or a number is out of range.
    """

    def __init__(
        self,
        profiles: Sequence[AuthProfile],
        max_failures: int = 3,
        rate_limit_cooldown: float = 60,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if max_failures < 1 or rate_limit_cooldown < 0:
            raise ConfigError(
                f"max_failures={max_failures!r}, rate_limit_cooldown={rate_limit_cooldown!r}:"
                " at least 1 failure and 0 seconds are expected"
            )
        for number, profile in enumerate(profiles):
            if any((each.provider, each.id) == (profile.provider, profile.id) for each in profiles[:number]):
                raise ConfigError(f"two profiles of {profile.provider!r} have the id {profile.id!r}")
        self.profiles: tuple[AuthProfile, ...] = tuple(profiles)
        self.max_failures = max_failures
        self.rate_limit_cooldown = rate_limit_cooldown
        self._now = now
        self._lock = threading.Lock()

    def get_profiles(self, provider: str) -> list[AuthProfile]:
        """All profiles of a provider, fit or not."""
        return [each for each in self.profiles if each.provider.lower() == provider.lower()]

    def get_available_profiles(self, provider: str | None = None) -> list[AuthProfile]:
        """The profiles that may be used now, of one provider or of all."""
        of = self.profiles if provider is None else self.get_profiles(provider)
        return [each for each in of if self.rest(each) <= 0]

    def rest(self, profile: AuthProfile) -> float:
        """Seconds until a profile may be used; infinite if it is disabled."""
        return profile.rest(self._now())

    def handle_failover(self, profile: AuthProfile, error: ProviderError) -> None:
        """Draw the conclusions from a failure."""
        with self._lock:
            match reason_of(error):
                case FailoverReason.AUTH_ERROR:
                    profile.record_failure()
                    if profile.failure_count >= self.max_failures:
                        profile.disable()
                case FailoverReason.RATE_LIMIT:
                    told = error.retry_after
                    seconds = self.rate_limit_cooldown if told is None else told
                    profile.cooldown_until = self._now() + timedelta(seconds=min(seconds, 1e9))
                case _:
                    pass

    def record_success(self, profile: AuthProfile) -> None:
        """The profile has worked."""
        with self._lock:
            profile.reset_failures()


async def run_with_failover(
    manager: AuthProfileManager,
    provider_name: str,
    operation: Callable[[AuthProfile], Awaitable[T]],
    max_retries: int | None = None,
) -> T:
    """Do something with the first profile for which it does not fail.

    Args:
        manager: Knows the profiles, and is told how they fare.
        provider_name: Whose profiles are used.
        operation: Is handed a profile; a `FailoverError`, or another `ProviderError`, moves on to the next.
        max_retries: How many profiles are tried at most; all by default.

    Raises:
        NoProfilesAvailableError: No profile may be used now.
        FailoverExhaustedError: All that were tried failed, or no key can help; the last failure is the cause.
        ProviderError: The request itself was refused.
    """
    last: ProviderError | None = None
    for profile in manager.get_available_profiles(provider_name)[:max_retries]:
        try:
            result = await operation(profile)
        except ProviderError as error:
            reason = reason_of(error)
            if reason not in MOVING:
                raise
            manager.handle_failover(profile, error)
            last = error
            if reason is FailoverReason.CONTEXT_OVERFLOW:
                break
            continue
        manager.record_success(profile)
        return result
    if last is None:
        rests = [manager.rest(profile) for profile in manager.get_profiles(provider_name)]
        soon = min(rests, default=float("inf"))
        raise NoProfilesAvailableError(
            f"no profile of {provider_name!r} may be used now: {_why(rests)}",
            provider=provider_name,
            retry_after=soon if soon < float("inf") else None,
        )
    raise FailoverExhaustedError(
        f"no profile of {provider_name!r} worked; the last failure: {last}",
        provider=provider_name,
        retry_after=last.retry_after,
    ) from last


def _why(rests: Sequence[float]) -> str:
    if not rests:
        return "there is none"
    disabled = sum(rest == float("inf") for rest in rests)
    return f"{disabled} disabled, {len(rests) - disabled} cooling down"
