"""JSON Schemas of tools and outputs as the API reads them.

It takes JSON Schema itself (`parametersJsonSchema`, `responseJsonSchema`), and of it: types, properties,
items, alternatives, enumerations, limits of numbers and lengths of lists, definitions and references. What it
does not know it passes over; so that the model learns of it anyway, it is told in the description. Nothing is
ever dropped but what forbids nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

from ..http.jsontext import dumped

Schema: TypeAlias = Mapping[str, Any]

KNOWN = frozenset({
    "$anchor", "$defs", "$id", "$ref", "additionalProperties", "anyOf", "default", "description", "enum",
    "format", "items", "maxItems", "maximum", "minItems", "minimum", "prefixItems", "properties",
    "propertyOrdering", "required", "title", "type",
})  # fmt: skip
SILENT = frozenset(
    {"$comment", "$schema", "deprecated", "discriminator", "examples", "readOnly", "writeOnly"}
)
"""What is dropped without a word: it forbids nothing."""
FORMATS = frozenset({"date", "date-time", "time", "double", "enum", "float", "int32", "int64"})
_BELOW = frozenset({"$defs", "properties"})
_LISTS = frozenset({"anyOf", "prefixItems"})


def lowered(schema: Schema) -> tuple[dict[str, Any], list[str]]:
    """The schema in the keywords that the API knows, and those that only stand in descriptions now."""
    lost: set[str] = set()
    return _lowered(schema, lost), sorted(lost)


def rooted(schema: Schema) -> dict[str, Any]:
    """The schema with a plain object at its root, as functions want it.

    A reference there is replaced by what it refers to, and alternatives by one object that has the properties
    of all and requires what all require: wider than the schema, so the arguments are still to be checked.
    """
    root, seen = dict(schema), set[str]()
    while isinstance(reference := root.pop("$ref", None), str) and reference not in seen:
        seen.add(reference)
        root = {**_target(schema, reference), **root}
    for name in ("anyOf", "oneOf", "allOf"):
        for number, each in enumerate(root.pop(name, ())):
            part = rooted({**each, "$defs": schema.get("$defs", {})})
            known = root.get("required", ())
            root["properties"] = {**root.get("properties", {}), **part.get("properties", {})}
            mine = part.get("required", [])
            if name == "allOf":
                root["required"] = [*known, *(key for key in mine if key not in known)]
            else:
                root["required"] = mine if number == 0 else [key for key in known if key in mine]
    return {**root, "type": "object"}


def _target(schema: Schema, reference: str) -> Schema:
    found: Schema = schema
    for name in reference.removeprefix("#").split("/")[1:]:
        below: Any = found.get(name.replace("~1", "/").replace("~0", "~"))
        found = cast("Schema", below if isinstance(below, Mapping) else {})
    return found


def _lowered(part: object, lost: set[str]) -> Any:
    if not isinstance(part, Mapping):
        return part  # true and false are schemas as well
    schema: Schema = _plain(cast("Schema", part))
    told: dict[str, Any] = {}
    noted: dict[str, Any] = {}
    for name, value in schema.items():
        if name in _BELOW and isinstance(value, Mapping):
            below = cast("Schema", value)
            told[name] = {key: _lowered(each, lost) for key, each in below.items()}
        elif name in _LISTS:
            told[name] = [_lowered(each, lost) for each in cast("Sequence[object]", value)]
        elif name in ("items", "additionalProperties"):
            told[name] = _lowered(value, lost)
        elif _is_known(name, value):
            told[name] = value
        elif name not in SILENT:
            noted[name] = value
    if noted:
        lost.update(noted)
        note = "; ".join(f"{name}: {dumped(value).decode()}" for name, value in noted.items())
        told["description"] = " ".join(filter(None, [told.get("description"), f"({note})"]))
    return _alone(told)


def _is_known(name: str, value: object) -> bool:
    if name == "format":
        return value in FORMATS
    if name == "enum":
        return all(type(each) in (str, int, float) for each in cast("Sequence[object]", value))
    return name in KNOWN


def _plain(schema: Schema) -> dict[str, Any]:
    """The schema with other words for the same where there are some."""
    told = dict(schema)
    if "definitions" in told and "$defs" not in told:
        told["$defs"] = told.pop("definitions")
    if "oneOf" in told and "anyOf" not in told:
        told["anyOf"] = told.pop("oneOf")
    if type(told.get("const")) in (str, int, float):
        told["enum"] = [told.pop("const")]
    if isinstance(told.get("$ref"), str):
        told["$ref"] = told["$ref"].replace("#/definitions/", "#/$defs/")
    parts = told.get("allOf")
    if isinstance(parts, Sequence) and len(cast("Sequence[object]", parts)) == 1:
        del told["allOf"]
        return _plain({**cast("Sequence[Schema]", parts)[0], **told})
    return told


def _alone(told: dict[str, Any]) -> dict[str, Any]:
    """A reference stands alone; what stood beside it goes around it."""
    if "$ref" not in told or all(name.startswith("$") for name in told):
        return told
    inner = {name: value for name, value in told.items() if name.startswith("$") and name != "$defs"}
    beside = {name: value for name, value in told.items() if name not in inner}
    return {**beside, "anyOf": [inner]}
