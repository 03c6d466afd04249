"""voxagent: typed agents over any model.

The names below are loaded when they are first used, so `import voxagent` costs next to nothing.
"""

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__, __version_info__

if TYPE_CHECKING:
    from .abort import AbortController, AbortSignal
    from .agent import Agent, Answer, Guardrail, Hooks, Refuse, RunStream, one_of
    from .errors import (
        ConfigError,
        MaxDepthExceededError,
        ModelRetry,
        ProviderError,
        RunError,
        ToolError,
        VoxAgentError,
    )
    from .mcp import MCPServerManager
    from .providers import (
        BaseProvider,
        ErrorChunk,
        MessageEndChunk,
        ProviderRegistry,
        StreamChunk,
        TextDeltaChunk,
        ToolUseChunk,
        get_default_registry,
    )
    from .subagent import SubAgentContext, SubAgentDefinition
    from .tools import RunContext, ToolContext, ToolDefinition, ToolReturn, tool
    from .types import Message, ModelSettings, RunResult, ToolCall, ToolResult, Usage, UsageLimits

_HOME = {
    "abort": ("AbortController", "AbortSignal"),
    "agent": ("Agent", "Answer", "Guardrail", "Hooks", "Refuse", "RunStream", "one_of"),
    "errors": (
        "ConfigError",
        "MaxDepthExceededError",
        "ModelRetry",
        "ProviderError",
        "RunError",
        "ToolError",
        "VoxAgentError",
    ),
    "mcp": ("MCPServerManager",),
    "providers": (
        "BaseProvider",
        "ErrorChunk",
        "MessageEndChunk",
        "ProviderRegistry",
        "StreamChunk",
        "TextDeltaChunk",
        "ToolUseChunk",
        "get_default_registry",
    ),
    "subagent": ("SubAgentContext", "SubAgentDefinition"),
    "tools": ("RunContext", "ToolContext", "ToolDefinition", "ToolReturn", "tool"),
    "types": ("Message", "ModelSettings", "RunResult", "ToolCall", "ToolResult", "Usage", "UsageLimits"),
}
_MODULES = {name: module for module, names in _HOME.items() for name in names}

logging.getLogger(__name__).addHandler(logging.NullHandler())


if not TYPE_CHECKING:  # a checker takes the names above, and refuses any other

    def __getattr__(name: str) -> Any:
        module = _MODULES.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f".{module}", __name__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted(__all__)


__all__ = [
    "AbortController",
    "AbortSignal",
    "Agent",
    "Answer",
    "BaseProvider",
    "ConfigError",
    "ErrorChunk",
    "Guardrail",
    "Hooks",
    "MCPServerManager",
    "MaxDepthExceededError",
    "Message",
    "MessageEndChunk",
    "ModelRetry",
    "ModelSettings",
    "ProviderError",
    "ProviderRegistry",
    "Refuse",
    "RunContext",
    "RunError",
    "RunResult",
    "RunStream",
    "StreamChunk",
    "SubAgentContext",
    "SubAgentDefinition",
    "TextDeltaChunk",
    "ToolCall",
    "ToolContext",
    "ToolDefinition",
    "ToolError",
    "ToolResult",
    "ToolReturn",
    "ToolUseChunk",
    "Usage",
    "UsageLimits",
    "VoxAgentError",
    "__version__",
    "__version_info__",
    "get_default_registry",
    "one_of",
    "tool",
]
