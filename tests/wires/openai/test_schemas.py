"""Schemas in strict mode's words: what qualifies, what is lowered, what cannot be."""

import json
from collections import UserDict
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from voxagent.providers.base import ModelRequest
from voxagent.providers.openai import ChatDialect, ChatWire, ResponsesWire
from voxagent.providers.openai.schema import CannotBeStrictError, is_strict, lowered, rooted
from voxagent.types import OutputSpec, ToolSpec

STRICT: dict[str, Any] = {
    "type": "object",
    "properties": {"a": {"type": "string"}, "b": {"anyOf": [{"$ref": "#/$defs/B"}, {"type": "null"}]}},
    "required": ["a", "b"],
    "additionalProperties": False,
    "$defs": {
        "B": {
            "type": "object",
            "properties": {
                "next": {"$ref": "#/$defs/B"},
                "many": {"type": "array", "items": {"enum": [1, 2]}},
            },
            "required": ["many", "next"],
            "additionalProperties": False,
        }
    },
}


def test_a_schema_that_is_strict_stays_as_it_is() -> None:
    assert is_strict(STRICT)
    assert lowered(STRICT, nullable=True) == (STRICT, set())


@pytest.mark.parametrize(
    "change",
    [
        {"required": ["a"]},
        {"additionalProperties": True},
        {"additionalProperties": {"type": "string"}},
        {"properties": {"a": {"type": "string", "default": "x"}}, "required": ["a"]},
        {"properties": {"a": {"type": "string", "minLength": 1}}, "required": ["a"]},
        {"properties": {"a": {"type": "string", "format": "uri"}}, "required": ["a"]},
        {"properties": {"a": {}}, "required": ["a"]},
        {"properties": {"a": True}, "required": ["a"]},
        {"properties": {"a": {"type": "array"}}, "required": ["a"]},
        {"properties": {"a": {"type": "object"}}, "required": ["a"]},
        {"properties": {"a": {"$ref": "#/$defs/B", "description": "beside"}}, "required": ["a"]},
        {"properties": {"a": {"oneOf": [{"type": "string"}]}}, "required": ["a"]},
    ],
)
def test_a_schema_that_is_not_strict_is_known(change: dict[str, Any]) -> None:
    assert not is_strict({**STRICT, **change})


