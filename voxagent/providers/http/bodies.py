"""What requests of several services have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from ...types.message import Message


def merged(ours: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Our fields and the user's: objects are merged, anything else of the user's wins."""
    told = dict(ours)
    for name, value in extra.items():
        before = told.get(name)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            value = merged(cast("Mapping[str, Any]", before), cast("Mapping[str, Any]", value))
        told[name] = value
    return told


def has_late_results(messages: Sequence[Message]) -> bool:
    """Whether results of calls stand behind something else: some services want them first."""
    other = False
    for message in messages:
        results = len(message.tool_results)
        if other and results:
            return True
        other = other or len(message.blocks) > results
    return False
