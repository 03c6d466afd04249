"""Numbers and texts of a JSON schema: the smallest that fits, and whether one fits.

What a schema cannot express (a validator in Python) is not known here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from .samples import matches, sample

Schema: TypeAlias = Mapping[str, Any]

NUDGE = 1e-6
DAY = r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])"
CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?:Z|[+-][01]\d:[0-5]\d)?"
BYTE = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
ONLY_THIS = r"(?!)"
FORMATS: Mapping[str, tuple[str, str]] = {
    "date": ("{year}-01-01", DAY),
    "time": ("12:{n:02}:00Z", CLOCK),
    "date-time": ("{year}-01-01T12:00:00Z", f"{DAY}T{CLOCK}"),
    "duration": ("PT{n}H", r"P\d+D|P(?:\d+D)?T\d+[HMS]"),
    "email": ("person{n}@example.com", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "uri": ("https://example.com/{n}", r"https?://[\w.-]+\S*"),
    "ipv4": ("127.0.0.{n}", rf"(?:{BYTE}\.){{3}}{BYTE}"),
    "ipv6": ("::{n:x}", ONLY_THIS),
    "ipv4network": ("10.{n}.0.0/16", ONLY_THIS),
    "ipv6network": ("::{n:x}/128", ONLY_THIS),
    "ipv4interface": ("10.0.0.{n}/8", ONLY_THIS),
    "ipv6interface": ("::{n:x}/128", ONLY_THIS),
    "ipvanyaddress": ("127.0.0.{n}", ONLY_THIS),
    "ipvanynetwork": ("10.{n}.0.0/16", ONLY_THIS),
    "ipvanyinterface": ("10.0.0.{n}/8", ONLY_THIS),
    "base64": ("YWFh", ONLY_THIS),
    "base64url": ("YWFh", ONLY_THIS),
    "color": ("black", ONLY_THIS),
    "fraction": ("{n}/2", ONLY_THIS),
    "multi-host-uri": ("postgresql://localhost/{n}", ONLY_THIS),
    "name-email": ("person{n}@example.com", ONLY_THIS),
    "zoneinfo": ("UTC", ONLY_THIS),
    "regex": ("{n}", r"\w+"),
    "file-path": (".", ONLY_THIS),
    "directory-path": (".", ONLY_THIS),
    "uuid": ("{n:08x}-0000-4000-8000-000000000000", r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"),
}
"""An example of each format, `n` telling one from the next, and what any text in it looks like."""


def smallest_number(schema: Schema, index: int = 0) -> float:
    """The number nearest to zero that fits, or the `index`th from there."""
    whole = schema.get("type") == "integer"
    low, high = _limits(schema)
    step = schema.get("multipleOf") or (1 if whole or high - low > index + 1 else 0)
    if not step:
        return low + (high - low) * (index + 1) / (index + 2)
    nearest = min(max(low, 0), high)
    start = math.ceil(nearest / step) if nearest > 0 else math.floor(nearest / step)
    tried = ((start + index) * step, (start - index) * step)
    number = next((each for each in tried if low - NUDGE <= each <= high + NUDGE), start * step)
    return int(number) if whole else number


def _limits(schema: Schema) -> tuple[float, float]:
    nudge = 1 if schema.get("type") == "integer" else NUDGE
    low = max(schema.get("minimum", -math.inf), schema.get("exclusiveMinimum", -math.inf) + nudge)
    high = min(schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf) - nudge)
    return low, high


def number_fits(schema: Schema, number: float) -> bool:
    """Whether a number obeys its schema's limits."""
    if not math.isfinite(number):
        return False
    low, high = _limits(schema)
    steps = number / schema.get("multipleOf", 1)
    stepped = "multipleOf" not in schema or abs(steps - round(steps)) < NUDGE
    whole = schema.get("type") != "integer" or number.is_integer()
    return whole and stepped and low <= number <= high


def smallest_text(schema: Schema, index: int = 0) -> str:
    """The shortest text that fits, or the `index`th of them."""
    if "pattern" in schema:
        return sample(schema["pattern"], index, schema.get("minLength", 0))
    told = _format(schema)
    if told is not None:
        return told[0].format(n=index, year=2025 + index)
    return (str(index) if index else "").rjust(schema.get("minLength", 0), "x")


def text_fits(schema: Schema, text: str) -> bool:
    """Whether a text obeys pattern, format and length; JSON within JSON is never taken from a text."""
    if "contentSchema" in schema or not schema.get("minLength", 0) <= len(text) <= schema.get(
        "maxLength", math.inf
    ):
        return False
    told = _format(schema)
    if told is not None and re.fullmatch(told[1], text) is None:
        return False
    return "pattern" not in schema or matches(schema["pattern"], text)


def is_open_text(schema: Schema) -> bool:
    """Whether any text of the right length will do."""
    return not schema.keys() & {"pattern", "contentSchema"} and _format(schema) is None


def _format(schema: Schema) -> tuple[str, str] | None:
    name = str(schema.get("format", ""))
    if name.startswith("uuid"):
        example, looks = FORMATS["uuid"]
        return example.replace("-4", f"-{name.removeprefix('uuid') or 4}"), looks
    return FORMATS.get(name)
