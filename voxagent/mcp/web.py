"""How requests to a server at an address are sent: with the headers of the moment, in bounds, and each for
itself.

The SDK ends the whole connection, and every call that waits on it, when a single request breaks. So a request
that breaks is answered here, with an error of the protocol; only an address where nobody listens any more
ends the connection.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from ..errors import ToolsetAuthError, VoxAgentError, said_by
from .auth import failure_of
from .forgotten import field_of, forgotten
from .messages import BROKEN, LISTING, MAX_MESSAGE, NO_SESSION, OF_LISTING, OURS, TOO_LARGE
from .traffic import DENIED

GOODBYE_SECONDS = 1.0
"""Seconds that a server has to take note of the end of a session."""
PROBE = b'"server/discover"'
REFUSED = 400
HEAD = 500
"""Bytes of a message within which its method stands."""
NOT_LET_IN = (401, 403)
NOT_FOUND = 404
BROKEN_STATUS = 502


class WebClient:
    """An `httpx2.AsyncClient` as far as the SDK uses it.

    Args:
        client: The client; it is entered and closed with this one.
        headers: Gives the headers of a request.
        on_gone: Called when nobody listens at the address.
    """

    def __init__(
        self, client: Any, headers: Callable[[], Mapping[str, str]], on_gone: Callable[[], object]
    ) -> None:
        self._client = client
        self._headers = headers
        self._on_gone = on_gone
        self.said: str = ""
        """Why the last request failed that did."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, traceback)

    async def send(self, request: Any, **options: Any) -> Any:
        """Send a request; whatever happens to it, there is a response.

        Raises:
            ToolsetAuthError: We are not let in, and shall not ask again in the older protocol.
        """
        import httpx2
        from mcp.client.auth import OAuthFlowError

        try:
            request.headers.update(self._headers())
        except VoxAgentError as error:  # kept aside for whom the request is made for
            self.said = error.message
            return _failed(request, BROKEN_STATUS, BROKEN, self.said)
        try:
            async with asyncio.timeout(GOODBYE_SECONDS if request.method == "DELETE" else None):
                try:
                    return await self._sent(request, options)
                except (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError):
                    # most often a connection that was idle, and that the server closes just now
                    if not _may_be_repeated(request):
                        raise
                    return await self._sent(request, options)
        except OAuthFlowError as error:
            self.said = failure_of(error, self._client.auth)
            if PROBE in request.content[:200]:
                raise ToolsetAuthError(self.said) from None
            return _failed(request, NOT_LET_IN[0], DENIED, self.said)
        except TimeoutError:
            return _failed(request, BROKEN_STATUS, BROKEN, "the server did not answer")
        except httpx2.RequestError as error:
            if isinstance(error, httpx2.ConnectError):
                self._on_gone()
            self.said = f"{type(error).__name__}: {said_by(error) or 'the connection broke'}"
            return _failed(request, BROKEN_STATUS, BROKEN, self.said)

    async def _sent(self, request: Any, options: Mapping[str, Any]) -> Any:
        return await self._checked(request, await self._client.send(request, **options))

    async def _checked(self, request: Any, response: Any) -> Any:
        """The response; one that the SDK would read without bounds has been read."""
        kind = response.headers.get("content-type", "").lower()
        refused = response.status_code >= REFUSED
        if request.method != "POST" or response.has_redirect_location:
            return response
        if not (refused or kind.startswith("application/json")):
            return response
        try:
            body = await _body(response)
        finally:
            await response.aclose()
        if body is None:
            return _failed(request, BROKEN_STATUS, BROKEN, TOO_LARGE)
        if response.status_code in NOT_LET_IN:
            self.said = f"HTTP {response.status_code} {response.reason_phrase}"
            return _failed(request, response.status_code, DENIED, self.said)
        if said := forgotten(request, response.status_code, body):
            self.said = said
            data = OF_LISTING if field_of(request, "method") == LISTING else OURS
            return _failed(request, response.status_code, NO_SESSION, said, data)
        if refused and b'"jsonrpc"' not in body:
            self.said = f"HTTP {response.status_code} {response.reason_phrase}"
            if response.status_code != NOT_FOUND:
                return _failed(request, response.status_code, BROKEN, self.said)
            self.said += ": is the path of the address right?"
        return _response(request, response.status_code, kind, body, response.headers)


def _may_be_repeated(request: Any) -> bool:
    """Whether the server may be asked twice: for everything but to execute something."""
    head = request.content[:HEAD]
    return request.method != "POST" or (b'"method"' in head and b'"tools/call"' not in head)


async def _body(response: Any) -> bytes | None:
    """The whole body; None if it is too large."""
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > MAX_MESSAGE:
            return None
    return bytes(body)


def _failed(request: Any, status: int, code: int, said: str, data: str = OURS) -> Any:
    error = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": said, "data": data}}
    return _response(request, status, "application/json", json.dumps(error).encode(), {})


def _response(request: Any, status: int, kind: str, body: bytes, given: Mapping[str, str]) -> Any:
    import httpx2

    headers = {name: value for name, value in given.items() if name.lower().startswith(("mcp-", "www-"))}
    return httpx2.Response(status, headers={**headers, "content-type": kind}, content=body, request=request)
