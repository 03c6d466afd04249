"""Tool calls as models write them: JSON text that may be broken, ids that may be missing or doubled."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any, cast

from ..types.blocks import ToolCall


def read_call(id: str, name: str, arguments: str, signature: str | None = None) -> ToolCall:
    """A call from its parts. Arguments that are no JSON object stay as text, with empty `params`.

    Some services send nothing at all for a tool without parameters; that is an empty object.
    """
    from pydantic_core import from_json

    if not arguments.strip():
        return ToolCall(id, name, {}, "{}", signature)
    try:
        params = from_json(arguments)
    except ValueError:
        params = None
    if not isinstance(params, dict):
        return ToolCall(id, name, {}, arguments, signature)
    return ToolCall(id, name, cast("dict[str, Any]", params), arguments, signature)


def unique_id(id: str, taken: AbstractSet[str]) -> str:
    """The id, or one made of it if it is taken or empty; the same history gives the same id."""
    if id and id not in taken:
        return id
    number = len(taken) + 1
    while (other := f"{id or 'call'}_{number}") in taken:
        number += 1
    return other
