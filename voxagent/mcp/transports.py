"""Serve agents to MCP clients, over standard input and output or over HTTP."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from typing_extensions import TypedDict, Unpack

from ..errors import ConfigError
from .served import Servable, ServedAgent
from .serving import MAX_PARALLEL, as_server
from .standard import standard_streams

if TYPE_CHECKING:
    from mcp.server import Server
    from starlette.types import ASGIApp, Receive, Scope, Send

Transport: TypeAlias = Literal["stdio", "http"]

SHORTEST_TOKEN = 16
SIGNALLED = 128
"""The status of a program that a signal has ended is this and the signal's number."""
GRACE = 2.0
"""Seconds that calls get to end when the server is stopped; they are cancelled then."""


class ServeOptions(TypedDict, total=False, closed=True):
    """How agents are served.

    Args (all optional):
        transport: "stdio" (default), for clients that start this program; or "http", streamable HTTP.
        host: Where it listens, "127.0.0.1" by default. Anything but this machine itself needs a `token`.
        port: On which port; 8000 by default, 0 for any that is free.
        path: Below which path; "/mcp" by default.
        token: What clients must show as a bearer token; 16 characters or more.
        on_ready: Called with the address once clients can connect; with "stdio" where that is the transport.
        name: What the server is called.
        instructions: What clients are told of it.
        max_parallel: How many calls may be at work at once, of all clients together; 100 by default. One more
            is answered at once by an error that says so.
    """

    transport: Transport
    host: str
    port: int
    path: str
    token: str | None
    on_ready: Callable[[str], object]
    name: str
    instructions: str | None
    max_parallel: int


def serve(*agents: Servable | ServedAgent, **options: Unpack[ServeOptions]) -> None:
    """Serve agents until the client is gone (stdio), or until Ctrl-C (HTTP); SIGTERM ends the program.

    Over stdio, what the program prints goes to stderr: standard output carries messages only.

    Args:
        *agents: The agents; as `ServedAgent(agent, ...)` where more is to be said.
        **options: See `ServeOptions`.

    Raises:
        ConfigError: It cannot be served like that, or is called in a running event loop.
    """
    if _is_in_loop():
        raise ConfigError("serve(...) blocks: in a running event loop, await serve_async(...)")
    over_stdio = options.get("transport", "stdio") == "stdio"

    async def main() -> None:
        serving = asyncio.ensure_future(serve_async(*agents, **options))
        if over_stdio:  # over HTTP, the server sees to it
            with suppress(RuntimeError, ValueError):  # which are of other threads than the main one
                asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, serving.cancel)
        await serving

    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        return
    except asyncio.CancelledError:
        raise SystemExit(SIGNALLED + signal.SIGTERM) from None


def _is_in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def serve_async(*agents: Servable | ServedAgent, **options: Unpack[ServeOptions]) -> None:
    """Like `serve`, for a running event loop; to stop it, cancel it.

    Args:
        *agents: The agents; as `ServedAgent(agent, ...)` where more is to be said.
        **options: See `ServeOptions`.

    Raises:
        ConfigError: It cannot be served like that.
    """
    _check(options)
    server = as_server(
        *agents,
        name=options.get("name", "voxagent"),
        instructions=options.get("instructions"),
        max_parallel=options.get("max_parallel", MAX_PARALLEL),
    )
    ready = options.get("on_ready", _nothing)
    if options.get("transport", "stdio") == "stdio":
        await _over_stdio(server, ready)
    else:
        await _over_http(server, options, ready)


def _nothing(address: str) -> None:
    return


def _check(options: ServeOptions) -> None:
    for name in options:
        if name not in ServeOptions.__annotations__:
            known = ", ".join(ServeOptions.__annotations__)
            raise ConfigError(f"serve(...) takes no {name!r}; it takes {known}")
    transport = options.get("transport", "stdio")
    if transport not in ("stdio", "http"):
        raise ConfigError(f"transport={transport!r}: 'stdio' or 'http' is expected")
    given = [name for name in ("host", "port", "path", "token") if name in options]
    if transport == "stdio" and given:
        raise ConfigError(f"{', '.join(given)} is for transport='http'; over stdio nobody listens")
    token, host, path = options.get("token"), options.get("host", "127.0.0.1"), options.get("path", "/mcp")
    if token is not None and not _is_token(token):
        raise ConfigError(
            f"token= is not {SHORTEST_TOKEN} or more printable ASCII characters without blanks:"
            " secrets.token_urlsafe(32) makes one"
        )
    if token is None and not is_loopback(host):
        raise ConfigError(f"host={host!r} lets other machines in: give a token=, or listen on '127.0.0.1'")
    if not path.startswith("/"):
        raise ConfigError(f"path={path!r} does not begin with '/'")


def _is_token(token: str) -> bool:
    return len(token) >= SHORTEST_TOKEN and token.isascii() and token.isprintable() and " " not in token


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine can reach it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _over_stdio(server: Server[Any], ready: Callable[[str], object]) -> None:
    async with standard_streams() as (reading, writing):
        ready("stdio")
        await server.run(reading, writing, server.create_initialization_options())


async def _over_http(server: Server[Any], options: ServeOptions, ready: Callable[[str], object]) -> None:
    import uvicorn

    host, port, path = (
        options.get("host", "127.0.0.1"),
        options.get("port", 8000),
        options.get("path", "/mcp"),
    )
    app: ASGIApp = server.streamable_http_app(streamable_http_path=path, host=host)
    token = options.get("token")
    listening = _listening(host, port)
    config = uvicorn.Config(
        app if token is None else _Guarded(app, token),
        log_config=None,
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=int(GRACE),
    )
    web = uvicorn.Server(config)
    with listening:
        running = asyncio.create_task(web.serve([listening]))
        try:
            ready(f"http://{_shown(host)}:{listening.getsockname()[1]}{path}")
            await asyncio.shield(running)
        finally:
            web.should_exit = True
            await asyncio.wait([running])


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigError(f"host={host!r}, port={port!r} cannot be listened on: {error.strerror}") from error


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


class _Guarded:
    """Lets those in who have the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        from starlette.responses import JSONResponse

        if scope["type"] == "http" and not self._is_let_in(dict(scope["headers"])):
            told = {"error": "invalid_token", "error_description": "a bearer token of this server is needed"}
            refusal = JSONResponse(told, 401, {"www-authenticate": 'Bearer error="invalid_token"'})
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_let_in(self, headers: dict[bytes, bytes]) -> bool:
        kind, _, shown = headers.get(b"authorization", b"").partition(b" ")
        return hmac.compare_digest(shown.strip(), self._token) and kind.lower() == b"bearer"
