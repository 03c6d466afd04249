"""The dialect of `auggie`: how it is asked, and what its one event becomes."""

import pytest

from tests.wires.cli.fakes import AUGMENT, Fake, say
from voxagent import Agent
from voxagent.errors import AuthenticationError, ProviderError, RateLimitError
from voxagent.types import Message

ASKED = ["--print", "--output-format", "json", "--dont-save-session", "--no-update-terminal-title"]


def test_the_prompt_and_the_system_prompt_are_read_from_files_of_nobody_else(auggie: Fake) -> None:
    auggie.does(AUGMENT)
    agent = Agent(auggie.provider(args=["--ask"]), system_prompt="Be brief")
    answer = agent.run_sync("hello", settings={"thinking": "medium"}).messages[-1]
    assert answer == Message("assistant", "one two", finish_reason="stop", provider="augment", model="m")
    (asked,) = auggie.calls
    prompt, system = asked.after("--instruction-file"), asked.after("--rules")
    more = ["--model", "m", "--reasoning-effort", "medium", "--rules", system, "--ask"]
    assert asked.argv == [*ASKED, "--instruction-file", prompt, *more]
    assert asked.files == {
        "prompt.txt": {"text": "hello", "mode": 0o600},
        "system.md": {"text": "Be brief", "mode": 0o600},
    }
    assert asked.stdin == ""


def test_the_whole_conversation_is_told_each_time(auggie: Fake) -> None:
    auggie.does(AUGMENT)
    agent = Agent(auggie.provider("default"))
    agent.run_sync("and then?", message_history=agent.run_sync("hello").messages)
    told = auggie.calls[1].files["prompt.txt"]["text"]
    assert "<assistant>\none two\n</assistant>\n<user>\nand then?\n</user>" in told


def test_what_it_prints_besides_its_result_is_passed_over_and_the_last_line_needs_no_end(
    auggie: Fake,
) -> None:
    line = '{"type": "result", "result": "one", "is_error": false, "subtype": "success"}'
    auggie.does([{"raw": "Indexing...\n"}, say(type="news"), {"raw": line}])
    assert Agent(auggie.provider()).run_sync("hello").output == "one"


@pytest.mark.parametrize(
    ("result", "subtype", "said"),
    [
        ("Rate limit reached.", "error_during_execution", "error_during_execution: Rate limit reached."),
        ("", "error_max_turns", "error_max_turns"),
    ],
)
def test_a_failure_is_an_error(auggie: Fake, result: str, subtype: str, said: str) -> None:
    auggie.does([say(type="result", result=result, is_error=True, subtype=subtype)])
    error = Agent(auggie.provider()).run_sync("hello").error
    assert type(error) is (RateLimitError if result else ProviderError)
    assert error.message == said


def test_an_empty_answer_is_asked_for_once_more_and_then_an_error(auggie: Fake) -> None:
    auggie.does([say(type="result", result="", is_error=False, subtype="empty_completion")])
    error = Agent(auggie.provider()).run_sync("hello").error
    assert isinstance(error, ProviderError)
    assert error.kind == "empty"
    assert len(auggie.calls) == 2


def test_a_program_that_nobody_has_logged_in_to_is_an_authentication_error(auggie: Fake) -> None:
    auggie.does(
        [{"err": "\x1b[31mNo auth provided.\x1b[0m Please log in with `auggie login`.\n"}, {"exit": 1}]
    )
    error = Agent(auggie.provider()).run_sync("hello").error
    assert type(error) is AuthenticationError
    assert error.message == (
        "the program ended with exit code 1: No auth provided. Please log in with `auggie login`."
    )
