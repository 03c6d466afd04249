"""Mend a list of tools ahead of the SDK, which refuses the whole list for one tool that is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

MENDED = "voxagent/mended"
"""Key in a tool's `_meta` under which stands what was mended."""


def mended(result: Any) -> Any:
    """The result of `tools/list`, with each tool as the SDK takes it; what cannot be a tool is left out."""
    if not isinstance(result, dict):
        return result
    fields = cast("dict[str, Any]", result)
    tools: Any = fields.get("tools")
    if not isinstance(tools, list):
        return fields
    free = "resultType" in fields  # from 2026-07-28 on an output schema may be of any type
    found = [_mended(tool, free) for tool in cast("Sequence[Any]", tools)]
    return {**fields, "tools": [tool for tool in found if tool is not None]}


def _mended(tool: Any, free: bool) -> dict[str, Any] | None:
    if not isinstance(tool, dict) or not isinstance(cast("dict[str, Any]", tool).get("name"), str):
        return None
    fields = dict(cast("dict[str, Any]", tool))
    told = _input(fields)
    if not free:
        told += _output(fields)
    told += [f"its {name} is not what it should be" for name in _wrong(fields)]
    if told:
        meta: object = fields.get("_meta")
        kept = dict(cast("Mapping[str, Any]", meta)) if isinstance(meta, Mapping) else {}
        fields["_meta"] = {**kept, MENDED: "; ".join(told)}
    return fields


def _input(fields: dict[str, Any]) -> list[str]:
    """Give the input schema the root that the protocol wants."""
    given: object = fields.get("inputSchema")
    if not isinstance(given, dict):
        fields["inputSchema"] = {"type": "object"}
        return ["it has no input schema"]
    schema = cast("dict[str, Any]", given)
    kind = schema.get("type")
    if kind == "object":
        return []
    fields["inputSchema"] = {**schema, "type": "object"}
    return [f"its input schema {_said(kind)}"]


def _output(fields: dict[str, Any]) -> list[str]:
    """Give the output schema such a root, or take it out: every answer would be held against it."""
    given: object = fields.get("outputSchema")
    if given is None:
        return []
    kind = cast("dict[str, Any]", given).get("type") if isinstance(given, dict) else given
    if kind == "object":
        return []
    if kind is None:
        fields["outputSchema"] = {**cast("dict[str, Any]", given), "type": "object"}
    else:
        del fields["outputSchema"]
    return [f"its output schema {_said(kind)}"]


def _said(kind: object) -> str:
    return "has no type" if kind is None else f"is of type {kind!r:.100}, not an object"


def _wrong(fields: dict[str, Any]) -> list[str]:
    """Take out what is of another type than it may be."""
    from mcp_types import Tool
    from pydantic import ValidationError

    try:
        Tool.model_validate(fields)
    except ValidationError as error:
        wrong = dict.fromkeys(str(each["loc"][0]) for each in error.errors())
        for name in wrong:
            fields.pop(name, None)
        return list(wrong)
    return []
