"""Take tools into an agent: they must be tools, and want no other deps than the agent has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import NoneType
from typing import Any, TypeVar, cast, get_args

from ..errors import ConfigError
from ..tools.context import ToolContext
from ..tools.definition import ToolDefinition
from ..tools.signature import deps_of
from ..tools.toolset import check_is_tool


def checked_tools(tools: Iterable[Any], deps_type: Any) -> list[ToolDefinition[Any]]:
    """The tools, if they can be an agent's with these deps."""
    checked: list[ToolDefinition[Any]] = []
    for tool in tools:
        check_is_tool(tool, "tools=")
        check_deps(cast("ToolDefinition[Any]", tool), deps_type)
        if tool.name in {each.name for each in checked}:
            raise ConfigError(f"two tools are named {tool.name!r}: rename one with @tool(name=...)")
        checked.append(tool)
    return checked


def check_deps(tool: ToolDefinition[Any], deps_type: Any) -> None:
    """Refuse a tool whose context wants other deps than there are."""
    if not tool.takes_context:
        return
    wanted = deps_of(tool.signature.context_type)
    if not _fits(deps_type, wanted):
        raise ConfigError(
            f"tool {tool.name!r} wants a context with deps of type {_shown(wanted)},"
            f" but the agent's deps_type is {_shown(deps_type)}"
        )


def _fits(has: Any, wanted: Any) -> bool:
    if wanted in (Any, object) or has in (Any, object) or isinstance(wanted, (TypeVar, str)) or wanted == has:
        return True
    if get_args(wanted) or get_args(has):
        members = get_args(has) or (has,)
        return all(any(_fits(each, one) for one in get_args(wanted) or (wanted,)) for each in members)
    wanted = type(None) if wanted is None else wanted
    has = type(None) if has is None else has
    if not (isinstance(wanted, type) and isinstance(has, type)):
        return True
    return getattr(wanted, "_is_protocol", False) or issubclass(has, wanted)


def _shown(kind: Any) -> str:
    return getattr(kind, "__name__", None) or str(kind)


def mapped_deps(name: str | None, deps_type: Any, parent_type: Any) -> Callable[[ToolContext[Any]], Any]:
    """How a sub-agent of that name and `deps_type` gets its deps from an agent with those of another type."""
    if deps_type in (None, NoneType):
        return lambda context: None
    try:
        same = parent_type == deps_type or issubclass(parent_type, deps_type)
    except TypeError:
        same = False
    if not same:
        raise ConfigError(
            f"sub-agent {name!r} has deps_type={deps_type!r}, its parent {parent_type!r}:"
            " map them with tools=[agent.as_tool(deps=...)]"
        )
    return lambda context: context.deps
