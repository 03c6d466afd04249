"""Notice tools that a server describes otherwise than before: a description is an instruction to the model.

Without a file the tools of the last listing are remembered, and a change is told. With a file, a change is
an error until it is accepted.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from ..errors import ConfigError, ToolsChangedError
from .tool import MCPToolDefinition

Described = dict[str, dict[str, Any]]


class Pins:
    """What a server's tools were like.

    Args:
        server: Name of the server.
        file: Where it is kept over processes; None keeps it in memory.
    """

    def __init__(self, server: str, file: str | Path | None) -> None:
        self._server = server
        self._file = None if file is None else Path(file)
        self._known: Described | None = None

    def check(self, tools: Sequence[MCPToolDefinition]) -> list[str]:
        """What has changed, in words.

        Raises:
            ToolsChangedError: Something has, and there is a file which says otherwise.
        """
        now = described(tools)
        before = self._known if self._file is None else self._read(self._file)
        if before is None:
            self._keep(now)
            return []
        changes = list(differences(before, now))
        if changes and self._file is not None:
            raise ToolsChangedError(
                f"the tools of the MCP server {self._server!r} are not those in {str(self._file)!r}:"
                f" {'; '.join(changes)}. If that is what you want, call accept_tools() on the server"
            )
        self._known = now
        return changes

    def accept(self, tools: Sequence[MCPToolDefinition]) -> None:
        """Take these tools as they are."""
        self._keep(described(tools))

    def _keep(self, tools: Described) -> None:
        self._known = tools
        if self._file is None:
            return
        everything = _loaded(self._file) if self._file.exists() else {}
        everything[self._server] = tools
        written = self._file.with_name(f"{self._file.name}.{os.getpid()}.new")
        written.write_text(json.dumps(everything, indent=1, sort_keys=True) + "\n", "utf-8")
        written.replace(self._file)

    def _read(self, file: Path) -> Described | None:
        return _loaded(file).get(self._server) if file.exists() else None


def _loaded(file: Path) -> dict[str, Described]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise ConfigError(f"pin_tools={str(file)!r} is not a file of hashes: {error}") from error
    if not isinstance(found, dict):
        raise ConfigError(f"pin_tools={str(file)!r} is not a file of hashes: no object in it")
    return cast("dict[str, Described]", found)


def described(tools: Sequence[MCPToolDefinition]) -> Described:
    """What matters of each tool, by the server's names."""
    return {
        tool.original_name: {
            "hash": _digest(tool),
            "description": tool.description,
            "parameters": dict(tool.parameters),
        }
        for tool in tools
    }


def _digest(tool: MCPToolDefinition) -> str:
    told = [
        tool.original_name,
        tool.title,
        tool.description,
        tool.parameters,
        tool.output_schema,
        tool.annotations,
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Each change in words."""
    told: list[str] = []
    for name in sorted({*before, *now}):
        if name not in now:
            told.append(f"the tool {name!r} is gone")
        elif name not in before:
            told.append(f"the tool {name!r} is new")
        elif before[name]["hash"] != now[name]["hash"]:
            told.append(f"the tool {name!r} has changed: {_difference(before[name], now[name])}")
    return told


def _difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    for what in ("description", "parameters"):
        if before[what] != now[what]:
            return f"its {what} changed from {_short(before[what])} to {_short(now[what])}"
    return "its title, output or annotations"


def _short(value: object) -> str:
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= 200 else f"{text[:200]}..."
