"""One loop for callers that have none, whoever they are and wherever they stand."""

import asyncio
import contextvars
import threading

import pytest

from voxagent.fanout import background_loop
from voxagent.fanout.background import run_in_background

WAIT = 10
user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")


def nothing() -> None:
    """What most callers do on Ctrl-C in these tests."""


async def where() -> tuple[asyncio.AbstractEventLoop, threading.Thread]:
    return asyncio.get_running_loop(), threading.current_thread()


def test_a_coroutine_runs_on_the_background_loop_and_its_value_comes_back() -> None:
    loop, thread = run_in_background(where, nothing)
    assert loop is background_loop()
    assert thread is not threading.current_thread()
    assert thread.daemon


def test_the_loop_is_kept_between_calls() -> None:
    assert run_in_background(where, nothing) == run_in_background(where, nothing)


def test_an_error_comes_back_as_it_is() -> None:
    error = KeyError("x")

    async def fails() -> None:
        raise error

    with pytest.raises(KeyError) as caught:
        run_in_background(fails, nothing)
    assert caught.value is error


def test_a_call_that_cannot_even_begin_raises_instead_of_waiting_forever() -> None:
    async def wants(number: int) -> None: ...

    with pytest.raises(TypeError, match="number"):
        run_in_background(wants, nothing)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, asyncio.CancelledError])
def test_what_ends_one_caller_does_not_end_the_loop_of_all(kind: type[BaseException]) -> None:
    async def fails() -> None:
        raise kind

    interrupts: list[str] = []
    with pytest.raises(kind):
        run_in_background(fails, lambda: interrupts.append("interrupted"))
    assert interrupts == []
    assert run_in_background(where, nothing)[0] is background_loop()


def test_the_coroutine_sees_the_callers_context_and_does_not_leak_back() -> None:
    async def changes() -> str:
        seen = user.get()
        user.set("eve")
        return seen

    token = user.set("ada")
    try:
        assert run_in_background(changes, nothing) == "ada"
        assert user.get() == "ada"
    finally:
        user.reset(token)


def test_eight_threads_run_their_coroutines_at_the_same_time() -> None:
    arrived: list[int] = []
    everybody: list[asyncio.Event] = []

    async def meet(number: int) -> int:
        if not everybody:
            everybody.append(asyncio.Event())
        arrived.append(number)
        if len(arrived) == 8:
            everybody[0].set()
        await asyncio.wait_for(everybody[0].wait(), WAIT)
        return number

    met: list[int] = []
    threads = [
        threading.Thread(
            target=lambda number=number: met.append(run_in_background(lambda: meet(number), nothing))
        )
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert sorted(met) == list(range(8))


async def test_a_caller_whose_own_loop_is_running_gets_its_value() -> None:
    loop, _ = run_in_background(where, nothing)
    assert loop is not asyncio.get_running_loop()


def test_a_caller_on_the_background_loop_itself_gets_a_fresh_loop() -> None:
    async def nested() -> tuple[asyncio.AbstractEventLoop, str]:
        user.set("ada")

        async def inner() -> tuple[asyncio.AbstractEventLoop, str]:
            return asyncio.get_running_loop(), user.get()

        return run_in_background(inner, nothing)

    loop, name = run_in_background(nested, nothing)
    assert (loop is background_loop(), name) == (False, "ada")


def test_an_error_on_a_fresh_loop_comes_back() -> None:
    async def fails() -> None:
        raise KeyError("x")

    async def nested() -> None:
        run_in_background(fails, nothing)

    with pytest.raises(KeyError):
        run_in_background(nested, nothing)