def obj(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def strict(*required: str, **properties: Any) -> dict[str, Any]:
    return {**obj(**properties), "required": list(required or properties), "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "result", "lost"),
    [
        (obj(a={"type": "string"}), strict(a={"type": ["string", "null"]}), set()),
        (obj(a={"type": "null"}), strict(a={"type": "null"}), set()),
        (obj(a={"type": ["string", "null"]}), strict(a={"type": ["string", "null"]}), set()),
        (
            obj(a={"type": ["string", "integer"], "title": "A"}),
            strict(a={"anyOf": [{"type": ["string", "integer"]}, {"type": "null"}], "title": "A"}),
            set(),
        ),
        (
            obj(a={"enum": ["x"], "type": "string"}),
            strict(a={"anyOf": [{"enum": ["x"], "type": "string"}, {"type": "null"}]}),
            set(),
        ),
        (
            obj(a={"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}),
            strict(a={"anyOf": [{"type": "string"}, {"type": "null"}]}),
            set(),
        ),
        (
            obj(a={"oneOf": [{"type": "string"}, {"type": "integer"}], "discriminator": {}}),
            strict(a={"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]}),
            set(),
        ),
        (
            obj(a={"type": "string", "minLength": 3, "pattern": "x", "format": "binary"}),
            strict(a={"type": ["string", "null"], "pattern": "x"}),
            {"minLength", "format"},
        ),
        (
            {**obj(a={"allOf": [{"type": "string"}], "description": "d"}), "required": ["a"]},
            strict(a={"type": "string", "description": "d"}),
            set(),
        ),
        (
            obj(a={"$ref": "#/$defs/B", "description": "d"}),
            strict(a={"anyOf": [{"$ref": "#/$defs/B"}, {"type": "null"}], "description": "d"}),
            set(),
        ),
        (obj(a={"$ref": "#/$defs/B"}), strict(a={"anyOf": [{"$ref": "#/$defs/B"}, {"type": "null"}]}), set()),
        (
            {**obj(a=obj(b={"type": "integer"})), "required": ["a"]},
            strict(a=strict(b={"type": ["integer", "null"]})),
            set(),
        ),
        (
            {"type": "object", "properties": {}},
            {**obj(), "required": [], "additionalProperties": False},
            set(),
        ),
        ({**obj(a={"type": "integer"}), "required": []}, strict(a={"type": ["integer", "null"]}), set()),
        (
            {**obj(a={"type": "integer"}), "definitions": {"B": obj()}},
            {**strict(a={"type": ["integer", "null"]}), "definitions": {"B": strict()}},
            set(),
        ),
    ],
)
def test_what_is_optional_becomes_nullable(schema: Any, result: Any, lost: set[str]) -> None:
    assert lowered(schema, nullable=True) == (result, lost)


def test_for_an_output_what_is_optional_becomes_required() -> None:
    schema = obj(a={"type": "string", "default": "x"})
    assert lowered(schema, nullable=False) == (strict(a={"type": "string"}), set())


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (
            obj(a={"type": "object", "additionalProperties": {"type": "string"}}),
            "keys of any name are allowed at .a",
        ),
        (obj(a={"type": "array", "items": {}}), r"any value is allowed at .a\[\]"),
        (obj(a={"type": "array", "prefixItems": [{"type": "string"}]}), r"any value is allowed at .a\[\]"),
        (obj(a={"description": "anything"}), "any value is allowed at .a"),
        ({"type": "object"}, "keys of any name are allowed at its root"),
        ({}, "any value is allowed at its root"),
    ],
)
def test_some_schemas_have_no_strict_words(schema: Any, words: str) -> None:
    with pytest.raises(CannotBeStrictError, match=words):
        lowered(schema, nullable=True)


class Node(BaseModel):
    model_config = ConfigDict(extra="forbid")
    value: Annotated[int, Field(ge=0, description="How many.")]
    kind: Literal["leaf", "branch"]
    children: list["Node"]


def test_a_recursive_model_keeps_its_references_below_a_plain_root() -> None:
    schema = Node.model_json_schema()
    assert "$ref" in schema
    root = rooted(schema)
    assert root["type"] == "object"
    assert root["properties"]["children"]["items"] == {"$ref": "#/$defs/Node"}
    assert is_strict(root)


@pytest.mark.parametrize(
    ("schema", "root"),
    [
        ({}, {"type": "object", "properties": {}, "required": []}),
        ({"$ref": "#"}, {"type": "object", "properties": {}, "required": []}),
        ({"$ref": "#/nowhere/at/all"}, {"type": "object", "properties": {}, "required": []}),
        (
            {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/B"}, "B": obj(b={})}},
            {
                "type": "object",
                "properties": {"b": {}},
                "required": [],
                "$defs": {"A": {"$ref": "#/$defs/B"}, "B": obj(b={})},
            },
        ),
        (
            {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}},
            {"type": "object", "properties": {}, "required": [], "$defs": {"A": {"$ref": "#/$defs/A"}}},
        ),
        (
            {"anyOf": [{**obj(a={}, c={}), "required": ["a", "c"]}, {**obj(b={}, c={}), "required": ["c"]}]},
            {"type": "object", "properties": {"a": {}, "c": {}, "b": {}}, "required": ["c"]},
        ),
        (
            {
                "allOf": [{**obj(a={}), "required": ["a"]}, {**obj(b={}), "required": ["b"]}],
                "description": "d",
            },
            {"type": "object", "description": "d", "properties": {"a": {}, "b": {}}, "required": ["a", "b"]},
        ),
        (
            {"$ref": "#/$defs/a~1b~0c", "$defs": {"a/b~c": obj(x={})}},
            {"type": "object", "properties": {"x": {}}, "required": [], "$defs": {"a/b~c": obj(x={})}},
        ),
    ],
)
def test_the_root_is_a_plain_object(schema: Any, root: Any) -> None:
    assert rooted(schema) == root


# --- tools and outputs in a body


def body(wire: Any, *specs: ToolSpec, output: OutputSpec | None = None) -> Any:
    return json.loads(wire.body(ModelRequest("gpt-4o", (), tools=specs, output=output)))


LOOSE = obj(a={"type": "string", "minLength": 1})


@pytest.mark.parametrize(
    ("spec", "sent", "warned"),
    [
        (ToolSpec("t", "d", STRICT), (True, STRICT), 0),
        (ToolSpec("t", "d", STRICT, False), (False, STRICT), 0),
        (ToolSpec("t", "d", LOOSE), (False, {**LOOSE, "required": []}), 0),
        (ToolSpec("t", "d", LOOSE, True), (True, strict(a={"type": ["string", "null"]})), 1),
        (ToolSpec("t", "d", obj(a={}), True), (False, {**obj(a={}), "required": []}), 1),
        (
            ToolSpec("t", "d", obj(a={"type": "string"}), True),
            (True, strict(a={"type": ["string", "null"]})),
            0,
        ),
    ],
)
def test_a_tool_is_strict_where_it_can_be(spec: ToolSpec, sent: Any, warned: int) -> None:
    (function,) = body(ResponsesWire(), spec)["tools"]
    told = {"name": "t", "description": "d", "strict": sent[0], "parameters": sent[1]}
    assert function == {"type": "function", **told}
    (wrapped,) = body(ChatWire(), spec)["tools"]
    if not sent[0]:
        del told["strict"]  # Chat Completions is lenient where nothing is said
    assert wrapped == {"type": "function", "function": told}
    for wire in (ChatWire(), ResponsesWire()):
        warnings = wire.warnings(ModelRequest("m", (), tools=[spec]))
        assert len(warnings) == warned
        assert all("'t'" in warning for warning in warnings)


def test_a_server_that_does_not_know_strict_is_not_told() -> None:
    wire = ChatWire(ChatDialect(strict=False))
    sent = body(wire, ToolSpec("t", "", STRICT, True), output=OutputSpec("o", STRICT))
    assert sent["tools"] == [{"type": "function", "function": {"name": "t", "parameters": STRICT}}]
    assert sent["response_format"]["json_schema"] == {"name": "o", "schema": STRICT}


def test_an_output_is_asked_for_natively() -> None:
    spec = OutputSpec("list[int]", LOOSE, "What we want.")
    told = {
        "name": "list_int",
        "schema": strict(a={"type": "string"}),
        "description": "What we want.",
        "strict": True,
    }
    chat, responses = body(ChatWire(), output=spec), body(ResponsesWire(), output=spec)
    assert chat["response_format"] == {"type": "json_schema", "json_schema": told}
    assert responses["text"] == {"format": {"type": "json_schema", **told}}


def test_an_output_that_cannot_be_enforced_is_asked_for_all_the_same() -> None:
    wire, spec = ChatWire(), OutputSpec("??", obj(a={}))
    sent = body(wire, output=spec)["response_format"]["json_schema"]
    assert sent == {"name": "output", "schema": {**obj(a={}), "required": []}, "strict": False}
    told = ["the output '??' is asked for, but not enforced: any value is allowed at .a"]
    for each in (wire, ResponsesWire()):
        assert each.warnings(ModelRequest("m", (), output=spec)) == told


class Counted(UserDict[str, Any]):
    """A schema that counts how often it is read."""

    reads = 0

    def keys(self) -> Any:
        type(self).reads += 1
        return super().keys()


def test_a_tool_is_put_into_bytes_once() -> None:
    wire = ResponsesWire()
    specs = [ToolSpec(f"t{number}", "", Counted(obj(a={})), True) for number in range(3)]
    Counted.reads = 0
    for tools in (tuple(specs), tuple(specs), tuple(reversed(specs))):
        assert len(body(wire, *tools)["tools"]) == 3
        assert len(wire.warnings(ModelRequest("m", (), tools=tools))) == 3
    once = Counted.reads
    assert once >= 3
    many = [ToolSpec(f"m{number}", "", obj()) for number in range(1500)]
    assert len(body(wire, *many)["tools"]) == 1500
    body(wire, *specs)
    assert Counted.reads == 2 * once  # what is kept has a limit
