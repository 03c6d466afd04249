"""Read the `mcpServers` files that desktop programs and editors use."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from ..errors import ConfigError, said_by
from .checks import check_options, checked_file, checked_inputs
from .options import MCPOptions
from .secret_names import says_secret
from .secrets import Secrets
from .server import MCPServer, MCPServerHTTP, MCPServerSSE, MCPServerStdio
from .variables import Variables

PAIR = re.compile(
    r"""\s*(?:export\s+)?(?P<name>[^\s=]+)\s*=\s*((?P<quote>["'])(?P<quoted>.*)(?P=quote)|(?P<value>.*?))\s*"""
)
COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
LAST_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])', re.DOTALL)
KINDS = {"stdio": "stdio", "http": "http", "streamable-http": "http", "streamableHttp": "http", "sse": "sse"}
ROOTS = ("mcpServers", "servers")
"""Under which key the servers stand: the first in most programs, the other in VS Code."""
COMMON = {"type", "transport", "disabled"}
WEB = COMMON | {"url", "headers"}
READ = {"stdio": COMMON | {"command", "args", "env", "envFile", "cwd"}, "http": WEB, "sse": WEB}
"""Which keys of an entry are read, by the kind of server."""

logger: logging.Logger = logging.getLogger("voxagent")


def load_mcp_servers(
    file: str | Path, *, inputs: Mapping[str, str] | None = None, **options: Any
) -> list[MCPServer]:
    """The servers of a file such as `mcp.json`, each named and prefixed as in the file.

    `${NAME}` and `${NAME:-default}` in texts are replaced by environment variables, as is `${env:NAME}`;
    `${input:name}` by one of `inputs`, `${userHome}` and `${workspaceFolder}` by folders. A default may hold
    variables. Relative paths in `cwd` and `envFile` count from the file's folder; "~" is your home. A server
    with `"disabled": true` is left out. Comments and last commas, which editors allow, are passed over; keys
    that are not known are logged.

    Args:
        file: The file.
        inputs: What editors ask their user for, by the name in `${input:name}`.
        **options: `MCPOptions` for all of them; `prefix=True` unless it says otherwise.

    Raises:
        ConfigError: The file cannot be read, something in it is not as expected, or a variable in it is not
            set; the message names the server.
    """
    given = cast("MCPOptions", options)
    check_options(given)
    values = checked_inputs({} if inputs is None else inputs)
    path = Path(os.path.expanduser(checked_file(file)))
    servers = _servers(path)
    return [
        _Entry(path, name, entry, values).server(given)
        for name, entry in servers.items()
        if not _disabled(_object(entry, f"{str(path)!r}, server {name!r}"), f"{str(path)!r}, server {name!r}")
    ]


