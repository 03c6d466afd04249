"""Whatever a tool returns, the model can read it or is told why not; nothing breaks the run."""

import json
from collections import namedtuple
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, computed_field

from tests.types.values import anything
from voxagent.errors import ToolError
from voxagent.tools import ToolReturn
from voxagent.tools.content import MAX_RESULT, as_content, shown
from voxagent.types import (
    AudioBlock,
    DocumentBlock,
    ImageBlock,
    ProviderBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    UnknownBlock,
)

PICTURE = ImageBlock("image/png", b"x")


class City(BaseModel):
    name: str


@dataclass
class Size:
    width: float
    data: bytes = b"\xff"


class Color(Enum):
    RED = "red"


Pair = namedtuple("Pair", "a b")


def numbers() -> Iterator[int]:
    yield from (1, 2)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("text", "text"),
        ("", ""),
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        (2**70, str(2**70)),
        ([1, "a", None], '[1,"a",null]'),
        ((1, 2), "[1,2]"),
        ({"a": {"b": [1]}}, '{"a":{"b":[1]}}'),
        ({1: 2}, '{"1":2}'),
        ({3}, "[3]"),
        (numbers(), "[1,2]"),
        (Pair(1, 2), "[1,2]"),
        (date(2024, 2, 29), '"2024-02-29"'),
        (Color.RED, '"red"'),
        (City(name="Oslo"), '{"name":"Oslo"}'),
        ([City(name="Oslo")], '[{"name":"Oslo"}]'),
        (Size(2.0), '{"width":2.0,"data":"_w=="}'),
        (b"text", "text"),
        (bytearray(b"text"), "text"),
        (b"\xff\x00", "base64:/wA="),
        ([b"\xff"], '["_w=="]'),
        (float("nan"), '"NaN"'),
        ([float("inf"), float("-inf")], '["Infinity","-Infinity"]'),
        (ThinkingBlock("hm").model_dump(), '{"text":"hm","redacted":false,"type":"thinking"}'),
    ],
    ids=lambda value: type(value).__name__,
)
def test_text_stays_text_and_anything_else_becomes_json(value: object, told: str) -> None:
    assert as_content(value) == told


@given(anything)
def test_what_json_knows_is_the_same_after_it_was_told(value: Any) -> None:
    told = as_content(value)
    assert value == (told if isinstance(value, str) else json.loads(str(told)))


@pytest.mark.parametrize(
    "block",
    [
        TextBlock("a"),
        PICTURE,
        DocumentBlock(url="u"),
        AudioBlock(url="u"),
        ProviderBlock("openai", {}),
        UnknownBlock("new", {}),
    ],
    ids=lambda block: block.type,
)
def test_blocks_stay_blocks(block: Any) -> None:
    assert as_content(block) == [block]
    assert as_content([block, "text", {"a": 1}]) == [block, TextBlock("text"), TextBlock('{"a":1}')]
    assert as_content(("text", block)) == [TextBlock("text"), block]


def test_a_tool_return_is_its_value_and_then_its_content() -> None:
    assert as_content(ToolReturn({"a": 1})) == '{"a":1}'
    assert as_content(ToolReturn("", [PICTURE])) == [PICTURE]
    assert as_content(ToolReturn("a", "b")) == [TextBlock("a"), TextBlock("b")]
    assert as_content(ToolReturn([1], [PICTURE, "b"], {"seen": "by the program"})) == [
        TextBlock("[1]"),
        PICTURE,
        TextBlock("b"),
    ]
    assert ToolReturn("a", metadata={"k": 1}).metadata == {"k": 1}


LONE = "\ud800"
MARK = "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (LONE, MARK),
        (f"é{LONE}", f"é{MARK}"),
        ("\ud83d\ude00", "😀"),
        ({"a": [LONE, (LONE,)]}, f'{{"a":["{MARK}",["{MARK}"]]}}'),
        ({LONE: 1, 2: LONE}, f'{{"{MARK}":1,"2":"{MARK}"}}'),
        ({LONE}, f'["{MARK}"]'),
        (City.model_construct(name=LONE), f'{{"name":"{MARK}"}}'),
        ([float("nan"), LONE], f'["NaN","{MARK}"]'),
        (TextBlock(LONE), [TextBlock(MARK)]),
        ([LONE, PICTURE], [TextBlock(MARK), PICTURE]),
    ],
    ids=repr,
)
def test_lone_surrogates_never_reach_the_model(value: object, told: object) -> None:
    assert as_content(value) == told


@given(st.text(st.characters(categories=["Cs", "L"])))
def test_any_text_can_be_sent_after_it_was_told(text: str) -> None:
    told = as_content(text)
    assert isinstance(told, str)
    told.encode()


class Broken(BaseModel):
    @computed_field  # type: ignore[prop-decorator]
    @property
    def size(self) -> int:
        raise KeyError("no size")


def fails() -> Iterator[int]:
    yield 1
    raise KeyError("half way")


def circular() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


def deep(levels: int, inner: object = None) -> object:
    for _ in range(levels):
        inner = [inner]
    return inner


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (object(), "object"),
        (circular(), "dict"),
        (deep(100_000), "list"),
        (deep(100, deep(10_000, LONE)), "list"),
        (Broken(), "Broken"),
        (fails(), "generator"),
        ({"inner": {1, object()}}, "dict"),
    ],
    ids=["object", "circular", "deep", "deep surrogate", "broken model", "broken generator", "nested"],
)
def test_what_cannot_be_told_is_the_tools_error(value: object, kind: str) -> None:
    with pytest.raises(ToolError, match=f"the tool returned a {kind} that cannot be told as JSON"):
        as_content(value)


def result(content: Any) -> ToolResultBlock:
    return ToolResultBlock("1", "read", content, True)


def test_a_result_within_the_limit_is_shown_as_it_is() -> None:
    for content in ("x" * 10, [TextBlock("x" * 4), PICTURE, TextBlock("x" * 6)], [PICTURE]):
        block = result(content)
        assert shown(block, 10) is block


def test_a_text_beyond_the_limit_is_cut_with_a_note() -> None:
    note = "[cut: the first 10 of 5,000 characters are shown]"
    assert shown(result("x" * 5000), 10) == result(f"{'x' * 10}\n{note}")
    assert len(shown(result("x" * 50_000_000)).text) < MAX_RESULT + 100


def test_a_cut_never_falls_within_a_character() -> None:
    assert shown(result("é" * 6), 5) == result("éé\n[cut: the first 2 of 6 characters are shown]")


def test_all_texts_of_a_result_share_one_limit() -> None:
    block = result([TextBlock("x" * 6), PICTURE, TextBlock("y" * 6), TextBlock("z" * 6)])
    assert shown(block, 10) == result(
        [
            TextBlock("x" * 6),
            PICTURE,
            TextBlock("yyyy\n[cut: the first 4 of 6 characters are shown]"),
            TextBlock("\n[cut: the first 0 of 6 characters are shown]"),
        ]
    )
