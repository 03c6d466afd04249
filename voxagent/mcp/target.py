"""How a connection to a server is made: a process, an address, or a server object of this program."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ..providers.http.pool import new_client
from .messages import MAX_MESSAGE, encoded
from .process import ServerProcess
from .sse import sse
from .stdio import stdio
from .traffic import watched
from .web import WebClient

OnEnd = Callable[[], object]

KEEPALIVE_SECONDS = 4.0
"""Seconds that a connection is kept for the next request; many servers close theirs after five."""
USER_SECONDS = 86_400.0
"""Seconds for the first question where a user may have to be asked first; `connect_timeout` holds."""


class Link(Protocol):
    """One made connection: what the SDK's client is made with, and what can be told once it is over."""

    client: Any

    async def told(self) -> str:
        """What is known of the reason, "" for nothing."""
        ...


class Target(Protocol):
    """Something that a connection can be made to, again and again."""

    def linked(self, on_end: OnEnd, patience: float) -> AbstractAsyncContextManager[Link]:
        """Make the connection.

        Args:
            on_end: Called when the other side has ended it.
            patience: Seconds to wait for an answer to the first question of `mode="auto"`, which older
                servers do not know.
        """
        ...


class _ProcessLink:
    def __init__(self, process: ServerProcess, client: Any) -> None:
        self.client = client
        self._process = process
        self._said: str | None = None

    async def told(self) -> str:
        if self._said is None:
            self._said = await self._process.told()
        return self._said


@dataclass(slots=True, frozen=True)
class ProcessTarget:
    """A program that speaks over its standard input and output."""

    command: str
    args: Sequence[str] = field(default=(), repr=False)
    env: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    cwd: str | Path | None = None

    @asynccontextmanager
    async def linked(self, on_end: OnEnd, patience: float) -> AsyncGenerator[Link]:
        """Start the program; it is ended with the context."""
        process = ServerProcess(self.command, self.args, self.env, self.cwd)
        await process.start()
        link = _ProcessLink(process, watched(stdio(process), on_end, patience))
        try:
            yield link
        except BaseException:  # raised again
            await link.told()  # ahead of its end by us
            raise
        finally:
            await process.stop()


@dataclass(slots=True)
class _WebLink:
    client: Any
    said: Callable[[], str]

    async def told(self) -> str:
        return self.said()


@dataclass(slots=True, frozen=True)
class WebTarget:
    """An address that speaks streamable HTTP, or the older SSE.

    Args:
        url: The address.
        headers: Gives the headers of each request.
        auth: An `httpx2.Auth`, such as the SDK's OAuth.
        sse: Whether it speaks the older protocol.
        client: Makes the `httpx2.AsyncClient`; None for one of our own.
        sent: Called with the headers of each request as it is sent.
    """

    url: str = field(repr=False)
    headers: Callable[[], Mapping[str, str]] = field(repr=False)
    auth: Any = field(repr=False)
    sse: bool
    client: Callable[[], Any] | None = field(repr=False)
    sent: Callable[[Mapping[str, str]], None] = field(repr=False)

    @asynccontextmanager
    async def linked(self, on_end: OnEnd, patience: float) -> AsyncGenerator[Link]:
        """Connect to the address."""
        from mcp.client.streamable_http import streamable_http_client

        async def seen(request: Any) -> None:
            self.sent(request.headers)

        client = self._client()
        hooks = client.event_hooks
        client.event_hooks = {**hooks, "request": [*hooks.get("request", ()), seen]}
        async with AsyncExitStack() as stack:
            web: Any = await stack.enter_async_context(WebClient(client, self.headers, on_end))
            if self.sse:
                transport: Any = sse(web, self.url)
            else:
                transport = streamable_http_client(self.url, http_client=web, max_sse_event_size=MAX_MESSAGE)
            if self.auth is not None:
                patience = USER_SECONDS
            # what the SDK cannot encode breaks its whole connection
            yield _WebLink(watched(transport, on_end, patience, encoded), lambda: web.said)

    def _client(self) -> Any:
        scheme = self.url.partition(":")[0].lower()
        client: Any = self.client() if self.client is not None else new_client(scheme, KEEPALIVE_SECONDS)
        client.auth = self.auth or client.auth
        return client


@dataclass(slots=True)
class _ObjectLink:
    client: Any

    async def told(self) -> str:
        return ""


@dataclass(slots=True, frozen=True)
class ObjectTarget:
    """A server object of the SDK in this process."""

    server: Any

    @asynccontextmanager
    async def linked(self, on_end: OnEnd, patience: float) -> AsyncGenerator[Link]:
        """There is nothing to connect."""
        yield _ObjectLink(self.server)
