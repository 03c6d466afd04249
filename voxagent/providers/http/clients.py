"""Which client a request is sent by: one of the shared pool, or one that the program handed in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakKeyDictionary

from ...errors import ConfigError
from .library import library_of
from .pool import loop_clients


class Clients:
    """Clients for the requests of one provider.

    Args:
        given: None for the shared pool; an `AsyncClient`; or a function that makes one, called once for each
            event loop.
    """

    def __init__(self, given: Any = None) -> None:
        self._given = given
        self._loop: asyncio.AbstractEventLoop | None = None
        self._made: WeakKeyDictionary[asyncio.AbstractEventLoop, Any] = WeakKeyDictionary()
        self._is_factory = given is not None and callable(given)
        if given is not None and not self._is_factory:
            library_of(given)

    @asynccontextmanager
    async def taken(self, url: str) -> AsyncGenerator[Any]:
        """A client for one request."""
        if self._given is not None:
            yield await self._factory_made() if self._is_factory else self._handed_in()
            return
        pool = (await loop_clients()).pool("https" if url.startswith("https:") else "http")
        slot = pool.take()
        try:
            yield slot.client
        finally:
            await pool.give(slot)

    def _handed_in(self) -> Any:
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        if self._loop is not loop:
            raise ConfigError(
                "the client that was handed in belongs to the event loop that used it first;"
                " hand in a function, which is called once per loop: client=lambda: httpx2.AsyncClient(...)"
            )
        return self._given

    async def _factory_made(self) -> Any:
        loop = asyncio.get_running_loop()
        client = self._made.get(loop)
        if client is None:
            for other in [other for other in list(self._made) if other.is_closed()]:
                del self._made[other]
            client = self._given()
            library_of(client)
            self._made[loop] = client
            (await loop_clients()).at_end(client.aclose)
        return client
