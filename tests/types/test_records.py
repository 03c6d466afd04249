"""What all public values have in common: equality, words, JSON."""

import pytest
from hypothesis import given, settings
from pydantic import BaseModel, TypeAdapter

from tests.types.values import calls, results, run_results, usages
from voxagent.types import (
    AgentConfig,
    Attempt,
    ContentBlock,
    ErrorInfo,
    ImageBlock,
    Message,
    ModelConfig,
    OutputSpec,
    Record,
    RunParams,
    RunResult,
    TextBlock,
    ToolCall,
    ToolPolicy,
    ToolResult,
    UnknownBlock,
    Usage,
    UsageLimits,
)


@given(calls | results | usages)
def test_calls_results_and_usages_are_equal_after_json(value: ToolCall | ToolResult | Usage) -> None:
    assert type(value).model_validate_json(value.model_dump_json()) == value
    assert type(value).model_validate(value.model_dump()) == value


@settings(max_examples=50)
@given(run_results)
def test_every_result_is_equal_after_json(result: RunResult) -> None:
    assert RunResult.model_validate_json(result.model_dump_json()) == result
    assert RunResult.model_validate(result.model_dump()) == result


@pytest.mark.parametrize(
    "value",
    [
        AgentConfig(max_turns=3),
        RunParams("key", "hello", "a:b", AgentConfig(), 10, "/tmp", None, "web", [ToolPolicy(["a"], ["b"])]),
        OutputSpec("answer", {"type": "object"}, "what"),
        UsageLimits(requests=None, cost=0.5),
        UsageLimits(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_configuration_is_equal_after_json(value: Record) -> None:
    assert type(value).model_validate_json(value.model_dump_json()) == value


def test_a_limit_that_was_switched_off_stays_off_after_json() -> None:
    assert UsageLimits.model_validate_json(UsageLimits(requests=None).model_dump_json()).requests is None


def test_a_dump_leaves_out_what_was_not_given() -> None:
    assert Message("user", "hello").model_dump() == {"role": "user", "content": "hello"}
    assert ModelConfig("a", "b").model_dump_json(indent=1) == '{\n "provider": "a",\n "model": "b"\n}'


def test_none_inside_of_free_data_is_kept_in_a_dump() -> None:
    call = ToolCall("1", "add", {"a": None, "b": {"c": None}})
    assert call.model_dump() == {"id": "1", "name": "add", "params": {"a": None, "b": {"c": None}}}


def test_an_abort_signal_is_left_out_of_dumped_run_parameters() -> None:
    params = RunParams(prompt="hello", abort_signal=object())
    assert RunParams.model_validate_json(params.model_dump_json()) == RunParams(prompt="hello")


def test_values_of_different_classes_are_never_equal() -> None:
    assert TextBlock("a") != Message("user", "a")
    assert TextBlock("a") != "a"


def test_values_have_no_hash_because_they_hold_lists() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(TextBlock("a"))


def test_repr_shows_what_differs_from_the_defaults() -> None:
    assert repr(TextBlock("a")) == "TextBlock(text='a')"
    assert repr(ToolPolicy(["a"])) == "ToolPolicy(allow_list=['a'])"
    assert repr(ToolPolicy(deny_list=["a"])) == "ToolPolicy(deny_list=['a'])"
    assert repr(Attempt("p", "m", usage=Usage(1))) == (
        "Attempt(provider='p', model='m', usage=Usage(input_tokens=1))"
    )


def test_wrong_data_is_a_value_error_that_names_the_field() -> None:
    with pytest.raises(ValueError, match="max_turns"):
        AgentConfig.model_validate({"max_turns": "many"})
    with pytest.raises(ValueError, match="max_turns"):
        AgentConfig.model_validate_json('{"max_turns": "many"}')


def test_records_are_fields_of_the_programs_own_models() -> None:
    class Page(BaseModel):
        block: ContentBlock
        error: ErrorInfo | None = None

    page = Page(block=ImageBlock(url="u"))
    assert Page.model_validate_json(page.model_dump_json()) == page
    assert Page(block=UnknownBlock("new", {"a": 1})).model_dump(mode="json")["block"] == {
        "type": "new",
        "a": 1,
    }


@pytest.mark.parametrize("value", [TextBlock("a"), UnknownBlock("new", {"a": 1})])
def test_a_block_that_is_one_already_is_taken_as_it_is(value: Record) -> None:
    adapter: TypeAdapter[object] = TypeAdapter(ContentBlock)
    assert adapter.validate_python(value) is value
