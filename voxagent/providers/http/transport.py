"""How the shared clients send: through httpcore2's pool, over connections straight on asyncio.

The pool decides what is kept and what is closed; whatever replaces its `handle_async_request` in a test still
sees every request.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from typing import Any, cast

import httpcore2
import httpx2

from .connection import Connection


class Connections(httpcore2.AsyncConnectionPool):
    """Connections of one event loop.

    Args:
        context: How TLS is spoken.
        keep: Seconds that a connection is kept while nobody uses it.
    """

    def __init__(self, context: ssl.SSLContext, keep: float) -> None:
        super().__init__(context, max_connections=None, keepalive_expiry=keep)
        self._context = context
        self._keep = keep

    def create_connection(self, origin: httpcore2.Origin) -> httpcore2.AsyncConnectionInterface:
        """A new connection."""
        return Connection(origin, self._context, self._keep)


class Transport(httpx2.AsyncBaseTransport):
    """Sends the requests of an httpx2 client; knows no proxies.

    Args:
        context: How TLS is spoken.
        keep: Seconds that a connection is kept while nobody uses it.
    """

    def __init__(self, context: ssl.SSLContext, keep: float) -> None:
        self._connections = Connections(context, keep)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, and read the head of its answer."""
        url = request.url
        asked = httpcore2.Request(
            request.method,
            httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            answer = await self._connections.handle_async_request(asked)
        except Exception as error:  # raised again if it is not the transport's
            kind = _named_alike(error)
            if kind is None:
                raise
            raise kind(str(error)) from error
        told = cast("Any", answer).extensions
        return httpx2.Response(answer.status, headers=answer.headers, stream=_Body(answer), extensions=told)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._connections.aclose()


class SharedClient(httpx2.AsyncClient):
    """A client with a short way for requests to which it has nothing to add.

    There are no cookies, redirects, authentication or hooks: what looks after them costs as much as all else.

    Args:
        context: How TLS is spoken.
        timeout: Of its requests; only "connect" counts.
        keep: Seconds that a connection is kept while nobody uses it.
    """

    def __init__(self, context: ssl.SSLContext, timeout: httpx2.Timeout, keep: float) -> None:
        self._straight = Transport(context, keep)
        super().__init__(transport=self._straight, timeout=timeout)
        self._extensions = {"timeout": timeout.as_dict()}

    async def posted(self, url: httpx2.URL, body: bytes, headers: Mapping[str, str]) -> httpx2.Response:
        """The answer to a body, its head read."""
        request = httpx2.Request("POST", url, content=body, headers=headers, extensions=self._extensions)
        response = await self._straight.handle_async_request(request)
        response.request = request
        return response


class _Body(httpx2.AsyncByteStream):
    """The body of an answer."""

    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        try:
            async for data in cast("AsyncIterable[bytes]", self._answer.stream):
                yield data
        except Exception as error:  # raised again if it is not the transport's
            kind = _named_alike(error)
            if kind is None:
                raise
            raise kind(str(error)) from error

    async def aclose(self) -> None:
        await self._answer.aclose()


def _named_alike(error: Exception) -> type[Exception] | None:
    """Which exception of httpx2 is named like this one of httpcore2: it means the same there."""
    kind = type(error)
    if kind.__module__.partition(".")[0] != "httpcore2":
        return None
    return cast("type[Exception] | None", getattr(httpx2, kind.__name__, None))
