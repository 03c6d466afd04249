"""Refuse what no server can be made with, where it is given: the error names it and what is expected.

Of what may be a secret (values of the environment and of headers, addresses, whatever stands where a function
should) only the name or the type is told.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias, cast
from urllib.parse import urlsplit

import httpx2

from ..errors import ConfigError
from .options import MCPOptions, folders
from .secrets import Secrets

Holds: TypeAlias = Callable[[Any], bool]

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
LEVELS = ("debug", "info", "notice", "warning", "error")
MODES = ("auto", "legacy", "2026-07-28")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_truth(value: object) -> bool:
    return isinstance(value, bool)


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _path(value: Any) -> str:
    """A path as a text; "" for what is none."""
    if not isinstance(value, str | os.PathLike):
        return ""
    found = os.fspath(cast("os.PathLike[str] | os.PathLike[bytes]", value))
    return found if isinstance(found, str) else ""


def _is_path(value: Any) -> bool:
    return bool(_path(value))


def _are_times(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    times = cast("Mapping[object, object]", value)
    return all(isinstance(name, str) and _or_none(_is_seconds)(each) for name, each in times.items())


def _are_folders(value: Any) -> bool:
    if callable(value):
        return True
    if not isinstance(value, Collection) or isinstance(value, Mapping | bytes):
        return _is_path(value)
    roots = folders(cast("Sequence[str]", value))
    return all(
        _is_path(root) and ("://" not in str(root) or str(root).startswith("file://")) for root in roots
    )


def _or_none(holds: Holds) -> Holds:
    return lambda value: value is None or holds(value)


def is_async(function: object) -> bool:
    """Whether a call gives something to await."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def _is_plain(value: object) -> bool:
    return callable(value) and not is_async(value)


SECONDS = "a positive number of seconds"
OPTIONS: Mapping[str, tuple[Holds, str]] = {
    "name": (_is_text, "a text"),
    "prefix": (lambda value: _is_truth(value) or _is_text(value), "True, False or a text"),
    "required": (_is_truth, "True or False"),
    "connect_timeout": (_is_seconds, SECONDS),
    "idle_timeout": (_or_none(_is_seconds), f"{SECONDS} or None"),
    "call_timeout": (_or_none(_is_seconds), f"{SECONDS} or None"),
    "tool_timeouts": (_are_times, f"a mapping of tools' names to {SECONDS}"),
    "max_tools": (
        lambda value: isinstance(value, int) and not _is_truth(value) and value > 0,
        "a positive whole number",
    ),
    "pin_tools": (_or_none(_is_path), "the path of a file, or None"),
    "mode": (lambda value: value in MODES, "'auto', 'legacy' or '2026-07-28'"),
    "sampling": (_is_truth, "True or False"),
    "elicit": (_or_none(callable), "a function of the question"),
    "roots": (
        _or_none(_are_folders),
        "a folder or 'file://' URI, a list of them, or a function that gives one",
    ),
    "meta": (_or_none(_is_plain), "a function of the call's context, not an async one,"),
    "log_level": (lambda value: value in LEVELS, "'debug', 'info', 'notice', 'warning' or 'error'"),
}
"""Of each option what holds of its values, and how that is said."""
UNSHOWN = ("elicit", "meta")


def check_options(options: MCPOptions) -> None:
    """Refuse what no server takes."""
    for name, value in options.items():
        if name not in OPTIONS:
            raise ConfigError(f"an MCP server takes no {name!r}; it takes {', '.join(OPTIONS)}")
        holds, expected = OPTIONS[name]
        if not holds(value):
            raise _unexpected(name, value, expected, shown=name not in UNSHOWN)


def _unexpected(name: str, value: object, expected: str, *, shown: bool = False) -> ConfigError:
    equals = "" if name.endswith("]") else "="
    given = f"{name}={value!r:.100}" if shown else f"{name}{equals} is of type {type(value).__name__}"
    return ConfigError(f"{given}: {expected} is expected")


def checked_command(command: object) -> str:
    """The program to start."""
    if not _is_path(command):
        raise _unexpected("command", command, "the name or path of a program", shown=True)
    return _path(command)


