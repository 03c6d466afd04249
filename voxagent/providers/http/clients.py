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
from .sdk import Sdk


class Clients:
    """Clients for the requests of one provider.

    Args:
        given: None for the shared pool; an `AsyncClient`, or a client of the SDK; or a function that makes
            one, called once for each event loop.
        sdk: The SDK whose clients are taken as well.
    """

    def __init__(self, given: Any = None, sdk: Sdk | None = None) -> None:
        self._given = given
        self._sdk = sdk
        self._loop: asyncio.AbstractEventLoop | None = None
        self._made: WeakKeyDictionary[asyncio.AbstractEventLoop, Any] = WeakKeyDictionary()
        self.is_factory: bool = given is not None and callable(given)
        if given is not None and not self.is_factory:
            self._check(given)

    def _check(self, client: object) -> None:
        if self._sdk is None:
            library_of(client)
        elif not self._sdk.takes(client):
            library_of(client, f", {self._sdk.package}.{self._sdk.client}")

    @asynccontextmanager
    async def taken(self, url: str) -> AsyncGenerator[Any]:
        """A client for one request."""
        if self._given is not None:
            yield await self._factory_made() if self.is_factory else self._handed_in()
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
            given: object = self._given
            kind = type(given)
            name = f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
            raise ConfigError(
                "the client that was handed in belongs to the event loop that used it first;"
                f" hand in a function, which is called once per loop: client=lambda: {name}(...)"
            )
        return self._given

    async def _factory_made(self) -> Any:
        loop = asyncio.get_running_loop()
        client = self._made.get(loop)
        if client is None:
            for other in [other for other in list(self._made) if other.is_closed()]:
                del self._made[other]
            client = self._given()
            self._check(client)
            self._made[loop] = client
            (await loop_clients()).at_end(client.aclose if hasattr(client, "aclose") else client.close)
        return client
