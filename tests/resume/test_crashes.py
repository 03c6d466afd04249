"""R-A14: whatever the moment a program ends at, its session is valid, and no side effect is repeated."""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.faults.script import WAIT, assert_valid_history
from voxagent import Agent, Message, tool
from voxagent.providers import ModelRequest
from voxagent.session import InMemorySessionStorage, Session, effective
from voxagent.testing import FunctionProvider, answer, text, tool_call
from voxagent.testing.steps import Step

ROUNDS = 3


class Snapshots(InMemorySessionStorage):
    """A store that remembers what it held after every write, which is what a crash would leave."""

    def __init__(self) -> None:
        super().__init__()
        self.after: list[list[Message]] = []

    async def append(self, key: str, messages: Sequence[Message], *, expected_version: int) -> int:
        version = await super().append(key, messages, expected_version=expected_version)
        session = await self.load(key)
        assert session is not None
        self.after.append(session.messages)
        return version


def model(messages: Sequence[Message], request: ModelRequest) -> Step:
    """Three answers with calls, then the output: by what the conversation already has."""
    turn = sum(message.role == "assistant" for message in messages)
    if turn == ROUNDS:
        return text("done")
    calls = [tool_call("pay", id=f"p{turn}{each}", amount=each) for each in range(3)]
    return answer(*calls[:1], tool_call("look", id=f"l{turn}", place="x"), *calls[1:])


def agent(done: Counter[str], storage: Any) -> Agent[None, str]:
    @tool
    async def pay(amount: int) -> str:
        done["pay"] += 1
        return f"paid {amount}"

    @tool(idempotent=True)
    async def look(place: str) -> str:
        done["look"] += 1
        return "seen"

    return Agent(FunctionProvider(model), tools=[pay, look], session_storage=storage)


async def test_a_run_can_be_taken_up_after_every_write_and_repeats_nothing() -> None:
    storage, first = Snapshots(), Counter[str]()
    whole = await agent(first, storage).run("buy", session_key="k")
    assert (whole.output, first) == ("done", {"pay": 3 * ROUNDS, "look": ROUNDS})
    assert len(storage.after) >= 2 + 2 * ROUNDS
    for stored in storage.after:
        rest, copy = Counter[str](), InMemorySessionStorage()
        session = Session.create("k")
        session.messages.extend(stored)
        await copy.save(session)
        result = await agent(rest, copy).resume("k")
        assert result.output == "done"
        assert_valid_history(result.messages)
        answered = [each for message in effective(stored) for each in message.tool_results]
        asked = [call for message in effective(stored) for call in message.tool_calls]
        open_calls = {call.id for call in asked} - {each.tool_use_id for each in answered}
        unsure = sum(each.startswith("p") for each in open_calls)
        paid_before = sum(call.name == "pay" for call in asked) - unsure
        assert rest["pay"] == 3 * ROUNDS - paid_before - unsure  # of those the model is told, and may decide
        kept = await copy.load("k")
        assert kept is not None
        assert effective(kept.messages) == result.messages


PROGRAM = """
import asyncio, json, sys
from tests.resume.killed import main
asyncio.run(main(*sys.argv[1:]))
"""


def program(url: str, ledger: Path, mode: str) -> subprocess.Popen[str]:
    """A program that runs, or resumes, an agent with a tool that writes into a ledger and never ends."""
    command = [sys.executable, "-c", PROGRAM, url, str(ledger), mode]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("scheme", ["sqlite", "file"])
def test_a_program_that_is_killed_within_a_tool_goes_on_in_another_process(
    tmp_path: Path, scheme: str
) -> None:
    """Fault 71, with a real process and a real kill."""
    url, ledger = f"{scheme}:///{tmp_path / 'sessions'}", tmp_path / "ledger"
    with program(url, ledger, "run") as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "paid, and seen\n"
        running.send_signal(signal.SIGKILL)
        assert running.wait(WAIT) == -signal.SIGKILL
    assert ledger.read_text() == "paid\n"
    with program(url, ledger, "resume") as running:
        told, _ = running.communicate(timeout=3 * WAIT)
    result = json.loads(told)
    assert result["output"] == "done"
    assert (result["look"], result["pay"][:12]) == ("seen", "interrupted:")
    assert ledger.read_text() == "paid\n"