def checked_arguments(args: Any) -> tuple[str, ...]:
    """The arguments of a program, with paths as texts."""
    if isinstance(args, str):
        words, secrets = args.split(), Secrets()
        secrets.add_arguments(words)
        raise ConfigError(
            secrets.text(f"args={args!r:.100} is one text: a list is expected, such as {words}")
        )
    if not isinstance(args, Sequence) or isinstance(args, bytes):
        raise _unexpected("args", args, "a list of texts")
    found: list[str] = []
    for number, each in enumerate(cast("Sequence[object]", args)):
        if each != "" and not _is_path(each):
            raise _unexpected(f"args[{number}]", each, "a text, such as str(...) gives,")
        found.append(_path(each))
    return tuple(found)


def checked_environment(env: object) -> dict[str, str]:
    """The variables that a program is given."""
    return _texts("env", env, "a mapping of texts")


def checked_cwd(cwd: Any) -> Any:
    """The folder that a program is started in."""
    if not _or_none(_is_path)(cwd):
        raise _unexpected("cwd", cwd, "the path of a folder, or None", shown=True)
    return cwd


def checked_url(url: object) -> str:
    """The address of a server; not all of it is told, as it may hold a password or a key."""
    expected = "an address that begins with 'http://' or 'https://'"
    if not isinstance(url, str):
        raise _unexpected("url", url, expected)
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname:
            return url
    except ValueError as error:
        raise ConfigError(f"url= is no address ({error}): {expected} is expected") from None
    raise _unexpected("url", url.partition("?")[0].rpartition("@")[2], expected, shown=True)


def checked_file(file: Any) -> str:
    """The path of a file of servers."""
    if not _is_path(file):
        raise _unexpected("file", file, "the path of a file")
    return _path(file)


def checked_inputs(inputs: object) -> dict[str, str]:
    """What stands for `${input:name}`."""
    return _texts("inputs", inputs, "a mapping of texts")


def checked_headers(headers: Any) -> Any:
    """Headers, or a function that gives them."""
    if not callable(headers):
        check_headers(headers)
    elif is_async(headers):
        raise ConfigError("headers= is an async function: a plain function of the run is expected")
    return headers


def check_headers(headers: Any) -> dict[str, str]:
    """Refuse headers that cannot be sent."""
    found = _texts("headers", headers, "a mapping of texts, or a function that gives one,")
    for name, value in found.items():
        if not HEADER_NAME.fullmatch(name):
            raise ConfigError(f"headers= holds {name!r:.100}, which is no name of a header")
        if not value.isascii() or not value.replace("\t", " ").isprintable():
            raise ConfigError(
                f"headers[{name!r}] holds what no header may: a line end, or a character that is not ASCII"
            )
    return found


def _texts(name: str, given: object, expected: str) -> dict[str, str]:
    if not isinstance(given, Mapping):
        raise _unexpected(name, given, expected)
    found: dict[str, str] = {}
    for key, value in cast("Mapping[object, object]", given).items():
        if not isinstance(key, str):
            raise ConfigError(f"{name}= has {key!r:.100} for a name: a text is expected")
        if not isinstance(value, str):
            raise _unexpected(f"{name}[{key!r}]", value, "a text")
        found[key] = value
    return found


def checked_auth(auth: Any) -> Any:
    """What lets the program in."""
    if auth is not None and not isinstance(auth, httpx2.Auth):
        raise _unexpected(
            "auth", auth, "an httpx2.Auth, such as client_credentials(...); a token goes into headers=,"
        )
    return auth


def checked_client(client: Any) -> Any:
    """What makes a client."""
    if client is not None and not _is_plain(client):
        raise _unexpected("client", client, "a plain function that makes an httpx2.AsyncClient")
    return client


def checked_server(server: Any) -> Any:
    """A server object of the SDK; whoever has one has loaded the SDK, so its name is enough."""
    if not any(each.__module__.partition(".")[0] == "mcp" for each in type(server).__mro__):
        raise _unexpected("server", server, "a server object, mcp.server.MCPServer(...),", shown=True)
    return server
