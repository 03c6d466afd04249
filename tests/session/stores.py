"""Stores for tests, by the URL of their place."""

import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from voxagent.session import InMemorySessionStorage, SessionStorage
from voxagent.session.registry import STORES

SERVERS = [pytest.param(name, marks=pytest.mark.server) for name in ("postgresql", "redis")]
EMBEDDED = ["file", "sqlite"]

every_place = pytest.mark.parametrize("place", [*EMBEDDED, *SERVERS], indirect=True)
every_store = pytest.mark.parametrize("place", ["memory", *EMBEDDED, *SERVERS], indirect=True)


def fresh(url: str) -> SessionStorage:
    """A store of its own, as another process would have it."""
    module, _, name = STORES[url.partition(":")[0]].partition(":")
    store: SessionStorage = getattr(import_module(module), name).from_url(url)
    return store


def maker(url: str) -> Callable[[], SessionStorage]:
    """Makes stores of one place; memory has one only."""
    if url == "memory:":
        only = InMemorySessionStorage()
        return lambda: only
    return lambda: fresh(url)


def printed(program: str, *args: str) -> str:
    """What a Python program prints in a process of its own, where warnings are errors."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *args],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
