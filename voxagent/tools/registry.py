"""Tools by name, outside of an agent: voxagent 0.1's registry, policies and single calls."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from typing_extensions import TypeVar

from ..abort import AbortSignal
from ..errors import (
    AbortError,
    ModelRetry,
    ToolAlreadyRegisteredError,
    ToolError,
    ToolNotFoundError,
)
from ..types.blocks import ToolResult
from ..types.policy import ToolPolicy
from .content import as_content
from .context import ToolContext
from .definition import ToolDefinition
from .toolset import check_is_tool, no_such_tool

D = TypeVar("D", default=object)


class ToolRegistry:
    """Tools by name."""

    def __init__(self) -> None:
        self._tools: dict[str, ToolDefinition[Any]] = {}

    def register(self, tool: ToolDefinition[Any], prefix: str | None = None) -> None:
        """Take a tool, as `prefix_name` if a prefix is given."""
        check_is_tool(tool, "ToolRegistry")
        named = tool.changed(name=f"{prefix}_{tool.name}") if prefix else tool
        if named.name in self._tools:
            raise ToolAlreadyRegisteredError(f"a tool named {named.name!r} is registered already")
        self._tools[named.name] = named

    def unregister(self, name: str) -> None:
        """Forget a tool; raises `ToolNotFoundError` if there is none of that name."""
        self.get_or_raise(name)
        del self._tools[name]

    def get(self, name: str) -> ToolDefinition[Any] | None:
        """The tool of that name, or None."""
        return self._tools.get(name)

    def get_or_raise(self, name: str) -> ToolDefinition[Any]:
        """The tool of that name."""
        if name not in self._tools:
            raise ToolNotFoundError(no_such_tool(name, self._tools))
        return self._tools[name]

    def list(self) -> list[ToolDefinition[Any]]:
        """All tools, in the order they came."""
        return [*self._tools.values()]

    def list_names(self) -> Sequence[str]:
        """All names, in the order they came."""
        return [*self._tools]

    def clear(self) -> None:
        """Forget all tools."""
        self._tools.clear()

    def __contains__(self, name: object) -> bool:
        return name in self._tools

    def __len__(self) -> int:
        return len(self._tools)


def apply_tool_policies(
    tools: Iterable[ToolDefinition[D]], policies: Iterable[ToolPolicy]
) -> list[ToolDefinition[D]]:
    """The tools that every layer allows."""
    layers = list(policies)
    return [tool for tool in tools if all(layer.allows(tool.name) for layer in layers)]


async def execute_tool(
    name: str,
    params: Mapping[str, Any],
    tools: Iterable[ToolDefinition[Any]],
    abort_signal: AbortSignal | None = None,
    tool_use_id: str = "",
    deps: Any = None,
    session_id: str | None = None,
    run_id: str = "",
) -> ToolResult:
    """Call one tool by name, outside of any run; whatever it raises is an error in the result."""
    by_name = {tool.name: tool for tool in tools}
    if name not in by_name:
        return ToolResult(tool_use_id, no_such_tool(name, by_name), is_error=True)
    if by_name[name].requires_approval is not False:
        said = f"the tool {name!r} needs approval, and only an agent's run can ask for it"
        return ToolResult(tool_use_id, said, is_error=True)
    context = ToolContext(abort_signal, deps, session_id, run_id, tool_name=name, tool_call_id=tool_use_id)
    try:
        context.check_abort()
        async with asyncio.timeout(by_name[name].timeout):
            value = await by_name[name].run(params, context)
        return ToolResult(tool_use_id, as_content(value))
    except (ModelRetry, ToolError, AbortError) as error:
        return ToolResult(tool_use_id, error.message, is_error=True)
    except Exception as error:  # a tool's fault is the model's to know, not the caller's
        return ToolResult(tool_use_id, f"{type(error).__name__}: {error}", is_error=True)
