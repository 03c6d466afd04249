"""The tools that a server has, as our tools."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from ..errors import ToolsetError, ToolsetTimeoutError
from .mending import MENDED
from .names import hashed, sanitize_tool_name
from .options import MAX_TOOLS, MCPOptions
from .schemas import rooted
from .secrets import Secrets
from .tool import Caller, MCPToolDefinition
from .traffic import UNKNOWN_METHOD

MAX_PAGES = 100
MAX_DEPTH = 50
VALUES = frozenset({"const", "default", "enum", "required"})
"""What of a schema the model gives back as it reads it."""
NAMED = frozenset({"$defs", "definitions", "patternProperties", "properties"})
"""What of a schema has names that are no words of JSON Schema."""


@dataclass(slots=True, frozen=True)
class Listed:
    """The tools of a server at one moment.

    Args:
        tools: The tools.
        warnings: What is not as it should be with them.
        changes: What has changed since they were listed before.
        version: What `ServerSession.version` was when they were asked for: they may have changed since.
    """

    tools: tuple[MCPToolDefinition, ...] = ()
    warnings: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    version: int = 0


async def listed(
    client: Any, name: str, options: MCPOptions, caller: Caller, secrets: Secrets, seconds: float
) -> Listed:
    """Ask for all tools; raises `ToolsetError` if that fails or does not end."""
    try:
        async with asyncio.timeout(seconds):
            found, warnings = await _all_pages(client, name, options.get("max_tools", MAX_TOOLS))
    except TimeoutError as error:
        raise ToolsetTimeoutError(
            f"the MCP server {name!r} did not list its tools in {seconds:g} s"
        ) from error
    tools = [_made(tool, _hidden(tool, secrets), name, options, caller, warnings) for tool in found]
    return Listed(tuple(_unlike(tools, name)), tuple(warnings))


async def _all_pages(client: Any, name: str, most: int) -> tuple[list[Any], list[str]]:
    from mcp import MCPError

    found: list[Any] = []
    cursor: str | None = None
    seen: set[str] = set()
    for _ in range(MAX_PAGES):
        try:
            page = await client.list_tools(cursor=cursor, cache_mode="refresh")
        except MCPError as error:
            if error.code == UNKNOWN_METHOD and cursor is None:
                return [], []  # it has resources or prompts only
            raise
        found += page.tools
        cursor = page.next_cursor
        if len(found) > most:
            return found[:most], [
                f"the MCP server {name!r} has more than {most:,} tools: the first were taken"
            ]
        if cursor is None:
            return found, []
        if cursor in seen:
            raise ToolsetError(f"the MCP server {name!r} lists its tools without end")
        seen.add(cursor)
    raise ToolsetError(f"the MCP server {name!r} lists its tools on more than {MAX_PAGES} pages")


def _hidden(tool: Any, secrets: Secrets) -> Any:
    """The tool without secrets; what the model is to give back has those that only look like one."""
    schemas = {
        "input_schema": _schema(tool.input_schema, secrets),
        "output_schema": _schema(tool.output_schema, secrets),
    }
    return secrets.value(tool.model_copy(update=dict.fromkeys(schemas, None))).model_copy(update=schemas)


def _schema(schema: object, secrets: Secrets, depth: int = 0) -> object:
    """A schema without secrets; what only looks like one stays where the model has to repeat it."""
    if depth == MAX_DEPTH or not isinstance(schema, dict):
        return secrets.value(schema)
    found: dict[str, object] = {}
    for key, value in cast("dict[str, object]", schema).items():
        if key in VALUES:
            found[key] = secrets.known(value)
        elif key in NAMED and isinstance(value, dict):
            inner = cast("dict[str, object]", value).items()
            found[key] = {secrets.known(name): _schema(each, secrets, depth + 1) for name, each in inner}
        elif isinstance(value, list):
            found[key] = [_schema(each, secrets, depth + 1) for each in cast("list[object]", value)]
        else:
            found[secrets.value(key)] = _schema(value, secrets, depth + 1)
    return found


def _made(
    told: Any, tool: Any, server: str, options: MCPOptions, caller: Caller, warnings: list[str]
) -> MCPToolDefinition:
    """Our tool, of what the server has told, and of that without secrets; it is called by its real name."""
    parameters, lowered = rooted(tool.input_schema)
    meta = dict(tool.meta or {})
    for what in filter(None, [meta.pop(MENDED, ""), lowered]):
        warnings.append(f"the MCP server {server!r}: the tool {tool.name!r} was mended: {what}")
    name = sanitize_tool_name(f"{prefix_of(server, options)}{tool.name}")
    return MCPToolDefinition(
        name,
        tool.description or tool.title or "",
        parameters,
        caller=caller,
        server=server,
        original_name=told.name,
        title=tool.title,
        input_schema=tool.input_schema,
        output_schema=tool.output_schema,
        annotations=_plain(tool.annotations),
        meta=meta,
        timeout=options.get("tool_timeouts", {}).get(told.name, options.get("call_timeout")),
        spare_name=hashed(name, server, told.name) if options.get("prefix") is True else "",
        digest=_digest(told),
    )


def _digest(told: Any) -> str:
    """A hash that changes with what the server tells of a tool, not with what is known as a secret."""
    parts = [told.name, told.title, told.description, told.input_schema, told.output_schema]
    data = json.dumps([*parts, _plain(told.annotations)], sort_keys=True, default=str)
    return hashlib.sha256(data.encode()).hexdigest()


def prefix_of(server: str, options: MCPOptions) -> str:
    """What is put ahead of the names of a server's tools."""
    prefix = options.get("prefix", False)
    if not prefix:
        return ""
    return f"{server if prefix is True else prefix}_"


def _plain(model: Any) -> Mapping[str, Any]:
    return {} if model is None else model.model_dump(by_alias=True, exclude_none=True)


def _unlike(tools: Sequence[MCPToolDefinition], server: str) -> Iterator[MCPToolDefinition]:
    """The tools with names of their own: of several with one name, all get a hash but one that is valid so.

    Raises:
        ToolsetError: The server has two tools of one name.
    """
    originals = Counter(tool.original_name for tool in tools)
    [(most, count)] = originals.most_common(1) or [("", 0)]
    if count > 1:
        raise ToolsetError(f"the MCP server {server!r} has {count} tools named {most!r}")
    names = Counter(tool.name for tool in tools)
    for tool in tools:
        if names[tool.name] == 1 or tool.name.endswith(tool.original_name):
            yield tool
        else:
            yield tool.changed(name=hashed(tool.name, tool.original_name))
