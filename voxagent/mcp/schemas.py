"""Schemas as model providers take them at the root; what lies deeper is the provider's wire to lower."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast


def rooted(schema: Mapping[str, Any] | None) -> tuple[dict[str, Any], str]:
    """The schema with an object at its root, and what of its meaning had to be changed for that."""
    given = dict(schema or {})
    given.pop("$schema", None)
    told = ""
    if "$ref" in given and "properties" not in given:
        found = _found(given, str(given["$ref"]))
        if found is not None:
            definitions: dict[str, Any] = {
                name: given[name] for name in ("$defs", "definitions") if name in given
            }
            given = {**found, **definitions}
    kind = given.get("type", "object")
    if kind != "object":
        if not (isinstance(kind, list) and "object" in cast("list[object]", kind)):
            told = f"its root is of type {kind!r}, not an object"
        given["type"] = "object"
    given.setdefault("type", "object")
    if not isinstance(given.get("properties"), Mapping):
        given["properties"] = {}
    return given, told


def _found(schema: Mapping[str, Any], reference: str) -> dict[str, Any] | None:
    """What a reference within the schema points to."""
    if not reference.startswith("#/"):
        return None
    here: object = schema
    for step in reference[2:].split("/"):
        step = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(here, Mapping) or step not in here:
            return None
        here = cast("Mapping[str, object]", here)[step]
    return dict(cast("Mapping[str, Any]", here)) if isinstance(here, Mapping) else None
