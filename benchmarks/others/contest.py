"""What every contestant does: wait for a word on standard input, do that work, and tell what it took.

Needs nothing but Python, since each contestant runs in an environment of its own.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

ONE = "deltas 1 0"
MANY = 200
REPEATS = 10
SECONDS = 1.0
"""How often a work is done in a round, the best of which counts, and after how long no more."""


class Contestant(Protocol):
    """One library at work."""

    async def answer(self, prompt: str, history: int = 0) -> str:
        """The answer to a prompt, on top of so many messages."""
        ...

    async def stream(self, prompt: str) -> int:
        """How many pieces an answer came in, each of them seen."""
        ...

    async def call(self, prompt: str) -> str:
        """The answer after all tool calls."""
        ...


def said(number: int) -> tuple[str, str]:
    """Role and text of a message of the history."""
    return ("user" if number % 2 == 0 else "assistant"), f"message {number}"


def works(one: Contestant) -> dict[str, Callable[[], Awaitable[Any]]]:
    """What is measured, by name; each checks that it was done."""

    async def answered(history: int = 0) -> None:
        assert (await one.answer(ONE, history)).strip() == "word"

    async def streamed(count: int, pause: int) -> None:
        assert await one.stream(f"deltas {count} {pause}") >= count

    async def called(count: int) -> None:
        assert await one.call(f"turns {count}") == "done"

    return {
        "a run with one answer": answered,
        "2,000 streamed deltas in bursts": lambda: streamed(2_000, 0),
        "300 streamed deltas 1 ms apart": lambda: streamed(300, 1),
        "a loop of 200 tool calls": lambda: called(200),
        "1,000 messages of history": lambda: answered(1_000),
        "10,000 messages of history": lambda: answered(10_000),
        f"{MANY} runs at once": lambda: asyncio.gather(*[answered() for _ in range(MANY)]),
    }


async def timed(work: Callable[[], Awaitable[Any]], times: int) -> tuple[float, float]:
    """CPU and wall seconds of doing it once, by doing it some times."""
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(times):
        await work()
    return (time.process_time() - cpu) / times, (time.perf_counter() - wall) / times


async def served(one: Contestant) -> None:
    """Work by work, as standard input says: a name and how often."""
    known = works(one)
    for line in sys.stdin:
        name, _, times = line.rpartition(" ")
        took = [await timed(known[name], int(times))]
        while len(took) < REPEATS and sum(wall for _, wall in took) * int(times) < SECONDS:
            took.append(await timed(known[name], int(times)))
        print(json.dumps([min(cpu for cpu, _ in took), min(wall for _, wall in took)]), flush=True)


def enter(make: Callable[[str], Contestant]) -> None:
    """Take part: `script URL`, or `script URL first` for one answer and the end."""

    async def main() -> None:
        one = make(sys.argv[1])
        if sys.argv[2:] == ["first"]:
            assert (await one.answer(ONE)).strip() == "word"
            return
        await served(one)

    asyncio.run(main())
