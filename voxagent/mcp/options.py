"""What a server may be told, and where the run that asks can be found."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Literal, TypeAlias

from typing_extensions import TypedDict

from ..tools.context import RunContext, ToolContext

Mode: TypeAlias = Literal["auto", "legacy", "2026-07-28"]
Meta: TypeAlias = Callable[[ToolContext[Any]], Mapping[str, Any] | None]
Folders: TypeAlias = str | os.PathLike[str] | Collection[str | os.PathLike[str]]
Roots: TypeAlias = Folders | Callable[[], Folders]
Answered: TypeAlias = Mapping[str, Any] | Literal["decline", "cancel"] | None
Elicit: TypeAlias = Callable[["Elicitation"], "Answered | Awaitable[Answered]"]

CONNECT_TIMEOUT = 5.0
IDLE_TIMEOUT = 60.0
MAX_TOOLS = 1_000

asking_run: ContextVar[RunContext[Any] | None] = ContextVar("voxagent_mcp_run", default=None)
"""The run on whose behalf a server is talked to."""


class Elicitation:
    """What a server wants to know of the user.

    Args:
        server: Name of the server.
        message: What it says.
        schema: JSON Schema of the answer; None where the user is sent to an address instead.
        url: That address; nobody has opened it.
        run: The run that waits for the answer; None if the server does not say for which one it asks.
    """

    __slots__ = ("message", "run", "schema", "server", "url")

    def __init__(
        self,
        server: str,
        message: str,
        schema: Mapping[str, Any] | None = None,
        url: str | None = None,
        run: RunContext[Any] | None = None,
    ) -> None:
        self.server: str = server
        self.message: str = message
        self.schema: Mapping[str, Any] | None = schema
        self.url: str | None = url
        self.run: RunContext[Any] | None = run

    def __repr__(self) -> str:
        return f"Elicitation(server={self.server!r}, message={self.message!r})"


class MCPOptions(TypedDict, total=False, closed=True):
    """What every server may be told.

    Args (all optional):
        name: What errors, events and prefixes call it; made from the command or address by default.
        prefix: Whether its tools are named `name_tool`, or another prefix; False by default.
        required: Whether a run fails if the server cannot be connected; True by default. Otherwise the run
            goes on without its tools, and a `ToolsetErrorEvent` says so.
        connect_timeout: Seconds until the server must have introduced itself; 5 by default.
        idle_timeout: Seconds a call may take without telling progress; 60 by default, None for no limit.
        call_timeout: Seconds for a whole call; None, no limit but the run's, by default.
        tool_timeouts: Seconds for a whole call, by the server's names of its tools.
        max_tools: How many of its tools are taken; 1,000 by default. If it is given, a run does not warn of
            so many.
        pin_tools: A file of hashes. Tools that are not those in it are an error until they are accepted; a
            server that is not in it yet is written there.
        mode: The era of the protocol: "auto" (default), "legacy" (2025-11-25 and before), or "2026-07-28".
        sampling: Whether the server may ask the agent's model; False by default.
        elicit: Is asked when the server wants to know something of the user. Gives the answer by name ({}
            where the user has agreed to an address), None or "decline", or "cancel". A plain function may
            block.
        roots: Folders, or "file://" URIs, that the server may know of, or a function that gives them; one
            alone is a list of it. "~" is your home.
        meta: Gives the `_meta` of a call from its context.
        log_level: From which level on the server's log messages are wanted; "warning" by default.
    """

    name: str
    prefix: bool | str
    required: bool
    connect_timeout: float
    idle_timeout: float | None
    call_timeout: float | None
    tool_timeouts: Mapping[str, float]
    max_tools: int
    pin_tools: str | Path | None
    mode: Mode
    sampling: bool
    elicit: Elicit | None
    roots: Roots | None
    meta: Meta | None
    log_level: Literal["debug", "info", "notice", "warning", "error"]


def folders(given: Folders) -> Collection[str | os.PathLike[str]]:
    """A list of folders; one alone is a list of it."""
    return (given,) if isinstance(given, str | os.PathLike) else given
