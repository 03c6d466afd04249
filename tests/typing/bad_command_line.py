"""What a command-line agent cannot be told."""

from __future__ import annotations

from voxagent.providers import ClaudeCodeProvider, CLIProvider, CodexProvider

ClaudeCodeProvider(7)  # E: a number as a model
ClaudeCodeProvider(system="both")  # E: a way to say the system prompt that there is not
ClaudeCodeProvider(colour="blue")  # E: an option that there is not
CodexProvider(env={"A": 1})  # E: a number as an environment variable
CLIProvider("claude")  # E: a name as a dialect
