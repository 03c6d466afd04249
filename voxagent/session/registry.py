"""From a URL to a store. Stores are named by the module they live in, and loaded when first asked for."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from threading import Lock
from typing import Protocol, cast
from weakref import WeakValueDictionary

from ..errors import ConfigError
from .storage import SessionStorage

STORES = {
    "memory": "voxagent.session.memory:InMemorySessionStorage",
    "file": "voxagent.session.files:FileSessionStorage",
    "sqlite": "voxagent.session.sqlite:SQLiteSessionStorage",
    "postgresql": "voxagent.session.postgres:PostgresSessionStorage",
    "postgres": "voxagent.session.postgres:PostgresSessionStorage",
    "redis": "voxagent.session.redis:RedisSessionStorage",
    "rediss": "voxagent.session.redis:RedisSessionStorage",
}
NEEDS = {
    "postgresql": ("psycopg", "postgres"),
    "postgres": ("psycopg", "postgres"),
    "redis": ("redis", "redis"),
    "rediss": ("redis", "redis"),
}
SHOWN = "memory:, file:///folder, sqlite:///chat.db, postgresql://... and redis://..."


class _FromURL(Protocol):
    def from_url(self, url: str) -> SessionStorage: ...


_guard = Lock()
_made: WeakValueDictionary[tuple[str, str], SessionStorage] = WeakValueDictionary()


def storage_from(url: str) -> SessionStorage:
    """The store of a URL; whoever asks for the same URL gets the same store, but for "memory:".

    Raises:
        ConfigError: Nobody knows the URL's scheme, its package is not installed, or it names no place.
    """
    given = cast("object", url)
    if isinstance(given, os.PathLike):
        raise ConfigError(
            f"session_storage={url!r} is a path: file:///folder, sqlite:///chat.db, or"
            " FileSessionStorage(path) is expected"
        )
    if not isinstance(given, str):
        raise ConfigError(f"session_storage={url!r:.60} is neither a store nor a URL: known are {SHOWN}")
    scheme, colon, _ = url.partition(":")
    where = STORES.get(scheme.lower()) if colon else None
    if where is None:
        told = f"{scheme[:20]}:..." if colon else url[:40]
        raise ConfigError(f"session_storage={told!r} is no store: known are {SHOWN}")
    package, extra = NEEDS.get(scheme.lower(), ("voxagent", ""))
    if find_spec(package) is None:
        raise ConfigError(f"session_storage='{scheme}:...' needs {package}: pip install voxagent[{extra}]")
    module, _, name = where.partition(":")
    with _guard:
        key = (url, os.getcwd())
        found = _made.get(key)
        if found is None:
            found = cast("_FromURL", getattr(import_module(module), name)).from_url(url)
            if scheme.lower() != "memory":
                _made[key] = found
        return found
