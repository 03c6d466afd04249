"""Functions as tools: contexts, schemas, results, toolsets and policies."""

from ..errors import AbortError, ModelRetry, ToolAlreadyRegisteredError, ToolError, ToolNotFoundError
from ..types.policy import ToolPolicy
from .content import ToolReturn
from .context import RunContext, ToolContext
from .definition import FunctionTool, ToolDefinition, ToolOptions, tool
from .registry import ToolRegistry, apply_tool_policies, execute_tool
from .toolset import FunctionToolset, Toolset, filtered, prefixed, renamed

__all__ = [
    "AbortError",
    "FunctionTool",
    "FunctionToolset",
    "ModelRetry",
    "RunContext",
    "ToolAlreadyRegisteredError",
    "ToolContext",
    "ToolDefinition",
    "ToolError",
    "ToolNotFoundError",
    "ToolOptions",
    "ToolPolicy",
    "ToolRegistry",
    "ToolReturn",
    "Toolset",
    "apply_tool_policies",
    "execute_tool",
    "filtered",
    "prefixed",
    "renamed",
    "tool",
]
