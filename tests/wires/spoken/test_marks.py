"""A call in words is the exact mark, a known name and a JSON object; everything else is text (R-B03)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxagent.providers.spoken.marks import CallReader, Part, SpokenCall, instructions
from voxagent.types import ToolSpec

NAMES = ("add", "get_weather")
CALL = '[[call: add]]\n{"a": 1}\n[[/call]]'
ADD_1 = SpokenCall("add", {"a": 1}, '{"a": 1}')


def joined(parts: list[Part]) -> list[Part]:
    """Parts with texts in a row as one."""
    found: list[Part] = []
    for part in parts:
        if isinstance(part, str) and found and isinstance(found[-1], str):
            found[-1] += part
        else:
            found.append(part)
    return found


def read(*pieces: str, whole: bool = True, names: Any = NAMES) -> list[Part]:
    reader = CallReader(names)
    return joined([part for piece in pieces for part in reader.feed(piece)] + reader.end(whole=whole))


CALLS: list[tuple[str, list[Part]]] = [
    (CALL, [ADD_1]),
    (f"{CALL}\n", [ADD_1]),
    (f"Let me see.\n{CALL}", ["Let me see.\n", ADD_1]),
    (f"{CALL}\nThat was it.", [ADD_1, "That was it."]),
    (f"{CALL}\n{CALL}", [ADD_1, ADD_1]),
    (f"{CALL}\n\n{CALL}\n", [ADD_1, "\n", ADD_1]),
    ('[[call: add]]\n\n  {"a":\n 1}\n\n[[/call]]', [SpokenCall("add", {"a": 1}, '{"a":\n 1}')]),
    ('[[call: add]]  \r\n{"a": 1}\r\n[[/call]] \r\n', [ADD_1]),
    ("[[call: add]]\n{}\n[[/call]]", [SpokenCall("add", {}, "{}")]),
    (f"```\n{CALL}\n```", ["```\n", ADD_1, "```"]),
    (f'[[call: get_weather]]\n{{"a": 1}}\n{CALL}', [SpokenCall("get_weather", {"a": 1}, '{"a": 1}'), ADD_1]),
    (f"[[call: get_weather]]\n{CALL}", ["[[call: get_weather]]\n", ADD_1]),
]


@pytest.mark.parametrize(("text", "parts"), CALLS)
def test_a_call_is_read_and_the_text_around_it_is_kept(text: str, parts: list[Part]) -> None:
    assert read(text) == parts
    assert read(*text) == parts


TEXTS = [
    "",
    "\n",
    "Just prose.",
    'The arguments would be {"a": 1}.',
    '```json\n{"name": "add", "arguments": {"a": 1}}\n```',
    '{"tool": "add", "a": 1}',
    '[[call: remove]]\n{"a": 1}\n[[/call]]',
    '[[call: add ]]\n{"a": 1}\n[[/call]]',
    '[[Call: add]]\n{"a": 1}\n[[/call]]',
    ' [[call: add]]\n{"a": 1}\n[[/call]]',
    'Write [[call: add]]\n{"a": 1}\n[[/call]]',
    '> [[call: add]]\n{"a": 1}\n[[/call]]',
    '[[call: add]] {"a": 1}\n[[/call]]',
    '[[call: add]]{"a": 1}[[/call]]',
    "[[call: add]]\n[[/call]]",
    "[[call: add]]\n[1]\n[[/call]]",
    '[[call: add]]\n{"a": 1\n[[/call]]',
    '[[call: add]]\n{"a": 1} {"a": 2}\n[[/call]]',
    '[[call: add]]\nwith {"a": 1}\n[[/call]]',
    '[[call: add]]\n```json\n{"a": 1}\n```\n[[/call]]',
    "[[call: add]]",
    "[[call: add]]\n",
    "[[call: add",
    "[[",
    "[[/call]]",
    "[[call: add]]\n{",
    "a\r\n[[call: ad\r\nd]]\r\n",
]


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_no_call_stays_text_unchanged(text: str) -> None:
    assert read(text) == ([text] if text else [])
    assert read(*text) == ([text] if text else [])


def test_without_tools_nothing_is_a_call() -> None:
    assert read(CALL, names=()) == [CALL]


@pytest.mark.parametrize("text", ['[[call: add]]\n{"a": 1}', '[[call: add]]\n{"a": 1}\n'])
def test_a_call_may_lack_its_closing_mark_where_the_model_ended_by_itself(text: str) -> None:
    assert read(text) == [ADD_1]
    assert read(text, whole=False) == [text]


def test_a_closed_call_counts_however_the_answer_ended() -> None:
    assert read(CALL, whole=False) == [ADD_1]


def test_text_is_handed_over_at_once_unless_it_may_become_a_mark() -> None:
    reader = CallReader(NAMES)
    assert reader.feed("Let me") == ["Let me"]
    assert reader.feed(" see.\n[[ca") == [" see.\n"]
    assert reader.feed("ts]] and") == ["[[cats]] and"]
    assert reader.feed(" dogs\n[[call: add]]\n{") == [" dogs\n"]
    assert reader.feed('"a": 1}\n[[/call]]\n[') == [ADD_1]
    assert reader.end(whole=True) == ["["]
    assert reader.feed("anew") == ["anew"]


WORDS = ["[[", "]]", "text", "```", '{"a": "[[/call]]"}', "é", "[[call: ", "\n", "\r\n", " ", "{", "}"]
MARKS = ["[[call: add]]", "[[call: get_weather]]", "[[call: no]]", "[[/call]]", '{"a": 1}']
PIECES = st.sampled_from([*MARKS, *WORDS])


@given(st.lists(PIECES, max_size=12).map("".join), st.data(), st.booleans())
def test_any_cut_of_a_text_gives_the_same_calls_and_text(text: str, data: st.DataObject, whole: bool) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert read(*pieces, whole=whole) == read(text, whole=whole)


@given(st.text())
def test_a_text_without_a_mark_comes_out_as_it_went_in(text: str) -> None:
    assert "".join(part for part in read(text) if isinstance(part, str)) == text


def test_a_long_call_is_read_in_one_go() -> None:
    """What is held back is joined once: a call of a megabyte in pieces of four characters takes no time."""
    text = f'[[call: add]]\n{{"a": "{"x" * 1_000_000}"}}\n[[/call]]'
    [call] = read(*(text[at : at + 4] for at in range(0, len(text), 4)))
    assert isinstance(call, SpokenCall)
    assert len(call.params["a"]) == 1_000_000


def test_the_model_is_told_the_form_the_tools_and_whether_it_must_call_one() -> None:
    add = ToolSpec("add", "Adds two numbers.", {"type": "object", "properties": {"a": {"type": "integer"}}})
    told = instructions([add, ToolSpec("stop", "", {"type": "object"})], "auto")
    assert "[[call: name of the tool]]\n" in told
    assert (
        '- add: Adds two numbers.\n  arguments: {"type":"object","properties":{"a":{"type":"integer"}}}'
        in told
    )
    assert "must call" not in told
    assert "You must call a tool now.\n" in instructions([add], "required")
    assert "You must call the tool add now.\n" in instructions([add], "add")
    assert read(told, names=["add", "stop"]) == [told]
