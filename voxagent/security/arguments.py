"""Take secrets out of the arguments of a call: out of what they say, so that they can still be read."""

from __future__ import annotations

import json
from typing import Any

from .filters import RedactionFilter
from .registry import MIN_LENGTH
from .values import with_strings


def redacted_params(params: dict[str, Any], filter: RedactionFilter) -> dict[str, Any]:
    """The arguments of a call, as they were read, with placeholders for strings and numbers.

    They are the same object if there is no secret in them. Numbers shorter than a secret are not looked at.
    """
    return with_strings(params, filter.redact, digits=MIN_LENGTH)


def redacted_arguments(
    params: dict[str, Any], text: str | None, filter: RedactionFilter
) -> tuple[dict[str, Any], str | None]:
    """The arguments of a call with placeholders, read and as JSON.

    A secret may be written with escapes, be a number, or end, as a pattern has it, behind the quote that
    closes its text; so the JSON is written anew from what was read, be it no object. Only what could not be
    read is redacted as the text that it is.

    Args:
        params: The arguments as they were read; empty if they could not be, or are no object.
        text: The arguments as the model wrote them, None if nobody knows.
        filter: Finds the secrets.
    """
    if text is None:
        return redacted_params(params, filter), None
    plain = filter.redact(text)
    try:
        read = params or json.loads(text)
    except (ValueError, RecursionError):
        return params, plain
    digits = MIN_LENGTH if plain == text else 1  # a pattern may match a short one
    shown = with_strings(read, filter.redact, digits=digits)
    if plain != text or shown is not read:
        text = json.dumps(shown, ensure_ascii=False)
    return shown if params else params, text
