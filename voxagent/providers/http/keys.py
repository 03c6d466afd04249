"""What lets a provider in is never told: some services quote what they were sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import parse_qsl, urlsplit

from ...errors import VoxAgentError

SHORTEST_KEY = 8
"""Characters from which on a key is taken out of errors; a shorter one is a placeholder, or any word."""

_SAYS_SECRET = re.compile(
    r"(?:^|[-_])"
    r"(?:authorization|auth|apikey|key|token|secret|password|passwd|signature|sig|cookie|credentials?)$",
    re.IGNORECASE,
)


def forget(error: VoxAgentError, keys: Iterable[str]) -> None:
    """Take keys out of what an error says."""
    said = error.message
    for key in keys:
        if len(key) >= SHORTEST_KEY:
            said = said.replace(key, "[key]")
    error.args = (said, *error.args[1:])


def named(provider: str, key: str) -> tuple[str, str]:
    """A provider's key under the name that a placeholder shows."""
    return f"{provider}_api_key", key


def secrets_in_headers(provider: str, headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What lets one in, in headers or variables that say so by their name; "Bearer" ahead of it is none."""
    for name, value in headers.items():
        if not _SAYS_SECRET.search(name):
            continue
        is_cookie = name.lower() == "cookie"
        for part in value.split(";") if is_cookie else [value.rpartition(" ")[2]]:
            secret = part.partition("=")[2] if is_cookie else part
            if len(secret) >= SHORTEST_KEY:
                yield f"{provider}_{name.lower()}", secret


def secrets_in_url(provider: str, url: str) -> Iterator[tuple[str, str]]:
    """A password in an address, and parameters that are secrets by their name."""
    if "://" not in url or ("@" not in url and "?" not in url):
        return
    parts = urlsplit(url)
    asked = [(name, value) for name, value in parse_qsl(parts.query) if _SAYS_SECRET.search(name)]
    for name, value in [("password", parts.password or ""), *asked]:
        if len(value) >= SHORTEST_KEY:
            yield f"{provider}_{name}", value


def shown_url(url: str) -> str:
    """An address without user and password, and without the values of parameters that are secrets."""
    parts = urlsplit(url)
    asked = [each.partition("=") for each in parts.query.split("&")]
    query = "&".join(
        f"{name}=..." if _SAYS_SECRET.search(name) else name + sign + value for name, sign, value in asked
    )
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query).geturl()
