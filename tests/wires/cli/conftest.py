"""Fakes for the tests of command-line agents."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wires.cli.fakes import GOOD, Fake, installed


@pytest.fixture
def claude(tmp_path: Path) -> Iterator[Fake]:
    with installed(tmp_path, "claude") as fake:
        yield fake


@pytest.fixture
def codex(tmp_path: Path) -> Iterator[Fake]:
    with installed(tmp_path, "codex") as fake:
        yield fake


@pytest.fixture
def auggie(tmp_path: Path) -> Iterator[Fake]:
    with installed(tmp_path, "auggie") as fake:
        yield fake


@pytest.fixture(params=["claude", "codex", "auggie"])
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fake]:
    """Each of the programs, answering well."""
    with installed(tmp_path, request.param) as fake:
        fake.does(GOOD[request.param])
        yield fake
