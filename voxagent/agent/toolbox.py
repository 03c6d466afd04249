"""The tools of a run: the agent's own, those of its toolsets, minus what policies forbid."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias

from ..errors import ConfigError
from ..tools.context import RunContext
from ..tools.definition import ToolDefinition
from ..tools.toolset import Toolset, is_live
from ..types.config import ToolSpec
from ..types.policy import ToolPolicy
from .hooks import called

AnyTool: TypeAlias = ToolDefinition[Any]


class Toolbox:
    """Tools by name, and what the model is told of them.

    Args:
        tools: The tools.
        hidden: Names of tools that exist and that this run may not use.
    """

    __slots__ = ("by_name", "hidden", "renew", "revealing", "specs")

    def __init__(
        self,
        tools: Iterable[AnyTool],
        hidden: Iterable[str] = (),
        renew: Callable[[], Awaitable[Toolbox | None]] | None = None,
    ) -> None:
        self.renew: Callable[[], Awaitable[Toolbox | None]] | None = renew
        """Gives another toolbox if a toolset has changed; None where that cannot happen."""
        self.by_name: dict[str, AnyTool] = {}
        for each in tools:
            if each.name in self.by_name:
                sources = [getattr(tool, "source", "") for tool in (self.by_name[each.name], each)]
                told = (
                    f" ({' and '.join(source or 'the agent' for source in sources)})" if any(sources) else ""
                )
                raise ConfigError(
                    f"two tools are named {each.name!r}{told}: rename one, or use prefixed(...)"
                )
            self.by_name[each.name] = each
        self.specs: tuple[ToolSpec, ...] = tuple(each.spec for each in self.by_name.values())
        self.hidden: frozenset[str] = frozenset(hidden)
        self.revealing: dict[str, Sequence[str]] = {
            each.name: each.secrets for each in self.by_name.values() if each.secrets
        }
        """Tools that are given real values, with the names of those."""


def is_plain(tools: Iterable[AnyTool]) -> bool:
    """Whether these tools are the same in every run, so that their box can be kept."""
    return all(each.prepare is None for each in tools)


@asynccontextmanager
async def opened(
    tools: Sequence[AnyTool],
    toolsets: Sequence[Toolset[Any]],
    policies: Sequence[ToolPolicy],
    context: RunContext[Any],
) -> AsyncGenerator[Toolbox]:
    """Open the toolsets of a run and merge what they give.

    A toolset may hold a task group open, which would wrap an error that passes through it in an
    `ExceptionGroup`. So an error waits until all are closed.
    """
    failure: Exception | None = None
    async with AsyncExitStack() as stack:
        given = [tools, *[await stack.enter_async_context(toolset.open(context)) for toolset in toolsets]]
        live = [each for each in given if is_live(each)]

        async def renew() -> Toolbox | None:
            changed = [await each.refreshed() for each in live]
            return await filled() if any(changed) else None

        async def filled() -> Toolbox:
            every = [each for some in given for tool in some if (each := await _prepared(tool, context))]
            found = _unlike(every)
            allowed = [_asking(tool, policies) for tool in found if _may_be_used(tool, policies)]
            hidden = {tool.name for tool in found} - {tool.name for tool in allowed}
            return Toolbox(allowed, hidden, renew if live else None)

        try:
            yield await filled()
        except Exception as error:  # raised once the toolsets are closed
            failure = error
    if failure is not None:
        raise failure


def _unlike(tools: Sequence[AnyTool]) -> Sequence[AnyTool]:
    """The tools, by another name where there is one for the case that the first is taken."""
    if len({tool.name for tool in tools}) == len(tools):
        return tools
    taken: set[str] = set()
    found: list[AnyTool] = []
    for tool in tools:
        spare = getattr(tool, "spare_name", "")
        found.append(tool.changed(name=spare) if spare and tool.name in taken else tool)
        taken.add(found[-1].name)
    return found


def _may_be_used(tool: AnyTool, policies: Sequence[ToolPolicy]) -> bool:
    return all(policy.allows(tool.name) for policy in policies)


def _asking(tool: AnyTool, policies: Sequence[ToolPolicy]) -> AnyTool:
    """The tool, needing approval if a policy wants so."""
    asks = any(tool.name in policy.ask_list for policy in policies)
    return tool.changed(requires_approval=True) if asks else tool


async def _prepared(tool: AnyTool, context: RunContext[Any]) -> AnyTool | None:
    if tool.prepare is None:
        return tool
    changed: AnyTool | None = await called(f"prepare= of tool {tool.name!r},", tool.prepare, context, tool)
    return changed
