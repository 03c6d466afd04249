"""Tool and output schemas as OpenAI takes them (guide "Structured Outputs", supported schemas).

The service holds a model to a schema only in strict mode, and strict mode knows a part of JSON Schema:
every property required, `additionalProperties: false` on every object, no `default`, `oneOf`, `allOf` or
lengths of text, nothing beside a `$ref`. A schema that is so already is sent strict. One that is not is
lowered only where it was asked for, because lowering changes what the model may say. What cannot be lowered
at all (an object with free keys, a value of any type) is sent lenient. The root is an object in both modes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, cast

Schema: TypeAlias = Mapping[str, Any]

MARKS = frozenset({"$ref", "type", "enum", "const", "anyOf"})
"""What says which values a schema takes; one without any takes everything."""
KNOWN = MARKS | {
    "$defs", "additionalProperties", "definitions", "description", "exclusiveMaximum", "exclusiveMinimum",
    "format", "items", "maxItems", "maximum", "minItems", "minimum", "multipleOf", "pattern", "properties",
    "required", "title",
}  # fmt: skip
FORMATS = frozenset(
    {"date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uuid"},
)
SILENT = frozenset({"default", "discriminator", "examples", "$schema", "$id", "$comment", "deprecated"})
"""What is dropped without a word: it forbids nothing."""

BESIDE = ("title", "description")
"""What may stand around alternatives."""


class CannotBeStrictError(ValueError):
    """A schema has a part that strict mode has no words for; the text says where."""


def rooted(schema: Schema) -> dict[str, Any]:
    """The schema with a plain object at its root, as both modes want it.

    A reference there is replaced by what it refers to, and alternatives by one object that has the properties
    of all and requires what all require: wider than the schema, so the arguments are still to be checked.
    """
    root, seen = dict(schema), set[str]()
    while "$ref" in root and root["$ref"] not in seen:
        seen.add(root["$ref"])
        target = _target(schema, str(root.pop("$ref")))
        root = {**target, **root}
    root.pop("$ref", None)
    for name in ("anyOf", "oneOf", "allOf"):
        for number, each in enumerate(root.pop(name, ())):
            part = rooted({**each, "$defs": schema.get("$defs", {})})
            known = part["required"] if name != "allOf" else [*root.get("required", ()), *part["required"]]
            root["properties"] = {**root.get("properties", {}), **part["properties"]}
            both = number == 0 or name == "allOf"
            root["required"] = known if both else [key for key in root["required"] if key in known]
    return {"type": "object", "properties": {}, "required": [], **root}


def _target(schema: Schema, reference: str) -> Schema:
    found: Schema = schema
    for name in reference.removeprefix("#").split("/")[1:]:
        below: Any = found.get(name.replace("~1", "/").replace("~0", "~"))
        found = cast("Schema", below if isinstance(below, Mapping) else {})
    return found


def is_strict(schema: Schema) -> bool:
    """Whether strict mode takes the schema as it is."""
    dropped: set[str] = set()
    try:
        return _Lowering(dropped, nullable=False).lowered(schema, "") == schema and not dropped
    except CannotBeStrictError:
        return False


def lowered(schema: Schema, *, nullable: bool) -> tuple[dict[str, Any], set[str]]:
    """The schema in strict mode's words, and the keywords that got lost.

    Args:
        schema: With an object at its root.
        nullable: Whether what was optional may be null; otherwise it is simply required, so that whatever
            the model says is valid for the schema it was made from.

    Raises:
        CannotBeStrictError: Strict mode has no words for a part of it.
    """
    dropped: set[str] = set()
    return _Lowering(dropped, nullable=nullable).lowered(schema, ""), dropped


class _Lowering:
    """One schema on its way down; remembers what it drops."""

    def __init__(self, dropped: set[str], *, nullable: bool) -> None:
        self._dropped = dropped
        self._nullable = nullable

    def lowered(self, schema: object, where: str) -> dict[str, Any]:
        if not isinstance(schema, Mapping):
            raise CannotBeStrictError(f"any value is allowed at {where or 'its root'}")
        given = _plain(cast("Schema", schema))
        if not MARKS & given.keys():
            raise CannotBeStrictError(f"any value is allowed at {where or 'its root'}")
        if "$ref" in given:
            return self._reference(given)
        result = {name: value for name, value in given.items() if self._is_kept(name, value)}
        if "anyOf" in result:
            result["anyOf"] = [self.lowered(each, where) for each in result["anyOf"]]
        if "items" in result or result.get("type") == "array":
            result["items"] = self.lowered(result.get("items"), f"{where}[]")
        for name in ("$defs", "definitions"):
            if name in result:
                result[name] = {key: self.lowered(each, key) for key, each in result[name].items()}
        if _is_object(result):
            self._object(result, where)
        return result

    def _is_kept(self, name: str, value: object) -> bool:
        if name in KNOWN and not (name == "format" and value not in FORMATS):
            return True
        if name not in SILENT:
            self._dropped.add(name)
        return False

    def _reference(self, given: dict[str, Any]) -> dict[str, Any]:
        """A reference stands alone; what stood beside it goes around it."""
        alone = {"$ref": given["$ref"]}
        beside: dict[str, Any] = {name: given[name] for name in BESIDE if name in given}
        return {"anyOf": [alone], **beside} if beside else alone

    def _object(self, result: dict[str, Any], where: str) -> None:
        free = result.get("additionalProperties", False)
        properties = cast("dict[str, Any]", result.get("properties") or {})
        if free not in (False, None) or (not properties and "properties" not in result):
            raise CannotBeStrictError(f"keys of any name are allowed at {where or 'its root'}")
        required = result.get("required") or ()
        result["properties"] = {
            name: self._property(each, f"{where}.{name}", name in required)
            for name, each in properties.items()
        }
        if list(required) != list(properties):
            kept = required if set(required) == set(properties) else properties
            result["required"] = list(kept)
        elif not properties:
            result["required"] = list[str]()
        result["additionalProperties"] = False

    def _property(self, schema: object, where: str, required: bool) -> dict[str, Any]:
        result = self.lowered(schema, where)
        return result if required or not self._nullable else _or_null(result)


def _is_object(schema: dict[str, Any]) -> bool:
    kind = schema.get("type")
    return kind == "object" or (isinstance(kind, list) and "object" in kind) or "properties" in schema


def _plain(schema: Schema) -> dict[str, Any]:
    """`oneOf` as `anyOf`, and an `allOf` of one merged into what is around it."""
    result = dict(schema)
    if "oneOf" in result and "anyOf" not in result:
        result["anyOf"] = result.pop("oneOf")
    parts = result.get("allOf")
    if isinstance(parts, list) and len(cast("list[object]", parts)) == 1:
        del result["allOf"]
        return _plain({**cast("dict[str, Any]", parts[0]), **result})
    return result


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, or null."""
    null = {"type": "null"}
    if "anyOf" in schema:
        choices = schema["anyOf"]
        return schema if null in choices else {**schema, "anyOf": [*choices, null]}
    kinds = schema.get("type")
    if isinstance(kinds, str) and "enum" not in schema and "const" not in schema:
        return schema if kinds == "null" else {**schema, "type": [kinds, "null"]}
    if isinstance(kinds, list) and "null" in kinds:
        return schema
    told: dict[str, Any] = {name: schema[name] for name in BESIDE if name in schema}
    return {"anyOf": [{name: schema[name] for name in schema if name not in told}, null], **told}
