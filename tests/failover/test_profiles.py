"""Credentials used on their own: which are fit to be used, and what failures mean for them (R-A12)."""

import asyncio
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from voxagent import ConfigError, ProviderError
from voxagent.agent import AllProfilesExhausted
from voxagent.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    ContextLengthError,
    OverloadedError,
    ProviderTimeoutError,
    QuotaError,
    RateLimitError,
)
from voxagent.providers import (
    AuthProfile,
    AuthProfileManager,
    FailoverError,
    FailoverExhaustedError,
    FailoverReason,
    NoProfilesAvailableError,
    run_with_failover,
)

KEY = "sk-live-Zk4Vq8Wm2Lx6Rt9Yp3Bn7Hd5"
NEVER = float("inf")


def profiles(*ids: str, provider: str = "openai") -> list[AuthProfile]:
    return [AuthProfile(id=id, api_key=f"{KEY}-{id}", provider=provider) for id in ids]


class Calls:
    """An operation that fails as it is told, profile by profile, and else gives the profile's id."""

    def __init__(self, *errors: Exception | None) -> None:
        self.errors = list(errors)
        self.tried: list[str] = []

    async def __call__(self, profile: AuthProfile) -> str:
        self.tried.append(profile.id)
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        return profile.id


def rate_limited(after: float | None = None) -> RateLimitError:
    return RateLimitError("slow down", retry_after=after)


async def test_a_profile_never_shows_its_key() -> None:
    [profile] = profiles("work")
    manager = AuthProfileManager([profile])
    assert KEY not in f"{profile!r} {profile} {manager!r} {manager.profiles!r}"
    assert repr(profile) == (
        "AuthProfile(id='work', provider='openai', cooldown_until=None, failure_count=0, disabled=False)"
    )


async def test_the_first_profile_that_works_is_used() -> None:
    manager = AuthProfileManager(profiles("a", "b", "c"))
    operation = Calls(FailoverError(FailoverReason.MODEL_ERROR, "down"), OverloadedError("busy"))
    assert await run_with_failover(manager, "openai", operation) == "c"
    assert operation.tried == ["a", "b", "c"]
    assert manager.get_available_profiles() == list(manager.profiles)


async def test_a_rate_limit_cools_down_for_as_long_as_it_is_told_or_else_for_a_minute() -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    manager = AuthProfileManager(profiles("a", "b", "c"), now=lambda: now)
    assert await run_with_failover(manager, "OpenAI", Calls(rate_limited(7), rate_limited())) == "c"
    first, second, third = manager.profiles
    assert [manager.rest(each) for each in manager.profiles] == [7, 60, 0]
    assert first.cooldown_until == now + timedelta(seconds=7)
    assert manager.get_available_profiles("openai") == [third]
    now += timedelta(seconds=7)
    assert manager.get_available_profiles("openai") == [first, third]
    now += timedelta(seconds=53)
    assert manager.get_available_profiles("openai") == [first, second, third]


async def test_three_refusals_of_a_key_in_a_row_disable_it() -> None:
    refused = AuthenticationError("no")
    manager = AuthProfileManager(profiles("a", "b"))
    for _ in range(2):
        assert await run_with_failover(manager, "openai", Calls(refused)) == "b"
    assert await run_with_failover(manager, "openai", Calls()) == "a"  # this ends the row
    for count in (1, 2, 3):
        assert await run_with_failover(manager, "openai", Calls(refused)) == "b"
        assert manager.profiles[0].failure_count == count
    assert manager.profiles[0].disabled
    operation = Calls()
    assert await run_with_failover(manager, "openai", operation) == "b"
    assert operation.tried == ["b"]
    assert manager.rest(manager.profiles[0]) == NEVER


@pytest.mark.parametrize(
    "error",
    [
        FailoverError(FailoverReason.TIMEOUT, "silence"),
        FailoverError(FailoverReason.MODEL_ERROR),
        ProviderTimeoutError("silence"),
        OverloadedError("busy", retry_after=5),
    ],
)
async def test_what_is_no_fault_of_the_key_leaves_its_profile_as_it_was(error: ProviderError) -> None:
    manager = AuthProfileManager(profiles("a", "b"))
    assert await run_with_failover(manager, "openai", Calls(error)) == "b"
    assert manager.get_available_profiles() == list(manager.profiles)
    assert [each.failure_count for each in manager.profiles] == [0, 0]


async def test_when_all_fail_the_last_failure_is_the_cause() -> None:
    manager = AuthProfileManager(profiles("a", "b"))
    last = QuotaError("spent", retry_after=9)
    with pytest.raises(FailoverExhaustedError) as raised:
        await run_with_failover(manager, "openai", Calls(OverloadedError("busy"), last))
    assert str(raised.value) == "openai: no profile of 'openai' worked; the last failure: spent"
    assert raised.value.__cause__ is last
    assert raised.value.retry_after == 9
    assert AllProfilesExhausted is FailoverExhaustedError


