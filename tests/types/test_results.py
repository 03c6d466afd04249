"""A result keeps what a run did, and gives its output or the run's own error."""

from datetime import date

import pytest
from pydantic import BaseModel

from voxagent.errors import NoOutputError, RateLimitError, RunAbortedError, RunError
from voxagent.types import (
    ApprovalRequest,
    ErrorInfo,
    Message,
    RunResult,
    ToolCall,
    ToolUseBlock,
)

ASKED = Message("user", "hello")


class City(BaseModel):
    name: str
    founded: date


def test_output_gives_the_value_even_if_it_is_none() -> None:
    assert RunResult[int]([], value=7, has_output=True).output == 7
    assert RunResult[None]([], value=None, has_output=True).output is None


def test_output_raises_the_error_that_ended_the_run() -> None:
    error = RunAbortedError("user left")
    result = RunResult[str]([ASKED], error=error, aborted=True)
    with pytest.raises(RunAbortedError) as caught:
        result.output  # noqa: B018
    assert caught.value is error
    assert not result.ok


@pytest.mark.parametrize(
    ("result", "why"),
    [
        (RunResult[str]([], run_id="r"), "run 'r' has no output: the model gave none"),
        (
            RunResult[str]([], run_id="r", pending=[ApprovalRequest(ToolCall("1", "a", {}))]),
            "run 'r' has no output: 1 tool calls wait for approval",
        ),
        (
            RunResult[str](
                [], run_id="r", new_messages=[Message("assistant", tool_calls=[ToolCall("1", "a", {})])]
            ),
            "run 'r' has no output: it picked a tool only (routing_only=True)",
        ),
    ],
)
def test_a_run_that_ended_well_without_an_output_says_why(result: RunResult[str], why: str) -> None:
    assert result.ok
    with pytest.raises(NoOutputError) as caught:
        result.output  # noqa: B018
    assert str(caught.value) == why


def test_tool_calls_are_those_of_this_run_and_the_last_has_name_and_arguments() -> None:
    old = Message("assistant", [ToolUseBlock("0", "old", {})])
    new = [
        Message("assistant", [ToolUseBlock("1", "first", {"a": 1})]),
        Message("assistant", [ToolUseBlock("2", "second", {"b": 2})]),
    ]
    result = RunResult[str]([old, *new], new_messages=new)
    assert result.tool_calls == [ToolCall("1", "first", {"a": 1}), ToolCall("2", "second", {"b": 2})]
    assert (result.tool_name, result.tool_args) == ("second", {"b": 2})


def test_a_run_without_tool_calls_has_neither_name_nor_arguments() -> None:
    result = RunResult[str]([ASKED])
    assert (result.tool_calls, result.tool_name, result.tool_args) == ([], None, None)


def test_an_error_leaves_as_its_facts_and_is_raised_again_as_a_run_error() -> None:
    error = RateLimitError("slow down", provider="openai", status=429)
    loaded = RunResult.model_validate_json(RunResult[str]([ASKED], error=error).model_dump_json())
    info = ErrorInfo("RateLimitError", "slow down", "rate_limit", True, "openai")
    assert loaded == RunResult[str]([ASKED], error=info)
    with pytest.raises(RunError, match=r"^RateLimitError: slow down$"):
        loaded.raise_for_error()


def test_an_error_that_is_no_exception_of_ours_leaves_as_type_and_message() -> None:
    assert ErrorInfo.of(KeyError("x")) == ErrorInfo("KeyError", "'x'")
    assert ErrorInfo.of(RunAbortedError("x")) == ErrorInfo("RunAbortedError", "x", "aborted")


def test_a_result_of_plain_data_may_hold_an_error_already() -> None:
    error = RunAbortedError("x")
    assert RunResult.model_validate({"messages": [], "error": error}).error is error
    assert RunResult.model_validate({"messages": [], "error": None}).error is None


def test_raise_for_error_does_nothing_after_a_good_run() -> None:
    RunResult[str]([ASKED]).raise_for_error()


def test_the_output_of_a_loaded_result_is_plain_json() -> None:
    result = RunResult[City]([], value=City(name="Oslo", founded=date(1048, 1, 1)), has_output=True)
    loaded = RunResult.model_validate_json(result.model_dump_json())
    assert loaded.output == {"name": "Oslo", "founded": "1048-01-01"}


def test_an_output_that_json_does_not_know_leaves_as_its_repr() -> None:
    class Odd:
        def __repr__(self) -> str:
            return "<odd>"

    result = RunResult[object]([], value=Odd(), has_output=True)
    assert RunResult.model_validate_json(result.model_dump_json()).output == "<odd>"
