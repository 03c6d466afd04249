"""A server's resources as two tools: one lists them, one reads one of them.

What a model asks for is only ever passed to the server; nothing is opened here.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Any, Protocol, Self

from ..errors import ConfigError, ToolError, ToolsetError
from ..tools.context import RunContext, ToolContext
from ..tools.definition import ToolDefinition
from ..types.blocks import AudioBlock, ContentBlock, DocumentBlock, ImageBlock, TextBlock
from .names import sanitize_tool_name
from .resources import Resource, ResourceTemplate

MAX_SHOWN = 200
MAX_DESCRIPTION = 300
MAX_BYTES = 1_000_000


class Library(Protocol):
    """A server that has resources."""

    name: str

    def joined(self, run: RunContext[Any]) -> AbstractAsyncContextManager[object | None]:
        """Connect it for a run; None if it is not required and cannot be connected."""
        ...

    async def __aenter__(self) -> object: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    async def list_resources(self, *, run: RunContext[Any] | None = None) -> list[Resource]:
        """All resources."""
        ...

    async def list_resource_templates(self, *, run: RunContext[Any] | None = None) -> list[ResourceTemplate]:
        """All templates of resources."""
        ...

    async def read_resource(self, uri: str, *, run: RunContext[Any] | None = None) -> list[ContentBlock]:
        """What a resource holds."""
        ...


class _ResourceTool(ToolDefinition[object]):
    """One of the two tools; it says where it comes from, for errors."""

    def __init__(
        self, name: str, description: str, function: Callable[..., Awaitable[object]], *, source: str
    ) -> None:
        super().__init__(name, description, function)
        self.source = source


class ResourceTools:
    """Two tools of one server, as a toolset.

    Args:
        server: The server.
        prefix: What their names begin with.
        max_bytes: How much of a resource a model may be shown; a larger one is an error that it reads.
    """

    def __init__(self, server: Library, prefix: str, max_bytes: int = MAX_BYTES) -> None:
        if max_bytes <= 0:
            raise ConfigError(f"max_bytes={max_bytes!r} is not a positive number of bytes")
        self._server = server
        self._max_bytes = max_bytes
        name = server.name
        self._tools: list[ToolDefinition[object]] = [
            _ResourceTool(
                sanitize_tool_name(f"{prefix}_list_resources"),
                f"List what can be read from {name!r}: resources by URI, and templates of URIs.",
                self._list,
                source=f"the resources of the MCP server {name!r}",
            ),
            _ResourceTool(
                sanitize_tool_name(f"{prefix}_read_resource"),
                f"Read a resource of {name!r} by its URI.",
                self._read,
                source=f"the resources of the MCP server {name!r}",
            ),
        ]

    def __repr__(self) -> str:
        return f"ResourceTools({self._server.name!r})"

    async def __aenter__(self) -> Self:
        """Connect the server, and keep it connected until the context is left."""
        await self._server.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._server.__aexit__(kind, error, traceback)

    @asynccontextmanager
    async def open(self, run: RunContext[Any]) -> AsyncGenerator[Sequence[ToolDefinition[object]]]:
        """Both tools; none if the server is not required and cannot be connected.

        What is to be told of the server's own tools is told where those are given.
        """
        async with self._server.joined(run) as found:
            yield [] if found is None else self._tools

    async def _list(self, ctx: ToolContext[object], query: str = "") -> dict[str, Any]:
        """List what can be read.

        Args:
            query: Only what has this text in its URI, name or description; all by default.
        """
        try:
            resources = await self._server.list_resources(run=ctx)
            templates = await self._server.list_resource_templates(run=ctx)
        except ToolsetError as error:
            raise ToolError(error.message) from None
        told = [
            *(_told("uri", each.uri, each) for each in resources),
            *(_told("uri_template", each.uri_template, each) for each in templates),
        ]
        found = [each for each in told if query.lower() in " ".join(each.values()).lower()]
        shown: dict[str, Any] = {"resources": found[:MAX_SHOWN]}
        if len(found) > MAX_SHOWN:
            shown["more"] = f"{len(found) - MAX_SHOWN} more: narrow the list with a query"
        return shown

    async def _read(self, ctx: ToolContext[object], uri: str) -> list[ContentBlock]:
        """Read a resource.

        Args:
            uri: Its URI, as listed or made of a template.
        """
        try:
            blocks = await self._server.read_resource(uri, run=ctx)
        except ToolsetError as error:
            raise ToolError(error.message) from None
        size = sum(_size(block) for block in blocks)
        if size > self._max_bytes:
            raise ToolError(
                f"{uri!r:.200} is too large to be shown: {size:,} bytes of at most {self._max_bytes:,}"
            )
        return blocks or [TextBlock("(empty)")]


def _told(key: str, uri: str, described: Resource | ResourceTemplate) -> dict[str, str]:
    told = {
        key: uri,
        "name": described.title or described.name,
        "description": described.description[:MAX_DESCRIPTION],
        "media_type": described.media_type,
    }
    return {name: value for name, value in told.items() if value}


def _size(block: ContentBlock) -> int:
    if isinstance(block, TextBlock):
        return len(block.text.encode(errors="replace"))
    data = str(block.data) if isinstance(block, (ImageBlock, AudioBlock, DocumentBlock)) else ""
    return len(data.rstrip("=")) * 3 // 4
