"""What is served to MCP clients, and how.

It knows a `Servable`, not `Agent`: something that can be described and run.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, runtime_checkable

from ..errors import ConfigError
from ..streaming.events import StreamEventData
from ..tools.context import deps_are_optional
from ..types.result import RunResult


class ServedRun(Protocol):
    """A run that is watched."""

    def __aiter__(self) -> AsyncIterator[StreamEventData]:
        """What it tells."""
        ...

    async def result(self) -> RunResult[Any]:
        """How it ended."""
        ...


@runtime_checkable
class TakesDeps(Protocol):
    """Something that can be served and says of what type its deps are; an `Agent` does."""

    @property
    def deps_type(self) -> Any:
        """Type of the deps; None if there are none."""
        ...


class Servable(Protocol):
    """Something that can be served, such as an `Agent`."""

    @property
    def name(self) -> str | None:
        """What it is called."""
        ...

    @property
    def description(self) -> str | None:
        """What it is for."""
        ...

    @property
    def output_type(self) -> Any:
        """Type of its answers."""
        ...

    def run_stream(
        self, prompt: str, *, deps: Any, session_key: str | None
    ) -> AbstractAsyncContextManager[ServedRun]:
        """Run it; leaving the context stops it."""
        ...


@dataclass(slots=True, frozen=True)
class ServedCall:
    """A call by a client, for the functions that a program gives.

    Args:
        tool: Name of the tool.
        arguments: What the client gave, checked; as plain JSON.
        session: The conversation that the client named (`sessions=True`), if it did.
        headers: Of the HTTP request, by lower-case names; empty over stdio and in the same process.
        meta: The `_meta` of the call.
    """

    tool: str
    arguments: Mapping[str, Any] = field(repr=False)
    session: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    meta: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)


DepsOf: TypeAlias = Callable[[ServedCall], Any]
SessionOf: TypeAlias = Callable[[ServedCall], "str | Awaitable[str | None] | None"]


@dataclass(slots=True, frozen=True)
class ServedAgent:
    """An agent, and how it is served.

    Args:
        agent: The agent.
        name: What clients call it; the agent's name by default.
        description: What it is for; the agent's description by default.
        input_type: A model or dataclass whose fields are the tool's arguments, told to the agent as JSON; one
            text, `prompt`, by default.
        deps: Gives the agent's deps for a call; may be async. None by default.
        sessions: Whether clients may name a conversation and so go on with it: whoever knows the name can.
        session_key: Gives the key of the stored conversation for a call, or None; may be async. By default
            it is made of the tool's name and of what the client named, so that no client reaches another
            session.

    Raises:
        ConfigError: It is no agent, has no name, or needs deps that nobody gives.
    """

    agent: Servable
    name: str = ""
    description: str = ""
    input_type: Any = None
    deps: DepsOf | None = None
    sessions: bool = False
    session_key: SessionOf | None = None

    def __post_init__(self) -> None:
        if not callable(getattr(self.agent, "run_stream", None)):
            raise ConfigError(f"{self.agent!r:.100} is no agent: it has no run_stream(...)")
        if not (self.name or self.agent.name):
            raise ConfigError("an agent needs a name to be served: Agent(..., name='researcher')")
        for option in ("deps", "session_key"):
            value: object = self.deps if option == "deps" else self.session_key
            if value is not None and not callable(value):
                raise ConfigError(
                    f"{option}= is of type {type(value).__name__}: a function of the call is expected"
                )
        agent: object = self.agent
        if self.deps is None and isinstance(agent, TakesDeps) and not deps_are_optional(agent.deps_type):
            raise ConfigError(
                f"deps is missing: agent {self.name or self.agent.name!r} has deps_type={agent.deps_type!r};"
                " give ServedAgent(agent, deps=...), a function of the call"
            )
