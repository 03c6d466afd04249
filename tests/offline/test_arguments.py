"""How the built-in model fills the arguments of a tool from the words of a prompt."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Annotated, Any, Literal, TypedDict

import pytest
from pydantic import UUID5, BaseModel, Field, Json

from voxagent import Agent
from voxagent.providers import ModelRequest, ToolUseChunk
from voxagent.providers.offline import OfflineProvider
from voxagent.tools import ToolDefinition
from voxagent.types import Message, ToolSpec


class Item(BaseModel):
    name: str
    count: int = 1


class Row(TypedDict):
    x: int


async def _filled(prompt: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The arguments of the one tool that must be called."""
    request = ModelRequest(
        "demo",
        [Message("user", prompt)],
        tools=[ToolSpec("use", "", parameters)],
        settings={"tool_choice": "use"},
    )
    async with OfflineProvider().open(request) as chunks:
        (call,) = [chunk.tool_call async for chunk in chunks if isinstance(chunk, ToolUseChunk)]
    return call.params


async def _for(prompt: str, **parameters: Any) -> dict[str, Any]:
    """The arguments for a function with these parameters, all needed."""

    def use(**arguments: Any) -> None: ...

    function: Any = use
    names = ", ".join(parameters)
    exec(f"def use({names}): ...", scope := {})
    function = scope["use"]
    function.__annotations__ = dict(parameters)
    return await _filled(prompt, dict(ToolDefinition("use", "", function).parameters))


PROMPT = """Email "the report" to ada@example.com by 2025-03-01: docs/a.md, https://example.com/x, ORD-12.
It costs 12.50 for New York, and 1,000 in paris."""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", "the report"),
        ("email", "ada@example.com"),
        ("to", "ada@example.com"),
        ("day", "2025-03-01"),
        ("path", "docs/a.md"),
        ("file_name", "docs/a.md"),
        ("url", "https://example.com/x"),
        ("order_id", "ORD-12"),
        ("query", "the report"),
        ("text", "the report"),
    ],
)
async def test_texts_are_found_by_the_name_of_the_argument(name: str, value: str) -> None:
    assert await _for(PROMPT, **{name: str}) == {name: value}


@pytest.mark.parametrize(
    ("prompt", "name", "value"),
    [
        ("Weather for New York now", "city", "New York"),
        ("weather in the paris area", "city", "paris"),
        ("Open `main.c` and archive.tar.gz", "path", "main.c"),
        ("Open archive.tar.gz", "path", "archive.tar.gz"),
        ("Look into src/voxagent/tools please, e.g. now", "folder", "src/voxagent/tools"),
        ("Look into docs/", "folder", "docs/"),
        ("Read ~/notes.txt", "path", "~/notes.txt"),
        ("Read .env.", "path", ".env"),
        ("What is (2 + 3) * 4?", "expression", "(2 + 3) * 4"),
        ("What do they say about failover and retries?", "query", "failover retries"),
        ("Hello there", "message", "Hello there"),
        ("Find the “second” word", "query", "second"),
        ("Find the 'third' word, don't stop", "query", "third"),
    ],
)
async def test_one_prompt_one_argument(prompt: str, name: str, value: str) -> None:
    assert await _for(prompt, **{name: str}) == {name: value}


async def test_a_description_tells_what_a_name_does_not() -> None:
    target = Annotated[str, Field(description="Path of the file.")]
    assert await _for("Read a.md", target=target) == {"target": "a.md"}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (int, 1000),
        (float, 12.5),
        (Annotated[int, Field(le=20)], 0),
        (bool, False),
        (dt.date, "2025-03-01"),
        (Literal["ORD-12", "x"], "ORD-12"),
        (Literal["costs", 7], "costs"),
        (int | None, 1000),
        (dt.time | None, None),
        (Annotated[str, Field(pattern=r"^[A-Z]+-\d+$")], "ORD-12"),
        (list[Literal["report", "costs", "zebra"]], ["report", "costs"]),
        (list[float], [12.5]),
        (list[str], ["the report", "New York", "paris", "ORD-12"]),
        (tuple[int, str], [0, ""]),
        (dict[str, int], {}),
        (Item, {"name": "the report"}),
        (list[Item], [{"name": "the report"}]),
        (Any, ""),
    ],
)
async def test_values_are_found_by_the_type_of_the_argument(kind: Any, value: Any) -> None:
    assert await _for(PROMPT, thing=kind) == {"thing": value}


async def test_every_mention_is_used_once() -> None:
    assert await _for("Add 2, 3 and 4", a=int, b=int) == {"a": 2, "b": 3}
    assert await _for('Rename "a" to "b"', old=str, new=str) == {"old": "a", "new": "b"}


async def test_what_may_be_left_out_is_left_out_unless_the_prompt_names_it() -> None:
    parameters = {
        "type": "object",
        "properties": {
            "sides": {"type": "integer", "default": 6},
            "name": {"type": "string"},
            "loud": {"type": "boolean"},
            "unit": {"anyOf": [{"enum": ["red", "blue"]}, {"type": "null"}], "default": None},
        },
    }
    assert await _filled("Roll 20 times", parameters) == {}
    assert await _filled("Roll a loud blue die with 20 sides", parameters) == {
        "sides": 20,
        "loud": True,
        "unit": "blue",
    }


@pytest.mark.parametrize(
    ("prompt", "value"), [("be verbose", True), ("do not be verbose", False), ("hi", False)]
)
async def test_a_switch_is_on_if_it_is_named_and_not_denied(prompt: str, value: bool) -> None:
    assert await _for(prompt, verbose=bool) == {"verbose": value}


