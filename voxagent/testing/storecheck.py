"""One thing that a session store has to do, and the place where it is checked, which is left as it was."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias
from uuid import uuid4

from ..session.session import Session
from ..session.storage import SessionStorage

MakeStore: TypeAlias = Callable[[], SessionStorage]


@dataclass(frozen=True, slots=True)
class Place:
    """The stores of one place that a check makes by calling this, and the keys that it uses there.

    Args:
        make: Makes a store.
        stores: Those that were made.
        keys: The keys that nobody else uses, and whose sessions go in the end.
    """

    make: MakeStore
    stores: list[SessionStorage] = field(default_factory=list[SessionStorage])
    keys: list[str] = field(default_factory=list[str])

    def __call__(self) -> SessionStorage:
        self.stores.append(self.make())
        return self.stores[-1]

    def key(self, rest: str = "") -> str:
        """A new key, which may end with something."""
        self.keys.append(f"check {uuid4().hex}{rest}")
        return self.keys[-1]

    async def leave(self) -> None:
        """Delete what was made, as far as the stores can do that, and close them."""
        for key in self.keys if self.stores else ():
            with suppress(Exception):  # of a store that does not do it another check tells
                await self.stores[0].delete(key)
        for store in self.stores:
            await store.close()


def calls_with_key(store: SessionStorage, session: Session) -> list[Callable[[], Awaitable[object]]]:
    """All that a store does with the key of a session, each to be begun when it is its turn."""
    key = session.key
    with_key: list[Callable[[str], Awaitable[object]]] = [
        store.load,
        store.delete,
        store.exists,
        store.version,
        store.messages,
        partial(store.append, messages=(), expected_version=0),
    ]
    return [
        partial(store.save, session),
        partial(store.create, session),
        *[partial(each, key) for each in with_key],
    ]


@dataclass(frozen=True, slots=True)
class StoreCheck:
    """One thing that a store has to do.

    Args:
        name: What it is, as a sentence that could be false.
        check: Does it.
    """

    name: str
    check: Callable[[Place], Awaitable[None]]

    def __str__(self) -> str:
        return self.name

    async def __call__(self, make: MakeStore) -> None:
        """Check the stores that `make` gives, all of them of one place; raises `AssertionError`."""
        place = Place(make)
        try:
            await self.check(place)
        finally:
            await place.leave()
