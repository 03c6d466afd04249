"""JSON Schema, as far as arguments need it: follow its references, list its alternatives, fill it.

`smallest` never sees the conversation: it gives the least that the schema lets pass, with defaults
where there are some.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from .data import fields_of, items_of
from .scalars import Schema, smallest_number, smallest_text

DEEPEST = 12


class TooDeepError(Exception):
    """No value of this schema is as shallow as asked for."""


@dataclass(slots=True, frozen=True)
class Document:
    """A whole schema, where the references of its parts point to."""

    root: Schema

    def resolved(self, value: object) -> Schema:
        """A part of it with its reference followed and all parts of an `allOf` in one."""
        schema = fields_of(value)
        for _ in range(DEEPEST):
            if "allOf" in schema:
                schema = self._merged(schema)
            elif "$ref" not in schema:
                return schema
            else:
                rest = {key: each for key, each in schema.items() if key not in ("$ref", "$defs")}
                schema = {**self._target(str(schema["$ref"])), **rest}
        return {}

    def _target(self, reference: str) -> Schema:
        found: object = self.root
        for step in reference.removeprefix("#").strip("/").split("/"):
            if step:
                found = fields_of(found).get(step.replace("~1", "/").replace("~0", "~"))
        return fields_of(found)

    def _merged(self, schema: Schema) -> Schema:
        merged = {key: value for key, value in schema.items() if key != "allOf"}
        for part in map(self.resolved, schema["allOf"]):
            properties = {**merged.get("properties", {}), **part.get("properties", {})}
            required = [*merged.get("required", []), *part.get("required", [])]
            merged = {**part, **merged}
            if properties:
                merged |= {"properties": properties, "required": list(dict.fromkeys(required))}
        return merged

    def branches(self, schema: Schema) -> list[Schema]:
        """The alternatives of a resolved schema; itself where it has none."""
        for key in ("anyOf", "oneOf"):
            if key in schema:
                rest = {name: each for name, each in schema.items() if name not in (key, "discriminator")}
                found = [self.resolved({**rest, **self.resolved(each)}) for each in schema[key]]
                return [each for each in found if not _is_any_text(each)] if _has_number(found) else found
        kinds = items_of(schema.get("type"))
        return [{**schema, "type": kind} for kind in kinds] or [schema]

    def smallest(self, value: object, index: int = 0) -> Any:
        """The smallest value that fits; values of different `index` differ where the schema lets them."""
        for depth in range(DEEPEST):
            try:
                return self._smallest(self.resolved(value), depth, index)
            except TooDeepError:
                continue
        return None

    def _smallest(self, schema: Schema, depth: int, index: int) -> Any:
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            members = items_of(schema["enum"]) or [None]
            return members[index % len(members)]
        if "default" in schema and not index:
            return schema["default"]
        branches = self.branches(schema)
        if branches != [schema]:
            return self._first(branches, depth, index)
        match type_of(schema):
            case "null":
                return None
            case "boolean":
                return bool(index % 2)
            case "integer" | "number":
                return smallest_number(schema, index)
            case "array":
                return list(self._items(schema, depth))
            case "object":
                return dict(self._properties(schema, depth))
            case _ if "contentSchema" in schema:
                return to_json(self.smallest(schema["contentSchema"])).decode()
            case _:
                return smallest_text(schema, index)

    def _first(self, branches: Sequence[Schema], depth: int, index: int) -> Any:
        for branch in sorted(branches, key=lambda each: type_of(each) != "null"):
            try:
                return self._smallest(branch, depth, index)
            except TooDeepError:
                continue
        raise TooDeepError

    def _items(self, schema: Schema, depth: int) -> Iterator[Any]:
        placed = schema.get("prefixItems", [])
        count = max(schema.get("minItems", 0), len(placed))
        if count and not depth:
            raise TooDeepError
        for at in range(count):
            item = placed[at] if at < len(placed) else schema.get("items")
            yield self._smallest(self.resolved(item), depth - 1, at if at >= len(placed) else 0)

    def _properties(self, schema: Schema, depth: int) -> Iterator[tuple[str, Any]]:
        properties = fields_of(schema.get("properties"))
        tags = [name for name, part in properties.items() if "const" in self.resolved(part)]
        required = list(dict.fromkeys([*tags, *schema.get("required", [])]))
        missing = schema.get("minProperties", 0) - len(required)
        if (required != tags or missing > 0) and not depth:
            raise TooDeepError
        for name in required:
            yield name, self._smallest(self.resolved(properties.get(name)), depth - 1, 0)
        for at in range(missing):
            key, value = self._open_property(schema, at)
            yield key, self._smallest(self.resolved(value), depth - 1, 0)

    def _open_property(self, schema: Schema, at: int) -> tuple[str, object]:
        """The name and schema of a property that is not listed."""
        for pattern, value in fields_of(schema.get("patternProperties")).items():
            return smallest_text({"pattern": pattern}, at), value
        names = self.resolved(schema.get("propertyNames"))
        return str(self._smallest({"type": "string", **names}, 0, at + 1)), schema.get("additionalProperties")


def _has_number(branches: Sequence[Schema]) -> bool:
    """A number or any text is how pydantic tells a `Decimal`: text that is no number would not do."""
    return "number" in map(type_of, branches)


def _is_any_text(schema: Schema) -> bool:
    return schema.get("type") == "string" and not schema.keys() - {"type", "title", "description", "default"}


def type_of(schema: Schema) -> str:
    """The type of a schema, read from its keywords where it names none; "any" where they tell none."""
    told = schema.get("type")
    if isinstance(told, str):
        return told
    if "properties" in schema:
        return "object"
    return "array" if "items" in schema or "prefixItems" in schema else "any"
