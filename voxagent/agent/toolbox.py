"""The tools of a run: the agent's own, those of its toolsets, minus what policies forbid."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias

from ..errors import ConfigError
from ..tools.context import RunContext
from ..tools.definition import ToolDefinition
from ..tools.toolset import Toolset
from ..types.config import ToolSpec
from ..types.policy import ToolPolicy

AnyTool: TypeAlias = ToolDefinition[Any]


class Toolbox:
    """Tools by name, and what the model is told of them.

    Args:
        tools: The tools.
        hidden: Names of tools that exist and that this run may not use.
    """

    __slots__ = ("by_name", "hidden", "specs")

    def __init__(self, tools: Iterable[AnyTool], hidden: Iterable[str] = ()) -> None:
        self.by_name: dict[str, AnyTool] = {}
        for each in tools:
            if each.name in self.by_name:
                raise ConfigError(f"two tools are named {each.name!r}: rename one, or use prefixed(...)")
            self.by_name[each.name] = each
        self.specs: tuple[ToolSpec, ...] = tuple(each.spec for each in self.by_name.values())
        self.hidden: frozenset[str] = frozenset(hidden)


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
        found = [*tools]
        for toolset in toolsets:
            found += await stack.enter_async_context(toolset.open(context))
        found = [each for tool in found if (each := await _prepared(tool, context)) is not None]
        allowed = [tool for tool in found if all(policy.allows(tool.name) for policy in policies)]
        toolbox = Toolbox(allowed, {tool.name for tool in found} - {tool.name for tool in allowed})
        try:
            yield toolbox
        except Exception as error:
            failure = error
    if failure is not None:
        raise failure


async def _prepared(tool: AnyTool, context: RunContext[Any]) -> AnyTool | None:
    if tool.prepare is None:
        return tool
    changed = tool.prepare(context, tool)
    return await changed if inspect.isawaitable(changed) else changed
