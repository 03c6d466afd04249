"""Schemas as the API reads them: what it does not know is told in words, and nothing gets lost."""

import json
from typing import Any

import pytest

from voxagent.providers.base import ModelRequest
from voxagent.providers.google import GeminiWire
from voxagent.types.config import OutputSpec, ToolSpec
from voxagent.types.message import Message

GO = [Message("user", "go")]


def tool(schema: dict[str, Any]) -> tuple[Any, list[str]]:
    """The schema of a tool as it is sent, and the warnings."""
    wire, request = GeminiWire(), ModelRequest("gemini-2.5-flash", GO, tools=[ToolSpec("t", "", schema)])
    [declared] = json.loads(wire.body(request))["tools"][0]["functionDeclarations"]
    return declared["parametersJsonSchema"], wire.warnings(request)


def prop(schema: Any) -> tuple[Any, list[str]]:
    """The schema of one property of a tool as it is sent, and the warnings."""
    sent, warnings = tool({"type": "object", "properties": {"x": schema}})
    return sent["properties"]["x"], warnings


KNOWN = {
    "type": "object",
    "title": "T",
    "description": "d",
    "properties": {
        "a": {"type": ["string", "null"], "enum": ["x", "y"], "default": "x"},
        "b": {"type": "array", "items": {"$ref": "#/$defs/B"}, "minItems": 1, "maxItems": 3},
        "c": {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "number", "minimum": 0}]},
        "d": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
        "e": {"type": "object", "additionalProperties": {"type": "integer", "maximum": 7}},
        "f": True,
    },
    "required": ["a"],
    "additionalProperties": False,
    "$defs": {"B": {"type": "object", "properties": {"next": {"$ref": "#/$defs/B"}}}},
}


def test_definitions_have_the_newer_name() -> None:
    old = {"type": "object", "properties": {"a": {"$ref": "#/definitions/B"}}, "definitions": {"B": True}}
    new = {"type": "object", "properties": {"a": {"$ref": "#/$defs/B"}}, "$defs": {"B": True}}
    assert tool(old) == (new, [])


def test_a_schema_in_known_words_is_sent_as_it_is() -> None:
    assert tool(KNOWN) == (KNOWN, [])


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"oneOf": [{"type": "string"}]}, {"anyOf": [{"type": "string"}]}),
        ({"const": "x"}, {"enum": ["x"]}),
        ({"allOf": [{"type": "string"}], "description": "d"}, {"type": "string", "description": "d"}),
        ({"type": "string", "examples": ["x"], "$comment": "y", "deprecated": True}, {"type": "string"}),
        ({"$ref": "#/$defs/B"}, {"$ref": "#/$defs/B"}),
        ({"$ref": "#/definitions/B", "title": "x"}, {"anyOf": [{"$ref": "#/$defs/B"}], "title": "x"}),
    ],
)
def test_what_can_be_said_in_other_words_is(given: Any, sent: Any) -> None:
    assert prop(given) == (sent, [])


@pytest.mark.parametrize(
    ("given", "sent", "lost"),
    [
        (
            {"type": "string", "pattern": "^a", "description": "d"},
            {"type": "string", "description": 'd (pattern: "^a")'},
            "pattern",
        ),
        (
            {"type": "string", "format": "uuid", "minLength": 3},
            {"type": "string", "description": '(format: "uuid"; minLength: 3)'},
            "format, minLength",
        ),
        (
            {"type": "integer", "exclusiveMinimum": 0},
            {"type": "integer", "description": "(exclusiveMinimum: 0)"},
            "exclusiveMinimum",
        ),
        ({"enum": ["a", None]}, {"description": '(enum: ["a",null])'}, "enum"),
        ({"const": True}, {"description": "(const: true)"}, "const"),
        (
            {"allOf": [{"type": "string"}, {"pattern": "x"}]},
            {"description": '(allOf: [{"type":"string"},{"pattern":"x"}])'},
            "allOf",
        ),
    ],
)
def test_what_the_api_does_not_know_is_told_in_the_description(given: Any, sent: Any, lost: str) -> None:
    warning = f"tool 't': this API does not know {lost}; the model is told in words"
    assert prop(given) == (sent, [warning])


A = {
    "type": "object",
    "properties": {"a": {"type": "string"}, "k": {"type": "string"}},
    "required": ["a", "k"],
}
B = {
    "type": "object",
    "properties": {"b": {"type": "string"}, "k": {"type": "string"}},
    "required": ["b", "k"],
}


@pytest.mark.parametrize(
    ("given", "properties", "required"),
    [
        ({"anyOf": [A, B]}, ["a", "k", "b"], ["k"]),
        ({"oneOf": [{"$ref": "#/$defs/A"}, B], "$defs": {"A": A}}, ["a", "k", "b"], ["k"]),
        ({"allOf": [A, B]}, ["a", "k", "b"], ["a", "k", "b"]),
        ({"$ref": "#/$defs/A", "$defs": {"A": A}}, ["a", "k"], ["a", "k"]),
        ({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}, [], []),
        ({"$ref": "#/$defs/a~1b/x", "$defs": {"a/b": 7}}, [], []),
        ({}, [], []),
    ],
)
def test_a_tool_has_an_object_at_its_root(given: Any, properties: list[str], required: list[str]) -> None:
    sent, warnings = tool(given)
    assert sent["type"] == "object"
    assert (list(sent.get("properties", {})), sent.get("required", [])) == (properties, required)
    assert not {"anyOf", "oneOf", "allOf", "$ref"} & sent.keys()
    assert warnings == []


def test_an_output_may_be_of_any_kind() -> None:
    wire, spec = GeminiWire(), OutputSpec("o", {"type": "string", "pattern": "^a"})
    request = ModelRequest("gemini-2.5-flash", GO, output=spec)
    sent = json.loads(wire.body(request))["generationConfig"]["responseJsonSchema"]
    assert sent == {"type": "string", "description": '(pattern: "^a")'}
    assert wire.warnings(request) == [
        "the output 'o': this API does not know pattern; the model is told in words"
    ]
