"""Serve agents over HTTP until that is stopped, and then in order.

Nobody else connects; calls get a time to end, and are cancelled then, which is an answer too; only then the
connections are closed. The web server knows of no signals and cancels nothing: what it cancels, it logs as an
error of ours, and answers as one.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .serving import AgentTools

if TYPE_CHECKING:
    from anyio import CancelScope
    from mcp.server import Server
    from mcp.server.transport_security import TransportSecuritySettings
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

GRACE = 2.0
"""Seconds that calls get to end when the server is stopped; they are cancelled then."""
GOODBYE = 1.0
"""Seconds that the answers then have to reach their clients."""
UNAVAILABLE = 503
THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
"""Names that clients on this machine may use, whichever of its addresses is listened on."""


@dataclass(slots=True, frozen=True)
class Place:
    """Where agents are served.

    Args:
        host: A name or address of this machine.
        port: On which port; 0 for any that is free.
        path: Below which path.
        token: What clients must show; None if all are let in.
    """

    host: str
    port: int
    path: str
    token: str | None


async def over_http(
    server: Server[Any], tools: AgentTools, place: Place, ready: Callable[[str], object]
) -> None:
    """Serve until this is cancelled.

    Raises:
        ConfigError: Nobody can listen there.
    """
    app: ASGIApp = server.streamable_http_app(
        streamable_http_path=place.path, host=place.host, transport_security=_security(place.host)
    )
    requests = _Requests(app if place.token is None else _Guarded(app, place.token))
    with _listening(place.host, place.port) as listening:
        web = _web(requests)
        opened = asyncio.Event()

        async def hosted() -> None:
            async with server.session_manager.run():
                opened.set()
                await web.serve([listening])

        running = asyncio.create_task(hosted())
        opening = asyncio.create_task(opened.wait())
        try:
            await asyncio.wait({running, opening}, return_when=asyncio.FIRST_COMPLETED)
            if opened.is_set():
                ready(f"http://{_shown(place.host)}:{listening.getsockname()[1]}{place.path}")
            await asyncio.shield(running)
        finally:
            opening.cancel()
            web.should_exit = True
            await tools.stop(GRACE)
            await requests.ended(GOODBYE)
            await asyncio.wait([running])


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine can reach it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _security(host: str) -> TransportSecuritySettings | None:
    """Where only this machine gets in, the pages that its browsers show must not: other names are refused.

    The SDK does that by itself for few of the names and addresses that this machine has.
    """
    from mcp.server.transport_security import TransportSecuritySettings

    if not is_loopback(host):
        return None
    ours = [_shown(each) for each in dict.fromkeys((*THIS_MACHINE, host))]
    names = [f"{each}{port}" for each in ours for port in ("", ":*")]
    return TransportSecuritySettings(
        allowed_hosts=names, allowed_origins=[f"http://{name}" for name in names]
    )


def _web(app: ASGIApp) -> Any:
    """A web server that leaves signals to the program."""
    import uvicorn

    class Web(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Generator[None]:
            yield

    lasting = int(GRACE + 2 * GOODBYE) + 1  # only clients that read nothing make it wait so long
    return Web(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=lasting,
        )
    )


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigError(f"host={host!r}, port={port!r} cannot be listened on: {error.strerror}") from error


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


class _Requests:
    """The requests that are being answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._posted: dict[CancelScope, asyncio.Event] = {}
        self._open: set[CancelScope] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; one that is ended here has an end, too."""
        from anyio import CancelScope, move_on_after

        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        with CancelScope() as within:
            self._open.add(within)
            if scope["method"] == "POST":
                self._posted[within] = asyncio.Event()
            try:
                await self._app(scope, receive, sent)
            finally:
                self._open.discard(within)
                if within in self._posted:
                    self._posted.pop(within).set()
        if within.cancelled_caught:
            with move_on_after(GOODBYE):
                if not begun:
                    await send({"type": "http.response.start", "status": UNAVAILABLE, "headers": []})
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def ended(self, seconds: float) -> None:
        """End them all: what was posted once it is answered, or after that time; the rest at once."""
        for within in self._open - set(self._posted):
            within.cancel()
        answers = [asyncio.create_task(each.wait()) for each in self._posted.values()]
        if answers:
            await asyncio.wait(answers, timeout=seconds)
        for each in answers:
            each.cancel()
        for within in self._open:
            within.cancel()


class _Guarded:
    """Lets those in who have the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        from starlette.responses import JSONResponse

        if not self._is_let_in(dict(scope["headers"])):
            told = {"error": "invalid_token", "error_description": "a bearer token of this server is needed"}
            refusal = JSONResponse(told, 401, {"www-authenticate": 'Bearer error="invalid_token"'})
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_let_in(self, headers: dict[bytes, bytes]) -> bool:
        kind, _, shown = headers.get(b"authorization", b"").partition(b" ")
        return hmac.compare_digest(shown.strip(), self._token) and kind.lower() == b"bearer"
