"""What a run shows to the functions that it calls: tools, instructions, validators, hooks."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Generator, Mapping, Sequence
from types import NoneType
from typing import Annotated, Any, Generic, Protocol, get_args, get_origin

from typing_extensions import TypeVar

from ..abort import AbortSignal
from ..errors import ConfigError
from ..streaming.events import BaseEvent, CustomEvent, ToolOutputEvent
from ..types.config import ModelSettings
from ..types.message import Message
from ..types.usage import Usage

DepsT = TypeVar("DepsT", covariant=True, default=None)


class RunView(Protocol):
    """The part of a run that its functions may look at."""

    @property
    def usage(self) -> Usage:
        """What was used so far."""
        ...

    @property
    def messages(self) -> Sequence[Message]:
        """The conversation so far."""
        ...

    @property
    def deadline(self) -> float | None:
        """`time.monotonic()` at which the run's time is up."""
        ...

    def tell(self, event: BaseEvent) -> Awaitable[None]:
        """Emit an event, from any thread; awaiting it waits for slow readers."""
        ...

    async def ask(
        self, messages: Sequence[Message], system: str = "", settings: ModelSettings | None = None
    ) -> Message:
        """Ask the run's model something aside, within the run's limits; from any event loop."""
        ...


class _Unwatched:
    """The view of a context that belongs to no run: one that a program made by hand."""

    messages: Sequence[Message] = ()
    deadline: float | None = None

    @property
    def usage(self) -> Usage:
        return Usage()

    def tell(self, event: BaseEvent) -> Awaitable[None]:
        return TOLD

    async def ask(
        self, messages: Sequence[Message], system: str = "", settings: ModelSettings | None = None
    ) -> Message:
        raise ConfigError("a context that belongs to no run has no model to ask")


class _Told:
    """Something that may be awaited, and need not be."""

    def __await__(self) -> Generator[Any, None, None]:
        return
        yield  # what makes this a generator


TOLD = _Told()


class RunContext(Generic[DepsT]):
    """A run, as its functions see it.

    Args:
        deps: What the caller handed in for the tools.
        run_id: Id of the run.
        session_id: Key of the session, None without one.
        abort_signal: Tells when to stop.
        depth: 0 for a run of its own, one more for each agent above it.
        metadata: What the caller handed in to be carried along.
        view: The run itself, for what voxagent puts between a run and its tools.
    """

    __slots__ = ("abort_signal", "deps", "depth", "metadata", "run_id", "session_id", "view")

    def __init__(
        self,
        abort_signal: AbortSignal | None = None,
        deps: DepsT = None,  # type: ignore[assignment]  # DepsT is None by default
        session_id: str | None = None,
        run_id: str = "",
        *,
        depth: int = 0,
        metadata: Mapping[str, Any] | None = None,
        view: RunView | None = None,
    ) -> None:
        self.abort_signal: AbortSignal = abort_signal or AbortSignal()
        self.deps: DepsT = deps
        self.session_id: str | None = session_id
        self.run_id: str = run_id
        self.depth: int = depth
        self.metadata: Mapping[str, Any] = metadata or {}
        self.view: RunView = view or _Unwatched()

    def __repr__(self) -> str:
        told = f"run_id={self.run_id!r}, session_id={self.session_id!r}, depth={self.depth}"
        return f"{type(self).__name__}({told})"

    @property
    def usage(self) -> Usage:
        """What the run has used so far, its sub-agents included."""
        return self.view.usage

    @property
    def messages(self) -> Sequence[Message]:
        """The conversation so far."""
        return self.view.messages

    @property
    def remaining_time(self) -> float | None:
        """Seconds until the run's time is up, never below 0; None if it has no limit."""
        deadline = self.view.deadline
        return None if deadline is None else max(0.0, deadline - time.monotonic())

    def is_aborted(self) -> bool:
        """Whether the run shall stop."""
        return self.abort_signal.aborted

    def check_abort(self) -> None:
        """Raise `AbortError` if the run shall stop."""
        self.abort_signal.check()

    def emit(self, name: str, data: Any = None) -> Awaitable[None]:
        """Emit a `CustomEvent`; may be called from a thread and need not be awaited."""
        return self.view.tell(CustomEvent(self.run_id, name, data))


class ToolContext(RunContext[DepsT]):
    """A tool call, as the tool sees it.

    `abort_signal` is the call's own: it is set when the run is aborted, when its time or the call's is
    up, and when the call is cancelled.

    Args:
        retry_count: How often this tool has failed in a row in this run.
        tool_name: Name of the tool.
        tool_call_id: Id of the call.
    """

    __slots__ = ("retry_count", "tool_call_id", "tool_name")

    def __init__(
        self,
        abort_signal: AbortSignal | None = None,
        deps: DepsT = None,  # type: ignore[assignment]  # DepsT is None by default
        session_id: str | None = None,
        run_id: str = "",
        retry_count: int = 0,
        *,
        tool_name: str = "",
        tool_call_id: str = "",
        depth: int = 0,
        metadata: Mapping[str, Any] | None = None,
        view: RunView | None = None,
    ) -> None:
        super().__init__(abort_signal, deps, session_id, run_id, depth=depth, metadata=metadata, view=view)
        self.retry_count: int = retry_count
        self.tool_name: str = tool_name
        self.tool_call_id: str = tool_call_id

    def update(self, message: str) -> Awaitable[None]:
        """Report progress: a `ToolOutputEvent`; may be called from a thread and need not be awaited."""
        return self.view.tell(ToolOutputEvent(self.run_id, self.tool_call_id, str(message)))


def deps_are_optional(deps_type: Any) -> bool:
    """Whether an agent with this deps type may be run without deps."""
    if get_origin(deps_type) is Annotated:
        return deps_are_optional(get_args(deps_type)[0])
    return deps_type in (None, NoneType, Any, object) or NoneType in get_args(deps_type)
