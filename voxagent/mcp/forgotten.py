"""Tell from an HTTP answer that the server has forgotten the session: it was started anew, or we were idle.

The protocol has one way to say it, 404 to a request that carries `mcp-session-id`; servers say it in several.
None of them has executed anything, so the request may be made again in a new session.
"""

from __future__ import annotations

import json
import re
from typing import Any, cast

from .traffic import UNKNOWN_METHOD

SESSION_HEADER = "mcp-session-id"
NOT_FOUND = 404
BAD_REQUEST = 400
INVALID_PARAMS = -32_602
SESSION_LOST = (-32_600, -32_000, -32_001)
"""Codes with which a session is said to be lost; an answer to the request with another one is about that."""
FORGETS = re.compile(
    r"session(?:[ -]id)? (?:not found|expired|terminated|unknown|invalid)"
    r"|(?:no valid|missing|invalid|unknown|bad) (?:mcp-)?session|server not initialized",
    re.IGNORECASE,
)
MAX_READ = 10_000
"""Bytes of an answer in which such a thing would stand."""


def forgotten(request: Any, status: int, body: bytes) -> str:
    """What a server says that has forgotten the session of a request; "" if it means something else."""
    if SESSION_HEADER not in request.headers or status not in (NOT_FOUND, BAD_REQUEST):
        return ""
    id, code, said = _error(body[:MAX_READ])
    if status == BAD_REQUEST:
        return said if code != INVALID_PARAMS and FORGETS.search(said) else ""
    if code == UNKNOWN_METHOD or (
        id is not None and code not in SESSION_LOST and id == field_of(request, "id")
    ):
        return ""
    return said or "it has forgotten the session (HTTP 404)"


def _error(body: bytes) -> tuple[object, object, str]:
    """Id, code and message of an error of the protocol; of anything else what stands there."""
    text = body.decode(errors="replace")
    try:
        found: Any = json.loads(text)
        error = cast("dict[str, Any]", found["error"])
        return found.get("id"), error.get("code"), str(error["message"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None, None, text.strip()


def field_of(request: Any, name: str) -> object:
    """What stands in the message of a request of ours, None for nothing."""
    return cast("dict[str, object]", json.loads(request.content)).get(name)
