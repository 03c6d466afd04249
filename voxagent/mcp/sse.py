"""The older protocol over HTTP as a transport of the SDK: one stream of events, and a request per message."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..errors import ToolsetAuthError, ToolsetError
from .messages import BROKEN, MAX_MESSAGE, OURS, TOO_LARGE, Item, encoded, message_of
from .traffic import DENIED
from .web import NOT_LET_IN, WebClient

if TYPE_CHECKING:
    from mcp.shared.message import SessionMessage

logger: logging.Logger = logging.getLogger("voxagent")

ASKED = {"accept": "text/event-stream", "cache-control": "no-store"}
REFUSED = 400
MAX_REDIRECTS = 5


class _Events:
    """The messages that a server sends."""

    def __init__(self, events: AsyncIterator[Any], client: WebClient) -> None:
        self._events = events
        self._client = client

    async def __anext__(self) -> Item:
        import httpx2

        try:
            async for event in self._events:
                if event.event == "message" and event.data:
                    return message_of(event.data.encode())
        except httpx2.SSEError:
            self._client.said = TOO_LARGE
        except httpx2.RequestError as error:
            self._client.said = f"{type(error).__name__}: {error}"
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Reading ends with the connection."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Reading ends with the connection."""


class _Posts:
    """Where messages to the server go."""

    def __init__(self, client: WebClient, address: str) -> None:
        self._client = client
        self._address = address

    async def send(self, item: SessionMessage, /) -> None:
        """Post a message; raises `MCPError` for a request that cannot be sent or was not taken."""
        message: Any = item.message
        headers = {"content-type": "application/json"}
        request = self._client.build_request("POST", self._address, content=encoded(item), headers=headers)
        response = await self._client.send(request, stream=True, follow_redirects=False)
        await response.aclose()
        if response.status_code < REFUSED and not response.has_redirect_location:
            return
        said = await _said(response)
        if getattr(message, "method", None) is None or getattr(message, "id", None) is None:
            logger.warning("a message to an MCP server was not taken: %s", said)
            return
        from mcp import MCPError

        raise MCPError(DENIED if response.status_code in NOT_LET_IN else BROKEN, said, OURS)

    async def aclose(self) -> None:
        """Writing ends with the connection."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Writing ends with the connection."""


async def _said(response: Any) -> str:
    """Why a server did not take something."""
    if response.is_closed and response.headers.get("content-type") == "application/json":
        try:
            return str(response.json()["error"]["message"])
        except (ValueError, KeyError, TypeError, RuntimeError):  # the last if it has not been read
            pass
    return f"HTTP {response.status_code} {response.reason_phrase}"


@asynccontextmanager
async def sse(client: WebClient, url: str) -> AsyncGenerator[Any]:
    """The streams of a server; redirects are followed at the same host only."""
    import httpx2

    response = await _opened(client, url)
    try:
        events = aiter(httpx2.EventSource(response, max_event_size=MAX_MESSAGE))
        address = await _address(events, response.request.url)
        yield _Events(events, client), _Posts(client, address)
    finally:
        await response.aclose()


async def _opened(client: WebClient, url: str) -> Any:
    request = client.build_request("GET", url, headers=ASKED)
    for _ in range(MAX_REDIRECTS):
        response = await client.send(request, stream=True, follow_redirects=False)
        if response.status_code < REFUSED and not response.has_redirect_location:
            return response
        await response.aclose()
        following = response.next_request
        if following is None:
            kind = ToolsetAuthError if response.status_code in NOT_LET_IN else ToolsetError
            raise kind(await _said(response))
        if _origin(following.url) != _origin(request.url):
            raise ToolsetError(f"it redirects to {_shown(following.url)}, which is not followed")
        request = following
    raise ToolsetError("it redirects without end")


async def _address(events: AsyncIterator[Any], url: Any) -> str:
    """Where messages go: the first event says so, and it must be at the same host."""
    async for event in events:
        if event.event == "endpoint":
            address = url.join(event.data)
            if _origin(address) != _origin(url):
                raise ToolsetError(f"its messages would go to {_shown(address)}, which is not {_shown(url)}")
            return str(address)
    raise ToolsetError("it ended without saying where messages go")


def _shown(url: Any) -> str:
    """Of an address what must stay the same; the rest may hold a secret."""
    return repr(f"{url.scheme}://{url.host}" + (f":{url.port}" if url.port else ""))


def _origin(url: Any) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