def _servers(path: Path) -> dict[str, Any]:
    """The entries of a file."""
    shown = repr(str(path))
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        raise ConfigError(f"{shown} cannot be read: {_reason(error)}") from error
    try:
        found = _loaded(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{shown} cannot be read as JSON: {error}") from error
    top = _object(found, shown)
    for key in ROOTS:
        if key in top:
            return _object(top[key], f"{shown}, {key!r}")
    raise ConfigError(f"{shown}: neither {' nor '.join(map(repr, ROOTS))} is there")


def _disabled(entry: Mapping[str, object], where: str) -> bool:
    told = entry.get("disabled") or False
    if not isinstance(told, bool):
        raise ConfigError(f"{where}: 'disabled' is {told!r:.100}; true or false is expected")
    return told


def _loaded(text: str) -> object:
    """What JSON says, with comments or without; the error is about the text as it stands.

    Fractions stay as they are written: 1.10 is a version.
    """
    try:
        return json.loads(text, parse_float=str)
    except ValueError:
        plain = LAST_COMMA.sub(_kept, COMMENT.sub(_kept, text))
        if plain == text:
            raise
    return json.loads(plain, parse_float=str)


def _kept(found: re.Match[str]) -> str:
    """A text; of anything else only its line ends and room, so that places in errors are right."""
    return found[1] or re.sub(r"\S", " ", found[0])


def _object(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{where}: an object is expected, not {_called(value)}")
    return cast("dict[str, Any]", value)


class _Entry:
    """One server of a file."""

    def __init__(self, path: Path, name: str, entry: Mapping[str, object], inputs: Mapping[str, str]) -> None:
        self._name = name
        self._where = f"{str(path)!r}, server {name!r}"
        self._folder = path.resolve().parent
        self._secrets = Secrets()
        self._variables = Variables(self._folder, inputs, self._secrets)
        self._fields = {key: value for key, value in entry.items() if value is not None}

    def server(self, options: MCPOptions) -> MCPServer:
        """Make the server; raises `ConfigError` with the place in the file."""
        try:
            self._fields = cast("dict[str, object]", self._replaced(self._fields))
            made = self._made({"name": self._name, "prefix": True, **options})
        except ConfigError as error:
            raise ConfigError(f"{self._where}: {self._secrets.text(error.message)}") from error.__cause__
        for name, value in self._variables.values.items():
            if says_secret(name, value):
                made.hide(name, value)
        return made

    def _made(self, told: MCPOptions) -> MCPServer:
        kind = self._kind()
        unread = sorted(self._fields.keys() - READ[kind])
        if unread:
            by = "command" if kind == "stdio" else "url"
            logger.warning(
                "%s: %s not read for a server by %r", self._where, ", ".join(map(repr, unread)), by
            )
        if kind == "stdio":
            env = {**self._env_file(), **self._texts("env")}
            command = os.path.expanduser(self._text("command"))
            return MCPServerStdio(command, self._args(), env=env, cwd=self._cwd(), **told)
        make = MCPServerSSE if kind == "sse" else MCPServerHTTP
        return make(self._text("url"), headers=self._texts("headers"), **told)

    def _kind(self) -> str:
        fields = self._fields
        if "command" in fields and "url" in fields:
            raise ConfigError("'command' and 'url' exclude each other")
        told = fields.get("type", fields.get("transport"))
        if told is None and "command" not in fields and "url" not in fields:
            raise ConfigError("'command' or 'url' is missing")
        told = told or ("stdio" if "command" in fields else "http")
        if not isinstance(told, str) or told not in KINDS:
            raise ConfigError(f"type {told!r} is not one of {', '.join(sorted(KINDS))}")
        return KINDS[told]

    def _text(self, name: str) -> str:
        value = self._fields.get(name, "")
        if not isinstance(value, str):
            raise ConfigError(f"{name!r}: a text is expected, not {_called(value)}")
        if not value:
            raise ConfigError(f"{name!r} is missing")
        return value

    def _args(self) -> list[str]:
        args = self._fields.get("args", [])
        if not isinstance(args, list):
            raise ConfigError(f"'args' is {args!r:.100}; a list is expected")
        return [_as_text(each, f"'args', at {at}") for at, each in enumerate(cast("list[object]", args))]

    def _cwd(self) -> Path | None:
        """The working directory; a relative one counts from the file's folder."""
        return self._path("cwd") if "cwd" in self._fields else None

    def _path(self, name: str) -> Path:
        return self._folder / os.path.expanduser(self._text(name))

    def _texts(self, name: str) -> dict[str, str]:
        found = _object(self._fields.get(name, {}), repr(name))
        if name == "env":  # null says there that it is not set
            found = {key: value for key, value in found.items() if value is not None}
        return {key: _as_text(value, f"{name!r}, {key!r}") for key, value in found.items()}

    def _env_file(self) -> dict[str, str]:
        """The variables of the file that VS Code calls `envFile`."""
        if "envFile" not in self._fields:
            return {}
        path = self._path("envFile")
        try:
            lines = path.read_text("utf-8-sig").splitlines()
        except (OSError, ValueError) as error:
            raise ConfigError(f"envFile {str(path)!r} cannot be read: {_reason(error)}") from error
        found: dict[str, str] = {}
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            pair = PAIR.fullmatch(line)
            if pair is None:
                raise ConfigError(f"envFile {str(path)!r}, line {number}: NAME=value is expected")
            found[pair["name"]] = pair["quoted"] if pair["quote"] else pair["value"]
        return found

    def _replaced(self, value: object) -> object:
        """The value with variables replaced in all its texts."""
        match value:
            case str():
                return self._variables.replaced(value)
            case dict():
                items = cast("Mapping[str, object]", value).items()
                return {name: self._replaced(each) for name, each in items}
            case list():
                return [self._replaced(each) for each in cast("list[object]", value)]
            case _:
                return value


def _as_text(value: object, where: str) -> str:
    """A text, a number or a truth as a text."""
    match value:
        case str():
            return value
        case bool() | int():
            return json.dumps(value)
        case _:
            raise ConfigError(f"{where}: a text is expected, not {_called(value)}")


def _called(value: object) -> str:
    return "null" if value is None else type(value).__name__


def _reason(error: Exception) -> str:
    """Why a file cannot be read, without its name."""
    return (error.strerror if isinstance(error, OSError) else None) or said_by(error)
