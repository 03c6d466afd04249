"""What an access token tells of itself. It is read, not checked: the service does that."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from typing import Any, cast

from ..http.jsontext import loaded

CLAIM = "https://api.openai.com/auth"


def account_of(token: str) -> str:
    """The account that a token (a JWT, RFC 7519) was given for; "" if it does not say."""
    parts = token.split(".")
    if len(parts) != 3:
        return ""
    try:
        claims = loaded(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return ""
    told = _object(_object(claims).get(CLAIM)).get("chatgpt_account_id")
    return told if isinstance(told, str) else ""


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
