"""Bytes as base64 text in the alphabet that every service reads; some programs write the one for URLs."""

from __future__ import annotations

_USUAL = str.maketrans("-_", "+/")


def usual_base64(data: str | bytes) -> str:
    """The text in the usual alphabet, padded (RFC 4648, section 4); one that is so stays the same object."""
    text = data if isinstance(data, str) else data.decode("ascii", "replace")
    if "-" in text or "_" in text:
        text = text.translate(_USUAL)
    return text + "=" * (-len(text) % 4)
