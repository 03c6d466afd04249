"""How deep an agent stands below others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from ..errors import MaxDepthExceededError
from ..tools.context import RunContext

DEFAULT_MAX_DEPTH = 5


@dataclass(slots=True, frozen=True)
class SubAgentContext:
    """The place of a run among those around it.

    Args:
        depth: 0 for a run of its own, one more for each agent above it.
        max_depth: The deepest that is allowed.
        parent_run_id: The run above it.
    """

    depth: int = 0
    max_depth: int = DEFAULT_MAX_DEPTH
    parent_run_id: str | None = None

    def check_depth(self) -> None:
        """Raise `MaxDepthExceededError` if this is too deep."""
        if self.depth > self.max_depth:
            raise MaxDepthExceededError(self.depth, self.max_depth)

    def child_context(self, parent_run_id: str | None = None) -> Self:
        """The place of a run below this one; raises `MaxDepthExceededError` if there is none."""
        child = type(self)(self.depth + 1, self.max_depth, parent_run_id or self.parent_run_id)
        child.check_depth()
        return child

    @classmethod
    def from_tool_context(cls, context: RunContext[Any], max_depth: int = DEFAULT_MAX_DEPTH) -> Self:
        """The place of the run that a tool is called in."""
        return cls(context.depth, max_depth, context.run_id or None)
