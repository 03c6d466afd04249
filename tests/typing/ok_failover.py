"""Failover: policies, credentials, and what an operation gives back."""

from __future__ import annotations

from datetime import datetime
from typing import assert_type

from voxagent import Agent, StreamChunk
from voxagent.agent import AllProfilesExhausted
from voxagent.agent import FailoverError as FailoverErrorOfAgents
from voxagent.agent import FailoverReason as FailoverReasonOfAgents
from voxagent.providers import (
    AuthProfile,
    AuthProfileManager,
    FailoverError,
    FailoverExhaustedError,
    FailoverPolicy,
    FailoverReason,
    Health,
    NoProfilesAvailableError,
    StreamResetChunk,
    run_with_failover,
)
from voxagent.types import Attempt

profile = AuthProfile(id="work", api_key="secret", provider="openai")
assert_type(profile.cooldown_until, datetime | None)
assert_type(profile.failure_count, int)
assert_type(profile.is_available(), bool)

manager = AuthProfileManager([profile], max_failures=3, rate_limit_cooldown=60)
assert_type(manager.profiles, tuple[AuthProfile, ...])
assert_type(manager.get_available_profiles("openai"), list[AuthProfile])
assert_type(manager.rest(profile), float)


async def operation(profile: AuthProfile) -> int:
    if profile.disabled:
        raise FailoverError(FailoverReason.AUTH_ERROR, "disabled")
    return len(profile.id)


async def tried() -> None:
    try:
        assert_type(await run_with_failover(manager, "openai", operation), int)
    except NoProfilesAvailableError as error:
        assert_type(error.retry_after, float | None)
    except (FailoverExhaustedError, AllProfilesExhausted) as error:
        assert_type(error.message, str)
    except FailoverError as error:
        assert_type(error.reason, FailoverReason)


policy = FailoverPolicy(
    attempts=3,
    after_first_delta="fail",
    reasons=[FailoverReason.RATE_LIMIT, "content_filter"],
    profiles=[profile],
    health=Health(probe_after=[1.0]),
)
assert_type(Agent(["openai:gpt-5", "anthropic:claude-sonnet-4-5"], failover=policy), Agent[None, str])
assert_type(Agent("openai:gpt-5", failover=FailoverPolicy(profiles=manager)), Agent[None, str])
kind: type[FailoverError] = FailoverErrorOfAgents
reasons: type[FailoverReason] = FailoverReasonOfAgents
chunk: StreamChunk = StreamResetChunk("server")
assert_type(Attempt("openai", "gpt-5").profile, str | None)
