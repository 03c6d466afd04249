"""What a server has besides tools: resources to be read, and prompts to begin with."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from typing import Any

from ..errors import ConfigError, ToolsetError
from ..types.blocks import ContentBlock
from ..types.message import Message
from ..types.record import Record, frozen
from .results import block_of, resource_block
from .traffic import UNKNOWN_METHOD

logger: logging.Logger = logging.getLogger("voxagent.mcp")

MAX_PAGES = 100
MAX_LISTED = 10_000


@frozen
class Resource(Record):
    """Something that can be read from a server.

    Args:
        uri: What `read_resource` takes; only the server opens it.
        name: Its name.
        title: A name for people.
        description: What it is.
        media_type: Such as "text/plain"; "" if the server does not say.
        size: In bytes; None if the server does not say.
        annotations: What the server says of it: `audience`, `priority`, `lastModified`.
        meta: What the server tells besides.
    """

    uri: str
    name: str
    title: str = ""
    description: str = ""
    media_type: str = ""
    size: int | None = None
    annotations: Mapping[str, Any] = field(default_factory=dict[str, Any])
    meta: Mapping[str, Any] = field(default_factory=dict[str, Any])


@frozen
class ResourceTemplate(Record):
    """Many resources whose URIs are made alike.

    Args:
        uri_template: A URI with names in braces (RFC 6570), such as "file:///{path}".
        name: Its name.
        title: A name for people.
        description: What they are.
        media_type: That of all of them; "" if the server does not say.
        annotations: What the server says of them.
        meta: What the server tells besides.
    """

    uri_template: str
    name: str
    title: str = ""
    description: str = ""
    media_type: str = ""
    annotations: Mapping[str, Any] = field(default_factory=dict[str, Any])
    meta: Mapping[str, Any] = field(default_factory=dict[str, Any])


@frozen
class PromptArgument(Record):
    """An argument of a prompt."""

    name: str
    description: str = ""
    required: bool = False


@frozen
class PromptDescription(Record):
    """Messages that a server can write.

    Args:
        name: What `get_prompt` takes.
        title: A name for people.
        description: What it is for.
        arguments: What it is made of; all of them are texts.
        meta: What the server tells besides.
    """

    name: str
    title: str = ""
    description: str = ""
    arguments: tuple[PromptArgument, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict[str, Any])


async def all_resources(client: Any, heard: Callable[[], object]) -> list[Resource]:
    """All resources of a server."""
    found = await _all_pages(client.list_resources, "resources", heard)
    return [
        Resource(
            each.uri,
            each.name,
            each.title or "",
            each.description or "",
            each.mime_type or "",
            each.size,
            _plain(each.annotations),
            each.meta or {},
        )
        for each in found
    ]


async def all_templates(client: Any, heard: Callable[[], object]) -> list[ResourceTemplate]:
    """All templates of resources of a server."""
    found = await _all_pages(client.list_resource_templates, "resource_templates", heard)
    return [
        ResourceTemplate(
            each.uri_template,
            each.name,
            each.title or "",
            each.description or "",
            each.mime_type or "",
            _plain(each.annotations),
            each.meta or {},
        )
        for each in found
    ]


async def all_prompts(client: Any, heard: Callable[[], object]) -> list[PromptDescription]:
    """All prompts of a server."""
    found = await _all_pages(client.list_prompts, "prompts", heard)
    return [
        PromptDescription(
            each.name,
            each.title or "",
            each.description or "",
            tuple(
                PromptArgument(argument.name, argument.description or "", bool(argument.required))
                for argument in each.arguments or ()
            ),
            each.meta or {},
        )
        for each in found
    ]


async def contents(client: Any, uri: str) -> list[ContentBlock]:
    """What a resource holds."""
    read = await client.read_resource(uri)
    return [resource_block(each) for each in read.contents]


async def written(client: Any, name: str, arguments: Mapping[str, str]) -> list[Message]:
    """The messages of a prompt."""
    wrong = next((each for each, value in arguments.items() if type(value) is not str), None)
    if wrong is not None:
        raise ConfigError(
            f"the prompt {name!r} takes texts, and {wrong}={arguments[wrong]!r:.100} is none: use str(...)"
        )
    got = await client.get_prompt(name, dict(arguments))
    return [Message(each.role, [block_of(each.content)]) for each in got.messages]


async def _all_pages(
    ask: Callable[..., Awaitable[Any]], field: str, heard: Callable[[], object]
) -> list[Any]:
    """What is on all pages; nothing, if the server does not know the question."""
    from mcp import MCPError

    found: list[Any] = []
    cursor: str | None = None
    seen: set[str | None] = set()
    while cursor not in seen and len(seen) < MAX_PAGES:
        seen.add(cursor)
        try:
            page = await ask(cursor=cursor)
        except MCPError as error:
            if error.code == UNKNOWN_METHOD and cursor is None:
                return []
            raise
        heard()
        found += getattr(page, field)
        if len(found) > MAX_LISTED:
            logger.warning("an MCP server has more than %d %s: the first were taken", MAX_LISTED, field)
            return found[:MAX_LISTED]
        cursor = page.next_cursor
        if cursor is None:
            return found
    raise ToolsetError(f"an MCP server lists its {field} without end")


def _plain(model: Any) -> Mapping[str, Any]:
    return {} if model is None else model.model_dump(by_alias=True, exclude_none=True)
