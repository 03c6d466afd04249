"""Names that every model provider takes."""

from __future__ import annotations

import hashlib
import re

MAX_NAME = 64
INVALID = re.compile(r"[^a-zA-Z0-9_]+")


def sanitize_tool_name(name: str) -> str:
    """A name of at most 64 letters, digits and underscores, with no digit first.

    A valid name stays as it is. Of two names that differ, only such can give the same that differ in nothing
    but what is not valid; a name that is too long ends with a hash of the whole.
    """
    valid = INVALID.sub("_", name).strip("_") or "tool"
    if valid[0].isdigit():
        valid = f"_{valid}"
    if name and not INVALID.search(name) and not name[0].isdigit():
        valid = name
    return valid if len(valid) <= MAX_NAME else hashed(valid, name)


def hashed(valid: str, *parts: str) -> str:
    """A valid name with a hash of what it stands for at its end."""
    data = "\0".join(parts).encode(errors="surrogatepass")
    return f"{valid[: MAX_NAME - 9]}_{hashlib.sha256(data).hexdigest()[:8]}"
