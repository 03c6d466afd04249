"""Values of events that a program wrote: whatever is missing or of another kind counts as nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

Event: TypeAlias = Mapping[str, Any]


def fields(value: object) -> Event:
    """The value if it is an object, else an empty one."""
    return cast("Event", value) if isinstance(value, Mapping) else {}


def items(value: object) -> Sequence[Event]:
    """The objects in a value that is a list."""
    return [fields(each) for each in cast("list[object]", value)] if isinstance(value, list) else []


def words(value: object) -> str:
    """The value if it is text, else ""."""
    return value if isinstance(value, str) else ""


def count(value: object) -> int:
    """The value if it is a whole number above zero, else 0."""
    return value if isinstance(value, int) and value > 0 else 0


def amount(value: object) -> float | None:
    """The value if it is a number, else None."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
