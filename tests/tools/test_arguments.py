"""What a model may pass: schema and validation follow the type hints, for all that pydantic can describe."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, BeforeValidator, Field
from typing_extensions import TypeAliasType, TypedDict, Unpack

from tests.types.values import objects
from voxagent.errors import ConfigError, ModelRetry
from voxagent.tools import FunctionTool, ToolDefinition, tool


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Point(BaseModel):
    x: int
    y: int = Field(0, description="Up.")


@dataclass
class Size:
    width: float
    height: float = 1.0


class Person(TypedDict):
    name: str
    age: NotRequired[int]


class Tree(BaseModel):
    value: int
    children: list["Tree"] = []


Nested = TypeAliasType("Nested", "int | list[Nested]")

TREE = {"value": 1, "children": [{"value": 2}]}


def taking(hint: Any, default: Any = inspect.Parameter.empty) -> FunctionTool[object, ..., Any]:
    """A tool with one parameter of that type, which it gives back."""

    def take(**given: Any) -> Any:
        return given["it"]

    parameter = inspect.Parameter("it", inspect.Parameter.KEYWORD_ONLY, annotation=hint, default=default)
    take.__signature__ = inspect.Signature([parameter])  # type: ignore[attr-defined]
    return tool(take)


@pytest.mark.parametrize(
    ("hint", "schema", "given", "value"),
    [
        (int, {"type": "integer"}, "3", 3),
        (int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}, None, None),
        (Literal["C", "F"], {"enum": ["C", "F"], "type": "string"}, "F", "F"),
        (Color, {"$ref": "#/$defs/Color"}, "blue", Color.BLUE),
        (date, {"type": "string", "format": "date"}, "2024-02-29", date(2024, 2, 29)),
        (timedelta, {"type": "string", "format": "duration"}, "PT1M", timedelta(minutes=1)),
        (UUID, {"type": "string", "format": "uuid"}, str(UUID(int=1)), UUID(int=1)),
        (Path, {"type": "string", "format": "path"}, "a/b", Path("a/b")),
        (list[list[int]], {"type": "array"}, [[1], ["2"]], [[1], [2]]),
        (tuple[int, str], {"type": "array"}, [1, "a"], (1, "a")),
        (set[int], {"type": "array"}, [1, 1], {1}),
        (dict[str, Decimal], {"type": "object"}, {"a": "1.5"}, {"a": Decimal("1.5")}),
        (Annotated[int, Field(ge=1, description="Count.")], {"minimum": 1, "description": "Count."}, 1, 1),
        (Point, {"$ref": "#/$defs/Point"}, {"x": "1"}, Point(x=1)),
        (Size, {"$ref": "#/$defs/Size"}, {"width": 2}, Size(2.0)),
        (Person, {"$ref": "#/$defs/Person"}, {"name": "Ada"}, {"name": "Ada"}),
        (Tree, {"$ref": "#/$defs/Tree"}, TREE, Tree(value=1, children=[Tree(value=2)])),
        (Nested, {"$ref": "#/$defs/Nested"}, [1, [2, ["3"]]], [1, [2, [3]]]),
        (
            Point | Size,
            {"anyOf": [{"$ref": "#/$defs/Point"}, {"$ref": "#/$defs/Size"}]},
            {"x": 1},
            Point(x=1),
        ),
        (bool, {"type": "boolean"}, "yes", True),
        (Any, {}, {"free": [1]}, {"free": [1]}),
        (inspect.Parameter.empty, {}, "free", "free"),
        (None, {"type": "null"}, None, None),
    ],
    ids=str,
)
async def test_hints_become_a_schema_and_arguments_are_converted(
    hint: Any, schema: dict[str, Any], given: Any, value: Any
) -> None:
    it = taking(hint)
    told = it.parameters["properties"]["it"]
    assert {key: told[key] for key in schema} == schema
    assert it.parameters["required"] == ["it"]
    assert await it.run({"it": given}) == value
    import json

    placed, named = it.arguments(json.dumps({"it": given}))
    assert (placed, named) == ([], {"it": value})


def test_the_schema_has_no_titles_but_keeps_parameters_of_that_name() -> None:
    @tool
    def paint(title: str, color: Color = Color.RED, places: list[Point] | None = None) -> None:
        """Paint."""

    assert paint.parameters == {
        "$defs": {
            "Color": {"enum": ["red", "blue"], "type": "string"},
            "Point": {
                "properties": {
                    "x": {"type": "integer"},
                    "y": {"default": 0, "description": "Up.", "type": "integer"},
                },
                "required": ["x"],
                "type": "object",
            },
        },
        "additionalProperties": False,
        "properties": {
            "title": {"type": "string"},
            "color": {"$ref": "#/$defs/Color", "default": "red"},
            "places": {
                "anyOf": [{"items": {"$ref": "#/$defs/Point"}, "type": "array"}, {"type": "null"}],
                "default": None,
            },
        },
        "required": ["title"],
        "type": "object",
    }


def test_a_discriminator_keeps_a_tag_named_title() -> None:
    class Title(BaseModel):
        kind: Literal["title"]

    class Body(BaseModel):
        kind: Literal["body"]

    it = taking(Annotated[Title | Body, Field(discriminator="kind")])
    mapping = it.parameters["properties"]["it"]["discriminator"]["mapping"]
    assert mapping == {"title": "#/$defs/Title", "body": "#/$defs/Body"}


def test_a_function_without_parameters_takes_an_empty_object() -> None:
    @tool
    def now() -> str:
        return "now"

    assert now.parameters == {"type": "object", "properties": {}, "additionalProperties": False}
    assert now.arguments("{}") == ([], {})


def everything(first: int, /, second: str, *rest: float, third: bool = True, **more: int) -> tuple[Any, ...]:
    return first, second, rest, third, more


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({"first": "1", "second": "b"}, (1, "b", (), True, {})),
        (
            {"first": 1, "second": "b", "rest": ["2", 3], "third": "no", "fourth": "4"},
            (1, "b", (2.0, 3.0), False, {"fourth": 4}),
        ),
    ],
)
async def test_every_kind_of_parameter_is_passed_by_name(
    given: dict[str, Any], value: tuple[Any, ...]
) -> None:
    assert await tool(everything).run(given) == value


def test_every_kind_of_parameter_is_in_the_schema() -> None:
    assert tool(everything).parameters == {
        "type": "object",
        "properties": {
            "first": {"type": "integer"},
            "second": {"type": "string"},
            "rest": {"type": "array", "items": {"type": "number"}, "default": []},
            "third": {"type": "boolean", "default": True},
        },
        "required": ["first", "second"],
        "additionalProperties": {"type": "integer"},
    }


async def test_positional_only_parameters_with_defaults_may_be_left_out() -> None:
    @tool
    def span(start: int = 1, stop: int = 9, /) -> tuple[int, int]:
        return start, stop

    assert await span.run({}) == (1, 9)
    assert await span.run({"stop": 3}) == (1, 3)


async def test_a_default_may_be_a_field_and_an_alias_is_what_the_model_writes() -> None:
    @tool
    def travel(origin: Annotated[str, Field(alias="from")], days: int = Field(3, ge=1)) -> tuple[str, int]:
        return origin, days

    assert set(travel.parameters["properties"]) == {"from", "days"}
    assert await travel.run({"from": "Oslo"}) == ("Oslo", 3)
    with pytest.raises(ModelRetry, match="days"):
        travel.arguments({"from": "Oslo", "days": 0})


class Options(TypedDict, total=False):
    limit: int


async def test_unpacked_options_are_checked_and_may_be_described() -> None:
    @tool
    def find(**options: Unpack[Options]) -> Any:
        """Find.

        Args:
            **options: How.
        """
        return options

    assert await find.run({"limit": "3"}) == {"limit": 3}


@given(objects)
def test_a_function_that_takes_anything_gets_what_was_given(params: dict[str, Any]) -> None:
    @tool
    def anything(**given: Any) -> Any: ...

    assert anything.arguments(params) == ([], params)


@given(st.dictionaries(st.sampled_from(["a", "b"]), st.integers(), min_size=2))
def test_arguments_may_come_as_a_mapping_or_as_json(params: dict[str, int]) -> None:
    import json

    @tool
    def add(a: int, b: int) -> int: ...

    assert add.arguments(params) == add.arguments(json.dumps(params)) == ([], params)


def add(a: int, b: int = 1) -> int:
    return a + b


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "a: Missing required keyword only argument"),
        ({"a": "x"}, "a: Input should be a valid integer, unable to parse string as an integer (given: 'x')"),
        ({"a": 1, "c": 2}, "c: Unexpected keyword argument (given: 2)"),
        (
            {"a": "x", "b": None},
            "a: Input should be a valid integer, unable to parse string as an integer (given: 'x');"
            " b: Input should be a valid integer (given: None)",
        ),
        ('{"a": 1', "Invalid JSON: EOF while parsing an object at line 1 column 7 (given: '{\"a\": 1')"),
    ],
)
def test_what_does_not_fit_is_told_to_the_model_and_the_function_is_not_called(given: Any, told: str) -> None:
    with pytest.raises(ModelRetry) as caught:
        tool(add).arguments(given)
    assert caught.value.message == f"invalid arguments: {told}"


def test_a_long_value_is_told_by_its_beginning() -> None:
    with pytest.raises(ModelRetry) as caught:
        tool(add).arguments({"a": "x" * 1000})
    assert caught.value.message.endswith(f"(given: '{'x' * 96}...)")


def deep(levels: int) -> list[Any]:
    inner: list[Any] = []
    for _ in range(levels):
        inner = [inner]
    return inner


@pytest.mark.parametrize(
    ("hint", "given"),
    [
        (int, {"it": deep(100_000)}),
        (Nested, {"it": deep(100_000)}),
        (Any, '{"it":' + "[" * 100_000 + "]" * 100_000 + "}"),
    ],
    ids=["int", "recursive", "json"],
)
def test_arguments_that_are_nested_too_deep_are_told_to_the_model(hint: Any, given: Any) -> None:
    with pytest.raises(ModelRetry, match="invalid arguments"):
        taking(hint).arguments(given)


def test_a_validator_that_recurses_without_end_is_told_to_the_model() -> None:
    def endless(value: object) -> object:
        return endless(value)

    with pytest.raises(ModelRetry, match="the arguments are nested too deep"):
        taking(Annotated[int, BeforeValidator(endless)]).arguments({"it": 1})


class Unheard:
    """No type that pydantic knows."""


@pytest.mark.parametrize("hint", [Unheard, Callable[[], int], list[Unheard]])
def test_a_type_that_has_no_schema_is_an_error_that_names_the_parameter(hint: Any) -> None:
    with pytest.raises(ConfigError, match=r"take\(\): no JSON Schema for the type .* of 'it'"):
        taking(hint).parameters  # noqa: B018


def test_a_model_that_is_not_finished_is_an_error_that_names_the_parameter() -> None:
    @dataclass
    class Open:
        end: "Nowhere"  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(ConfigError, match=r"take\(\): no JSON Schema for the type .* of 'it'.*Nowhere"):
        taking(Open).arguments({"it": {}})


def test_a_trouble_that_is_no_single_parameters_is_told_as_it_is() -> None:
    @tool
    def find(limit: int, **options: Unpack[Options]) -> None: ...

    with pytest.raises(ConfigError, match=r"find\(\): .*limit"):
        find.arguments({})


def test_a_builtin_that_does_not_tell_its_parameters_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"getattr\(\) does not tell its parameters"):
        tool(getattr)


async def test_a_schema_that_is_handed_in_is_told_and_the_hints_are_checked() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer", "maximum": 3}}}
    it = ToolDefinition("add", "Add.", add, schema)
    assert it.parameters == schema
    assert await it.run({"a": "100"}) == 101
    with pytest.raises(ModelRetry):
        await it.run({"a": "x"})
