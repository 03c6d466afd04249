"""A thousand runs, good and bad, and nothing grows (faults, "Systematic ones")."""

import asyncio
import gc
import os
import threading
import tracemalloc
from typing import Any

import pytest

from tests.faults.script import WAIT, assert_valid_history, in_loop, other_tasks
from voxagent.abort import AbortController
from voxagent.agent import Agent
from voxagent.errors import ProviderError
from voxagent.testing import FunctionProvider, answer, fails, stalls, text, tool_call
from voxagent.tools import tool

RUNS = 1000
LONGEST = 600.0
"""Seconds for all of it, however busy the machine is; what hangs is found by the bound of a few runs."""
KINDS = ["ok", "failing", "aborted", "timed out", "left", "cancelled", "sync"]


async def quick() -> str:
    await asyncio.sleep(0)
    return "x" * 1000


def slow() -> str:
    return "y" * 1000


async def broken() -> None:
    raise ValueError("broken")


def model(messages: Any, request: Any) -> Any:
    kind = messages[-1].text or messages[0].text
    if messages[-1].tool_results:
        if kind == "failing":
            return answer(text("half"), fails(ProviderError("broken")))
        if kind in ("aborted", "timed out", "left", "cancelled"):
            return answer(text("half"), stalls())
        return text("done")
    return answer(text("first"), tool_call("quick"), tool_call("slow"), tool_call("broken"))


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


class Soak:
    """Runs of every kind, through every door."""

    def __init__(self) -> None:
        self.events = 0
        tools = [tool(quick), tool(slow), tool(broken)]
        self.agent = Agent(FunctionProvider(model), tools=tools, observers=[self.count, self.count_later])

    def count(self, event: Any) -> None:
        self.events += 1

    async def count_later(self, event: Any) -> None:
        self.events += 1

    async def one(self, number: int) -> None:
        kind = KINDS[number % len(KINDS)]
        if kind == "left":
            async with self.agent.run_stream(kind) as stream:
                await self._half(stream)
            return
        if kind == "cancelled":
            await self._cancelled(kind)
            return
        if kind == "sync":
            result = await asyncio.to_thread(self.agent.run_sync, kind)
        elif kind == "aborted":
            controller = AbortController()
            asyncio.get_running_loop().call_later(0.02, controller.abort, "enough")
            result = await self.agent.run(kind, abort_signal=controller.signal)
            assert result.aborted
        elif kind == "timed out":
            result = await self.agent.run(kind, timeout_ms=20)
            assert result.timed_out
        else:
            result = await self.agent.run(kind, session_key=str(number % 25) if kind == "ok" else None)
            assert result.ok == (kind == "ok")
        assert_valid_history(result.messages)

    async def _half(self, stream: Any) -> None:
        async for event in stream:
            if getattr(event, "delta", "") == "half":
                return

    async def _cancelled(self, kind: str) -> None:
        task = asyncio.create_task(self.agent.run(kind))
        await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def batch(self, count: int) -> None:
        for start in range(0, count, 50):
            async with asyncio.timeout(2 * WAIT):
                await asyncio.gather(*[self.one(number) for number in range(start, start + 50)])
        assert other_tasks() == set()


@pytest.mark.slow
@pytest.mark.timeout(LONGEST)
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_thousand_runs_leave_no_task_thread_descriptor_or_memory_behind(loop: str) -> None:
    """The soak."""

    async def main() -> None:
        soak = Soak()
        await soak.batch(200)
        gc.collect()
        threads, files = threading.active_count(), descriptors()
        tracemalloc.start()
        try:
            memory, _ = tracemalloc.get_traced_memory()
            await soak.batch(RUNS)
            gc.collect()
            grown = tracemalloc.get_traced_memory()[0] - memory
        finally:
            tracemalloc.stop()
        assert soak.events > 20 * RUNS
        assert threading.active_count() <= threads + 16
        assert descriptors() <= files
        assert grown < 5_000_000

    in_loop(loop, main, LONGEST)
