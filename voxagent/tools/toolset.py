"""Tools that come in sets, and functions that change a set.

A toolset is opened for a run and gives the tools that the run may use. What changes a set is a function
that wraps it, not a method of it: any toolset can be wrapped by anything.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeAlias, TypeGuard, cast, overload

from typing_extensions import TypeVar

from ..errors import ConfigError
from .context import RunContext
from .definition import NeedsApproval, ToolDefinition

DepsT_contra = TypeVar("DepsT_contra", contravariant=True, default=object)
D = TypeVar("D", default=object)
Tools: TypeAlias = Sequence[ToolDefinition[D]]


class Toolset(Protocol[DepsT_contra]):
    """Gives a run its tools."""

    def open(
        self, run: RunContext[DepsT_contra]
    ) -> AbstractAsyncContextManager[Sequence[ToolDefinition[DepsT_contra]]]:
        """The tools for a run, until the context is left."""
        ...


class LiveTools(Sequence[ToolDefinition[D]]):
    """Tools that may change while a run has them open; the run looks ahead of each model call."""

    @abstractmethod
    async def refreshed(self) -> bool:
        """Whether they have changed since the last look; the sequence then holds what there is now."""


def is_live(tools: object) -> TypeGuard[LiveTools[Any]]:
    """Whether these tools may change."""
    return isinstance(tools, LiveTools)


class FunctionToolset(Generic[D]):
    """Decorated functions as a toolset.

    Args:
        tools: The tools.
        name: What errors call this set.
    """

    def __init__(self, tools: Iterable[ToolDefinition[D]] = (), *, name: str = "functions") -> None:
        self.name = name
        self._tools: dict[str, ToolDefinition[D]] = {}
        for each in tools:
            self.add(each)

    def __repr__(self) -> str:
        return f"FunctionToolset({', '.join(self._tools)})"

    def add(self, tool: ToolDefinition[D]) -> None:
        """Take one more tool; two of one name are a `ConfigError`."""
        check_is_tool(tool, self.name)
        if tool.name in self._tools:
            raise ConfigError(f"two tools of {self.name!r} are named {tool.name!r}")
        self._tools[tool.name] = tool

    @asynccontextmanager
    async def open(self, run: RunContext[D]) -> AsyncGenerator[Sequence[ToolDefinition[D]]]:
        """All tools."""
        yield list(self._tools.values())


Change: TypeAlias = Callable[[RunContext[D], ToolDefinition[D]], "ToolDefinition[D] | None"]


class _Changed(Generic[D]):
    """A toolset whose tools pass through a function, which may change or drop them."""

    def __init__(self, toolset: Toolset[D], change: Change[D], said: str) -> None:
        self._toolset = toolset
        self._change = change
        self._said = said

    def __repr__(self) -> str:
        return f"{self._said}({self._toolset!r})"

    async def __aenter__(self) -> Self:
        """Keep open what the toolset keeps open between runs."""
        if isinstance(self._toolset, AbstractAsyncContextManager):
            await cast("AbstractAsyncContextManager[Any]", self._toolset).__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(self._toolset, AbstractAsyncContextManager):
            await cast("AbstractAsyncContextManager[Any]", self._toolset).__aexit__(kind, error, traceback)

    @asynccontextmanager
    async def open(self, run: RunContext[D]) -> AsyncGenerator[Sequence[ToolDefinition[D]]]:
        async with self._toolset.open(run) as tools:
            changed = _ChangedTools(tools, lambda tool: self._change(run, tool))
            yield changed if is_live(tools) else list(changed)


class _ChangedTools(LiveTools[D]):
    """Live tools that pass through a function."""

    def __init__(
        self,
        tools: Sequence[ToolDefinition[D]],
        change: Callable[[ToolDefinition[D]], ToolDefinition[D] | None],
    ) -> None:
        self._tools = tools
        self._live = tools if is_live(tools) else None
        self._change = change
        self._pass()

    def _pass(self) -> None:
        self._passed = [changed for tool in self._tools if (changed := self._change(tool)) is not None]

    @overload
    def __getitem__(self, index: int) -> ToolDefinition[D]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ToolDefinition[D]]: ...
    def __getitem__(self, index: int | slice) -> ToolDefinition[D] | Sequence[ToolDefinition[D]]:
        return self._passed[index]

    def __len__(self) -> int:
        return len(self._passed)

    async def refreshed(self) -> bool:
        """Whether the tools behind have changed."""
        if not (self._live is not None and await self._live.refreshed()):
            return False
        self._pass()
        return True


def prefixed(toolset: Toolset[D], prefix: str) -> Toolset[D]:
    """The same tools, named `prefix_name`."""
    return _Changed(toolset, lambda run, tool: tool.changed(name=f"{prefix}_{tool.name}"), "prefixed")


def renamed(toolset: Toolset[D], names: Mapping[str, str]) -> Toolset[D]:
    """The same tools, those in `names` under their new names."""
    return _Changed(
        toolset,
        lambda run, tool: tool.changed(name=names[tool.name]) if tool.name in names else tool,
        "renamed",
    )


def filtered(
    toolset: Toolset[D], keep: Callable[[RunContext[D], ToolDefinition[D]], bool] | Iterable[str]
) -> Toolset[D]:
    """Only some of the tools: those of the names given, or those for which a function says so."""
    if isinstance(keep, str):
        raise ConfigError(f"filtered(..., {keep!r}): a list of names is expected, [{keep!r}]")
    if callable(keep):
        return _Changed(toolset, lambda run, tool: tool if keep(run, tool) else None, "filtered")
    names = frozenset(keep)
    return _Changed(toolset, lambda run, tool: tool if tool.name in names else None, "filtered")


def approval_required(toolset: Toolset[D], when: bool | NeedsApproval = True) -> Toolset[D]:
    """The same tools, each call to be approved first; or those for which `when(context, arguments)` holds."""
    return _Changed(toolset, lambda run, tool: tool.changed(requires_approval=when), "approval_required")


def check_is_tool(tool: Any, where: str) -> None:
    """Refuse what is no tool with words that help."""
    if isinstance(tool, ToolDefinition):
        return
    if callable(tool):
        name = getattr(tool, "__name__", repr(tool))
        raise ConfigError(f"{where}: {name}() is a plain function; put @tool above it, or write tool({name})")
    raise ConfigError(f"{where}: {tool!r} is not a tool")


def no_such_tool(name: str, known: Iterable[str]) -> str:
    """The words for a tool that is not there."""
    from difflib import get_close_matches

    names = list(known)
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(names)) or 'none'}"
    return f"there is no tool {name!r}: {hint}"
