"""An agent as a tool.

It knows a `Runnable`, not `Agent`: something that runs below the run of a tool call. What is inherited
(abort, deadline, budget, events) is the Runnable's business, because only it knows what a run is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, cast

from ..errors import ConfigError, ModelRetry
from ..tools.context import ToolContext
from ..tools.definition import ToolDefinition
from ..tools.signature import Arguments, rooted, told, untitled
from ..types.result import RunResult
from .lineage import DEFAULT_MAX_DEPTH, SubAgentContext

if TYPE_CHECKING:
    from pydantic import TypeAdapter


class Runnable(Protocol):
    """Something that can run below a tool call."""

    @property
    def name(self) -> str | None:
        """What it is called."""
        ...

    @property
    def description(self) -> str | None:
        """What it is for."""
        ...

    async def run_nested(
        self, prompt: str, deps: Any, context: ToolContext[Any], name: str
    ) -> RunResult[Any]:
        """Run below the run of the tool call, which it inherits from."""
        ...


class SubAgentDefinition(ToolDefinition[object]):
    """A tool that runs an agent.

    Args:
        agent: The agent.
        name: What the model calls it; the agent's name by default.
        description: What it is for; the agent's description by default.
        max_depth: How deep agents may stand below each other.
        input_type: The type of its one argument's fields, told to it as JSON; a text by default.
        deps: Gives the agent's deps, from the context of the call; the parent's deps by default.
    """

    def __init__(
        self,
        agent: Runnable,
        name: str | None = None,
        description: str | None = None,
        max_depth: int = DEFAULT_MAX_DEPTH,
        *,
        input_type: Any = None,
        deps: Callable[[ToolContext[Any]], Any] | None = None,
    ) -> None:
        named = name or agent.name
        if not named:
            raise ConfigError("an agent needs a name to be a tool: Agent(..., name='researcher')")
        told_of = description or agent.description or f"Ask the agent {named!r}."
        super().__init__(
            named, told_of, self._run_text if input_type is None else self._run_typed, timeout=None
        )
        self.agent = agent
        self.max_depth = max_depth
        self.input_type = input_type
        self._deps = deps

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        from pydantic import TypeAdapter

        adapter: TypeAdapter[Any] = TypeAdapter(cast("Any", self.input_type))
        return adapter

    @property
    def parameters(self) -> Mapping[str, Any]:
        """JSON Schema of the arguments."""
        if self.input_type is None:
            return super().parameters
        schema = rooted(untitled(self._adapter.json_schema()))
        if schema.get("type") != "object":
            raise ConfigError(f"input_type of {self.name!r} is not an object such as a model or dataclass")
        return dict(schema)

    def arguments(self, given: str | Mapping[str, Any]) -> Arguments:
        """Check and convert arguments; raises `ModelRetry` with what is wrong."""
        if self.input_type is None:
            return super().arguments(given)
        from pydantic import ValidationError

        try:
            if isinstance(given, str):
                return [self._adapter.validate_json(given)], {}
            return [self._adapter.validate_python(given)], {}
        except ValidationError as error:
            raise ModelRetry(told(error)) from error

    async def _run_text(self, ctx: ToolContext[Any], prompt: str) -> Any:
        """Ask it.

        Args:
            prompt: What it shall do, with all it needs to know: it sees nothing of this conversation.
        """
        return await self._run(ctx, prompt)

    async def _run_typed(self, ctx: ToolContext[Any], given: Any) -> Any:
        return await self._run(ctx, self._adapter.dump_json(given).decode())

    async def _run(self, ctx: ToolContext[Any], prompt: str) -> Any:
        SubAgentContext.from_tool_context(ctx, self.max_depth).child_context()
        deps = self._deps(ctx) if self._deps is not None else ctx.deps
        result = await self.agent.run_nested(prompt, deps, ctx, self.name)
        return result.output
