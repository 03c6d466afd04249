"""Read the `mcpServers` files that desktop programs and editors use."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from ..errors import ConfigError
from .options import MCPOptions
from .server import MCPServer, MCPServerHTTP, MCPServerSSE, MCPServerStdio

VARIABLE = re.compile(r"\$\{(?P<name>[^}]*?)(?::-(?P<default>[^}]*))?\}")
NAME = re.compile(r"(?:env:)?([A-Za-z_][A-Za-z0-9_]*)")
COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
LAST_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])', re.DOTALL)
KINDS = {"stdio": "stdio", "http": "http", "streamable-http": "http", "streamableHttp": "http", "sse": "sse"}
ROOTS = ("mcpServers", "servers")
"""Under which key the servers stand: the first in most programs, the other in VS Code."""
EDITOR_FOLDERS = (".vscode", ".cursor")


def load_mcp_servers(file: str | Path, **options: Any) -> list[MCPServer]:
    """The servers of a file such as `mcp.json`, each named and prefixed as in the file.

    `${NAME}` and `${NAME:-default}` in texts are replaced by environment variables, as is `${env:NAME}`;
    `${userHome}` and `${workspaceFolder}` by folders. A server with `"disabled": true` is left out. Comments
    and last commas, which editors allow, are passed over.

    Args:
        file: The file.
        **options: `MCPOptions` for all of them; `prefix=True` unless it says otherwise.

    Raises:
        ConfigError: The file cannot be read, or a variable in it is not set; the message names the server.
    """
    path = Path(file)
    try:
        found = _loaded(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{str(path)!r} cannot be read as JSON: {error}") from error
    top = _object(found, repr(str(path)))
    key = next((key for key in ROOTS if key in top), ROOTS[0])
    servers = _object(top.get(key), f"{str(path)!r}, {key!r}")
    given = cast("MCPOptions", options)
    return [
        _Entry(path, name, entry).server(given)
        for name, entry in servers.items()
        if not _object(entry, f"{str(path)!r}, server {name!r}").get("disabled")
    ]


def _loaded(text: str) -> object:
    """What JSON says, with comments or without; the error is about the text as it stands."""
    try:
        return json.loads(text)
    except ValueError:
        plain = LAST_COMMA.sub(_kept, COMMENT.sub(_kept, text))
        if plain == text:
            raise
    return json.loads(plain)


def _kept(found: re.Match[str]) -> str:
    """A text; of anything else only its line ends and room, so that places in errors are right."""
    return found[1] or re.sub(r"\S", " ", found[0])


def _object(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{where}: an object is expected, not {type(value).__name__}")
    return cast("dict[str, Any]", value)


class _Entry:
    """One server of a file."""

    def __init__(self, path: Path, name: str, entry: Mapping[str, object]) -> None:
        self._name = name
        self._where = f"{str(path)!r}, server {name!r}"
        self._folder = path.resolve().parent
        self._fields = _object(self._replaced(entry), self._where)

    def server(self, options: MCPOptions) -> MCPServer:
        told: MCPOptions = {"name": self._name, "prefix": True, **options}
        match self._kind():
            case "stdio":
                args: object = self._fields.get("args") or []
                if not isinstance(args, list):
                    raise ConfigError(f"{self._where}: 'args' is {args!r:.100}; a list is expected")
                env = {**self._env_file(), **self._texts("env")}
                cwd = self._fields.get("cwd")
                words = [str(each) for each in cast("list[object]", args)]
                return MCPServerStdio(self._text("command"), words, env=env, cwd=cwd, **told)
            case "sse":
                return MCPServerSSE(self._text("url"), headers=self._texts("headers"), **told)
            case _:
                return MCPServerHTTP(self._text("url"), headers=self._texts("headers"), **told)

    def _kind(self) -> str:
        fields = self._fields
        told = fields.get("type") or fields.get("transport") or ("stdio" if "command" in fields else "http")
        if told not in KINDS:
            raise ConfigError(f"{self._where}: type {told!r} is not one of {', '.join(sorted(KINDS))}")
        return KINDS[told]

    def _text(self, name: str) -> str:
        value = self._fields.get(name)
        if not isinstance(value, str) or not value:
            raise ConfigError(f"{self._where}: {name!r} is missing")
        return value

    def _texts(self, name: str) -> dict[str, str]:
        found = _object(self._fields.get(name) or {}, f"{self._where}, {name!r}")
        return {key: str(value) for key, value in found.items()}

    def _env_file(self) -> dict[str, str]:
        """The variables of the file that VS Code calls `envFile`."""
        name = self._fields.get("envFile")
        if name is None:
            return {}
        try:
            lines = (self._folder / str(name)).read_text("utf-8").splitlines()
        except OSError as error:
            raise ConfigError(f"{self._where}: envFile {name!r} cannot be read: {error}") from error
        pairs = [line.strip().removeprefix("export ").partition("=") for line in lines]
        return {
            key.strip(): value.strip().strip("\"'")
            for key, equals, value in pairs
            if equals and not key.startswith("#")
        }

    def _replaced(self, value: object) -> object:
        """The value with variables replaced in all its texts."""
        match value:
            case str():
                return VARIABLE.sub(self._variable, value)
            case dict():
                items = cast("Mapping[str, object]", value).items()
                return {name: self._replaced(each) for name, each in items}
            case list():
                return [self._replaced(each) for each in cast("list[object]", value)]
            case _:
                return value

    def _variable(self, found: re.Match[str]) -> str:
        name = found["name"]
        if name == "userHome":
            return str(Path.home())
        if name == "workspaceFolder":
            return str(self._folder.parent if self._folder.name in EDITOR_FOLDERS else self._folder)
        known = NAME.fullmatch(name)
        if known is None:
            raise ConfigError(f"{self._where}: nobody can say here what {found[0]} is; use ${{NAME}}")
        value = os.environ.get(known[1])
        if found["default"] is not None:
            return value or str(found["default"])
        if value is None:
            raise ConfigError(f"{self._where}: the environment variable {known[1]} is not set")
        return value
