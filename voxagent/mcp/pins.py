"""Notice tools that a server describes otherwise than before: a description is an instruction to the model.

Without a file the tools of the last listing are remembered, and a change is told. With a file, a change is
an error until it is accepted.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from ..errors import ConfigError, ToolsChangedError, said_by
from .secrets import Secrets
from .tool import MCPToolDefinition

Described = dict[str, dict[str, Any]]
ELSEWHERE = "name a file that can be read and written, in a folder that is there"
AWAY = "take the file away, and the tools are written down anew"
ANEW = "take the server out of the file, or call accept_tools() on it, and its tools are written down anew"
"""What helps where a file cannot be used."""
PLACEHOLDER = re.compile(r"\[REDACTED:[^\]]*\]")


class Pins:
    """What a server's tools were like.

    Args:
        server: Name of the server.
        file: Where it is kept over processes; None keeps it in memory.
        secrets: What must not be shown of what was kept before it was known to be one.
    """

    def __init__(self, server: str, file: str | Path | None, secrets: Secrets) -> None:
        self._server = server
        self._file = None if file is None else Path(os.path.expanduser(file))
        self._secrets = secrets
        self._known: Described | None = None

    def check(self, tools: Sequence[MCPToolDefinition]) -> list[str]:
        """What has changed, in words.

        Raises:
            ToolsChangedError: Something has, and there is a file which says otherwise.
            ConfigError: The file cannot be read or written.
        """
        now = self._described(tools)
        before = self._known if self._file is None else self._read(self._file)
        if before is None:
            self._keep(now)
            return []
        shown = {name: self._without_secrets(pin) for name, pin in before.items()}
        changes = [self._secrets.text(each) for each in differences(shown, now)]
        if changes and self._file is not None:
            raise ToolsChangedError(
                f"the tools of the MCP server {self._server!r} are not those in {str(self._file)!r}:"
                f" {'; '.join(changes)}. If that is what you want, call accept_tools() on the server"
            )
        self._known = now
        return changes

    def accept(self, tools: Sequence[MCPToolDefinition]) -> None:
        """Take these tools as they are."""
        self._keep(self._described(tools))

    def _described(self, tools: Sequence[MCPToolDefinition]) -> Described:
        """What matters of each tool, by the server's names: a hash of all, and what may be shown."""
        return {
            tool.original_name: self._without_secrets(
                {
                    "hash": tool.digest,
                    "description": tool.description,
                    "parameters": dict(tool.parameters),
                }
            )
            for tool in tools
        }

    def _without_secrets(self, pin: Mapping[str, Any]) -> dict[str, Any]:
        return {key: each if key == "hash" else self._secrets.value(each) for key, each in pin.items()}

    def _keep(self, tools: Described) -> None:
        self._known = tools
        if self._file is None:
            return
        everything = self._loaded(self._file)
        everything[self._server] = tools
        written = self._file.with_name(f"{self._file.name}.{os.getpid()}.new")
        try:
            written.write_text(json.dumps(everything, indent=1, sort_keys=True) + "\n", "utf-8")
            written.replace(self._file)
        except OSError as error:
            raise self._wrong(f"cannot be written: {error.strerror}", ELSEWHERE) from error

    def _read(self, file: Path) -> Described | None:
        everything = self._loaded(file)
        if self._server not in everything:
            return None
        found: object = everything[self._server]
        if isinstance(found, dict) and all(map(_is_pin, cast("dict[str, object]", found).values())):
            return cast("Described", found)
        raise self._wrong("does not say of it what was written", ANEW)

    def _loaded(self, file: Path) -> dict[str, object]:
        """All that the file says, nothing if it is not there yet."""
        try:
            found: object = json.loads(file.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._wrong(f"cannot be read: {error.strerror}", ELSEWHERE) from error
        except (ValueError, RecursionError) as error:
            raise self._wrong(f"is not a file of hashes: {said_by(error)}", AWAY) from error
        if not isinstance(found, dict):
            raise self._wrong("is not a file of hashes: no object in it", AWAY)
        return cast("dict[str, object]", found)

    def _wrong(self, what: str, remedy: str) -> ConfigError:
        where = f"pin_tools={str(self._file)!r} of the MCP server {self._server!r}"
        return ConfigError(f"{where} {what}: {remedy}")


def _is_pin(found: object) -> bool:
    """Whether that was written of a tool; what only explains a change may be missing."""
    return isinstance(found, dict) and isinstance(cast("dict[str, object]", found).get("hash"), str)


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
        if what in before and _nameless(before[what]) != _nameless(now[what]):
            return f"its {what} changed from {_short(before[what])} to {_short(now[what])}"
    return "its title, output or annotations, or a secret in it"


def _nameless(value: object) -> str:
    """As text, whatever the secrets in it are called."""
    return PLACEHOLDER.sub("[REDACTED]", json.dumps(value, sort_keys=True))


def _short(value: object) -> str:
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= 200 else f"{text[:200]}..."
