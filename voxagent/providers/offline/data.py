"""Plain JSON data: the fields of an object, the items of a list, and nothing of anything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast


def fields_of(value: object) -> Mapping[str, Any]:
    """The fields of an object; of anything else, none."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def items_of(value: object) -> Sequence[Any]:
    """The items of a list; of anything else, none."""
    return cast("Sequence[Any]", value) if isinstance(value, (list, tuple)) else ()
