"""Programs that misbehave: whatever they do, they end, and what they said is never taken for an answer."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.wires.cli.fakes import (
    CLAUDE,
    START,
    STOP,
    WAIT,
    Fake,
    Step,
    Steps,
    init,
    result,
    say,
    spoken,
    text,
)
from voxagent import AbortController, Agent
from voxagent.errors import (
    MalformedAnswerError,
    ProviderError,
    ProviderTimeoutError,
    StreamTruncatedError,
)
from voxagent.streaming import TextDeltaEvent

BEGUN: Steps = [init(), START, text("on")]
DEAF: Step = {"deaf": True}
FOREVER: Step = {"wait": 60}


def child(code: str = "") -> Step:
    return {"child": f"import os, signal, time; {code}; time.sleep(60)"}


IGNORES = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
ENDLESS = {
    "a program that ends when it is asked to": [*BEGUN, FOREVER],
    "a program that does not": [DEAF, *BEGUN, FOREVER],
    "a program with a child": [child(), *BEGUN, FOREVER],
    "a program and a child that do not": [DEAF, child(IGNORES), *BEGUN, FOREVER],
}


@pytest.mark.parametrize("does", ENDLESS)
async def test_an_aborted_run_leaves_no_process_of_it(claude: Fake, does: str) -> None:
    claude.does(ENDLESS[does])
    controller = AbortController()
    async with Agent(claude.provider(grace=0.2)).run_stream(
        "hello", abort_signal=controller.signal
    ) as stream:
        async for event in stream:
            if isinstance(event, TextDeltaEvent):
                controller.abort()
        finished = await stream.result()
    assert (finished.aborted, finished.messages[-1].text) == (True, "on")
    assert await asyncio.to_thread(claude.all_ended)


@pytest.mark.parametrize("does", ENDLESS)
def test_a_run_whose_time_is_up_leaves_no_process_of_it(claude: Fake, does: str) -> None:
    claude.does(ENDLESS[does])
    finished = Agent(claude.provider(grace=0.2)).run_sync("hello", timeout_ms=600)
    assert finished.timed_out
    assert claude.all_ended()


async def test_a_reader_that_leaves_ends_the_program(claude: Fake) -> None:
    claude.does(ENDLESS["a program and a child that do not"])
    async for event in Agent(claude.provider(grace=0.2)).run_stream("hello"):
        if isinstance(event, TextDeltaEvent):
            break
    assert await asyncio.to_thread(claude.all_ended)


async def test_a_run_that_is_cancelled_twice_kills_the_program_at_once(claude: Fake) -> None:
    claude.does([DEAF, *BEGUN, FOREVER])
    seen = asyncio.Event()
    agent = Agent(claude.provider(grace=60.0), observers=[lambda event: _seen(event, seen)])
    run = asyncio.create_task(agent.run("hello"))
    async with asyncio.timeout(WAIT):
        await seen.wait()
        run.cancel()
        for _ in range(10):
            await asyncio.sleep(0)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
    assert await asyncio.to_thread(claude.all_ended)


def _seen(event: object, seen: asyncio.Event) -> None:
    if isinstance(event, TextDeltaEvent):
        seen.set()


async def test_a_run_that_is_cancelled_at_any_step_leaves_no_process(claude: Fake) -> None:
    claude.does([*BEGUN, FOREVER])
    agent = Agent(claude.provider(grace=0.2))
    for steps in range(1, 60, 2):
        run = asyncio.create_task(agent.run("hello"))
        for _ in range(steps):
            await asyncio.sleep(0)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert await asyncio.to_thread(claude.all_ended), steps


def test_what_a_program_leaves_behind_ends_with_it(claude: Fake) -> None:
    claude.does([child(IGNORES), *CLAUDE])
    assert Agent(claude.provider()).run_sync("hello").output == "one two"
    assert claude.all_ended()


@pytest.mark.slow
def test_a_process_outside_its_group_that_holds_its_output_does_not_hold_the_run(claude: Fake) -> None:
    away = "os.setsid(); open('away', 'w').close(); time.sleep(6); os._exit(0)"
    claude.does([child(away), {"wait_for": "away"}, *CLAUDE])
    assert Agent(claude.provider(cwd=claude.folder)).run_sync("hello").output == "one two"
    assert not claude.all_ended(0)
    assert claude.all_ended()


# --- ends that are none -----------------------------------------------------------------------------


def test_a_program_that_ends_without_its_end_mark_gave_no_answer(claude: Fake) -> None:
    claude.does([*BEGUN])
    error = Agent(claude.provider()).run_sync("hello").error
    assert type(error) is StreamTruncatedError
    assert (error.message, error.received) == ("the program ended ahead of its end mark", "on")


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ('{"type": "res', '{"type": "res'),
        ("npm notice", "npm notice"),
        ('{"type": "news"}', '{"type": "news"}'),
    ],
)
def test_half_a_line_at_the_end_is_no_end_mark(claude: Fake, last: str, said: str) -> None:
    claude.does([*BEGUN, {"raw": last}])
    error = Agent(claude.provider()).run_sync("hello").error
    assert type(error) is StreamTruncatedError
    assert error.message == f"the program ended ahead of its end mark: {said}"


@pytest.mark.parametrize(
    ("status", "said", "message"),
    [
        (3, "", "the program ended with exit code 3: no reason given"),
        (3, "it broke\n", "the program ended with exit code 3: it broke"),
        (0, "it broke\n", "the program ended ahead of its end mark: it broke"),
    ],
)
def test_an_exit_code_is_told_with_the_last_words(claude: Fake, status: int, said: str, message: str) -> None:
    claude.does([*BEGUN, {"err": said}, {"exit": status}])
    error = Agent(claude.provider()).run_sync("hello").error
    assert type(error) is (ProviderError if status else StreamTruncatedError)
    assert (error.message, error.received) == (message, "on")


def test_a_program_that_is_killed_gave_no_answer(claude: Fake) -> None:
    claude.does([*BEGUN, {"die": int(signal.SIGKILL)}])
    error = Agent(claude.provider()).run_sync("hello").error
    assert type(error) is StreamTruncatedError
    assert error.message == "the program was ended by signal 9 ahead of its end mark"


@pytest.mark.slow
def test_a_program_that_closes_its_output_and_stays_gave_no_answer(claude: Fake) -> None:
    claude.does([*BEGUN, {"close": True}, FOREVER])
    assert type(Agent(claude.provider()).run_sync("hello").error) is StreamTruncatedError
    assert claude.all_ended()


@pytest.mark.slow
def test_a_program_that_stays_after_its_answer_is_ended_and_its_answer_counts(claude: Fake) -> None:
    claude.does([*CLAUDE, FOREVER])
    assert Agent(claude.provider()).run_sync("hello").output == "one two"
    assert claude.all_ended()


def test_what_follows_the_end_mark_does_not_matter(claude: Fake) -> None:
    more = text("three")
    both: Step = {"raw": "".join(_line(step) for step in (*CLAUDE, more))}
    claude.does([both, {"out_flood": 5_000_000}, {"exit": 3}])
    assert Agent(claude.provider()).run_sync("hello").output == "one two"


def _line(step: Step) -> str:
    return json.dumps(step["say"]) + "\n"


# --- output that cannot be read ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "what a day",
        "{not JSON}",
        "[]",
        '"text"',
        "{}",
        '{"type": 7}',
        '{"type": "stream_event", "event": {"type": "\xff"}}',
        '{"type": ' + "[" * 100_000,
    ],
    ids=range(8),
)
def test_a_line_that_is_no_event_is_a_malformed_answer(claude: Fake, line: str) -> None:
    claude.does([*BEGUN, {"raw": line + "\n"}, STOP, result("on")])
    error = Agent(claude.provider()).run_sync("hello").error
    assert type(error) is MalformedAnswerError
    assert error.received == "on"
    assert len(error.message) < 500


def test_events_whose_fields_are_of_other_kinds_are_no_raw_error(claude: Fake) -> None:
    odd = [
        say(type="stream_event", event=[1]),
        say(type="stream_event", event={"type": "content_block_delta", "delta": {"text": 7}}),
        say(type="assistant", message={"content": [7, {"type": "tool_use", "id": None}]}),
        say(type="user", message={"content": [7, {"tool_use_id": None}]}),
        say(type="system", subtype="api_retry", attempt=-1, retry_delay_ms=True, error=[]),
    ]
    last = result(
        "one", usage={"input_tokens": "many", "output_tokens": -7}, total_cost_usd="cheap", session_id=7
    )
    claude.does([init(), *odd, *spoken("one"), last])
    finished = Agent(claude.provider()).run_sync("hello")
    assert (finished.output, finished.usage.total_tokens) == ("one", 0)


def test_a_line_without_an_end_is_a_malformed_answer(claude: Fake) -> None:
    claude.does([*BEGUN, {"out_flood": 10_000_001}, FOREVER])
    error = Agent(claude.provider()).run_sync("hello").error
    assert type(error) is MalformedAnswerError
    assert error.message == "the program wrote a line of more than 10,000,000 bytes"
    assert claude.all_ended()


@pytest.mark.slow
def test_output_without_an_end_is_a_malformed_answer(claude: Fake) -> None:
    claude.does([*BEGUN, {"lines": 101}, FOREVER])
    error = Agent(claude.provider()).run_sync("hello").error
    assert type(error) is MalformedAnswerError
    assert error.message == "the program wrote more than 100,000,000 bytes"
    assert claude.all_ended()


def test_a_flood_of_complaints_does_not_stop_an_answer(claude: Fake) -> None:
    claude.does([{"err_flood": 5_000_000}, *CLAUDE])
    assert Agent(claude.provider()).run_sync("hello").output == "one two"


def test_of_a_flood_of_complaints_the_end_is_told(claude: Fake) -> None:
    claude.does([{"err_flood": 5_000_000}, {"err": " the end"}, {"exit": 2}])
    error = Agent(claude.provider()).run_sync("hello").error
    assert isinstance(error, ProviderError)
    assert error.message.endswith("eee the end")
    assert len(error.message) <= 500


def test_a_prompt_that_nobody_reads_is_no_error(codex: Fake) -> None:
    codex.does([{"err": "no"}, {"exit": 2}])
    error = Agent(codex.provider()).run_sync("x" * 5_000_000).error
    assert isinstance(error, ProviderError)
    assert error.message == "the program ended with exit code 2: no"


# --- time -------------------------------------------------------------------------------------------


def test_a_program_that_works_and_says_nothing_is_given_up_in_time(codex: Fake) -> None:
    codex.does([FOREVER])
    error = Agent(codex.provider(silence=0.3)).run_sync("hello").error
    assert type(error) is ProviderTimeoutError
    assert error.message == "the program said nothing for 0.3 s"
    assert codex.all_ended()


def uses_a_tool() -> Steps:
    call = {"type": "tool_use", "id": "t1", "name": "Bash", "input": {}}
    done = {"type": "tool_result", "tool_use_id": "t1", "content": "ok"}
    begun = say(type="assistant", message={"content": [call]})
    ended = say(type="user", message={"content": [done]})
    return [init(), START, text("a"), begun, STOP, {"wait": 2}, ended, *spoken("b"), result("b")]


def has_a_sub_agent() -> Steps:
    among = say(type="stream_event", parent_tool_use_id="t1", event={"type": "ping"})
    return [init(), START, text("a"), STOP, *[among, {"wait": 0.2}] * 10, *spoken("b"), result("b")]


@pytest.mark.slow
@pytest.mark.parametrize("does", [uses_a_tool, has_a_sub_agent])
def test_a_program_that_is_at_work_is_not_taken_for_dead(claude: Fake, does: Callable[[], Steps]) -> None:
    claude.does(does())
    finished = Agent(claude.provider()).run_sync("hello", settings={"idle_timeout": 1.5})
    assert finished.output == "a\n\nb"


def test_a_program_that_is_not_at_work_and_silent_is_taken_for_dead(claude: Fake) -> None:
    claude.does([*BEGUN, FOREVER])
    error = Agent(claude.provider()).run_sync("hello", settings={"idle_timeout": 0.3}).error
    assert type(error) is ProviderTimeoutError
    assert claude.all_ended()


LEAVES = """
import os, threading
from voxagent import Agent
from voxagent.providers import ClaudeCodeProvider
from voxagent.streaming import TextDeltaEvent

begun = threading.Event()
claude = ClaudeCodeProvider("m", env=dict(os.environ))
agent = Agent(claude, observers=[lambda event: isinstance(event, TextDeltaEvent) and begun.set()])
threading.Thread(target=agent.run_sync, args=("hello",), daemon=True).start()
begun.wait(10)
"""


@pytest.mark.slow
def test_a_process_that_ends_in_the_middle_of_a_run_leaves_no_program(claude: Fake) -> None:
    claude.does([DEAF, child(IGNORES), *BEGUN, FOREVER])
    env = {**os.environ, **claude.env}
    subprocess.run([sys.executable, "-c", LEAVES], env=env, timeout=30, check=True, capture_output=True)
    assert len(claude.calls) == 1
    assert claude.all_ended()
