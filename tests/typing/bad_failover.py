"""What is no policy, no credential, and no operation on one is refused."""

from __future__ import annotations

from voxagent import Agent
from voxagent.providers import (
    AuthProfile,
    AuthProfileManager,
    FailoverError,
    FailoverPolicy,
    run_with_failover,
)

manager = AuthProfileManager([])


def waits_for_nothing(profile: AuthProfile) -> int:
    return 3


async def takes_a_key(key: str) -> str:
    return key


async def tried() -> None:
    await run_with_failover(manager, "openai", waits_for_nothing)  # E: an operation that is not async
    await run_with_failover(manager, "openai", takes_a_key)  # E: an operation on something else
    await run_with_failover([], "openai", waits_for_nothing)  # E: profiles without what keeps them


AuthProfile("work", "secret")  # E: a profile of no provider
AuthProfileManager(["secret"])  # E: keys as profiles
FailoverError("it broke")  # E: a failure whose reason is a text
FailoverPolicy(after_first_delta="again")  # E: a choice that there is not
FailoverPolicy(profiles=["secret"])  # E: keys as the profiles of a policy
FailoverPolicy().attempts = 3  # E: a policy that changes
Agent("offline:demo", failover="restart")  # E: a text as a policy
Agent("offline:demo", profiles=[])  # E: an option that there is not
