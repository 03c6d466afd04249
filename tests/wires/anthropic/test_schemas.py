"""Schemas in the form that the API can hold a model to."""

from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from annotated_types import Ge, Len
from pydantic import BaseModel, Field, TypeAdapter

from voxagent.providers.anthropic.schemas import UnsuitableSchemaError, lowered, object_schema

TAKEN = {
    "type", "description", "title", "enum", "const", "default", "required", "pattern", "$ref", "$defs",
    "definitions", "properties", "items", "minItems", "format", "anyOf", "allOf", "additionalProperties",
}  # fmt: skip


class Colour(Enum):
    RED = "red"


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: Annotated[int, Ge(1)] = 9


class Dog(BaseModel):
    """A dog."""

    kind: Literal["dog"]
    names: Annotated[list[str], Len(2, 3)]
    colour: Colour | None = None


class Home(BaseModel):
    pet: Cat | Dog = Field(discriminator="kind")
    pair: tuple[int, str]
    spare: list[Cat] = []
    owner: Dog = Field(description="Who owns it")


class Node(BaseModel):
    next: "Node | None" = None


def keywords(schema: Any) -> set[str]:
    found = set(schema)
    for name in ("properties", "$defs", "definitions"):
        for each in schema.get(name, {}).values():
            found |= keywords(each)
    for name in ("anyOf", "allOf"):
        for each in schema.get(name, ()):
            found |= keywords(each)
    return found | (keywords(schema["items"]) if "items" in schema else set())


@pytest.mark.parametrize("kind", [Home, Cat, Dog, int, list[Cat], Cat | None, Colour])
def test_a_lowered_schema_has_only_what_the_api_takes_and_stays_as_it_is(kind: Any) -> None:
    told = lowered(TypeAdapter(kind).json_schema())
    assert keywords(told) <= TAKEN
    assert lowered(told) == told


NULLS = {"type": "array", "items": {"type": "null"}}
REFERRED = {"$ref": "#/$defs/a", "$defs": {"a": {"const": 1}}}
OLD_REFERRED = {"$ref": "#/definitions/a", "definitions": {"a": {"const": 1}}}
CLOSED = {"type": "object", "properties": {"a": {"const": 1}}, "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        (
            {"type": "integer", "minimum": 1, "maximum": 9},
            {"type": "integer", "description": "(minimum: 1; maximum: 9)"},
        ),
        (
            {"type": "string", "description": "A.", "minLength": 1},
            {"type": "string", "description": "A. (minLength: 1)"},
        ),
        ({"type": "string", "format": "date"}, {"type": "string", "format": "date"}),
        ({"type": "string", "format": "ipv7"}, {"type": "string", "description": '(format: "ipv7")'}),
        ({**NULLS, "minItems": 1}, {**NULLS, "minItems": 1}),
        ({**NULLS, "minItems": 2}, {**NULLS, "description": "(minItems: 2)"}),
        ({"oneOf": [{"type": "null"}]}, {"anyOf": [{"type": "null"}]}),
        ({"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"const": 1}}}, REFERRED),
        ({"allOf": [{"const": 1}, {"const": 1}]}, {"allOf": [{"const": 1}, {"const": 1}]}),
        ({**OLD_REFERRED, "description": "x"}, OLD_REFERRED),
        (
            {"type": "array", "prefixItems": [{"type": "integer"}, {"const": 1}]},
            {
                "type": "array",
                "items": {"anyOf": [{"type": "integer"}, {"const": 1}]},
                "description": '(items in order: ["integer","any"])',
            },
        ),
        ({"type": "object"}, {"type": "object", "properties": {}, "additionalProperties": False}),
        ({**CLOSED, "additionalProperties": True, "$schema": "x"}, CLOSED),
    ],
)
def test_what_the_api_does_not_take_is_told_in_words(schema: dict[str, Any], told: dict[str, Any]) -> None:
    assert lowered(schema) == told


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({}, "any type"),
        ({"description": "x"}, "any type"),
        ({"type": "array", "items": True}, "any type"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "keys that are not known"),
        ({"type": "object", "patternProperties": {"^a": {"type": "integer"}}}, "keys that are not known"),
        (Node.model_json_schema(), "contains itself"),
        ({"type": "object", "properties": {"a": {"$ref": "#"}}}, "contains itself"),
        ({"$ref": "https://x.test/schema"}, "leads nowhere"),
        ({"$ref": "#/$defs/a/b", "$defs": {"a": {"b": 3}}}, "leads nowhere"),
    ],
)
def test_a_schema_that_would_lose_its_meaning_is_not_lowered(schema: dict[str, Any], why: str) -> None:
    with pytest.raises(UnsuitableSchemaError, match=why):
        lowered(schema)


def test_a_definition_may_be_used_twice() -> None:
    schema = {"anyOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}], "$defs": {"a": {"type": "null"}}}
    assert lowered(schema) == schema


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({}, {"type": "object"}),
        ({"type": "object", "properties": {}}, {"type": "object", "properties": {}}),
        (
            {"anyOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}, {"required": ["a"]}]},
            {"type": "object", "properties": {"a": {}, "b": {}}},
        ),
        (
            {"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", "properties": {"a": {}}}}},
            {
                "type": "object",
                "properties": {"a": {}},
                "$defs": {"n": {"type": "object", "properties": {"a": {}}}},
            },
        ),
        ({"$ref": "#/nowhere"}, {"type": "object"}),
    ],
)
def test_a_tools_schema_is_an_object_and_no_choice(schema: dict[str, Any], told: dict[str, Any]) -> None:
    assert object_schema(schema) == told
