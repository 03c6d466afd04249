"""The words of voxagent: messages and their blocks, usage, configuration, results."""

from .approval import Approval, ApprovalRequest, Approve, Deny
from .blocks import (
    AudioBlock,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    ProviderBlock,
    RefusalBlock,
    TextBlock,
    ThinkingBlock,
    ToolCall,
    ToolResult,
    ToolResultBlock,
    ToolUseBlock,
    UnknownBlock,
)
from .config import (
    AgentConfig,
    ModelConfig,
    ModelSettings,
    OutputSpec,
    RunParams,
    Thinking,
    ToolChoice,
    ToolSpec,
)
from .message import FinishReason, Message, Role
from .policy import ToolPolicy
from .record import Record
from .result import Attempt, ErrorInfo, RunResult, ToolMeta
from .usage import Usage, UsageLimits

__all__ = [
    "AgentConfig",
    "Approval",
    "ApprovalRequest",
    "Approve",
    "Attempt",
    "AudioBlock",
    "ContentBlock",
    "Deny",
    "DocumentBlock",
    "ErrorInfo",
    "FinishReason",
    "ImageBlock",
    "Message",
    "ModelConfig",
    "ModelSettings",
    "OutputSpec",
    "ProviderBlock",
    "Record",
    "RefusalBlock",
    "Role",
    "RunParams",
    "RunResult",
    "TextBlock",
    "Thinking",
    "ThinkingBlock",
    "ToolCall",
    "ToolChoice",
    "ToolMeta",
    "ToolPolicy",
    "ToolResult",
    "ToolResultBlock",
    "ToolSpec",
    "ToolUseBlock",
    "UnknownBlock",
    "Usage",
    "UsageLimits",
]
