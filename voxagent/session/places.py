"""Where a store is, as a program says it: paths, and addresses of servers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import cast
from urllib.parse import SplitResult, unquote, urlsplit

from ..errors import ConfigError, said_by


def server_of(url: str) -> SplitResult:
    """The parts of a server's URL; raises `ConfigError`, which does not tell the password, if it has none."""
    what = f"session_storage='{url.partition(':')[0]}:...' cannot be read"
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("//@/@")
    if "@" in f"{parts.path}{parts.fragment}":
        raise ConfigError(f"{what}: signs like / @ : in user and password are written as %2F %40 %3A")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        shown = "" if "@" in url else f", not {parts.netloc.rpartition(':')[2]!r:.20}"
        raise ConfigError(f"{what}: its port is a number from 1 to 65535{shown}")
    return parts


def path_of(name: str, path: object) -> Path:
    """The path that a program gives, ~ at its beginning being the home folder; raises `ConfigError`."""
    if not isinstance(path, str | os.PathLike) or not str(cast("object", path)):
        raise ConfigError(f"{name}={path!r:.60} is no path")
    try:
        return Path(cast("str", path)).expanduser()
    except (RuntimeError, TypeError) as error:
        raise ConfigError(f"{name}={str(cast('object', path))!r} is no path: {said_by(error)}") from error


WORDS = frozenset((
    "admin", "changeme", "default", "docker", "example", "guest", "letmein", "mysecretpassword", "passwd",
    "password", "postgres", "postgresql", "secret", "testing", "voxagent",
))  # fmt: skip
"""What stands for a password while a program is written, and in any text."""


def known_secrets_of(url: SplitResult) -> list[tuple[str, str]]:
    """The passwords in a server's URL, by the name that is shown, but for what is no secret."""
    plain = {*WORDS, url.username, url.path.strip("/")}
    return [("session_storage", secret) for secret in passwords_in(url) if secret not in plain]


def passwords_in(url: SplitResult) -> list[str]:
    """The passwords in a server's URL: as they are, and as they are written there."""
    options = (part.partition("=") for part in url.query.split("&"))
    secrets = [url.password or "", *(value for name, _, value in options if "password" in name)]
    return [form for secret in secrets if secret for form in dict.fromkeys((unquote(secret), secret))]


def without_secrets(text: str, url: SplitResult) -> str:
    """A text in which the passwords of a server's URL stand no more."""
    for secret in passwords_in(url):
        text = text.replace(secret, "***")
    return text
