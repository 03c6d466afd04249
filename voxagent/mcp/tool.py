"""A tool of a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

from ..errors import ModelRetry
from ..tools.content import ToolReturn
from ..tools.context import ToolContext
from ..tools.definition import ToolDefinition
from ..tools.signature import Arguments


class Caller(Protocol):
    """What makes the calls."""

    async def call_tool(
        self, name: str, arguments: Mapping[str, Any], context: ToolContext[Any]
    ) -> ToolReturn[Any]:
        """Call a tool of the server by the server's name of it."""
        ...


class MCPToolDefinition(ToolDefinition[object]):
    """A tool that a server runs.

    Args:
        name: What the model calls it.
        description: What it is for.
        parameters: JSON Schema of the arguments.
        caller: What makes the calls.
        server: Name of the server.
        original_name: What the server calls it.
        title: A name for people.
        input_schema: JSON Schema of the arguments as the server gave it; `parameters` by default.
        output_schema: JSON Schema of its structured content.
        annotations: What the server says of it: `readOnlyHint`, `destructiveHint` and so on. They are the
            server's word only. By `readOnlyHint` and `idempotentHint` it is `idempotent`.
        meta: What the server tells besides.
        timeout: Seconds for one call, progress or not; None for no limit.
        spare_name: What the model calls it if another tool has its name; "" where that is an error.
        digest: A hash of what the server tells of it, secrets included.
    """

    def __init__(
        self,
        name: str,
        description: str,
        parameters: Mapping[str, Any],
        *,
        caller: Caller,
        server: str,
        original_name: str,
        title: str | None = None,
        input_schema: Mapping[str, Any] | None = None,
        output_schema: Mapping[str, Any] | None = None,
        annotations: Mapping[str, Any] | None = None,
        meta: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        spare_name: str = "",
        digest: str = "",
    ) -> None:
        told = annotations or {}
        safe = bool(told.get("readOnlyHint") or told.get("idempotentHint"))
        super().__init__(name, description, self._called, parameters, timeout=timeout, idempotent=safe)
        self.server = server
        self.original_name = original_name
        self.title = title
        self.input_schema: Mapping[str, Any] = parameters if input_schema is None else input_schema
        self.output_schema = output_schema
        self.annotations: Mapping[str, Any] = told
        self.meta: Mapping[str, Any] = meta or {}
        self.spare_name = spare_name
        self.digest = digest
        self._caller = caller

    @property
    def source(self) -> str:
        """Where the tool comes from, for errors."""
        return f"the MCP server {self.server!r}"

    def arguments(self, given: str | Mapping[str, Any]) -> Arguments:
        """The arguments as they are, if they are an object: the server checks them."""
        if not isinstance(given, str):
            return [], dict(given)
        from pydantic_core import from_json

        try:
            value = cast("object", from_json(given or "{}"))
        except ValueError as error:
            raise ModelRetry(f"the arguments are not valid JSON: {error}") from error
        if not isinstance(value, dict):
            raise ModelRetry("the arguments are not a JSON object")
        return [], cast("dict[str, Any]", value)

    async def call(self, arguments: Arguments, context: ToolContext[object]) -> Any:
        """Have the server run it."""
        return await self._caller.call_tool(self.original_name, arguments[1], context)

    async def _called(self, ctx: ToolContext[object], **arguments: Any) -> Any:
        return await self._caller.call_tool(self.original_name, arguments, ctx)
