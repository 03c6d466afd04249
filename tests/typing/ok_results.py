"""What a run gives back, and the data in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, assert_type

from voxagent import (
    ConfigError,
    MaxDepthExceededError,
    Message,
    ProviderError,
    RunError,
    RunResult,
    ToolCall,
    Usage,
    VoxAgentError,
)
from voxagent.types import (
    ApprovalRequest,
    Attempt,
    ContentBlock,
    ErrorInfo,
    FinishReason,
    TextBlock,
    ToolMeta,
    ToolUseBlock,
)


@dataclass
class Weather:
    celsius: float


def read(result: RunResult[Weather]) -> None:
    assert_type(result.output, Weather)
    assert_type(result.output.celsius, float)
    assert_type(result.ok, bool)
    assert_type(result.usage.input_tokens, int)
    assert_type(result.usage + result.usage, Usage)
    assert_type(result.messages, list[Message])
    assert_type(result.attempts, list[Attempt])
    assert_type(result.pending, list[ApprovalRequest])
    assert_type(result.tool_metas, list[ToolMeta])
    assert_type(result.tool_calls, list[ToolCall])
    assert_type(result.tool_args, dict[str, Any] | None)
    assert_type(result.finish_reason, FinishReason | None)
    assert_type(result.error, Exception | ErrorInfo | None)
    assert_type(result.model_dump(), dict[str, Any])
    assert_type(result.model_dump_json(indent=2), str)


# A result of any output is told so; one of a narrower output can stand for a wider one.
loaded = RunResult[Any].model_validate({"messages": []})
assert_type(loaded, RunResult[Any])
assert_type(RunResult[Weather].model_validate_json("{}"), RunResult[Weather])


def wider(result: RunResult[Weather]) -> RunResult[Weather | None]:
    return result


def anything(result: RunResult) -> None:
    assert_type(result, RunResult[Any])


def read_message(message: Message) -> None:
    assert_type(message.content, str | list[ContentBlock])
    assert_type(message.text, str)
    assert_type(message.tool_calls, list[ToolCall])
    assert_type(message.of(ToolUseBlock), list[ToolUseBlock])
    for block in message.blocks:
        if block.type == "text" and isinstance(block, TextBlock):
            assert_type(block.text, str)


def read_errors() -> None:
    try:
        raise MaxDepthExceededError(6, 5)
    except (ConfigError, RunError) as error:
        assert_type(error, ConfigError | RunError)
        assert_type(error.kind, str)
    except ProviderError as error:
        assert_type(error.provider, str)
    except VoxAgentError as error:
        assert_type(error.message, str)
        assert_type(error.retryable, bool)
