"""The doors of an agent, and the places that it may be asked from: what the cells of the matrix share.

Every cell is `ask(door, place, at)`. Processes of their own run it as well, so that a cell means the same
here and there.
"""

import asyncio
import contextlib
import gc
import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import uvloop

from voxagent import Agent, tool
from voxagent.providers import AnthropicProvider, OpenAIProvider, Provider
from voxagent.streaming import TextDeltaEvent

WAIT = 20.0
TEXT = "one two three"
KEY = "a-key-of-this-test"
Door = Callable[[Agent[Any, Any], str], str]


PROVIDERS: dict[str, Callable[[str], Provider]] = {
    "anthropic": lambda url: AnthropicProvider("m", KEY, url),
    "responses": lambda url: OpenAIProvider("m", KEY, f"{url}/v1", api="responses"),
    "chat": lambda url: OpenAIProvider("m", KEY, f"{url}/v1", api="chat"),
}


@dataclass(frozen=True)
class At:
    """A wire, and the address of a server that speaks it."""

    url: str
    wire: str = "anthropic"


def agent_at(at: At, **options: Any) -> Agent[None, str]:
    return Agent(PROVIDERS[at.wire](at.url), **options)


async def run(agent: Agent[Any, Any], prompt: str) -> str:
    return str((await agent.run(prompt)).output)


async def run_stream(agent: Agent[Any, Any], prompt: str) -> str:
    async with agent.run_stream(prompt) as stream:
        streamed = "".join([event.delta async for event in stream if isinstance(event, TextDeltaEvent)])
        output = str((await stream.result()).output)
    assert streamed == output
    return output


async def run_sync(agent: Agent[Any, Any], prompt: str) -> str:
    """The one that needs no loop, and blocks the one that there is."""
    return str(agent.run_sync(prompt).output)


DOORS: dict[str, Callable[[Agent[Any, Any], str], Coroutine[Any, Any, str]]] = {
    "run": run,
    "run_stream": run_stream,
    "run_sync": run_sync,
}


async def clean(door: str, agent: Agent[Any, Any], prompt: str = "hello") -> str:
    """The answer of a door, which leaves no task behind."""
    before = asyncio.all_tasks()
    answer = await asyncio.wait_for(DOORS[door](agent, prompt), WAIT)
    assert asyncio.all_tasks() <= before
    return answer


def plainly(door: str, agent: Agent[Any, Any], prompt: str = "hello", **options: Any) -> str:
    """The answer of a door to a plain function, which has no loop."""
    if door == "run_sync":
        return str(agent.run_sync(prompt).output)
    with asyncio.Runner(**options) as runner:
        return runner.run(clean(door, agent, prompt))


def main_thread(door: str, at: At) -> None:
    agent = agent_at(at)
    assert [plainly(door, agent) for _ in range(2)] == [TEXT] * 2


def other_thread(door: str, at: At) -> None:
    agent = agent_at(at)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(plainly, door, agent).result(WAIT) == TEXT
    assert plainly(door, agent) == TEXT


def eight_threads(door: str, at: At) -> None:
    agent, ready = agent_at(at), threading.Barrier(8, timeout=WAIT)

    def together() -> list[str]:
        ready.wait()
        return [plainly(door, agent) for _ in range(3)]

    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(together) for _ in range(8)]
        assert [answer.result(WAIT) for answer in answers] == [[TEXT] * 3] * 8


def running_loop(door: str, at: At) -> None:
    agent = agent_at(at)

    async def main() -> None:
        assert [await clean(door, agent) for _ in range(2)] == [TEXT] * 2
        assert await clean("run", agent) == TEXT

    asyncio.run(main())


def closed_loop(door: str, at: At) -> None:
    """A loop that was shut down by hand, and one that was not."""
    agent = agent_at(at)
    loop = asyncio.new_event_loop()
    assert loop.run_until_complete(clean("run", agent)) == TEXT
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    assert [plainly(door, agent) for _ in range(2)] == [TEXT] * 2
    loop = asyncio.new_event_loop()
    assert loop.run_until_complete(clean(door, agent)) == TEXT
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    assert plainly(door, agent) == TEXT


def three_asyncio_runs(door: str, at: At) -> None:
    agent = agent_at(at)
    assert [asyncio.run(clean(door, agent)) for _ in range(3)] == [TEXT] * 3


def on_uvloop(door: str, at: At) -> None:
    agent = agent_at(at)
    for _ in range(2):
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            assert [runner.run(clean(door, agent)) for _ in range(2)] == [TEXT] * 2
    assert plainly(door, agent) == TEXT


def forked() -> int:
    """`os.fork`, which warns from Python 3.12 on where there are threads: here they are meant to be."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def after_fork(door: str, at: At) -> None:
    """Parent and child both go on, whatever the parent had open; the child forks once more."""
    agent = agent_at(at)
    assert [plainly(door, agent), str(agent.run_sync("hello").output)] == [TEXT] * 2
    child = forked()
    if child == 0:
        _, _ = plainly(door, agent), plainly("run_sync", agent)
        grandchild = forked()
        assert plainly(door, agent) == TEXT
        if grandchild:
            _succeeded(grandchild)
        gc.collect()
        sys.exit()  # a whole ending, of which pytest must not be part: this place is for scripts only
    assert [plainly(door, agent) for _ in range(2)] == [TEXT] * 2
    _succeeded(child)
    assert plainly(door, agent) == TEXT


def forked_in_a_loop(door: str, at: At) -> None:
    """The fork happens within a running loop; the child has none."""
    agent = agent_at(at)

    async def main() -> int:
        assert await clean("run", agent) == TEXT
        child = forked()
        if child == 0:
            with contextlib.suppress(BaseException):
                os._exit(0 if plainly(door, agent) == plainly("run_sync", agent) == TEXT else 1)
            os._exit(2)
        assert await clean(door, agent) == TEXT
        return child

    _succeeded(asyncio.run(main()))


def _succeeded(child: int) -> None:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def tool_that_calls_run_sync(door: str, at: At) -> None:
    """An async tool blocks on another agent, whose async tool blocks on a third."""
    third = agent_at(at)

    async def ask() -> str:
        return third.run_sync("hello").output

    second = agent_at(at, tools=[tool(ask, name="ask")])

    async def ask_second() -> str:
        return second.run_sync("tool").output

    def ask_in_a_thread() -> str:
        return second.run_sync("tool").output

    for asking in (ask_second, ask_in_a_thread):
        first = agent_at(at, tools=[tool(asking, name="ask")], tool_errors="raise")
        assert [plainly(door, first, "tool") for _ in range(2)] == [TEXT] * 2


PLACES: dict[str, Callable[[str, At], None]] = {
    "main thread": main_thread,
    "other thread": other_thread,
    "8 threads": eight_threads,
    "running loop": running_loop,
    "closed loop": closed_loop,
    "three asyncio.run": three_asyncio_runs,
    "uvloop": on_uvloop,
    "after fork": after_fork,
    "forked in a loop": forked_in_a_loop,
    "tool that calls run_sync": tool_that_calls_run_sync,
}
FORKING = ("after fork", "forked in a loop")


def ask(door: str, place: str, at: At) -> None:
    """One cell."""
    PLACES[place](door, at)


if __name__ == "__main__":
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # debug mode tells of whatever took 0.1 s
    _, chosen_door, chosen_place, *where = sys.argv
    ask(chosen_door, chosen_place, At(*where))
