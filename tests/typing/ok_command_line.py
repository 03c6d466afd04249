"""Command-line agents: the same options for each, and a program of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

from voxagent import Agent
from voxagent.errors import CLINotFoundError, ConfigError
from voxagent.providers import (
    AugmentProvider,
    ClaudeCodeProvider,
    CLIProvider,
    CodexProvider,
    ModelFacts,
    Provider,
)
from voxagent.providers.cli import CLIOptions, Dialect

options: CLIOptions = {
    "cwd": Path(),
    "env": {"A": "b"},
    "args": ["-x"],
    "system": "append",
    "sessions": False,
}
claude = ClaudeCodeProvider("sonnet", program="claude", silence=10.0, grace=1)
named: list[CLIProvider] = [claude, CodexProvider(**options), AugmentProvider(model="m")]
provider: Provider = claude

assert_type(Agent(claude), Agent[None, str])
assert_type(claude.facts("sonnet"), ModelFacts)
error: ConfigError = CLINotFoundError("not there")


def own(dialect: Dialect) -> CLIProvider:
    return CLIProvider(dialect, "m", program=Path("own"), args=("-x",))
