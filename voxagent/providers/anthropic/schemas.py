"""Lower a JSON Schema to what the API can hold a model to.

From the documentation of structured outputs: every object is closed; limits of numbers, lengths and counts,
recursion and foreign references are refused. What is taken out of the schema is told in the description, and
checked by us anyway when the answer is read. A schema that would lose its meaning is not lowered: an open
object (`dict[str, int]`) could only ever be `{}`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from pydantic_core import to_json

FORMATS = frozenset(
    ("date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid")
)
_KEPT = frozenset(("type", "description", "title", "enum", "const", "default", "required", "pattern", "$ref"))
_DROPPED = frozenset(("discriminator", "$schema", "$id", "additionalProperties"))
_COMBINED = ("anyOf", "oneOf", "allOf")


class UnsuitableSchemaError(ValueError):
    """A schema that the API cannot hold a model to; the text says why."""


def lowered(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema in the form that `output_config.format` and strict tools take.

    Raises:
        UnsuitableSchemaError: it would lose its meaning.
    """
    _check_references(schema)
    return _lowered(schema)


def object_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A tool's schema as the API wants it: an object, not a choice of objects or a reference to one."""
    root = dict(schema)
    reference = root.pop("$ref", None)
    if isinstance(reference, str):
        root = {**(_definition(root, reference) or {}), **root}
    for name in _COMBINED:
        for option in cast("Sequence[Mapping[str, Any]]", root.pop(name, ())):
            root["properties"] = {**root.get("properties", {}), **option.get("properties", {})}
    return {**root, "type": "object"}


def _lowered(part: object) -> dict[str, Any]:
    if not isinstance(part, Mapping):
        raise UnsuitableSchemaError("a value of any type")
    schema = cast("Mapping[str, Any]", part)
    told: dict[str, Any] = {}
    lost: dict[str, Any] = {}
    for name, value in schema.items():
        if "$ref" in schema and name not in ("$ref", "$defs", "definitions"):
            continue  # beside a reference nothing is taken
        if name in _KEPT:
            told[name] = value
        elif name not in _DROPPED:
            _lower_keyword(name, value, told, lost)
    if lost:
        note = "; ".join(f"{name}: {to_json(value).decode()}" for name, value in lost.items())
        told["description"] = " ".join(filter(None, [told.get("description"), f"({note})"]))
    return _closed(schema, told)


def _lower_keyword(name: str, value: Any, told: dict[str, Any], lost: dict[str, Any]) -> None:
    if name in ("properties", "$defs", "definitions"):
        told[name] = {key: _lowered(each) for key, each in value.items()}
    elif name == "allOf" and len(value) == 1:
        told.update(_lowered(value[0]))
    elif name in _COMBINED:
        told["anyOf" if name == "oneOf" else name] = [_lowered(each) for each in value]
    elif name == "items":
        told["items"] = _lowered(value)
    elif name == "prefixItems":
        told["items"] = {"anyOf": [_lowered(each) for each in value]}
        lost["items in order"] = [each.get("type", "any") for each in value]
    elif (name == "minItems" and value in (0, 1)) or (name == "format" and value in FORMATS):
        told[name] = value
    else:
        lost[name] = value


def _closed(schema: Mapping[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    if not told.keys() & {"type", "enum", "const", "$ref", *_COMBINED}:
        raise UnsuitableSchemaError("a value of any type")
    if told.get("type") != "object":
        return told
    told.setdefault("properties", {})
    if not told["properties"] and (
        schema.get("additionalProperties", False) is not False or "patternProperties" in schema
    ):
        raise UnsuitableSchemaError("an object with keys that are not known")
    told["additionalProperties"] = False
    return told


def _check_references(schema: Mapping[str, Any]) -> None:
    """Raise if a reference leads outside, or back to where it stands."""
    done: set[str] = set()

    def follow(part: object, path: tuple[str, ...]) -> None:
        for reference in _references(part):
            if reference in path or reference == "#":
                raise UnsuitableSchemaError("a value that contains itself")
            if reference not in done:
                definition = _definition(schema, reference)
                if definition is None:
                    raise UnsuitableSchemaError(f"a reference that leads nowhere: {reference}")
                follow(definition, (*path, reference))
                done.add(reference)

    follow({name: part for name, part in schema.items() if name not in ("$defs", "definitions")}, ())


def _references(part: object) -> Iterator[str]:
    if isinstance(part, Mapping):
        values = cast("Mapping[str, object]", part)
        reference = values.get("$ref")
        if isinstance(reference, str):
            yield reference
        for value in values.values():
            yield from _references(value)
    elif isinstance(part, (list, tuple)):
        for value in cast("Sequence[object]", part):
            yield from _references(value)


def _definition(schema: Mapping[str, Any], reference: str) -> Mapping[str, Any] | None:
    found: object = schema
    for name in reference.removeprefix("#/").split("/"):
        found = cast("Mapping[str, object]", found).get(name) if isinstance(found, Mapping) else None
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else None
