"""A thousand runs over loopback HTTP, one after another and at once, and nothing grows."""

import asyncio
import gc
import os
import threading
import tracemalloc
from typing import Any

import pytest
import uvloop

from tests.doors.model_server import ModelServer
from tests.doors.places import TEXT, WAIT
from voxagent import Agent
from voxagent.abort import AbortController
from voxagent.errors import AuthenticationError, ServerError
from voxagent.providers.anthropic.provider import AnthropicProvider
from voxagent.providers.http.retries import Retries
from voxagent.streaming import TextDeltaEvent

RUNS = 1000
KINDS = ["ok", "aborted", "fail", "refuse", "left", "cancelled"]
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
every_loop = pytest.mark.parametrize("loop", LOOPS)


def patient(url: str) -> Agent[None, str]:
    return Agent(AnthropicProvider("m", "a-key-of-this-test", url, retries=Retries(2, base=0.001)))


async def ended_early(agent: Agent[None, str], kind: str) -> None:
    """Ask for an answer that never ends, and end it once its first half is there."""
    controller = AbortController()
    async with agent.run_stream("stall", abort_signal=controller.signal) as stream:
        async for event in stream:
            if not isinstance(event, TextDeltaEvent):
                continue
            if kind == "left":
                return
            controller.abort("enough")
        assert (await stream.result()).aborted


async def one(agent: Agent[None, str], number: int) -> None:
    kind = KINDS[number % len(KINDS)]
    if kind in ("aborted", "left"):
        await ended_early(agent, kind)
    elif kind == "cancelled":
        task = asyncio.create_task(agent.run("stall"))
        await asyncio.sleep(0.002 * (number % 5))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    else:
        result = await agent.run(kind)
        wanted = {"ok": type(None), "fail": ServerError, "refuse": AuthenticationError}[kind]
        assert type(result.error) is wanted


async def batch(agent: Agent[None, str], count: int) -> None:
    for start in range(0, count, 25):
        async with asyncio.timeout(WAIT):
            await asyncio.gather(*[one(agent, number) for number in range(start, start + 25)])
    assert asyncio.all_tasks() == {asyncio.current_task()}


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.slow
@pytest.mark.timeout(180)
@every_loop
@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="descriptors are counted in /proc")
def test_a_thousand_runs_good_and_bad_leave_nothing_behind(loop: str, server: ModelServer) -> None:
    async def main() -> None:
        agent = patient(server.url)
        await batch(agent, 200)
        gc.collect()
        threads, files = threading.active_count(), descriptors()
        tracemalloc.start()
        try:
            memory, _ = tracemalloc.get_traced_memory()
            await batch(agent, RUNS)
            gc.collect()
            grown = tracemalloc.get_traced_memory()[0] - memory
        finally:
            tracemalloc.stop()
        assert threading.active_count() <= threads
        assert descriptors() <= files + 25  # as many connections may be kept as there were runs at once
        assert grown < 5_000_000

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(main())


@every_loop
def test_a_thousand_runs_at_once_all_answer_and_close_their_connections(
    loop: str, server: ModelServer
) -> None:
    async def main() -> list[Any]:
        agent = patient(server.url)
        runs = [agent.run("hello") for _ in range(RUNS)]
        async with asyncio.timeout(50):
            results = await asyncio.gather(*runs)
        return [result.output for result in results]

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(asyncio.sleep(0))  # the first loop of its kind opens something for all of them
    before = descriptors()
    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        assert runner.run(main()) == [TEXT] * RUNS
    gc.collect()
    assert descriptors() <= before


def test_a_thousand_times_run_sync_uses_one_connection(server: ModelServer) -> None:
    agent = patient(server.url)
    assert agent.run_sync("hello").output == TEXT
    gc.collect()
    threads, files, (_, connections) = threading.active_count(), descriptors(), server.connections()
    for _ in range(RUNS):
        assert agent.run_sync("hello").output == TEXT
    assert threading.active_count() <= threads
    assert descriptors() <= files  # what others left idle may be closed meanwhile
    assert server.connections()[1] - connections <= 2  # this one, and that of who asks
