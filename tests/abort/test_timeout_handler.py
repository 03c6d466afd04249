"""A timeout handler aborts its controller once, when its time is up, and not after it was cancelled."""

import asyncio

import pytest

from voxagent.abort import AbortController, TimeoutHandler
from voxagent.errors import ConfigError

WAIT = 10


async def test_the_controller_is_aborted_when_the_time_is_up() -> None:
    handler, controller = TimeoutHandler(5), AbortController()
    await handler.start(controller)
    assert not handler.expired
    reason = await asyncio.wait_for(controller.signal.wait(), WAIT)
    assert (reason, handler.expired) == ("timed out after 5 ms", True)


async def test_a_handler_that_was_cancelled_aborts_nothing() -> None:
    handler, controller, other = TimeoutHandler(5), AbortController(), AbortController()
    await handler.start(controller)
    handler.cancel()
    handler.cancel()
    await TimeoutHandler(20).start(other)
    await asyncio.wait_for(other.signal.wait(), WAIT)
    assert (handler.expired, controller.signal.aborted) == (False, False)


async def test_a_second_start_counts_anew_for_the_new_controller() -> None:
    handler, first, second = TimeoutHandler(5), AbortController(), AbortController()
    await handler.start(first)
    await handler.start(second)
    await asyncio.wait_for(second.signal.wait(), WAIT)
    assert not first.signal.aborted


@pytest.mark.parametrize("timeout_ms", [0, -1])
def test_a_time_that_is_not_positive_is_refused(timeout_ms: int) -> None:
    with pytest.raises(ConfigError, match=f"timeout_ms={timeout_ms} is not a positive number"):
        TimeoutHandler(timeout_ms)
