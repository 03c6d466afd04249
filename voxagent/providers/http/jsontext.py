"""JSON of any text there is: half characters (lone surrogates), which JSON can escape and UTF-8 cannot say.

They come from services that cut text between two UTF-16 units, and from programs that read broken files. Each
becomes U+FFFD, so that a broken character never breaks an answer or a request.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import from_json, to_json


def dumped(value: object) -> bytes:
    """A value as compact JSON; what JSON cannot say becomes null (NaN) or its `str`."""
    try:
        return to_json(value, inf_nan_mode="null")
    except ValueError:
        text = json.dumps(value, ensure_ascii=False, default=str)
        return to_json(from_json(_whole(text)), inf_nan_mode="null")


def loaded(data: bytes) -> Any:
    """The value of a JSON text; raises `ValueError` for anything that is none, however deep it is nested."""
    try:
        return from_json(data)
    except ValueError:
        if b"\\ud" not in data and b"\\uD" not in data:
            raise
    try:
        text = json.dumps(json.loads(data), ensure_ascii=False)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return from_json(_whole(text))


def _whole(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
