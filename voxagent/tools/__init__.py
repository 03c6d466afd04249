"""Functions as tools: contexts, schemas, results, toolsets and policies."""

from ..errors import AbortError, ModelRetry, ToolAlreadyRegisteredError, ToolError, ToolNotFoundError
from ..types.native import CodeExecution, FileSearch, NativeTool, ProviderTool, UserLocation, WebSearch
from ..types.policy import ToolPolicy
from .content import ToolReturn
from .context import RunContext, ToolContext
from .definition import FunctionTool, ToolDefinition, ToolOptions, tool
from .registry import ToolRegistry, apply_tool_policies, execute_tool
from .toolset import FunctionToolset, Toolset, approval_required, filtered, prefixed, renamed

__all__ = [
    "AbortError",
    "CodeExecution",
    "FileSearch",
    "FunctionTool",
    "FunctionToolset",
    "ModelRetry",
    "NativeTool",
    "ProviderTool",
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
    "UserLocation",
    "WebSearch",
    "apply_tool_policies",
    "approval_required",
    "execute_tool",
    "filtered",
    "prefixed",
    "renamed",
    "tool",
]
