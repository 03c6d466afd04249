"""A scope ends its block on abort or deadline, knows why, and lets every other cancellation through."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from voxagent.abort import AbortSignal, Scope

WAIT = 10


@asynccontextmanager
async def leaving_no_cancellation() -> AsyncIterator[None]:
    """The task is as free of cancellations after the block as before it."""
    task = asyncio.current_task()
    assert task is not None
    before = task.cancelling()
    yield
    assert task.cancelling() == before
    await asyncio.sleep(0)  # a cancellation that is still on its way would strike here


async def forever() -> None:
    await asyncio.wait_for(asyncio.Event().wait(), WAIT)


def passed() -> float:
    return time.monotonic() - 1


async def test_a_block_that_ends_by_itself_has_no_reason() -> None:
    async with leaving_no_cancellation(), Scope(AbortSignal(), time.monotonic() + WAIT) as scope:
        await asyncio.sleep(0)
    assert scope.ended is None


async def test_an_abort_from_another_thread_ends_the_block() -> None:
    signal = AbortSignal()
    async with leaving_no_cancellation(), Scope(signal) as scope:
        thread = threading.Thread(target=signal.abort)
        thread.start()
        await forever()
    thread.join(WAIT)
    assert scope.ended == "aborted"


@pytest.mark.parametrize("seconds", [-1.0, 0.01])
async def test_the_deadline_ends_the_block(seconds: float) -> None:
    async with leaving_no_cancellation(), Scope(AbortSignal(), time.monotonic() + seconds) as scope:
        await forever()
    assert scope.ended == "timed out"


async def test_an_abort_before_the_block_ends_it_at_its_first_await() -> None:
    signal = AbortSignal()
    signal.abort()
    reached: list[str] = []
    async with leaving_no_cancellation(), Scope(signal) as scope:
        reached.append("begin")
        await forever()
        reached.append("end")
    assert (scope.ended, reached) == ("aborted", ["begin"])


async def test_an_abort_from_inside_the_block_ends_it_at_its_next_await() -> None:
    signal = AbortSignal()
    reached: list[str] = []
    async with leaving_no_cancellation(), Scope(signal) as scope:
        signal.abort()
        reached.append("begin")
        await forever()
        reached.append("end")
    assert (scope.ended, reached) == ("aborted", ["begin"])


async def test_an_abort_that_comes_as_the_block_ends_leaves_nothing_behind() -> None:
    signal = AbortSignal()
    async with leaving_no_cancellation(), Scope(signal) as scope:
        await asyncio.sleep(0)
        signal.abort()
    assert scope.ended is None


async def test_a_block_whose_last_step_is_done_when_the_abort_strikes_still_ends_as_aborted() -> None:
    signal = AbortSignal()
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    async with leaving_no_cancellation(), Scope(signal) as scope:
        loop.call_soon(signal.abort)
        loop.call_soon(loop.call_soon, done.set_result, None)
        await done
    assert scope.ended == "aborted"


async def test_abort_and_deadline_at_once_cancel_once() -> None:
    signal = AbortSignal()
    signal.abort()
    async with leaving_no_cancellation(), Scope(signal, passed()) as scope:
        await forever()
    assert scope.ended in ("aborted", "timed out")


async def test_a_checkpoint_ends_a_block_that_never_suspends() -> None:
    signal = AbortSignal()
    async with leaving_no_cancellation(), Scope(signal) as scope:
        scope.checkpoint()
        signal.abort()
        scope.checkpoint()
        pytest.fail("the checkpoint let it pass")
    assert scope.ended == "aborted"


async def test_a_checkpoint_sees_that_the_time_is_up() -> None:
    async with leaving_no_cancellation(), Scope(AbortSignal(), passed()) as scope:
        scope.checkpoint()
        pytest.fail("the checkpoint let it pass")
    assert scope.ended == "timed out"


async def test_a_checkpoint_lets_a_block_pass_that_has_time() -> None:
    async with leaving_no_cancellation(), Scope(AbortSignal(), time.monotonic() + WAIT) as scope:
        scope.checkpoint()
    assert scope.ended is None


async def test_a_cancellation_from_elsewhere_goes_through() -> None:
    scopes: list[Scope] = []

    async def work() -> None:
        async with Scope(AbortSignal(), time.monotonic() + WAIT) as scope:
            scopes.append(scope)
            await forever()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert scopes[0].ended is None


@pytest.mark.parametrize("abort_first", [True, False])
async def test_a_cancellation_from_elsewhere_goes_through_beside_an_abort(abort_first: bool) -> None:
    signal = AbortSignal()

    async def work() -> None:
        async with Scope(signal):
            await forever()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    steps = [signal.abort, task.cancel] if abort_first else [task.cancel, signal.abort]
    for step in steps:
        asyncio.get_running_loop().call_soon(step)
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("at", ["await", "checkpoint"])
async def test_an_error_inside_is_raised_and_not_replaced_by_the_abort(at: str) -> None:
    signal = AbortSignal()
    signal.abort()
    scope = Scope(signal)

    async def work() -> None:
        async with scope:
            try:
                if at == "checkpoint":
                    scope.checkpoint()
                await forever()
            finally:
                raise ValueError("inside")

    async with leaving_no_cancellation():
        with pytest.raises(ValueError, match="inside"):
            await work()
    assert scope.ended == "aborted"


async def test_an_error_without_an_abort_is_raised() -> None:
    async with leaving_no_cancellation():
        with pytest.raises(ValueError, match="inside"):
            async with Scope(AbortSignal()) as scope:
                raise ValueError("inside")
    assert scope.ended is None


async def test_a_cancelled_error_that_the_block_raises_itself_goes_through() -> None:
    with pytest.raises(asyncio.CancelledError):
        async with Scope(AbortSignal()):
            raise asyncio.CancelledError


async def test_the_outer_scope_ends_the_inner_one_without_its_knowing() -> None:
    outer_signal = AbortSignal()
    after: list[str] = []
    async with leaving_no_cancellation(), Scope(outer_signal) as outer:
        async with Scope(AbortSignal()) as inner:
            outer_signal.abort()
            await forever()
        after.append("inner")
    assert (outer.ended, inner.ended, after) == ("aborted", None, [])


async def test_the_inner_scope_ends_alone_and_the_outer_goes_on() -> None:
    inner_signal = AbortSignal()
    after: list[str] = []
    async with leaving_no_cancellation(), Scope(AbortSignal()) as outer:
        async with Scope(inner_signal) as inner:
            inner_signal.abort()
            await forever()
        await asyncio.sleep(0)
        after.append("inner")
    assert (outer.ended, inner.ended, after) == (None, "aborted", ["inner"])


async def test_scopes_of_one_signal_end_together() -> None:
    signal = AbortSignal()
    after: list[str] = []
    async with leaving_no_cancellation(), Scope(signal) as outer:
        async with Scope(signal) as inner:
            signal.abort()
            await forever()
        after.append("inner")
    assert (outer.ended, inner.ended, after) == ("aborted", "aborted", [])


async def test_an_abort_reaches_the_children_of_a_task_group() -> None:
    signal = AbortSignal()
    children: list[asyncio.Task[None]] = []
    async with leaving_no_cancellation(), Scope(signal) as scope, asyncio.TaskGroup() as group:
        children += [group.create_task(forever()) for _ in range(3)]
        signal.abort()
    assert scope.ended == "aborted"
    assert all(child.cancelled() for child in children)


async def test_a_timeout_around_a_scope_is_still_a_timeout() -> None:
    async def work() -> None:
        async with asyncio.timeout(0.01), Scope(AbortSignal()):
            await forever()

    with pytest.raises(TimeoutError):
        await work()


async def test_a_task_that_has_a_cancellation_behind_it_can_use_a_scope() -> None:
    async def work() -> str | None:
        try:
            await forever()
        except asyncio.CancelledError:
            async with leaving_no_cancellation(), Scope(AbortSignal(), passed()) as scope:
                await forever()
            return scope.ended
        return None

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    assert await task == "timed out"


def test_a_signal_that_outlives_the_loop_of_a_scope_is_harmless() -> None:
    signal = AbortSignal()

    async def enter() -> None:
        await Scope(signal).__aenter__()

    asyncio.run(enter())
    signal.abort()
    assert signal.aborted


@pytest.mark.parametrize("tick", range(12))
async def test_whatever_the_moment_of_the_abort_the_task_is_free_afterwards(tick: int) -> None:
    signal = AbortSignal()
    loop = asyncio.get_running_loop()

    def count(left: int) -> None:
        if left == 0:
            signal.abort()
            return
        loop.call_soon(count, left - 1)

    async with leaving_no_cancellation():
        count(tick)
        async with Scope(signal) as scope:
            for _ in range(8):
                await asyncio.sleep(0)
        assert scope.ended in (None, "aborted")
