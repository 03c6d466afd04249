"""Tool calls as models write them become calls whatever they are, with ids that are unique."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.types.values import anything, objects, text
from voxagent.providers.calls import read_call, unique_id
from voxagent.types import ToolCall


@given(objects)
def test_arguments_that_are_an_object_become_parameters(arguments: dict[str, object]) -> None:
    written = json.dumps(arguments)
    assert read_call("1", "add", written, "seal") == ToolCall("1", "add", arguments, written, "seal")


@given(anything.filter(lambda value: not isinstance(value, dict)))
def test_arguments_that_are_no_object_stay_text(arguments: object) -> None:
    written = json.dumps(arguments)
    assert read_call("1", "add", written) == ToolCall("1", "add", {}, written)


@given(text.filter(lambda written: written.strip() and not written.strip().isdigit()))
def test_no_text_is_fatal(written: str) -> None:
    assert read_call("1", "add", written).arguments == written


@pytest.mark.parametrize("written", ["", " ", "\n"])
def test_no_arguments_at_all_are_an_empty_object(written: str) -> None:
    assert read_call("1", "add", written) == ToolCall("1", "add", {}, "{}")


@pytest.mark.parametrize("written", ['{"a": 1', '{"a": 1}}', "[" * 100_000, '{"a":' * 100_000])
def test_broken_and_endlessly_nested_arguments_stay_text(written: str) -> None:
    assert read_call("1", "add", written) == ToolCall("1", "add", {}, written)


@pytest.mark.parametrize(
    ("given_id", "taken", "unique"),
    [
        ("call_1", {"call_2"}, "call_1"),
        ("a", {"a"}, "a_2"),
        ("a", {"a", "a_3"}, "a_4"),
        ("", set(), "call_1"),
        ("", {"call_2"}, "call_3"),
    ],
)
def test_an_id_is_kept_unless_it_is_empty_or_taken(given_id: str, taken: set[str], unique: str) -> None:
    assert unique_id(given_id, taken) == unique


@given(st.lists(st.sampled_from(["", "a", "a_2", "call", "call_1", "call_2"]), max_size=12))
def test_ids_made_unique_one_by_one_are_unique_and_always_the_same(ids: list[str]) -> None:
    def made() -> list[str]:
        taken: list[str] = []
        for each in ids:
            taken.append(unique_id(each, set(taken)))
        return taken

    assert len(set(made())) == len(ids)
    assert made() == made()
