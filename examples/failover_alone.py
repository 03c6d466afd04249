"""Credentials without an agent: do something with the first key that works."""

import asyncio

from voxagent.providers import (
    AuthProfile,
    AuthProfileManager,
    FailoverError,
    FailoverExhaustedError,
    FailoverReason,
    run_with_failover,
)

keys = [AuthProfile(id=name, api_key=f"key-{name}", provider="search") for name in ("a", "b")]
manager = AuthProfileManager(keys, max_failures=3, rate_limit_cooldown=60)


async def search(profile: AuthProfile) -> str:
    if profile.id == "a":
        raise FailoverError(FailoverReason.RATE_LIMIT, "too many requests")
    return f"found by key {profile.id!r}"


async def broken(profile: AuthProfile) -> str:
    raise FailoverError(FailoverReason.MODEL_ERROR, "the index is gone")


async def main() -> None:
    print(await run_with_failover(manager, "search", search))
    print([profile.id for profile in manager.get_available_profiles("search")])
    try:
        await run_with_failover(manager, "search", broken)
    except FailoverExhaustedError as error:
        print(error.message)


asyncio.run(main())
