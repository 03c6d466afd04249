"""All stores do the same, whatever they are made of."""

import os

import pytest

from tests.session.stores import every_store, maker
from voxagent.testing import StoreCheck, session_store_suite

TORTURE = bool(os.environ.get("VOXAGENT_TORTURE"))
SUITE = session_store_suite(writers=64, turns=200, sessions=8) if TORTURE else session_store_suite()


@pytest.mark.timeout(3_600 if TORTURE else 60)
@every_store
@pytest.mark.parametrize("check", SUITE, ids=str)
async def test_a_store_does_what_every_store_has_to_do(check: StoreCheck, place: str) -> None:
    """R-A14."""
    make = maker(place)
    store = make()
    before = await store.list_keys()
    await check(make)
    assert await store.list_keys() == before
    await store.close()
