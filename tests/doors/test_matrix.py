"""An agent can be asked from anywhere, by every door, and leaves nothing behind (A06, the doors matrix)."""

import asyncio
import gc
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from textwrap import dedent
from typing import Any

import pytest

from tests.doors.model_server import ModelServer
from tests.doors.places import (
    DOORS,
    FORKING,
    PLACES,
    PROVIDERS,
    TEXT,
    WAIT,
    At,
    agent_at,
    ask,
    clean,
    plainly,
)

HERE = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
every_door = pytest.mark.parametrize("door", DOORS)
every_wire = pytest.mark.parametrize("wire", PROVIDERS)
fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def marked(place: str) -> Any:
    return pytest.param(place, marks=fork) if place in FORKING else place


def in_a_process(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter: every warning is an error to it, and it tells what is left open at its end."""
    python = [sys.executable, "-W", "error", "-X", "dev", *arguments]
    return subprocess.run(python, capture_output=True, text=True, timeout=40, cwd=HERE, check=False)


def until_closed(server: ModelServer, open_before: int) -> None:
    """The server needs a moment to notice that a connection is closed."""
    deadline = time.monotonic() + 5
    while server.connections()[0] > open_before:
        assert time.monotonic() < deadline, "a connection is still open"
        time.sleep(0.01)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@every_door
@pytest.mark.parametrize("place", [marked(place) for place in PLACES])
@every_wire
def test_a_process_of_its_own_answers_and_ends_without_a_word(
    door: str, place: str, wire: str, server: ModelServer
) -> None:
    open_before, _ = server.connections()
    done = in_a_process("-m", "tests.doors.places", door, place, server.url, wire)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    until_closed(server, open_before)


@every_door
@pytest.mark.parametrize("place", [place for place in PLACES if place not in FORKING])
@every_wire
def test_the_same_process_answers_again_and_leaves_no_thread_or_connection(
    door: str, place: str, wire: str, server: ModelServer
) -> None:
    at = At(server.url, wire)
    ask("run_sync", "main thread", at)  # so that the background loop and a connection of its own are there
    ask(door, place, at)
    gc.collect()
    threads, (open_before, _) = threading.active_count(), server.connections()
    ask(door, place, at)
    gc.collect()
    assert threading.active_count() <= threads
    until_closed(server, max(open_before, 8 if place == "8 threads" else 1))


@every_door
@pytest.mark.parametrize("place", ["main thread", "three asyncio.run", "uvloop"])
@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted in /proc")
@every_wire
def test_no_descriptor_is_left_by_a_loop_that_ended(
    door: str, place: str, wire: str, server: ModelServer
) -> None:
    at = At(server.url, wire)
    ask(door, place, at)
    gc.collect()
    before = descriptors()
    for _ in range(3):
        ask(door, place, at)
    gc.collect()
    assert descriptors() <= before


EXITS = {
    "with an idle connection": """
        assert agent.run_sync("hello").ok
    """,
    "while a thread waits for an answer": """
        def wait() -> None:
            with contextlib.suppress(asyncio.CancelledError):
                agent.run_sync("stall")
        threading.Thread(target=wait, daemon=True).start()
        wait_for_connection()
    """,
    "while a thread begins to ask": """
        def ask():
            with contextlib.suppress(asyncio.CancelledError):
                agent.run_sync("stall")
        threading.Thread(target=ask, daemon=True).start()
        while not any(thread.name == "voxagent-loop" for thread in threading.enumerate()):
            time.sleep(0.001)
    """,
    "while something begins because all else ends": """
        async def begun():
            try:
                await asyncio.Event().wait()
            finally:
                stopped.append("stopped")
        async def ending():
            try:
                yield
            finally:
                late.append(asyncio.create_task(begun()))
        async def main():
            generators.append(ending())
            await anext(generators[0])
            assert (await agent.run("hello")).ok
        generators, late, stopped = [], [], []
        run_in_background(main, print)
        background._background.close()
        assert stopped == ["stopped"], late
    """,
    "with a stream left in the middle": """
        async def main():
            stream = agent.run_stream("stall")
            async for event in stream:
                if getattr(event, "delta", "") == "half":
                    break
        asyncio.run(main())
    """,
    "by an error in a running loop": """
        async def main():
            waiting = asyncio.create_task(agent.run("stall"))
            await asyncio.to_thread(wait_for_connection)
            sys.exit(0)
        asyncio.run(main())
    """,
}
PROLOGUE = """
import asyncio, contextlib, logging, sys, threading, time
from voxagent.fanout import background
from voxagent.fanout.background import run_in_background
from tests.doors.model_server import ModelServer
from tests.doors.places import At, agent_at
logging.getLogger("asyncio").setLevel(logging.CRITICAL)
server = ModelServer({port})
agent = agent_at(At(server.url, {wire!r}))
before = server.connections()[0]
def wait_for_connection():
    while server.connections()[0] == before:
        time.sleep(0.01)
"""


@pytest.mark.parametrize("ending", EXITS)
@every_wire
def test_the_end_of_the_process_closes_connections_within_two_seconds(
    ending: str, wire: str, server: ModelServer
) -> None:
    open_before, _ = server.connections()
    began = time.monotonic()
    done = in_a_process("-c", PROLOGUE.format(port=server.port, wire=wire) + dedent(EXITS[ending]))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.monotonic() - began < 10
    until_closed(server, open_before)


@every_wire
def test_an_agent_is_shared_by_all_places_at_once(wire: str, server: ModelServer) -> None:
    """Threads with loops of their own, threads without, and a running loop ask one agent at the same time."""
    agent = agent_at(At(server.url, wire))

    async def main() -> list[str]:
        return await asyncio.gather(*[clean_without_count(agent) for _ in range(20)])

    async def clean_without_count(agent: Any) -> str:
        return str((await agent.run("hello")).output)

    with ThreadPoolExecutor(9) as pool:
        doors = ["run", "run_stream", "run_sync"] * 2
        answers = [pool.submit(plainly, door, agent) for door in doors]
        many = pool.submit(asyncio.run, main())
        assert [answer.result(WAIT) for answer in answers] == [TEXT] * 6
        assert many.result(WAIT) == [TEXT] * 20
    assert asyncio.run(clean("run", agent)) == TEXT
