"""Functions that block run in threads of our own: at once, in the caller's context, never unseen."""

import asyncio
import contextvars
import threading

import pytest

from voxagent.fanout import in_thread, threads

WAIT = 10
user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")


async def test_the_value_and_the_error_of_the_function_come_back() -> None:
    assert await in_thread(lambda: 7) == 7
    error = KeyError("x")

    def fails() -> None:
        raise error

    with pytest.raises(KeyError) as caught:
        await in_thread(fails)
    assert caught.value is error


async def test_the_function_runs_in_another_thread_that_keeps_no_process_alive() -> None:
    thread = await in_thread(threading.current_thread)
    assert thread is not threading.current_thread()
    assert thread.daemon


async def test_the_function_sees_the_callers_context_and_what_it_sets_does_not_leak_back() -> None:
    user.set("ada")

    def changes() -> str:
        seen = user.get()
        user.set("eve")
        return seen

    assert await in_thread(changes) == "ada"
    assert user.get() == "ada"
    assert await in_thread(user.get) == "ada"


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
async def test_errors_that_are_no_exceptions_come_back_as_they_are(error: BaseException) -> None:
    def fails() -> None:
        raise error

    caught: BaseException | None = None
    try:
        await in_thread(fails)
    except BaseException as raised:
        caught = raised
    assert caught is error


@pytest.mark.parametrize("error", [StopIteration(1), asyncio.CancelledError("mine")])
async def test_errors_that_no_future_carries_come_back_as_a_runtime_error(error: BaseException) -> None:
    def fails() -> None:
        raise error

    with pytest.raises(RuntimeError) as caught:
        await in_thread(fails)
    assert str(caught.value) == f"the function raised {error!r}"


async def test_two_hundred_functions_run_at_the_same_time() -> None:
    everybody = threading.Barrier(200)
    places = await asyncio.wait_for(
        asyncio.gather(*[in_thread(lambda: everybody.wait(WAIT)) for _ in range(200)]), 2 * WAIT
    )
    assert sorted(places) == list(range(200))


async def test_a_function_that_waits_for_another_in_a_thread_does_not_deadlock() -> None:
    def nested(depth: int) -> int:
        return 0 if depth == 0 else 1 + asyncio.run(in_thread(lambda: nested(depth - 1)))

    assert await asyncio.wait_for(in_thread(lambda: nested(20)), WAIT) == 20


async def test_a_thread_that_is_idle_is_used_again() -> None:
    seen = [await in_thread(threading.current_thread) for _ in range(300)]
    assert len(set(seen)) < len(seen)


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("times", [1, 3])
async def test_a_cancellation_is_raised_once_the_function_has_returned(fails: bool, times: int) -> None:
    begun, gate, ended = threading.Event(), threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        gate.wait(WAIT)
        ended.set()
        if fails:
            raise ValueError("nobody hears this")
        return "nobody reads this"

    task = asyncio.create_task(in_thread(slow))
    assert await in_thread(lambda: begun.wait(WAIT))
    for _ in range(times):
        task.cancel()
        for _ in range(5):
            await asyncio.sleep(0)
    assert not task.done()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, WAIT)
    assert ended.is_set()


async def test_a_cancellation_that_comes_with_the_value_is_not_swallowed() -> None:
    begun, gate = threading.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slow() -> None:
        begun.set()
        gate.wait(WAIT)
        loop.call_soon_threadsafe(task.cancel)

    task = asyncio.create_task(in_thread(slow))
    assert await in_thread(lambda: begun.wait(WAIT))
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, WAIT)


def test_a_function_that_outlives_its_loop_is_harmless() -> None:
    gate, ended = threading.Event(), threading.Event()

    def slow() -> None:
        gate.wait(WAIT)

    async def leave() -> None:
        waiting = in_thread(slow)
        waiting.send(None)  # begins, and is never awaited to its end
        left.append(waiting)

    left: list[object] = []
    asyncio.run(leave())
    gate.set()
    threads.start(ended.set)
    assert ended.wait(WAIT)


async def test_a_thread_that_stays_idle_ends_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "IDLE_SECONDS", 0.0)
    seen = [await in_thread(threading.current_thread) for _ in range(20)]
    for thread in set(seen):
        await asyncio.to_thread(thread.join, WAIT)
        assert not thread.is_alive()
    assert await in_thread(lambda: "more") == "more"


def test_a_job_that_takes_a_thread_about_to_end_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "IDLE_SECONDS", 0.0)
    done = threading.Semaphore(0)
    for _ in range(300):
        threads.start(done.release)
    for _ in range(300):
        assert done.acquire(timeout=WAIT)
