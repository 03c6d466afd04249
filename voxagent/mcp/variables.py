"""Variables in texts of files: `${NAME}`, `${NAME:-default}`, which may hold others, and those of editors."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from ..errors import ConfigError
from .secrets import Secrets

NAME = re.compile(r"(?:env:)?([A-Za-z_][A-Za-z0-9_]*)")
MARKS = re.compile(r"\$\{|\}")
INPUT = "input:"
EDITOR_FOLDERS = (".vscode", ".cursor")


class Variables:
    """The variables that a file may name.

    Args:
        folder: Where the file is.
        inputs: What stands for `${input:name}`.
        secrets: Those values that are secrets by their name or form are added.
    """

    def __init__(self, folder: Path, inputs: Mapping[str, str], secrets: Secrets) -> None:
        self._folder = folder
        self._inputs = inputs
        self._secrets = secrets
        self.values: dict[str, str] = {}
        """Those that were used, by name; folders and defaults are not among them."""

    def replaced(self, text: str) -> str:
        """The text with values; raises `ConfigError` where there is none."""
        before, mark, rest = text.partition("${")
        if not mark:
            return before
        end = _end(rest)
        if end < 0:
            raise ConfigError(f"{f'${{{rest}'[:100]!r} is not closed: a '}}' is missing")
        return before + self._value(rest[:end]) + self.replaced(rest[end + 1 :])

    def _value(self, inner: str) -> str:
        name, has_default, default = inner.partition(":-")
        if name == "userHome":
            return str(Path.home())
        if name == "workspaceFolder":
            return str(self._folder.parent if self._folder.name in EDITOR_FOLDERS else self._folder)
        value, missing = self._found(name)
        if has_default:
            return value or self.replaced(default)
        if value is None:
            raise ConfigError(missing)
        return value

    def _found(self, name: str) -> tuple[str | None, str]:
        """The value of a variable, if it has one, and what is said if not."""
        if name.startswith(INPUT):
            name = name.removeprefix(INPUT)
            value = self._inputs.get(name)
            missing = f"the input {name!r} is asked for: give it with inputs={{{name!r}: ...}}"
        elif known := NAME.fullmatch(name):
            name = known[1]
            value = os.environ.get(name)
            missing = f"the environment variable {name} is not set"
        else:
            raise ConfigError(f"nobody can say here what ${{{name}}} is; use ${{NAME}}")
        if value is not None:
            self.values[name] = value
            self._secrets.add_environment({name: value})
        return value, missing


def _end(text: str) -> int:
    """Where the variable ends that the text begins in; -1 if nowhere."""
    depth = 1
    for mark in MARKS.finditer(text):
        depth += 1 if mark[0] == "${" else -1
        if depth == 0:
            return mark.start()
    return -1
