"""Take secrets out of the arguments of a call: out of what they say, so that they can still be read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

from .filters import RedactionFilter


def redacted_arguments(
    params: dict[str, Any], text: str | None, filter: RedactionFilter
) -> tuple[dict[str, Any], str | None]:
    """The arguments of a call with placeholders, read and as JSON.

    A secret may be written with escapes, be a number, or end, as a pattern has it, behind the quote that
    closes its text; so the JSON is written anew from what was read. Only what could not be read is redacted
    as the text that it is.

    Args:
        params: The arguments as they were read; empty if they could not be.
        text: The arguments as the model wrote them, None if nobody knows.
        filter: Finds the secrets.
    """
    shown = filter.redact_value(params)
    if text is None:
        return shown, None
    plain = filter.redact(text)
    if not params or (plain == text and shown is params):
        return shown, plain
    shown = cast("dict[str, Any]", _without_numbers(shown, filter))
    return shown, json.dumps(shown, ensure_ascii=False)


def _without_numbers(value: Any, filter: RedactionFilter) -> Any:
    """A JSON value with placeholders for the numbers that are secrets."""
    match value:
        case dict():
            items = cast("dict[str, Any]", value).items()
            return {name: _without_numbers(item, filter) for name, item in items}
        case list():
            return [_without_numbers(item, filter) for item in cast("Sequence[Any]", value)]
        case int() | float() if not isinstance(value, bool):
            written = json.dumps(value)
            shown = filter.redact(written)
            return value if shown == written else shown
        case _:
            return value
