"""Calls of one turn run together, up to a limit, and whoever waits for them always comes back."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from voxagent.tools.running import Job, run_jobs

WAIT = 10


class Log:
    """Makes jobs and notes what becomes of them."""

    def __init__(self) -> None:
        self.ended: list[tuple[object, str]] = []
        self.told: list[str] = []

    def job(
        self, start: Callable[[], Coroutine[Any, Any, Any]], timeout: float | None = None, alone: bool = False
    ) -> Job[Any]:
        return Job(
            start, timeout, alone, self.told.append, lambda job: self.ended.append((job.value, job.ended))
        )


async def run(*jobs: Job[Any], limit: int = 16, grace: float = WAIT, fatal: object = None) -> list[object]:
    await asyncio.wait_for(run_jobs(jobs, limit, grace, lambda value: value == fatal), 2 * WAIT)
    return [(job.value, job.ended) for job in jobs]


def giving(value: object) -> Callable[[], Coroutine[Any, Any, object]]:
    async def give() -> object:
        await asyncio.sleep(0)
        return value

    return give


async def forever() -> None:
    await asyncio.Event().wait()


async def test_no_jobs_are_done_at_once() -> None:
    assert await run() == []


async def test_jobs_run_together_and_values_stay_with_their_jobs() -> None:
    log, gates = Log(), [asyncio.Event() for _ in range(3)]

    def after(number: int) -> Callable[[], Coroutine[Any, Any, int]]:
        async def work() -> int:
            if number < 2:
                await gates[number + 1].wait()  # the last one lets the one before it go
            gates[number].set()
            return number

        return work

    done = await run(*[log.job(after(number)) for number in range(3)])
    assert done == [(0, "done"), (1, "done"), (2, "done")]
    assert log.ended == [(2, "done"), (1, "done"), (0, "done")]


@pytest.mark.parametrize("limit", [1, 3, 7])
async def test_no_more_jobs_than_the_limit_run_at_a_time(limit: int) -> None:
    log, running, most = Log(), 0, 0

    async def work() -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(3):
            await asyncio.sleep(0)
        running -= 1
        return 1

    assert await run(*[log.job(work) for _ in range(20)], limit=limit) == [(1, "done")] * 20
    assert most == limit


async def test_a_job_that_wants_to_be_alone_is_alone() -> None:
    log, running = Log(), 0
    seen: list[int] = []

    async def work() -> None:
        nonlocal running
        running += 1
        for _ in range(3):
            await asyncio.sleep(0)
        seen.append(running)
        running -= 1

    alone = [False, False, True, False, True, True, False]
    await run(*[log.job(work, alone=each) for each in alone])
    assert seen == [2, 1, 1, 1, 1, 1, 1]


async def test_a_job_whose_time_is_up_is_told_and_cancelled_and_the_others_go_on() -> None:
    log = Log()
    done = await run(log.job(forever, timeout=0.01), log.job(giving(1), timeout=WAIT))
    assert done == [(None, "timed out"), (1, "done")]
    assert log.told == ["timed out"]


async def test_a_job_that_does_not_stop_is_left_behind_after_its_grace() -> None:
    log, gate, ended = Log(), asyncio.Event(), asyncio.Event()

    async def stubborn() -> None:
        while not gate.is_set():
            try:
                await gate.wait()
            except asyncio.CancelledError:
                continue
        ended.set()

    job = log.job(stubborn, timeout=0.01)
    assert await run(job, grace=0.01) == [(None, "orphaned")]
    assert not ended.is_set()
    gate.set()
    await asyncio.wait_for(ended.wait(), WAIT)
    await asyncio.sleep(0)
    assert log.ended == [(None, "orphaned")]
    assert job.ended == "orphaned"


async def test_a_fatal_value_cancels_the_others_and_nothing_more_begins() -> None:
    log, begun = Log(), []

    async def late() -> None:
        begun.append("late")

    jobs = [log.job(forever), log.job(giving("fatal")), log.job(late), log.job(late, alone=True)]
    done = await run(*jobs, limit=2, fatal="fatal")
    assert done[:2] == [(None, "cancelled"), ("fatal", "done")]
    assert done[3] == (None, "not begun")
    assert begun == []
    assert set(log.told) == {"another tool failed"}


async def test_a_fatal_value_of_the_last_job_stops_nobody() -> None:
    log = Log()
    assert await run(log.job(giving("fatal")), fatal="fatal") == [("fatal", "done")]
    assert log.told == []


async def test_a_second_fatal_value_changes_nothing() -> None:
    log = Log()
    done = await run(log.job(giving("fatal")), log.job(giving("fatal")), fatal="fatal")
    assert done == [("fatal", "done")] * 2


async def test_a_cancellation_cancels_the_jobs_and_is_raised_once_they_have_ended() -> None:
    log, gate, cleaned = Log(), asyncio.Event(), []

    async def cleans_up() -> None:
        try:
            await forever()
        finally:
            await gate.wait()
            cleaned.append("up")

    jobs = [log.job(cleans_up), log.job(forever), log.job(giving(1), alone=True)]
    running = asyncio.create_task(run_jobs(jobs, 16, WAIT, lambda value: False))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    running.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not running.done()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, WAIT)
    assert cleaned == ["up"]
    assert [job.ended for job in jobs] == ["cancelled", "cancelled", "not begun"]
    assert log.told == ["cancelled", "cancelled"]


async def test_a_second_cancellation_leaves_behind_what_does_not_stop() -> None:
    log, gate, ended = Log(), asyncio.Event(), asyncio.Event()

    async def stubborn() -> None:
        while not gate.is_set():
            try:
                await gate.wait()
            except asyncio.CancelledError:
                continue
        ended.set()

    job = log.job(stubborn)
    running = asyncio.create_task(run_jobs([job], 16, WAIT, lambda value: False))
    for _ in range(2):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, WAIT)
    assert job.ended == "orphaned"
    gate.set()
    await asyncio.wait_for(ended.wait(), WAIT)


@pytest.mark.parametrize("how", ["fails", "is cancelled"])
async def test_an_orphan_that_ends_badly_disturbs_nobody(how: str) -> None:
    log, gate = Log(), asyncio.Event()
    tasks: list[asyncio.Task[Any] | None] = []

    async def stubborn() -> None:
        tasks.append(asyncio.current_task())
        try:
            await forever()
        except asyncio.CancelledError:
            await gate.wait()
        raise ValueError("nobody hears this")

    assert await run(log.job(stubborn, timeout=0.01), grace=0.01) == [(None, "orphaned")]
    [task] = tasks
    assert task is not None
    if how == "is cancelled":
        task.cancel()
    gate.set()
    await asyncio.wait([task], timeout=WAIT)
    assert task.cancelled() is (how == "is cancelled")


async def test_a_job_that_answers_after_its_time_was_up_keeps_its_value_as_timed_out() -> None:
    log = Log()

    async def answers() -> str:
        try:
            await forever()
        except asyncio.CancelledError:
            return "late"
        return "never"

    assert await run(log.job(answers, timeout=0.01)) == [("late", "timed out")]