@pytest.mark.parametrize(
    ("parameters", "value"),
    [
        ({}, {}),
        ({"properties": {"x": True}, "required": ["x", "y"]}, {"x": "", "y": ""}),
        ({"allOf": [{"properties": {"x": {"const": 1}}}, {"required": ["x"]}]}, {"x": 1}),
        ({"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"required": ["x"], "properties": {"x": {}}}}}, {"x": ""}),
        ({"$ref": "#/$defs/none"}, {}),
        ({"$ref": "#"}, {}),
        ({"$ref": "#/$defs/loop", "$defs": {"loop": {"$ref": "#/$defs/loop"}}}, {}),
        ({"required": ["x"], "properties": {"x": {"allOf": [{"type": "null"}]}}}, {"x": None}),
        (
            {"required": ["x"], "properties": {"x": {"type": "number", "minimum": 0.5, "maximum": 1}}},
            {"x": 0.75},
        ),
        ({"required": ["x"], "properties": {"x": {"type": ["integer", "null"]}}}, {"x": None}),
        ({"required": ["x"], "properties": {"x": {"enum": [7, 8]}}}, {"x": 7}),
        ({"required": ["x"], "properties": {"x": {"enum": []}}}, {"x": None}),
        ({"required": ["x"], "properties": {"x": {"items": {"enum": []}}}}, {"x": []}),
        ({"required": ["x"], "properties": {"x": {"type": "integer", "default": 5}}}, {"x": 5}),
        (
            {"required": ["x"], "properties": {"x": {"minItems": 2, "items": {"type": "boolean"}}}},
            {"x": [False, True]},
        ),
        ({"minProperties": 1, "patternProperties": {"^x_": {"type": "null"}}}, {"x_": None}),
        ({"minProperties": 1, "propertyNames": {"enum": ["a", "b"]}}, {"b": ""}),
    ],
)
async def test_a_schema_may_be_written_in_many_ways(
    parameters: dict[str, Any], value: dict[str, Any]
) -> None:
    assert await _filled("", parameters) == value


async def test_a_schema_that_nothing_can_follow_is_answered_all_the_same() -> None:
    endless = {
        "$ref": "#/$defs/e",
        "$defs": {"e": {"required": ["e"], "properties": {"e": {"$ref": "#/$defs/e"}}}},
    }
    assert set(await _filled("", endless)) == {"e"}


class Leaf(BaseModel):
    kind: Literal["leaf"] = "leaf"
    number: int


class Pair(BaseModel):
    kind: Literal["pair"] = "pair"
    left: Tree
    right: Tree


Tree = Annotated[Pair | Leaf, Field(discriminator="kind")]
Pair.model_rebuild()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Tree, {"kind": "leaf", "number": 0}),
        (uuid.UUID, "00000000-0000-4000-8000-000000000000"),
        (UUID5, "00000000-0000-5000-8000-000000000000"),
        (Annotated[set[dt.date], Field(min_length=2)], ["2025-01-01", "2026-01-01"]),
        (Annotated[set[str], Field(min_length=3)], ["", "1", "2"]),
        (Annotated[dict[str, int], Field(min_length=2)], {"1": 0, "2": 0}),
        (Annotated[list[int], Field(min_length=2)], [0, 1]),
        (Annotated[set[Annotated[int, Field(ge=8, le=9)]], Field(min_length=2)], [8, 9]),
        (Annotated[set[Annotated[int, Field(lt=-7)]], Field(min_length=2)], [-8, -9]),
        (Decimal, 0),
        (Decimal | None, None),
        (Annotated[int, Field(multiple_of=5, ge=7)], 10),
        (Json[list[int]], "[]"),
    ],
)
async def test_what_is_not_found_is_as_small_as_it_can_be(kind: Any, value: Any) -> None:
    assert await _for("", thing=kind) == {"thing": value}


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        (r"^[A-Z]{3}-\d{4}$", "AAA-0000"),
        (r"^(?:v|version )\d+(\.\d+)*$", "v0"),
        (r"[^a-z]", "A"),
        (r"^a{2,}b?$", "aa"),
        (r"^\w\s.\.$", "a a."),
        (r"^[\d\-]$", "0"),
        (r"^[a-]$", "a"),
        (r"^[]x]$", "]"),
        (r"^(?=.*b)[a-c]+b$", "ab"),
        (r"^(?P<x>\bx)(?i:y)$", "xy"),
        (r"a{,3}", ""),
        (r"\p{L}", "p{L}"),
        (r"[^\w\W]", ""),
        (r"[a", "a"),
    ],
)
async def test_a_text_is_made_up_for_a_pattern(pattern: str, value: str) -> None:
    parameters = {"required": ["x"], "properties": {"x": {"type": "string", "pattern": pattern}}}
    assert await _filled("", parameters) == {"x": value}


async def test_the_longest_text_that_fits_is_made_up_if_nothing_is_found() -> None:
    short = Annotated[str, Field(max_length=5)]
    long = Annotated[str, Field(min_length=12, pattern="^[ab]*$")]
    middle = Annotated[str, Field(min_length=14)]
    assert await _for("what goes here", thing=str, other=short, third=long, fourth=middle) == {
        "thing": "goes",
        "other": "goes",
        "third": "aaaaaaaaaaaa",
        "fourth": "what goes here",
    }
    assert await _for("no", thing=middle) == {"thing": "xxxxxxxxxxxxxx"}


async def test_an_agent_accepts_what_is_filled_in() -> None:
    agent = Agent("offline:demo")
    seen: list[list[Item]] = []

    @agent.tool
    def order(items: list[Item]) -> str:
        """Order some items."""
        seen.append(items)
        return "ordered"

    result = await agent.run('Order items: 3 "apples"')
    assert (seen, result.output) == ([[Item(name="apples")]], "order (name: apples): ordered")
