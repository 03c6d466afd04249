"""Serve agents to MCP clients, over standard input and output or over HTTP."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from typing_extensions import TypedDict, Unpack

from ..errors import ConfigError
from .hosting import Place, is_loopback, over_http
from .served import Servable, ServedAgent
from .serving import MAX_PARALLEL, served_by
from .signals import stopped_by_signals
from .standard import standard_streams

if TYPE_CHECKING:
    from mcp.server import Server

Transport: TypeAlias = Literal["stdio", "http"]

SHORTEST_TOKEN = 16
SIGNALLED = 128
"""The status of a program that a signal has ended is this and the signal's number."""
HIGHEST_PORT = 65_535

EXPECTED: Mapping[str, tuple[Any, str]] = {
    "host": (str, "a text"),
    "path": (str, "a text"),
    "name": (str, "a text"),
    "instructions": ((str, NoneType), "a text or None"),
    "on_ready": (Callable, "a function of the address"),
}
"""Of what type some options are, and how that is said."""


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

    A second signal ends the program at once.
    Over stdio, what the program prints goes to stderr: standard output carries messages only.

    Args:
        *agents: The agents; as `ServedAgent(agent, ...)` where more is to be said.
        **options: See `ServeOptions`.

    Raises:
        ConfigError: It cannot be served like that, or is called in a running event loop.
    """
    if _is_in_loop():
        raise ConfigError("serve(...) blocks: in a running event loop, await serve_async(...)")
    came: list[int] = []

    async def main() -> None:
        serving = asyncio.ensure_future(serve_async(*agents, **options))
        with stopped_by_signals(serving, came):
            await serving

    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        return
    except asyncio.CancelledError:
        if came != [signal.SIGINT]:
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
    server, tools = served_by(
        *agents,
        name=options.get("name", "voxagent"),
        instructions=options.get("instructions"),
        max_parallel=options.get("max_parallel", MAX_PARALLEL),
    )
    ready = options.get("on_ready", _nothing)
    if options.get("transport", "stdio") == "stdio":
        await _over_stdio(server, ready)
    else:
        host, port = options.get("host", "127.0.0.1"), options.get("port", 8000)
        place = Place(host, port, options.get("path", "/mcp"), options.get("token"))
        await over_http(server, tools, place, ready)


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
    for name, value in options.items():
        kind, expected = EXPECTED.get(name, (object, ""))
        if not isinstance(value, kind):
            raise ConfigError(f"{name}={value!r:.100}: {expected} is expected")
    _check_place(options)


def _check_place(options: ServeOptions) -> None:
    """Refuse where nobody can listen, or too many could be heard."""
    port: object = options.get("port", 8000)
    if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port <= HIGHEST_PORT:
        raise ConfigError(f"port={port!r:.100}: 1 to {HIGHEST_PORT} is expected, or 0 for any that is free")
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


def _is_token(token: object) -> bool:
    if not isinstance(token, str):
        return False
    return len(token) >= SHORTEST_TOKEN and token.isascii() and token.isprintable() and " " not in token


async def _over_stdio(server: Server[Any], ready: Callable[[str], object]) -> None:
    async with standard_streams() as (reading, writing):
        ready("stdio")
        await server.run(reading, writing, server.create_initialization_options())
