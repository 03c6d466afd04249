"""The places of session stores, by URL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.session import servers


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with servers.postgres() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with servers.redis() as url:
        yield url


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a store, by its scheme; files are new for each test, servers are not."""
    scheme: str = request.param
    if scheme in ("postgresql", "redis"):
        url: str = request.getfixturevalue(f"{scheme.removesuffix('ql')}_url")
        return url
    return {
        "memory": "memory:",
        "file": f"file://{tmp_path}/sessions",
        "sqlite": f"sqlite:///{tmp_path}/chat.db",
    }[scheme]
