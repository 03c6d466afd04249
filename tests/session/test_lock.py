"""One writer at a time per session: in the order they came, across threads and loops."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.session.stores import printed
from voxagent import ConfigError
from voxagent.session import LockTimeoutError, SessionLock, SessionLockManager

WAIT = 10


async def test_who_waits_gets_the_lock_in_the_order_of_coming() -> None:
    lock = SessionLock("k")
    order: list[int] = []

    async def hold(number: int) -> None:
        async with lock:
            order.append(number)
            await asyncio.sleep(0)

    async with lock:
        assert lock.locked
        waiting = [asyncio.create_task(hold(number)) for number in range(5)]
        await asyncio.sleep(0)
        assert order == []
    await asyncio.wait_for(asyncio.gather(*waiting), WAIT)
    assert (order, lock.locked) == ([0, 1, 2, 3, 4], False)


async def test_waiting_too_long_is_an_error_that_names_the_session_and_the_time() -> None:
    lock = SessionLock("k", timeout=0.01)
    async with lock:
        with pytest.raises(LockTimeoutError, match=r"^session 'k' was in use by another run for 0\.01 s$"):
            await lock.acquire()
        with pytest.raises(LockTimeoutError, match=r"for 0 s$"):
            await lock.acquire(0)
    assert not lock.locked
    assert await lock.acquire(0)
    lock.release()


async def test_who_is_cancelled_while_waiting_is_passed_over() -> None:
    lock = SessionLock("k")
    await lock.acquire()
    first, second = [asyncio.create_task(lock.acquire()) for _ in range(2)]
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    lock.release()
    assert await asyncio.wait_for(second, WAIT)
    lock.release()
    assert not lock.locked


async def test_who_is_cancelled_as_the_lock_is_handed_over_hands_it_on() -> None:
    lock = SessionLock("k")
    await lock.acquire()
    first, second = [asyncio.create_task(lock.acquire()) for _ in range(2)]
    await asyncio.sleep(0)
    lock.release()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await asyncio.wait_for(second, WAIT)
    lock.release()
    assert not lock.locked


async def test_one_whose_future_was_cancelled_at_the_same_moment_is_passed_over() -> None:
    lock = SessionLock("k")
    await lock.acquire()
    first, second = [asyncio.create_task(lock.acquire()) for _ in range(2)]
    await asyncio.sleep(0)
    first.cancel()
    lock.release()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await asyncio.wait_for(second, WAIT)
    lock.release()
    assert not lock.locked


async def test_one_that_another_thread_cancelled_while_it_was_handed_over_is_passed_over() -> None:
    lock = SessionLock("k")
    await lock.acquire()
    first, second = [asyncio.create_task(lock.acquire()) for _ in range(2)]
    await asyncio.sleep(0)
    next(iter(lock._waiting)).cancel()  # the moment between two steps of another loop, put in place by hand
    lock.release()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await asyncio.wait_for(second, WAIT)
    lock.release()
    assert not lock.locked


ABANDONED = """
import asyncio
from voxagent.session import InMemorySessionStorage, session_lock

store = InMemorySessionStorage()

async def locked(wait):
    async with session_lock(store, "k", wait):
        return "had it"

async def main():
    async with session_lock(store, "k"):
        await asyncio.to_thread(abandon)
    print(await locked(1))

def abandon():
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda loop, context: None)
    task = loop.create_task(locked(30))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()  # as some frameworks do: nobody has cancelled the task

asyncio.run(main())
"""


def test_one_whose_loop_was_closed_while_it_waited_is_passed_over() -> None:
    assert printed(ABANDONED) == "had it\n"


def test_threads_with_loops_of_their_own_never_hold_it_together() -> None:
    lock = SessionLock("k")
    inside, most, done = 0, 0, []
    start = threading.Barrier(6)

    async def hold(number: int) -> None:
        nonlocal inside, most
        for _ in range(20):
            async with lock:
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0)
                inside -= 1
        done.append(number)

    def work(number: int) -> None:
        start.wait(WAIT)
        asyncio.run(asyncio.wait_for(hold(number), WAIT))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    assert (most, sorted(done), lock.locked) == (1, list(range(6)), False)


def test_a_manager_gives_one_lock_for_a_key_as_long_as_somebody_has_it() -> None:
    manager = SessionLockManager(timeout=3)
    lock = manager.get_lock("k")
    assert manager.get_lock("k") is lock
    assert manager.get_lock("other") is not lock
    assert (lock.session_key, lock.timeout) == ("k", 3)
    first = id(lock)
    del lock
    keep = [object() for _ in range(3)]
    assert manager.get_lock("k").timeout == 3
    assert first
    assert keep


@pytest.mark.parametrize("timeout", [0, -1])
def test_a_time_that_is_not_positive_is_refused(timeout: float) -> None:
    with pytest.raises(ConfigError, match=f"timeout={timeout} is not a positive number of seconds"):
        SessionLock("k", timeout)


def test_a_key_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="session key '' has 0 bytes: 1 to 1024 are allowed"):
        SessionLock("")
