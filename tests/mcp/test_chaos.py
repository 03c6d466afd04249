"""Servers that are killed, frozen, flood and lie, and thousands of calls: none hangs, nothing is left."""

import asyncio
import os
import random
import signal
import statistics
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from tests.mcp.servers import (
    DEMO,
    FAULTY,
    called,
    children,
    faulty_process,
    free_port,
    kill_all,
    refused,
    until,
)
from voxagent.errors import ToolError
from voxagent.fanout.background import server_loop
from voxagent.mcp import MCPServer, MCPServerHTTP, MCPServerSSE, MCPServerStdio

CALLS = int(os.environ.get("VOXAGENT_CHAOS_CALLS", "300"))
PEOPLE = 10
ODD = {"die": 1, "half": 1} | dict.fromkeys(
    ("broken", "wrongid", "badshape", "unknown", "hang", "big", "flood", "progress", "late", "fail"), 10
)
"""What is asked of a server besides what it does well, and how often; what ends it leaves time for more."""
ARGUMENTS = {"progress": {"count": 2, "every": 0.01}, "late": {"seconds": 0.2}, "flood": {"count": 1_000}}
LONGEST = 6.0
"""Seconds that a call may take: the time it may be idle, a connection that is made anew, a busy machine."""
BACK = 1.0
"""Seconds from a server's being back to an answer, if the machine has nothing else to do."""


async def tasks_of_servers() -> int:
    async def count() -> int:
        return len(asyncio.all_tasks()) - 1

    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(count(), server_loop()))


def busy() -> bool:
    """Whether others wait for this machine too."""
    return os.getloadavg()[0] > 2 * (os.cpu_count() or 1)


class Chaos:
    """Some who call at once, and somebody who kills and freezes."""

    def __init__(self, server: MCPServer, mark: str, seed: int, *, comes_back: bool = False) -> None:
        self.server = server
        self.comes_back = comes_back
        self.mark = mark
        self.random = random.Random(seed)
        self.outcomes: Counter[str] = Counter()
        self.made = 0
        self.longest = 0.0
        self.answered = asyncio.Event()
        self.back: float | None = None
        self.recoveries: list[float] = []

    def goes_on(self) -> bool:
        """Whether there were not enough calls yet, or not enough good ones: a server needs time to start.

        It must have been seen to come back where somebody starts it anew. One that does not is given up.
        """
        good = self.outcomes["echo ok"] > CALLS / 3 and bool(self.recoveries or not self.comes_back)
        return self.made < CALLS or (not good and self.made < CALLS * 20)

    async def person(self) -> None:
        while self.goes_on():
            self.made += 1
            name = "echo" if self.random.random() < 0.9 else self.random.choices([*ODD], [*ODD.values()])[0]
            arguments = ARGUMENTS.get(name, {})
            begun = time.monotonic()
            try:
                async with asyncio.timeout(LONGEST * 3):
                    await called(self.server, name, text="a", **arguments)
                self.outcomes[f"{name} ok"] += 1
                self.is_answered()
            except ToolError:
                self.outcomes[f"{name} error"] += 1
            self.longest = max(self.longest, time.monotonic() - begun)

    def is_answered(self) -> None:
        self.answered.set()
        back, self.back = self.back, None
        if back is not None:
            self.recoveries.append(time.monotonic() - back)

    async def killer(self) -> None:
        """Kill and freeze; mostly what has answered, now and then what has just been started."""
        while True:
            await asyncio.sleep(self.random.uniform(0.5, 1.5))
            if self.random.random() < 0.8:
                await self.answered.wait()
            self.answered.clear()
            self.back = None
            for pid in children(self.mark):
                number = self.random.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP])
                try:
                    os.kill(pid, number)
                    if number == signal.SIGSTOP:
                        await asyncio.sleep(0.3)
                        os.kill(pid, signal.SIGCONT)
                except ProcessLookupError:
                    continue

    def tell(self) -> None:
        """Say what was measured, in seconds; `pytest -rP` shows it."""
        mostly = statistics.median(self.recoveries or [0.0])
        longest = max(self.recoveries, default=0.0)
        print(f"{self.made} calls, the longest {self.longest:.2f};", end=" ")
        print(f"{len(self.recoveries)} times back, answered after {mostly:.2f} mostly, {longest:.2f} at most")

    async def all_of_it(self) -> None:
        killing = asyncio.create_task(self.killer())
        try:
            async with asyncio.TaskGroup() as people:
                for _ in range(PEOPLE):
                    people.create_task(self.person())
        finally:
            killing.cancel()
            await asyncio.wait([killing])


