"""The dialect of `codex`: how it is asked, and what its events become."""

import pytest

from tests.wires.cli.fakes import CODEX, SESSION, Fake, Step, item, say, thread, turn
from voxagent import Agent
from voxagent.errors import (
    AuthenticationError,
    ModelNotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProviderConnectionError,
    ProviderError,
    QuotaError,
    RateLimitError,
)
from voxagent.streaming import RetryEvent
from voxagent.types import Message, ProviderBlock, TextBlock, ThinkingBlock, Usage

TOTAL = {
    "input_tokens": 11,
    "output_tokens": 7,
    "cached_input_tokens": 2,
    "cache_write_input_tokens": 1,
    "reasoning_output_tokens": 3,
}


def failed(said: str) -> list[Step]:
    return [
        thread(),
        say(type="error", message=said),
        say(type="turn.failed", error={"message": said}),
        {"exit": 1},
    ]


def test_an_answer_has_text_thinking_usage_and_the_session_that_it_was_given_in(codex: Fake) -> None:
    noted = item("error", message="Model metadata not found.")
    parts = [item("reasoning", text="hm"), item("agent_message", text="one two")]
    codex.does([thread(), noted, say(type="turn.started"), *parts, turn()])
    answer = Agent(codex.provider()).run_sync("hello").messages[-1]
    block = answer.of(ProviderBlock)[0]
    kept = {"session": SESSION, "total": TOTAL, "digest": block.data["digest"]}
    assert answer == Message(
        "assistant",
        [ThinkingBlock("hm"), TextBlock("one two"), ProviderBlock("codex", kept)],
        finish_reason="stop",
        provider="codex",
        model="m",
        usage=Usage(11, 7, cache_read_tokens=2, cache_write_tokens=1, reasoning_tokens=3),
    )


def test_the_prompt_and_the_instructions_are_read_from_the_standard_input(codex: Fake) -> None:
    codex.does(CODEX)
    Agent(codex.provider(), system_prompt="Be brief").run_sync("hello")
    (asked,) = codex.calls
    assert asked.argv == ["exec", "--json", "--model", "m", "-"]
    assert asked.stdin == "<instructions>\nBe brief\n</instructions>\n\nhello"


def test_what_is_asked_for_is_told_in_its_flags(codex: Fake) -> None:
    codex.does(CODEX)
    provider = codex.provider("default", sessions=False, system="replace", args=["-s", "read-only"])
    Agent(provider, system_prompt="Only this").run_sync("hello", settings={"thinking": "low"})
    (asked,) = codex.calls
    options = ["-c", 'model_reasoning_effort="low"', "-c", asked.argv[5], "--ephemeral", "-s", "read-only"]
    assert asked.argv == ["exec", "--json", *options, "-"]
    assert asked.argv[5].startswith('model_instructions_file="/')
    assert asked.files == {"system.txt": {"text": "Only this", "mode": 0o600}}
    assert asked.stdin == "hello"


def test_a_conversation_goes_on_in_a_fork_of_its_session_and_counts_what_was_new(codex: Fake) -> None:
    codex.does(CODEX, [thread("next"), item("agent_message", text="three"), turn(30, 10, 2, 1, 3)])
    agent = Agent(codex.provider(), system_prompt="S")
    first = agent.run_sync("hello")
    second = agent.run_sync("and then?", message_history=first.messages)
    assert second.usage == Usage(19, 3, requests=1)
    asked = codex.calls[1]
    assert (asked.argv[-3:], asked.stdin) == (["fork", SESSION, "-"], "and then?")


def test_another_system_prompt_begins_a_new_session(codex: Fake) -> None:
    codex.does(CODEX)
    first = Agent(codex.provider(), system_prompt="S").run_sync("hello")
    Agent(codex.provider(), system_prompt="T").run_sync("and then?", message_history=first.messages)
    assert codex.calls[1].stdin.startswith("<instructions>\nT\n</instructions>\n\n<conversation>")


@pytest.mark.parametrize(
    "said",
    [
        "Error: thread/fork: thread/fork failed: no rollout found for thread id x (code -32600)",
        "error: unexpected argument 'x' found",
    ],
)
def test_a_session_that_is_gone_is_told_the_whole_conversation(codex: Fake, said: str) -> None:
    codex.does(CODEX, [{"err": said}, {"exit": 1}], CODEX)
    agent = Agent(codex.provider())
    second = agent.run_sync("and then?", message_history=agent.run_sync("hello").messages)
    assert second.output == "one two"
    assert [call.argv[-3:] for call in codex.calls] == [
        ["--model", "m", "-"],
        ["fork", SESSION, "-"],
        ["--model", "m", "-"],
    ]


def test_its_messages_are_paragraphs_and_its_tools_are_not_shown(codex: Fake) -> None:
    command = {"id": "item_1", "type": "command_execution", "command": "ls"}
    codex.does(
        [
            thread(),
            item("agent_message", text="let me look"),
            say(type="item.started", item=command),
            say(type="item.updated", item=command),
            say(type="item.completed", item={**command, "aggregated_output": "a.txt"}),
            item("agent_message", text=""),
            item("agent_message", text="done"),
            turn(),
        ]
    )
    finished = Agent(codex.provider()).run_sync("hello")
    assert finished.output == "let me look\n\ndone"
    assert [type(block) for block in finished.messages[-1].blocks] == [TextBlock, ProviderBlock]


async def test_its_own_retries_are_told_as_retries(codex: Fake) -> None:
    again = "Reconnecting... 2/5 (unexpected status 500)"
    codex.does([thread(), say(type="error", message=again), *CODEX])
    async with Agent(codex.provider()).run_stream("hello") as stream:
        events = [event async for event in stream]
    retries = [event for event in events if isinstance(event, RetryEvent)]
    assert [(event.reason, event.attempt, event.delay) for event in retries] == [(again, 2, 0.0)]


@pytest.mark.parametrize(
    ("said", "status", "kind"),
    [
        ("unexpected status 401 Unauthorized: as you wished", 401, AuthenticationError),
        ("exceeded retry limit, last status: 429 Too Many Requests", 429, RateLimitError),
        ("You've hit your usage limit. Try again at 3pm", None, QuotaError),
        ("We're currently experiencing high demand", None, OverloadedError),
        ("unexpected status 404 Not Found: as you wished", 404, ModelNotFoundError),
        ("stream disconnected before completion", None, ProviderConnectionError),
        ("", None, ProviderError),
    ],
)
def test_a_failure_is_an_error_of_its_kind(
    codex: Fake, said: str, status: int | None, kind: type[ProviderError]
) -> None:
    codex.does(failed(said))
    error = Agent(codex.provider()).run_sync("hello").error
    assert type(error) is kind
    assert (error.message, error.status) == (said or "no reason given", status)


def test_a_refusal_to_start_is_told_in_its_own_words(codex: Fake) -> None:
    said = "Not inside a trusted directory and --skip-git-repo-check was not specified."
    codex.does([{"err": f"Reading prompt from stdin...\n{said}\n"}, {"exit": 1}])
    error = Agent(codex.provider()).run_sync("hello").error
    assert type(error) is PermissionDeniedError
    assert error.message == f"the program ended with exit code 1: Reading prompt from stdin... {said}"
