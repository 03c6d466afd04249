"""Agents that the tests serve; what happens in them is written to a file, as it may be another process.

As a program it serves them: `agents.py FILE '{"transport": "http", ...}'`. Over HTTP its first line is the
address.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from voxagent import Agent, tool
from voxagent.errors import AuthenticationError
from voxagent.mcp import ServedAgent, ServedCall, serve
from voxagent.providers import ModelRequest
from voxagent.testing import FunctionProvider, answer, fails, text, tool_call
from voxagent.tools import RunContext
from voxagent.types import Message

SECRET = "hunter2-of-the-program"  # no secret of anybody's
TOKEN = "a-token-of-these-tests-4711"  # no token of anybody's


class Report(BaseModel):
    city: str
    degrees: int


class Place(BaseModel):
    city: str
    days: int = 1


class Diary:
    """What happened, in a file."""

    def __init__(self, file: Path | str) -> None:
        self._file = Path(file)
        self._file.touch()

    def write(self, line: str) -> None:
        with self._file.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def read(self) -> list[str]:
        return self._file.read_text("utf-8").split()

    async def until(self, *lines: str) -> None:
        """Wait until these have happened."""
        async with asyncio.timeout(20):
            while not set(lines) <= set(self.read()):  # noqa: ASYNC110  # another process writes them
                await asyncio.sleep(0.02)


def echo(messages: Sequence[Message], request: ModelRequest) -> Any:
    said = [message.text for message in messages if message.role == "user"]
    return f"you said {' and '.join(said)}"


def report(messages: Sequence[Message], request: ModelRequest) -> Any:
    if not messages[-1].tool_results:
        return tool_call("measure", city="Kiel")
    return tool_call("final_result", city="Kiel", degrees=7)


def works(messages: Sequence[Message], request: ModelRequest) -> Any:
    return text("done") if messages[-1].tool_results else answer(text("let me see"), tool_call("work"))


def meets(messages: Sequence[Message], request: ModelRequest) -> Any:
    return text("all met") if messages[-1].tool_results else tool_call("meet")


def who(messages: Sequence[Message], request: ModelRequest) -> Any:
    results = messages[-1].tool_results
    return text(results[0].text) if results else tool_call("whose")


def broken(messages: Sequence[Message], request: ModelRequest) -> Any:
    return fails(AuthenticationError(f"the key {SECRET} is not known at 10.1.2.3", status=401))


def asks(messages: Sequence[Message], request: ModelRequest) -> Any:
    return tool_call("delete_all")


def agents(diary: Diary, together: int = 2) -> list[Agent[Any, Any] | ServedAgent]:
    """All of them."""
    there: list[int] = []
    everybody = asyncio.Event()

    @tool
    async def measure(city: str) -> int:
        return 7

    @tool(timeout=None)
    async def work() -> str:
        diary.write("began")
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            diary.write("cancelled")
            raise
        return "worked"

    @tool
    async def meet() -> str:
        print("this is no message of the protocol")
        there.append(1)
        if len(there) >= together:
            everybody.set()
        await everybody.wait()
        return "met"

    @tool
    async def whose(ctx: RunContext[str]) -> str:
        return ctx.deps

    @tool(requires_approval=True)
    async def delete_all() -> str:
        return "deleted"

    async def user_of(call: ServedCall) -> str:
        return call.headers.get("x-user") or call.meta.get("user") or "nobody"

    def deps_of(call: ServedCall) -> str:
        if call.arguments["prompt"] == "fail":
            raise KeyError(SECRET)
        return f"{call.tool} of {call.meta.get('user')}"

    return [
        Agent(FunctionProvider(echo), name="echo", description="Says what it was told."),
        Agent(FunctionProvider(report), name="weather", output_type=Report, tools=[measure]),
        Agent(FunctionProvider(works), name="worker", tools=[work]),
        Agent(FunctionProvider(meets), name="meeting", tools=[meet]),
        Agent(FunctionProvider(broken), name="broken"),
        Agent(FunctionProvider(asks), name="asking", tools=[delete_all]),
        ServedAgent(Agent(FunctionProvider(who), name="who", deps_type=str, tools=[whose]), deps=user_of),
        ServedAgent(Agent(FunctionProvider(who), name="how", deps_type=str, tools=[whose]), deps=deps_of),
        ServedAgent(Agent(FunctionProvider(echo)), name="diary", session_key=user_of),
        ServedAgent(Agent(FunctionProvider(echo)), name="chat: with you", sessions=True),
        ServedAgent(Agent(FunctionProvider(echo), name="trip"), input_type=Place, description="Plans."),
    ]


def main(file: str, told: str) -> None:
    print("printed ahead of the first message")
    options = json.loads(told)
    ready = (lambda url: print(url, file=sys.__stderr__, flush=True)) if options else None
    serve(*agents(Diary(file)), **options, **({"on_ready": ready} if ready else {}))


if __name__ == "__main__":
    main(*sys.argv[1:])
