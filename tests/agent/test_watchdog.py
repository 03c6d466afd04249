"""The steps of a coroutine are timed, and nothing else about it changes."""

import asyncio
import time
from typing import Any

import pytest

from voxagent.agent.watchdog import watched


async def _one(log: list[str], blocks: float = 0.0) -> str:
    try:
        await asyncio.sleep(0)
        time.sleep(blocks)  # noqa: ASYNC251  # what is watched for
        await asyncio.sleep(0)
    except ValueError as error:
        return f"caught {error}"
    finally:
        log.append("closed")
    return "done"


async def test_only_steps_that_take_longer_are_reported() -> None:
    seconds: list[float] = []
    assert await watched(_one([]), 0.01, seconds.append) == "done"
    assert seconds == []
    assert await watched(_one([], 0.02), 0.01, seconds.append) == "done"
    assert len(seconds) == 1
    assert seconds[0] >= 0.01


def test_what_is_thrown_in_and_a_close_reach_the_coroutine() -> None:
    log: list[str] = []
    thrown: Any = watched(_one(log), 1, lambda _: None)
    next(thrown)
    with pytest.raises(StopIteration, match="caught now"):
        thrown.throw(ValueError("now"))
    closed: Any = watched(_one(log), 1, lambda _: None)
    next(closed)
    closed.close()
    assert log == ["closed", "closed"]
