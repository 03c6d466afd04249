"""One tool among many that fails (fault 51)."""

import asyncio
import threading
from typing import Any

from tests.faults.script import (
    WAIT,
    asked,
    every_door,
    through,
)
from voxagent.agent import Agent
from voxagent.errors import ToolFailedError
from voxagent.streaming import OrphanEvent, ToolStartEvent
from voxagent.testing import ScriptedProvider, answer, text, tool_call
from voxagent.tools import ToolContext, tool


class Crowd:
    """Five hundred calls of one tool; the 20th raises."""

    def __init__(self) -> None:
        self.alive = self.begun = self.ended = 0

    async def work(self, number: int) -> int:
        self.begun += 1
        self.alive += 1
        try:
            if number == 20:
                raise ValueError("not me")
            for _ in range(10):
                await asyncio.sleep(0)
            self.ended += 1
            return number
        finally:
            self.alive -= 1

    def agent(self, tool_errors: Any) -> Agent[Any, Any]:
        model = ScriptedProvider(answer(*[tool_call("work", number=n) for n in range(500)]), text("done"))
        return Agent(model, tools=[tool(self.work)], tool_errors=tool_errors)


@every_door
def test_one_of_five_hundred_tools_that_raises_leaves_the_others_alone(door: str) -> None:
    """Fault 51."""
    crowd = Crowd()
    ran = through(door, crowd.agent("model"))
    assert ran.result.output == "done"
    assert ran.told == [str(n) if n != 20 else "ValueError: not me" for n in range(500)]
    assert (crowd.alive, crowd.begun, crowd.ended) == (0, 500, 499)


@every_door
def test_one_of_five_hundred_tools_that_raises_cancels_and_awaits_the_others_if_errors_are_raised(
    door: str,
) -> None:
    """Fault 51."""
    crowd = Crowd()
    ran = through(door, crowd.agent("raise"))
    assert isinstance(ran.result.error, ToolFailedError)
    assert crowd.alive == 0
    assert crowd.begun < 500
    assert len(ran.told) == 500
    assert ran.told[20] == "ValueError: not me"
    assert [ran.told[n] for n in range(16)] == [str(n) for n in range(16)]
    assert all(
        told in ("cancelled", str(n)) or "not executed" in told for n, told in enumerate(ran.told) if n != 20
    )
    assert [meta.tool_call_id for meta in ran.result.tool_metas] == [
        event.tool_call.id for event in ran.of(ToolStartEvent)
    ]


@every_door
def test_blocking_siblings_of_a_tool_that_raises_are_told_by_their_abort_signal(door: str) -> None:
    """Fault 51."""
    begun, ended = threading.Event(), threading.Event()

    def waits(ctx: ToolContext[None]) -> None:
        begun.set()
        stop = threading.Event()
        ctx.abort_signal.on_abort(lambda _: stop.set())
        assert stop.wait(WAIT)
        ended.set()

    def fails() -> None:
        begun.wait(WAIT)
        raise ValueError("not me")

    ran = through(door, asked(waits, fails, tool_errors="raise"))
    assert isinstance(ran.result.error, ToolFailedError)
    assert ended.is_set()
    assert ran.of(OrphanEvent) == []
