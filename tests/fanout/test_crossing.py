"""A coroutine on another thread's loop, and who waits for it: its value, its error, its cancellation."""

import asyncio
import contextvars
import gc
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from voxagent.fanout.background import on_loop, server_loop

WAIT = 10
user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")


async def until(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, WAIT)


@contextmanager
def busy() -> Iterator[None]:
    """The loop of servers is at something else, until this is left."""
    begun, over = threading.Event(), threading.Event()

    def blocked() -> None:
        begun.set()
        over.wait(WAIT)

    server_loop().call_soon_threadsafe(blocked)
    assert begun.wait(WAIT)
    try:
        yield
    finally:
        over.set()


async def test_it_runs_there_in_a_copy_of_the_callers_context_and_its_value_comes_back() -> None:
    user.set("ada")

    async def main() -> tuple[asyncio.AbstractEventLoop, str]:
        seen = user.get()
        user.set("grace")
        return asyncio.get_running_loop(), seen

    assert await on_loop(server_loop(), main) == (server_loop(), "ada")
    assert user.get() == "ada"
    assert await on_loop(asyncio.get_running_loop(), main) == (asyncio.get_running_loop(), "ada")


@pytest.mark.parametrize("kind", [KeyError, KeyboardInterrupt, SystemExit, asyncio.CancelledError])
async def test_its_error_comes_back_and_does_not_end_the_loop(kind: type[BaseException]) -> None:
    async def fails() -> None:
        raise kind("x")

    with pytest.raises(kind):
        await on_loop(server_loop(), fails)

    async def fine() -> int:
        return 1

    assert await on_loop(server_loop(), fine) == 1


async def test_its_error_is_kept_by_nobody() -> None:
    class Fault(Exception):
        pass

    async def fails() -> None:
        raise Fault

    async def seen() -> weakref.ref[Fault]:
        try:
            await on_loop(server_loop(), fails)
        except Fault as error:
            return weakref.ref(error)
        raise AssertionError("it did not fail")

    gc.collect()
    gc.disable()
    try:
        left = await seen()
        await on_loop(server_loop(), lambda: asyncio.sleep(0))  # until the task there is gone as well
        assert left() is None
    finally:
        gc.enable()


async def test_a_cancellation_is_passed_on_and_raised_once_it_has_ended() -> None:
    begun, ended = threading.Event(), threading.Event()

    async def main() -> None:
        begun.set()
        try:
            await asyncio.sleep(WAIT)
        finally:
            await asyncio.sleep(0.05)
            ended.set()

    waiting = asyncio.create_task(on_loop(server_loop(), main))
    await until(begun)
    waiting.cancel()
    await asyncio.wait([waiting], timeout=WAIT)
    assert waiting.cancelled()
    assert ended.is_set()


async def test_a_second_cancellation_does_not_wait() -> None:
    begun, going_on = threading.Event(), threading.Event()

    async def main() -> None:
        begun.set()
        try:
            await asyncio.sleep(WAIT)
        finally:
            await asyncio.to_thread(going_on.wait, WAIT)

    waiting = asyncio.create_task(on_loop(server_loop(), main))
    await until(begun)
    waiting.cancel()
    await asyncio.wait([waiting], timeout=0.05)
    assert not waiting.done()
    waiting.cancel()
    await asyncio.wait([waiting], timeout=WAIT)
    assert waiting.cancelled()
    going_on.set()


async def test_a_cancellation_ahead_of_its_first_step_ends_it_too() -> None:
    """The other loop was busy, so it comes to the beginning and to the cancellation at once."""
    ran = threading.Event()

    async def main() -> None:
        ran.set()

    with busy():
        waiting = asyncio.create_task(on_loop(server_loop(), main))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.sleep(0)
    await asyncio.wait([waiting], timeout=WAIT)
    assert waiting.cancelled()
    assert not ran.is_set()


async def test_a_value_that_comes_with_the_cancellation_does_not_hold_it_up() -> None:
    async def main() -> int:
        return 1

    waiting = asyncio.create_task(on_loop(server_loop(), main))
    await asyncio.sleep(0)
    here = threading.Event()

    def later(steps: int) -> None:
        if steps:
            server_loop().call_soon(later, steps - 1)
        else:
            here.set()

    server_loop().call_soon_threadsafe(later, 5)  # the value has come then, and has been told
    assert here.wait(WAIT)  # blocks this loop, so the value is there and not seen yet
    waiting.cancel()
    await asyncio.wait([waiting], timeout=WAIT)
    assert waiting.cancelled()


def test_a_loop_that_is_closed_meanwhile_is_not_told() -> None:
    begun, going_on, over = threading.Event(), threading.Event(), threading.Event()

    async def main() -> None:
        begun.set()
        await asyncio.to_thread(going_on.wait, WAIT)

    async def left() -> None:
        waiting = asyncio.create_task(on_loop(server_loop(), main))
        await until(begun)
        for _ in range(2):
            waiting.cancel()
            await asyncio.sleep(0.01)

    asyncio.run(left())
    going_on.set()
    server_loop().call_soon_threadsafe(server_loop().call_later, 0.05, over.set)
    assert over.wait(WAIT)
