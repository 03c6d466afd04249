"""`run_sync` works wherever a function may be called, and again."""

import asyncio
import contextvars
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import uvloop

from tests.agent.doors import every_door
from tests.agent.seen import WAIT
from voxagent import Agent, RunResult, ToolContext, tool
from voxagent.providers import ModelRequest
from voxagent.testing import FunctionProvider, ScriptedProvider, text, tool_call
from voxagent.types import Message


@tool
async def add(a: int, b: int) -> int:
    return a + b


def told(messages: Sequence[Message], request: ModelRequest) -> str:
    return f"heard {messages[-1].text}"


AGENT = Agent(FunctionProvider(told))


def test_it_works_in_the_main_thread_again_and_again() -> None:
    assert [AGENT.run_sync(f"{number}").output for number in range(20)] == [
        f"heard {number}" for number in range(20)
    ]


def test_it_works_in_another_thread() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(AGENT.run_sync, "you").result(WAIT).output == "heard you"


def test_it_works_in_eight_threads_at_once() -> None:
    asked, all_asked = 0, asyncio.Event()

    async def together(messages: Sequence[Message], request: ModelRequest) -> str:
        nonlocal asked
        asked += 1
        if asked == 8:
            all_asked.set()
        await all_asked.wait()
        return told(messages, request)

    agent = Agent(FunctionProvider(together))
    with ThreadPoolExecutor(8) as pool:
        runs = [pool.submit(agent.run_sync, str(number)) for number in range(8)]
        assert [each.result(WAIT).output for each in runs] == [f"heard {number}" for number in range(8)]


async def test_it_works_inside_a_running_loop() -> None:
    assert AGENT.run_sync("you").output == "heard you"
    assert (await AGENT.run("you")).output == "heard you"


def test_it_works_after_a_loop_was_closed_and_before_the_next() -> None:
    for _ in range(3):
        assert asyncio.run(AGENT.run("you")).output == "heard you"
        assert AGENT.run_sync("you").output == "heard you"


@every_door
def test_every_door_works_on_uvloop(door: Any) -> None:
    agent = Agent("a:b", tools=[add])
    for _ in range(3):
        provider = ScriptedProvider(tool_call("add", a=1, b=2), text("3"))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            result: RunResult[Any] = runner.run(door(agent, "1 + 2?", model=provider))
        assert [each.text for each in result.messages] == ["1 + 2?", "", "", "3"]


def test_an_async_tool_may_call_the_run_sync_of_another_agent() -> None:
    inner = Agent(FunctionProvider(told))

    @tool
    async def ask(question: str) -> str:
        return inner.run_sync(question).output

    outer = Agent("a:b", tools=[ask])
    for _ in range(2):
        provider = ScriptedProvider(tool_call("ask", question="why"), text("done"))
        result = outer.run_sync("?", model=provider)
        assert result.messages[2].tool_results[0].text == "heard why"


def test_context_variables_of_the_caller_are_seen_by_tools() -> None:
    user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")

    @tool
    async def who() -> str:
        return user.get()

    @tool
    def who_in_a_thread() -> str:
        return user.get()

    agent = Agent("a:b", tools=[who, who_in_a_thread])

    def asked(name: str) -> list[str]:
        user.set(name)
        provider = ScriptedProvider(tool_call("who"), tool_call("who_in_a_thread"), text("done"))
        result = agent.run_sync("?", model=provider)
        return [given.text for message in result.messages for given in message.tool_results]

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(asked, ["Ada", "Bob"])) == [["Ada", "Ada"], ["Bob", "Bob"]]
    assert user.get() == "nobody"


def test_an_error_ahead_of_the_run_is_raised_in_the_caller_with_its_traceback() -> None:
    with pytest.raises(ValueError, match="the prompt is empty"):
        AGENT.run_sync("")


def test_the_run_lives_on_the_background_loop_of_the_process() -> None:
    @tool
    async def where(ctx: ToolContext) -> str:
        return threading.current_thread().name

    provider = ScriptedProvider(tool_call("where"), text("done"))
    result = Agent(provider, tools=[where]).run_sync("?")
    assert result.messages[2].tool_results[0].text == "voxagent-loop"


def _script(code: str) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(code)]


FORKING = """
    import os, sys
    from voxagent import Agent
    agent = Agent("offline:demo")
    assert agent.run_sync("hello").ok
    child = os.fork()
    if child == 0:
        ok = agent.run_sync("hello").ok and agent.run_sync("hello").ok
        os._exit(7 if ok else 1)
    assert agent.run_sync("hello").ok
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_it_works_in_a_forked_child() -> None:
    done = subprocess.run(_script(FORKING), capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout, done.returncode) == ("7\n", 0), done.stderr


INTERRUPTED = """
    import asyncio
    from voxagent import Agent, tool
    from voxagent.session import InMemorySessionStorage
    from voxagent.testing import ScriptedProvider, tool_call

    @tool
    async def long() -> str:
        print("begun", flush=True)
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            print("closed", flush=True)

    storage = InMemorySessionStorage()
    agent = Agent(ScriptedProvider(tool_call("long")), tools=[long], session_storage=storage)
    agent.subscribe(lambda event: print(event.event_type, flush=True) if "run_" in event.event_type else None)
    try:
        agent.run_sync("?", session_key="k")
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    stored = asyncio.run(storage.load("k"))
    print(stored.messages[-1].tool_results[0].text)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to another process there")
def test_ctrl_c_aborts_the_run_and_waits_for_its_clean_end() -> None:
    with subprocess.Popen(
        _script(INTERRUPTED), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        began = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=30)
    assert (began, rest.splitlines()) == (
        ["run_start\n", "begun\n"],
        ["closed", "run_error", "run_end", "interrupted", "cancelled"],
    ), errors
