"""Command-line agents from every door, on every loop, in any thread, and in a chain."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

from tests.wires.cli.fakes import CLAUDE, START, WAIT, Fake, init, result, text
from voxagent import Agent
from voxagent.errors import OverloadedError
from voxagent.streaming import FailoverEvent
from voxagent.testing import ScriptedProvider, fails
from voxagent.testing import text as says

Runner = Callable[[Coroutine[Any, Any, Any]], Any]


async def ran(agent: Agent[None, str]) -> str:
    return (await agent.run("hello")).output


async def streamed(agent: Agent[None, str]) -> str:
    async with agent.run_stream("hello") as stream:
        return "".join([piece async for piece in stream.text()])


@pytest.mark.parametrize("runner", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("door", [ran, streamed])
def test_a_program_answers_from_every_door_on_every_loop(
    program: Fake, runner: Runner, door: Callable[[Agent[None, str]], Coroutine[Any, Any, str]]
) -> None:
    assert runner(door(Agent(program.provider()))) == "one two"
    assert program.all_ended()


@pytest.mark.parametrize("runner", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_a_program_that_hangs_is_ended_on_every_loop(claude: Fake, runner: Runner) -> None:
    claude.does([{"deaf": True}, init(), START, text("on"), {"wait": 60}])
    finished = runner(Agent(claude.provider(grace=0.2)).run("hello", timeout_ms=500))
    assert finished.timed_out
    assert claude.all_ended()


def test_a_program_answers_in_a_thread_with_a_loop_of_its_own(program: Fake) -> None:
    answers: list[str] = []
    agent = Agent(program.provider())
    threads = [
        threading.Thread(target=lambda: answers.append(asyncio.run(ran(agent)))),
        threading.Thread(target=lambda: answers.append(agent.run_sync("hello").output)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert answers == ["one two", "one two"]


async def test_many_answers_at_a_time_do_not_disturb_each_other(program: Fake) -> None:
    agent = Agent(program.provider())
    async with asyncio.timeout(60):
        assert await asyncio.gather(*[ran(agent) for _ in range(8)]) == ["one two"] * 8
    assert program.all_ended()


async def test_the_next_model_is_asked_where_the_program_failed_ahead_of_its_first_words(
    claude: Fake,
) -> None:
    claude.does([init(), result("API Error: 529 busy", is_error=True, api_error_status=529), {"exit": 1}])
    agent = Agent([claude.provider("x"), ScriptedProvider(says("from the other"))])
    async with agent.run_stream("hello") as stream:
        events = [event async for event in stream]
        finished = await stream.result()
    assert finished.output == "from the other"
    moved = [(event.source, event.reason) for event in events if isinstance(event, FailoverEvent)]
    assert moved == [("claudecode:x", "overloaded")]


def test_the_program_is_asked_where_another_model_failed(claude: Fake) -> None:

    claude.does(CLAUDE)
    agent = Agent([ScriptedProvider(fails(OverloadedError("busy"))), claude.provider("x")])
    finished = agent.run_sync("hello")
    assert (finished.output, finished.provider) == ("one two", "claudecode")
