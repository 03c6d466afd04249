"""The same work by voxagent and by a loop written by hand on httpx2, interleaved: the ratio is the price.

The loop by hand streams too, splits events on bytes, reads JSON with pydantic-core, and checks a tool's
arguments; it has no types, events, limits, retries, timeouts or history rules.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from voxagent import Agent, UsageLimits, tool
from voxagent.providers import OpenAIProvider
from voxagent.types import Message

ROUNDS = 9
Work = Callable[[], Awaitable[object]]


@tool
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def plain_add(a: int, b: int) -> int:
    return a + b


VALIDATED = TypeAdapter(plain_add)
TOOLS = [
    {"type": "function", "function": {"name": "add", "description": "Add two numbers.", "parameters": {}}}
]


class ByHand:
    """What a programmer writes without a library."""

    def __init__(self, url: str) -> None:
        self.url = url + "/chat/completions"
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
        self.client = httpx2.AsyncClient(limits=limits, timeout=60)

    async def ask(self, messages: list[dict[str, Any]], tools: bool) -> tuple[str, list[dict[str, Any]]]:
        body: dict[str, Any] = {"model": "bench", "messages": messages, "stream": True}
        if tools:
            body["tools"] = TOOLS
        text: list[str] = []
        calls: list[dict[str, Any]] = []
        buffer = b""
        async with self.client.stream("POST", self.url, content=to_json(body)) as response:
            async for data in response.aiter_bytes():
                *events, buffer = (buffer + data).split(b"\n\n")
                for event in events:
                    if event == b"data: [DONE]":
                        continue
                    for choice in from_json(event[6:])["choices"]:
                        delta = choice["delta"]
                        if delta.get("content"):
                            text.append(delta["content"])
                        calls += delta.get("tool_calls") or ()
        return "".join(text), calls

    async def run(self, prompt: str, history: list[dict[str, Any]] | None = None, tools: bool = False) -> str:
        messages = [*(history or ()), {"role": "user", "content": prompt}]
        while True:
            text, calls = await self.ask(messages, tools)
            if not calls:
                return text
            messages.append({"role": "assistant", "content": None, "tool_calls": calls})
            for call in calls:
                result = VALIDATED.validator.validate_json(call["function"]["arguments"])
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": str(result)})


async def cpu(work: Work, times: int) -> float:
    begun = time.process_time()
    for _ in range(times):
        await work()
    return (time.process_time() - begun) / times * 1e6


async def compared(ours: Work, floor: Work, times: int) -> tuple[float, float]:
    """CPU microseconds of both, the best of all rounds: what else the machine does only adds."""
    await ours(), await floor()
    rounds = [(await cpu(ours, times), await cpu(floor, times)) for _ in range(ROUNDS)]
    return min(each[0] for each in rounds), min(each[1] for each in rounds)


async def rows(url: str) -> dict[str, tuple[float, float]]:
    """(voxagent, by hand) in CPU microseconds, by what was done."""
    hand = ByHand(url)
    provider = OpenAIProvider("bench", base_url=url, api="chat")
    agent = Agent[None, str](provider, tools=[add], limits=UsageLimits(requests=None))
    bare = Agent[None, str](provider)
    history = [("user" if n % 2 == 0 else "assistant", f"message {n}") for n in range(10_000)]
    ours, theirs = [Message(r, t) for r, t in history], [{"role": r, "content": t} for r, t in history]  # type: ignore[arg-type]
    one = "deltas 1 0"
    found = {
        "a run with one answer": await compared(lambda: bare.run(one), lambda: hand.run(one), 100),
        "2,000 deltas in bursts": await compared(
            lambda: bare.run("deltas 2000 0"), lambda: hand.run("deltas 2000 0"), 3
        ),
        "300 deltas 1 ms apart": await compared(
            lambda: bare.run("deltas 300 1"), lambda: hand.run("deltas 300 1"), 1
        ),
        "a loop of 50 tool calls": await compared(
            lambda: agent.run("turns 50"), lambda: hand.run("turns 50", tools=True), 2
        ),
        "a loop of 200 tool calls": await compared(
            lambda: agent.run("turns 200"), lambda: hand.run("turns 200", tools=True), 1
        ),
        "10,000 messages of history": await compared(
            lambda: bare.run(one, message_history=ours), lambda: hand.run(one, theirs), 10
        ),
        "500 runs at once": await compared(
            lambda: asyncio.gather(*[bare.run(one) for _ in range(500)]),
            lambda: asyncio.gather(*[hand.run(one) for _ in range(500)]),
            1,
        ),
    }
    await hand.client.aclose()
    return found


def measure() -> dict[str, tuple[float, float]]:
    """Start the server, and compare."""
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "model_server.py")], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        return asyncio.run(rows(f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"))
    finally:
        server.kill()
        server.wait()
