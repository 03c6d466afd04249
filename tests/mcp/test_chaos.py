"""Servers that are killed, frozen, flood and lie, and thousands of calls: none hangs, nothing is left."""

import asyncio
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from tests.mcp.servers import DEMO, FAULTY, called, children, faulty_process, free_port, refused, until
from voxagent.errors import ToolError
from voxagent.fanout.background import server_loop
from voxagent.mcp import MCPServer, MCPServerHTTP, MCPServerStdio

CALLS = int(os.environ.get("VOXAGENT_CHAOS_CALLS", "300"))
PEOPLE = 10
ODD = ("broken", "wrongid", "badshape", "unknown", "hang", "half", "die", "big", "progress", "late", "fail")
LONGEST = 6.0
"""Seconds that a call may take: the time it may be idle, a connection that is made anew, a busy machine."""


async def tasks_of_servers() -> int:
    async def count() -> int:
        return len(asyncio.all_tasks()) - 1

    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(count(), server_loop()))


class Chaos:
    """Some who call at once, and somebody who kills and freezes."""

    def __init__(self, server: MCPServer, mark: str, seed: int) -> None:
        self.server = server
        self.mark = mark
        self.random = random.Random(seed)
        self.outcomes: Counter[str] = Counter()
        self.left = CALLS
        self.longest = 0.0

    async def person(self) -> None:
        while self.left > 0:
            self.left -= 1
            name = "echo" if self.random.random() < 0.9 else self.random.choice(ODD)
            arguments = {"progress": {"count": 2, "every": 0.01}, "late": {"seconds": 0.2}}.get(name, {})
            begun = time.monotonic()
            try:
                async with asyncio.timeout(LONGEST * 3):
                    await called(self.server, name, text="a", **arguments)
                self.outcomes[f"{name} ok"] += 1
            except ToolError:
                self.outcomes[f"{name} error"] += 1
            self.longest = max(self.longest, time.monotonic() - begun)

    async def killer(self) -> None:
        while True:
            await asyncio.sleep(self.random.uniform(0.5, 1.5))
            for pid in children(self.mark):
                number = self.random.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP])
                try:
                    os.kill(pid, number)
                    if number == signal.SIGSTOP:
                        await asyncio.sleep(0.3)
                        os.kill(pid, signal.SIGCONT)
                except ProcessLookupError:
                    continue

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
    assert sum(chaos.outcomes.values()) >= CALLS
    assert chaos.outcomes["echo ok"] > CALLS / 3
    assert chaos.longest < LONGEST * 2
    await asyncio.to_thread(until, lambda: not children(str(tmp_path)))
    assert await tasks_of_servers() <= before


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("kind", ["http", "json"])
async def test_over_http_no_call_hangs_and_it_is_back_within_a_second(kind: str, tmp_path: Path) -> None:
    before = await tasks_of_servers()
    port = free_port()
    env = {"PORT": str(port)}
    server = MCPServerHTTP(f"http://127.0.0.1:{port}/mcp", name="chaos", idle_timeout=1.0)
    chaos = Chaos(server, str(tmp_path), seed=11)
    stopping = threading.Event()

    def kept_alive() -> None:
        """Start the server anew whenever it has ended."""
        while not stopping.is_set():
            # it may be killed ahead of its first word
            with suppress(ValueError), faulty_process(kind, [str(tmp_path)], env) as (running, _):
                while running.poll() is None and not stopping.wait(0.02):
                    pass

    keeping = asyncio.create_task(asyncio.to_thread(kept_alive))
    await asyncio.to_thread(until, lambda: children(str(tmp_path)))
    await asyncio.sleep(0.5)
    async with server:
        await chaos.all_of_it()
        await refused(server, "die")
        await asyncio.to_thread(until, lambda: children(str(tmp_path)))
        back = time.monotonic()
        while (await asyncio.gather(called(server, "echo", text="back"), return_exceptions=True))[
            0
        ] != "back":
            assert time.monotonic() - back < 5
    stopping.set()
    await keeping
    assert sum(chaos.outcomes.values()) >= CALLS
    assert chaos.outcomes["echo ok"] > CALLS / 3
    assert chaos.longest < LONGEST * 2
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
