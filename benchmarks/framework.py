"""What the framework itself costs: runs on a model that answers at once from memory, no network."""

from __future__ import annotations

import statistics
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from voxagent import Agent, ToolDefinition, UsageLimits
from voxagent.providers import (
    MessageEndChunk,
    ModelRequest,
    StreamChunk,
    TextDeltaChunk,
    ToolUseChunk,
)
from voxagent.tools import tool
from voxagent.types import Message, ToolCall

Answers = Callable[[ModelRequest], Sequence[StreamChunk]]


class Instant:
    """A provider whose answers are there already."""

    name = "instant"
    model = "instant"

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    @asynccontextmanager
    async def open(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[StreamChunk]]:
        """The answer, without waiting."""
        yield self._chunks(request)

    async def _chunks(self, request: ModelRequest) -> AsyncGenerator[StreamChunk]:
        for chunk in self._answers(request):
            yield chunk


@tool
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@tool
def add_in_thread(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def one_text(request: ModelRequest) -> Sequence[StreamChunk]:
    return [TextDeltaChunk("hello"), MessageEndChunk("stop")]


def deltas(count: int) -> Answers:
    chunks = [*[TextDeltaChunk("word ")] * count, MessageEndChunk("stop")]
    return lambda request: chunks


def calls(turns: int, name: str) -> Answers:
    def answer(request: ModelRequest) -> Sequence[StreamChunk]:
        done = len(request.messages) // 2
        if done >= turns:
            return one_text(request)
        call = ToolCall(f"call_{done}", name, {"a": 1, "b": 2}, '{"a": 1, "b": 2}')
        return [ToolUseChunk(call), MessageEndChunk("tool_use")]

    return answer


async def cpu(work: Callable[[], Awaitable[object]], times: int, repeats: int = 7) -> float:
    """CPU microseconds of one call: the median of several rounds."""
    await work()
    rounds: list[float] = []
    for _ in range(repeats):
        begun = time.process_time()
        for _ in range(times):
            await work()
        rounds.append((time.process_time() - begun) / times * 1e6)
    return statistics.median(rounds)


async def streamed(agent: Agent[None, str]) -> int:
    count = 0
    async with agent.run_stream("go") as stream:
        async for _ in stream:
            count += 1
    return count


async def measure() -> dict[str, float]:
    """Microseconds, by what they are the price of."""
    plain, silent, wordy = agent(one_text), agent(deltas(0)), agent(deltas(2000))
    one_run = await cpu(lambda: plain.run("go"), 300)
    quiet = await cpu(lambda: wordy.run("go"), 5) - await cpu(lambda: silent.run("go"), 200)
    watched = await cpu(lambda: streamed(wordy), 5) - await cpu(lambda: streamed(silent), 200)
    history = [Message("user" if n % 2 == 0 else "assistant", f"message {n}") for n in range(10_000)]
    long = await cpu(lambda: plain.run("go", message_history=history), 20)
    return {
        "a run with one answer": one_run,
        "a delta, `run`": quiet / 2000,
        "a delta, `run_stream`": watched / 2000,
        "a turn with one tool call": (await cpu(lambda: calling(add).run("go"), 3) - one_run) / 100,
        "a turn with one tool call in a thread": (
            await cpu(lambda: calling(add_in_thread).run("go"), 3) - one_run
        )
        / 100,
        "10,000 messages of history": long - one_run,
    }


def agent(answers: Answers) -> Agent[None, str]:
    return Agent(Instant(answers))


def calling(function: ToolDefinition[object]) -> Agent[None, str]:
    """An agent whose model calls the tool a hundred times, one call a turn."""
    limits = UsageLimits(requests=None)
    return Agent(Instant(calls(100, function.name)), tools=[function], limits=limits)