async def test_at_most_so_many_profiles_are_tried() -> None:
    manager = AuthProfileManager(profiles("a", "b", "c"))
    operation = Calls(*[OverloadedError("busy")] * 3)
    with pytest.raises(FailoverExhaustedError):
        await run_with_failover(manager, "openai", operation, max_retries=2)
    assert operation.tried == ["a", "b"]


async def test_a_conversation_that_is_too_long_for_a_model_is_so_by_every_key() -> None:
    operation = Calls(ContextLengthError("too long"))
    with pytest.raises(FailoverExhaustedError, match="too long"):
        await run_with_failover(AuthProfileManager(profiles("a", "b")), "openai", operation)
    assert operation.tried == ["a"]


@pytest.mark.parametrize("error", [BadRequestError("no"), ContentFilterError("no"), ValueError("a bug")])
async def test_what_no_key_can_help_is_raised_as_it_is(error: Exception) -> None:
    operation = Calls(error)
    with pytest.raises(type(error)) as raised:
        await run_with_failover(AuthProfileManager(profiles("a", "b")), "openai", operation)
    assert raised.value is error
    assert operation.tried == ["a"]


async def test_without_a_profile_that_is_fit_nothing_is_tried() -> None:
    now = datetime.now(UTC)
    manager = AuthProfileManager(profiles("a", "b", "c"), now=lambda: now)
    manager.profiles[0].disable()
    manager.handle_failover(manager.profiles[1], rate_limited(30))
    manager.handle_failover(manager.profiles[2], rate_limited(20))
    operation = Calls()
    with pytest.raises(NoProfilesAvailableError) as raised:
        await run_with_failover(manager, "openai", operation)
    assert str(raised.value) == ("openai: no profile of 'openai' may be used now: 1 disabled, 2 cooling down")
    assert (raised.value.retry_after, raised.value.retryable) == (20, True)
    assert operation.tried == []


async def test_a_provider_that_has_no_profiles_is_told_as_that() -> None:
    with pytest.raises(NoProfilesAvailableError, match="there is none") as raised:
        await run_with_failover(AuthProfileManager(profiles("a")), "groq", Calls())
    assert raised.value.retry_after is None


async def test_a_profile_can_be_kept_by_hand() -> None:
    [profile] = profiles("a")
    assert profile.is_available()
    profile.set_cooldown(60)
    assert not profile.is_available()
    profile.cooldown_until = datetime(2020, 1, 1)  # without a zone, as 0.1 had it
    assert profile.is_available()
    profile.record_failure()
    profile.record_failure()
    assert profile.failure_count == 2
    profile.reset_failures()
    profile.disable()
    assert (profile.failure_count, profile.is_available()) == (0, False)


@pytest.mark.parametrize(
    ("given", "options", "told"),
    [
        (profiles("a", "a"), {}, "two profiles of 'openai' have the id 'a'"),
        (profiles("a"), {"max_failures": 0}, "max_failures=0"),
        (profiles("a"), {"rate_limit_cooldown": -1}, "rate_limit_cooldown=-1"),
    ],
)
def test_what_cannot_be_is_refused(given: list[AuthProfile], options: Any, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        AuthProfileManager(given, **options)


def test_one_id_may_be_used_once_for_each_provider() -> None:
    both = [*profiles("a"), *profiles("a", provider="groq")]
    assert AuthProfileManager(both).get_profiles("groq") == both[1:]


def test_a_wait_that_is_longer_than_any_calendar_is_only_very_long() -> None:
    [profile] = profiles("a")
    manager = AuthProfileManager([profile])
    manager.handle_failover(profile, rate_limited(1e300))
    assert 1e8 < manager.rest(profile) < 1e10


async def test_profiles_are_kept_right_from_many_threads() -> None:
    manager = AuthProfileManager(profiles("a"), max_failures=10**6)

    def refuse() -> None:
        for _ in range(500):
            manager.handle_failover(manager.profiles[0], AuthenticationError("no"))

    await asyncio.gather(*[asyncio.to_thread(refuse) for _ in range(8)])
    assert manager.profiles[0].failure_count == 4000


def test_a_failover_error_has_its_reason_and_survives_pickling() -> None:
    for reason in FailoverReason:
        error = FailoverError(reason, "why", retry_after=3)
        loaded = pickle.loads(pickle.dumps(error))
        for each in (error, loaded):
            assert (each.reason, each.message, str(each), each.retry_after) == (reason, "why", "why", 3)
        assert error.retryable == (reason in ("rate_limit", "timeout", "model_error"))
    assert [reason.value for reason in FailoverReason][:5] == [
        "auth_error",
        "rate_limit",
        "timeout",
        "context_overflow",
        "model_error",
    ]
