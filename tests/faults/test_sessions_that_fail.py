"""Sessions that cannot be written, or are wanted by several runs (fault 70)."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.script import (
    RawProvider,
    bounded,
    calls,
    every_door,
    in_loop,
    says,
    through,
)
from voxagent.agent import Agent
from voxagent.errors import RunError, SessionError
from voxagent.providers import ModelRequest
from voxagent.session import InMemorySessionStorage, effective
from voxagent.testing import FunctionProvider, text
from voxagent.tools import tool
from voxagent.types import Message, ToolCall


class BrokenStorage(InMemorySessionStorage):
    """Fails, or hangs, at some of its writes."""

    def __init__(self, fails: Callable[[int], bool], hangs: bool = False) -> None:
        super().__init__()
        self.fails = fails
        self.hangs = hangs
        self.writes = 0

    async def append(self, key: str, messages: Any, *, expected_version: int) -> int:
        self.writes += 1
        if self.fails(self.writes):
            if self.hangs:
                await asyncio.Event().wait()
            raise OSError(28, "No space left on device")
        return await super().append(key, messages, expected_version=expected_version)


async def fine() -> str:
    return "fine"


def storing(storage: Any) -> Agent[Any, Any]:
    model = RawProvider(calls(ToolCall("c1", "fine", {})), says("done"))
    return Agent(model, tools=[tool(fine)], session_storage=storage)


@every_door
@pytest.mark.parametrize("write", [1, 2, 3, 4])
@pytest.mark.parametrize("forever", [True, False])
def test_a_disk_that_is_full_during_an_append_is_a_typed_error_that_keeps_the_messages(
    door: str, write: int, forever: bool
) -> None:
    """Disk full during a session append."""
    storage = BrokenStorage(lambda number: number >= write if forever else number == write)
    ran = through(door, storing(storage), session_key="s")
    assert isinstance(ran.result.error, SessionError)
    assert "No space left" in str(ran.result.error)
    assert isinstance(ran.result.error.__cause__, OSError)
    assert len(ran.result.messages) >= write
    stored = in_loop("run", lambda: storage.load("s"))
    kept = effective(stored.messages) if stored else []
    assert kept == ran.result.messages[: write - 1] if forever else kept == ran.result.messages


@pytest.mark.parametrize("door", ["run", "run_stream on uvloop"])
def test_a_store_that_hangs_is_ended_by_the_time_of_the_run(
    door: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What is being written has two seconds more, at most."""
    begun = time.monotonic()
    ran = through(door, storing(BrokenStorage(lambda _: True, hangs=True)), session_key="s", timeout_ms=50)
    assert time.monotonic() - begun < 2.05 + 0.5
    assert "was not written within 2 s" in caplog.text
    assert isinstance(ran.result.error, RunError)
    assert ran.result.timed_out


@pytest.mark.parametrize("door", ["run", "run on uvloop"])
def test_runs_in_one_session_wait_for_each_other_and_never_interleave(door: str) -> None:
    """Fault 70."""

    async def model(messages: Any, request: ModelRequest) -> Any:
        for _ in range(3):
            await asyncio.sleep(0)
        return text(f"answer to {messages[-1].text}")

    async def main() -> tuple[list[Any], list[Message]]:
        agent = Agent(FunctionProvider(model))
        results = await bounded(
            asyncio.gather(
                *[agent.run(str(n), session_key="s") for n in range(20)], agent.run("x", session_key="t")
            )
        )
        last = await agent.run("last", session_key="s")
        return results, last.messages

    results, messages = in_loop(door, main)
    assert all(result.ok for result in results)
    texts = [message.text for message in messages]
    assert texts == [said for n in [*range(20), "last"] for said in (str(n), f"answer to {n}")]
