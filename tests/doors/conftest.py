"""One model server for all tests of a worker."""

from collections.abc import Iterator

import pytest

from tests.doors.model_server import ModelServer, served


@pytest.fixture(scope="session")
def server() -> Iterator[ModelServer]:
    with served() as running:
        yield running