@pytest.mark.slow
@pytest.mark.timeout(1_800)
async def test_over_a_process_no_call_hangs_and_nothing_is_left(tmp_path: Path) -> None:
    before = await tasks_of_servers()
    server = MCPServerStdio(
        sys.executable, [FAULTY, "stdio", str(tmp_path)], name="chaos", idle_timeout=1.0, connect_timeout=5.0
    )
    chaos = Chaos(server, str(tmp_path), seed=7)
    async with server:
        await chaos.all_of_it()
        begun = time.monotonic()
        while (await asyncio.gather(called(server, "echo", text="back"), return_exceptions=True))[
            0
        ] != "back":
            assert time.monotonic() - begun < 5
    chaos.tell()
    assert sum(chaos.outcomes.values()) >= CALLS
    assert chaos.outcomes["echo ok"] > CALLS / 3
    assert chaos.longest < LONGEST * 2
    await asyncio.to_thread(until, lambda: not children(str(tmp_path)))
    assert await tasks_of_servers() <= before


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("kind", ["http", "json", "sse"])
async def test_over_http_no_call_hangs_and_it_is_back_within_a_second(kind: str, tmp_path: Path) -> None:
    before = await tasks_of_servers()
    port = free_port()
    env = {"PORT": str(port)}
    cls = MCPServerSSE if kind == "sse" else MCPServerHTTP
    server = cls(f"http://127.0.0.1:{port}/mcp", name="chaos", idle_timeout=1.0)
    chaos = Chaos(server, str(tmp_path), seed=11, comes_back=True)
    stopping = threading.Event()
    starts: list[float] = []

    def kept_alive() -> None:
        """Start the server anew whenever it has ended."""
        while not stopping.is_set():
            # it may be killed ahead of its first word
            with suppress(ValueError), faulty_process(kind, [str(tmp_path)], env) as (running, _):
                chaos.back = time.monotonic()
                starts.append(chaos.back)
                while running.poll() is None and not stopping.wait(0.02):
                    pass

    keeping = asyncio.create_task(asyncio.to_thread(kept_alive))
    try:
        await asyncio.to_thread(until, lambda: starts)
        async with server:
            chaos.back = None  # it was not away
            await chaos.all_of_it()
            await asyncio.to_thread(until, lambda: children(str(tmp_path)))
            so_far = len(starts)
            kill_all(str(tmp_path))
            await asyncio.to_thread(until, lambda: len(starts) > so_far)
            while (await asyncio.gather(called(server, "echo", text="back"), return_exceptions=True))[
                0
            ] != "back":
                assert time.monotonic() - starts[-1] < 5
    finally:
        stopping.set()
        await keeping
    chaos.tell()
    assert sum(chaos.outcomes.values()) >= CALLS
    assert chaos.outcomes["echo ok"] > CALLS / 3
    assert chaos.longest < LONGEST * 2
    assert statistics.median(chaos.recoveries) < (LONGEST if busy() else BACK)
    assert await tasks_of_servers() <= before


@pytest.mark.parametrize("kind", ["stdio"])
async def test_a_server_is_used_again_within_a_second_of_its_being_back(kind: str, tmp_path: Path) -> None:
    """The wait ahead of a new try is short, however often it has failed."""
    program = tmp_path / "server"
    server = MCPServerStdio(str(program), name="late", required=False)
    async with server:
        for _ in range(4):
            await refused(server, "add", a=1, b=1)
        program.write_text(f"#!/bin/sh\nexec {sys.executable} {DEMO} stdio\n")
        program.chmod(0o755)
        begun = time.monotonic()
        assert await called(server, "add", a=1, b=1) == "2"
        assert time.monotonic() - begun < 5  # a second, and the start of a Python with the SDK


async def test_a_process_that_was_killed_is_used_again_within_a_second(tmp_path: Path) -> None:
    server = MCPServerStdio(sys.executable, [FAULTY, "stdio", str(tmp_path)], name="killed")
    taken: list[float] = []
    async with server:
        assert await called(server, "echo", text="hello") == "hello"
        for _ in range(5):
            kill_all(str(tmp_path))
            begun = time.monotonic()
            answers: list[object] = []
            while "hello" not in answers:
                asking = called(server, "echo", text="hello")
                answers = await asyncio.gather(asking, return_exceptions=True)
                assert time.monotonic() - begun < LONGEST, answers
            taken.append(time.monotonic() - begun)
    assert statistics.median(taken) < (LONGEST if busy() else BACK)
