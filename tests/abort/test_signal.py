"""A signal is set once, from any thread, and tells everybody who asked."""

import asyncio
import logging
import threading

import pytest

from voxagent.abort import AbortController, AbortSignal
from voxagent.errors import AbortError, ConfigError

WAIT = 10


def in_another_thread(function: object, *args: object) -> None:
    thread = threading.Thread(target=function, args=args)  # type: ignore[arg-type]
    thread.start()
    thread.join(WAIT)
    assert not thread.is_alive()


def test_a_new_signal_says_nothing() -> None:
    signal = AbortSignal()
    signal.check()
    assert (signal.aborted, signal.stopping, signal.reason) == (False, False, None)
    assert repr(signal) == "AbortSignal(aborted=False, reason=None)"


def test_only_the_first_abort_counts() -> None:
    signal = AbortSignal()
    told: list[str] = []
    signal.on_abort(told.append)
    signal.abort("user left")
    signal.abort("too late")
    assert (signal.aborted, signal.stopping, signal.reason, told) == (True, True, "user left", ["user left"])
    assert repr(signal) == "AbortSignal(aborted=True, reason='user left')"
    with pytest.raises(AbortError, match="user left"):
        signal.check()


def test_an_abort_without_a_reason_says_aborted() -> None:
    signal = AbortSignal()
    signal.abort()
    assert signal.reason == "aborted"


def test_a_stop_waits_for_the_turn_and_an_abort_after_it_keeps_its_reason() -> None:
    signal = AbortSignal()
    told: list[str] = []
    signal.on_abort(told.append)
    signal.stop()
    assert (signal.aborted, signal.stopping, signal.reason, told) == (False, True, "stopped", [])
    signal.check()
    signal.abort()
    assert (signal.aborted, signal.reason, told) == (True, "stopped", ["stopped"])


def test_callbacks_are_called_in_the_thread_that_aborts() -> None:
    signal = AbortSignal()
    told: list[threading.Thread] = []
    signal.on_abort(lambda reason: told.append(threading.current_thread()))
    in_another_thread(signal.abort)
    assert told != []
    assert told[0] is not threading.current_thread()


def test_whoever_subscribes_late_is_called_at_once() -> None:
    signal = AbortSignal()
    signal.abort("x")
    told: list[str] = []
    signal.on_abort(told.append)()
    assert told == ["x"]


def test_whoever_unsubscribed_is_not_called() -> None:
    signal = AbortSignal()
    told: list[str] = []
    unsubscribe = signal.on_abort(lambda reason: told.append("gone"))
    signal.on_abort(lambda reason: told.append("there"))
    unsubscribe()
    unsubscribe()
    signal.abort()
    assert told == ["there"]


def test_a_callback_that_fails_keeps_no_other_from_being_called(caplog: pytest.LogCaptureFixture) -> None:
    signal = AbortSignal()
    told: list[str] = []

    def fails(reason: str) -> None:
        raise RuntimeError("no")

    signal.on_abort(fails)
    signal.on_abort(told.append)
    with caplog.at_level(logging.ERROR, "voxagent"):
        signal.abort("x")
    assert told == ["x"]
    assert [record.getMessage() for record in caplog.records] == ["an abort callback failed"]


def test_any_is_aborted_as_soon_as_one_is() -> None:
    first, second = AbortSignal(), AbortSignal()
    either = AbortSignal.any(first, second)
    assert not either.aborted
    second.abort("second")
    first.abort("first")
    assert (either.aborted, either.reason) == (True, "second")


def test_any_of_one_that_was_aborted_is_aborted() -> None:
    signal = AbortSignal()
    signal.abort("before")
    assert AbortSignal.any(AbortSignal(), signal).reason == "before"
    assert not AbortSignal.any().aborted


async def test_wait_wakes_when_another_thread_aborts() -> None:
    signal = AbortSignal()
    waiting = asyncio.create_task(signal.wait())
    await asyncio.sleep(0)
    in_another_thread(signal.abort, "from afar")
    assert await asyncio.wait_for(waiting, WAIT) == "from afar"


async def test_wait_returns_at_once_after_an_abort() -> None:
    signal = AbortSignal()
    signal.abort("before")
    assert await asyncio.wait_for(signal.wait(), WAIT) == "before"


async def test_of_many_threads_that_abort_one_is_heard_and_all_waiters_wake() -> None:
    signal = AbortSignal()
    told: list[str] = []
    signal.on_abort(told.append)
    waiting = [asyncio.create_task(signal.wait()) for _ in range(10)]
    await asyncio.sleep(0)
    gate = threading.Barrier(8)

    def abort(number: int) -> None:
        gate.wait(WAIT)
        signal.abort(f"thread {number}")

    threads = [threading.Thread(target=abort, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    heard = await asyncio.wait_for(asyncio.gather(*waiting), WAIT)
    for thread in threads:
        thread.join(WAIT)
    assert told == [signal.reason]
    assert set(heard) == {signal.reason}


async def test_a_wait_that_is_cancelled_unsubscribes() -> None:
    signal = AbortSignal()
    waiting = asyncio.create_task(signal.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    signal.abort()


def test_a_controller_aborts_its_signal_now_or_after_the_turn() -> None:
    now, later = AbortController(), AbortController()
    now.abort("now")
    later.abort("later", after="turn")
    assert (now.signal.aborted, now.signal.reason) == (True, "now")
    assert (later.signal.aborted, later.signal.stopping, later.signal.reason) == (False, True, "later")


def test_a_controller_refuses_any_other_moment() -> None:
    with pytest.raises(ConfigError, match="abort\\(after='soon'\\): 'now' or 'turn' is expected"):
        AbortController().abort(after="soon")  # type: ignore[arg-type]


def test_after_cleanup_nobody_is_called() -> None:
    controller = AbortController()
    told: list[str] = []
    controller.signal.on_abort(told.append)
    controller.cleanup()
    controller.abort()
    assert told == []
