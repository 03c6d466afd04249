"""What servers say of their tools, as models take it: one case of each kind that laws find by chance."""

from typing import Any

import pytest

from voxagent.mcp.mending import mended
from voxagent.mcp.names import sanitize_tool_name
from voxagent.mcp.schemas import rooted

INNER = {"type": "object", "properties": {"a": {"type": "string"}}}
EMPTY: dict[str, Any] = {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("schema", "expected", "told"),
    [
        ({"$ref": "#/$defs/A", "$defs": {"A": INNER}}, {**INNER, "$defs": {"A": INNER}}, ""),
        (
            {"$ref": "#/definitions/A~1B", "definitions": {"A/B": INNER}},
            {**INNER, "definitions": {"A/B": INNER}},
            "",
        ),
        ({"$ref": "#/nowhere"}, {**EMPTY, "$ref": "#/nowhere"}, ""),
        ({"$ref": "https://h/s"}, {**EMPTY, "$ref": "https://h/s"}, ""),
        ({"$ref": "#/title", "title": "t"}, {**EMPTY, "$ref": "#/title", "title": "t"}, ""),
        ({"$ref": "#/title/x", "title": "t"}, {**EMPTY, "$ref": "#/title/x", "title": "t"}, ""),
        ({"$schema": "s", "type": "string"}, EMPTY, "its root is of type 'string', not an object"),
        ({"type": ["object", "null"], "properties": 3}, EMPTY, ""),
        ({"type": ["string"]}, EMPTY, "its root is of type ['string'], not an object"),
    ],
)
def test_the_root_of_a_schema_becomes_an_object(
    schema: dict[str, Any], expected: dict[str, Any], told: str
) -> None:
    assert rooted(schema) == (expected, told)


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (None, None),
        ([1], [1]),
        ({"a": 1}, {"a": 1}),
        ({"tools": 3}, {"tools": 3}),
        ({"tools": [3]}, {"tools": []}),
    ],
)
def test_what_is_no_list_of_tools_is_left_as_it_is(given: Any, made: Any) -> None:
    assert mended(given) == made


def test_names_of_signs_and_digits_are_valid_too() -> None:
    assert [sanitize_tool_name(name) for name in ("", "!", "3d", "a b")] == ["tool", "tool", "_3d", "a_b"]
