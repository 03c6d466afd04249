"""Tell from an HTTP answer that the server has forgotten the session: it was started anew, or we were idle.

The protocol has one way to say it, 404 to a request that carries `mcp-session-id`; servers say it in several.
None of them has executed anything, so the request may be made again in a new session.
"""

from __future__ import annotations

import json
import re
from typing import Any, cast

from .traffic import UNKNOWN_METHOD

NO_SESSION = -32_013
"""Code of the error that stands for a session which the server has forgotten."""
SESSION_HEADER = "mcp-session-id"
NOT_FOUND = 404
BAD_REQUEST = 400
INVALID_PARAMS = -32_602
FORGETS = re.compile(r"session[ _-]?id|server not initialized", re.IGNORECASE)
MAX_READ = 10_000
"""Bytes of an answer in which such a thing would stand."""


def forgotten(request: Any, status: int, body: bytes) -> str:
    """What a server says that has forgotten the session of a request; "" if it means something else."""
    if SESSION_HEADER not in request.headers or status not in (NOT_FOUND, BAD_REQUEST):
        return ""
    code, said = _error(body[:MAX_READ])
    if status == NOT_FOUND:
        return "" if code == UNKNOWN_METHOD else said or "it has forgotten the session (HTTP 404)"
    return said if code != INVALID_PARAMS and FORGETS.search(said) else ""


def _error(body: bytes) -> tuple[object, str]:
    """Code and message of an error of the protocol; of anything else no code, and what stands there."""
    text = body.decode(errors="replace")
    try:
        found: Any = json.loads(text)
        error = cast("dict[str, Any]", found["error"])
        return error.get("code"), str(error["message"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None, text.strip()
