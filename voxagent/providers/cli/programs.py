"""The command-line agents that are known by name."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Literal

from typing_extensions import TypedDict, Unpack

from .augment import Augment
from .claude import Claude
from .codex import Codex
from .provider import DEFAULT, CLIProvider


class CLIOptions(TypedDict, total=False, closed=True):
    """How a command-line agent is run.

    Args (all optional):
        program: Name or path of the program; its usual name, looked for on PATH, by default.
        cwd: The folder that it works in; the process's own by default.
        env: Environment variables to add; of the process's own, only a few harmless ones and the
            program's are passed on.
        args: More arguments, such as what it is permitted to do. They are shown in process lists.
        system: Whether the system prompt is added to the program's own ("append", the default) or stands
            in its place ("replace").
        sessions: Whether a conversation goes on in the program's own session where it can; True by default.
        silence: Seconds that the program may say nothing while it is at work; 600 by default.
        grace: Seconds between asking the program to end and killing it; 1 by default.
    """

    program: str | os.PathLike[str] | None
    cwd: str | os.PathLike[str] | None
    env: Mapping[str, str] | None
    args: Sequence[str]
    system: Literal["append", "replace"]
    sessions: bool
    silence: float
    grace: float


class ClaudeCodeProvider(CLIProvider):
    """Claude Code, the program `claude`: text and thinking as they come, usage, cost, sessions.

    Args:
        model: Name of the model, such as "sonnet"; "default" leaves it to the program.
        **options: See `CLIOptions`.
    """

    def __init__(self, model: str = DEFAULT, **options: Unpack[CLIOptions]) -> None:
        super().__init__(Claude(), model, **options)


class CodexProvider(CLIProvider):
    """Codex, the program `codex`: whole pieces of text and thinking, usage, sessions.

    Args:
        model: Name of the model; "default" leaves it to the program.
        **options: See `CLIOptions`.
    """

    def __init__(self, model: str = DEFAULT, **options: Unpack[CLIOptions]) -> None:
        super().__init__(Codex(), model, **options)


class AugmentProvider(CLIProvider):
    """Augment, the program `auggie`: the answer in one piece; every question tells the whole conversation.

    Args:
        model: Name of the model; "default" leaves it to the program.
        **options: See `CLIOptions`.
    """

    def __init__(self, model: str = DEFAULT, **options: Unpack[CLIOptions]) -> None:
        super().__init__(Augment(), model, **options)
