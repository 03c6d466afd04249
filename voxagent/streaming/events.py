"""What a run tells while it works, as data.

Every event names its run and the path of sub-agents it came from ("" at the root is an empty path).
Events come in pairs (run, turn, assistant, tool); a failed run still ends with `RunEndEvent`.
Times are seconds since the epoch.
"""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeAlias

from ..types.blocks import ToolCall, ToolResult
from ..types.message import Message
from ..types.record import Record, Tagged, record
from ..types.result import Failure, RunResult


class StreamEvent(StrEnum):
    """The types of events."""

    RUN_START = "run_start"
    TURN_START = "turn_start"
    USER_MESSAGE = "user_message"
    ASSISTANT_START = "assistant_start"
    TEXT_DELTA = "text_delta"
    THINKING_DELTA = "thinking_delta"
    TOOL_CALL_DELTA = "tool_call_delta"
    ASSISTANT_END = "assistant_end"
    TOOL_START = "tool_start"
    TOOL_OUTPUT = "tool_output"
    TOOL_END = "tool_end"
    APPROVAL_REQUEST = "approval_request"
    RETRY = "retry"
    FAILOVER = "failover"
    STREAM_RESET = "stream_reset"
    HANDOFF = "handoff"
    COMPACTION_START = "compaction_start"
    COMPACTION_END = "compaction_end"
    SECURITY_WARNING = "security_warning"
    WARNING = "warning"
    ORPHAN = "orphan"
    TOOLSET_ERROR = "toolset_error"
    CUSTOM = "custom"
    TURN_END = "turn_end"
    RUN_ERROR = "run_error"
    RUN_END = "run_end"


@record
class BaseEvent(Record):
    """What every event has."""

    run_id: str
    path: tuple[str, ...] = field(default=(), kw_only=True)


@record
class RunStartEvent(BaseEvent):
    """The run begins."""

    session_key: str | None = None
    timestamp: float = 0.0
    event_type: Literal[StreamEvent.RUN_START] = field(default=StreamEvent.RUN_START, kw_only=True)


@record
class TurnStartEvent(BaseEvent):
    """A model request begins; turns count from 1."""

    turn: int
    event_type: Literal[StreamEvent.TURN_START] = field(default=StreamEvent.TURN_START, kw_only=True)


@record
class UserMessageEvent(BaseEvent):
    """A user's message enters the history: the prompt, tool results, or one that was queued."""

    message: Message
    event_type: Literal[StreamEvent.USER_MESSAGE] = field(default=StreamEvent.USER_MESSAGE, kw_only=True)


@record
class AssistantStartEvent(BaseEvent):
    """The model begins to answer."""

    provider: str = ""
    model: str = ""
    event_type: Literal[StreamEvent.ASSISTANT_START] = field(
        default=StreamEvent.ASSISTANT_START, kw_only=True
    )


@record
class TextDeltaEvent(BaseEvent):
    """The model wrote some text."""

    delta: str
    event_type: Literal[StreamEvent.TEXT_DELTA] = field(default=StreamEvent.TEXT_DELTA, kw_only=True)


@record
class ThinkingDeltaEvent(BaseEvent):
    """The model thought aloud."""

    delta: str
    event_type: Literal[StreamEvent.THINKING_DELTA] = field(default=StreamEvent.THINKING_DELTA, kw_only=True)


@record
class ToolCallDeltaEvent(BaseEvent):
    """The model wrote a piece of a tool call's arguments."""

    tool_call_id: str
    tool_name: str
    delta: str
    event_type: Literal[StreamEvent.TOOL_CALL_DELTA] = field(
        default=StreamEvent.TOOL_CALL_DELTA, kw_only=True
    )


@record
class AssistantEndEvent(BaseEvent):
    """The model's answer is complete."""

    message: Message
    event_type: Literal[StreamEvent.ASSISTANT_END] = field(default=StreamEvent.ASSISTANT_END, kw_only=True)


@record
class ToolStartEvent(BaseEvent):
    """A tool call begins; every call has one, also those that are refused."""

    tool_call: ToolCall
    event_type: Literal[StreamEvent.TOOL_START] = field(default=StreamEvent.TOOL_START, kw_only=True)


@record
class ToolOutputEvent(BaseEvent):
    """A tool reports progress."""

    tool_call_id: str
    delta: str
    event_type: Literal[StreamEvent.TOOL_OUTPUT] = field(default=StreamEvent.TOOL_OUTPUT, kw_only=True)


@record
class ToolEndEvent(BaseEvent):
    """A tool call is over; `error` is the text of what it raised, traceback included."""

    tool_call_id: str
    result: ToolResult
    tool_name: str = ""
    duration: float = 0.0
    error: str | None = None
    metadata: Any = None
    event_type: Literal[StreamEvent.TOOL_END] = field(default=StreamEvent.TOOL_END, kw_only=True)


@record
class ApprovalRequestEvent(BaseEvent):
    """A tool call waits for somebody's approval."""

    tool_call: ToolCall
    reason: str = ""
    digest: str = ""
    event_type: Literal[StreamEvent.APPROVAL_REQUEST] = field(
        default=StreamEvent.APPROVAL_REQUEST, kw_only=True
    )


@record
class RetryEvent(BaseEvent):
    """Something is tried again after `delay` seconds."""

    reason: str
    attempt: int = 1
    delay: float = 0.0
    event_type: Literal[StreamEvent.RETRY] = field(default=StreamEvent.RETRY, kw_only=True)


@record
class FailoverEvent(BaseEvent):
    """Another target is asked, because of `reason`."""

    source: str
    target: str
    reason: str
    event_type: Literal[StreamEvent.FAILOVER] = field(default=StreamEvent.FAILOVER, kw_only=True)


@record
class StreamResetEvent(BaseEvent):
    """Drop the partial answer shown so far: it is answered anew."""

    reason: str = ""
    event_type: Literal[StreamEvent.STREAM_RESET] = field(default=StreamEvent.STREAM_RESET, kw_only=True)


@record
class HandoffEvent(BaseEvent):
    """Another agent takes over."""

    source: str
    target: str
    event_type: Literal[StreamEvent.HANDOFF] = field(default=StreamEvent.HANDOFF, kw_only=True)


@record
class CompactionStartEvent(BaseEvent):
    """The history is made shorter."""

    message_count: int
    token_count: int
    event_type: Literal[StreamEvent.COMPACTION_START] = field(
        default=StreamEvent.COMPACTION_START, kw_only=True
    )


@record
class CompactionEndEvent(BaseEvent):
    """The history was made shorter."""

    messages_removed: int
    tokens_saved: int
    event_type: Literal[StreamEvent.COMPACTION_END] = field(default=StreamEvent.COMPACTION_END, kw_only=True)


@record
class SecurityWarningEvent(BaseEvent):
    """Something about secrets or tools needs a look; never carries the secret."""

    message: str
    name: str = ""
    event_type: Literal[StreamEvent.SECURITY_WARNING] = field(
        default=StreamEvent.SECURITY_WARNING, kw_only=True
    )


@record
class WarningEvent(BaseEvent):
    """Something is not as it should be, and the run goes on."""

    message: str
    event_type: Literal[StreamEvent.WARNING] = field(default=StreamEvent.WARNING, kw_only=True)


@record
class OrphanEvent(BaseEvent):
    """A tool did not stop when it was cancelled and still runs."""

    tool_call_id: str
    tool_name: str
    event_type: Literal[StreamEvent.ORPHAN] = field(default=StreamEvent.ORPHAN, kw_only=True)


@record
class ToolsetErrorEvent(BaseEvent):
    """A toolset could not be opened and is left out."""

    toolset: str
    error: Failure
    event_type: Literal[StreamEvent.TOOLSET_ERROR] = field(default=StreamEvent.TOOLSET_ERROR, kw_only=True)


@record
class CustomEvent(BaseEvent):
    """Something of the program's own, emitted by a tool or hook."""

    name: str
    data: Any = None
    event_type: Literal[StreamEvent.CUSTOM] = field(default=StreamEvent.CUSTOM, kw_only=True)


@record
class TurnEndEvent(BaseEvent):
    """A turn is over: the answer, and its tools."""

    turn: int
    event_type: Literal[StreamEvent.TURN_END] = field(default=StreamEvent.TURN_END, kw_only=True)


@record
class RunErrorEvent(BaseEvent):
    """The run failed; `RunEndEvent` follows."""

    error: Failure
    timestamp: float = 0.0
    event_type: Literal[StreamEvent.RUN_ERROR] = field(default=StreamEvent.RUN_ERROR, kw_only=True)


@record
class RunEndEvent(BaseEvent):
    """The run is over; always the last event."""

    messages: list[Message] = field(default_factory=list[Message])
    aborted: bool = False
    timed_out: bool = False
    timestamp: float = 0.0
    result: RunResult[Any] | None = None
    event_type: Literal[StreamEvent.RUN_END] = field(default=StreamEvent.RUN_END, kw_only=True)


StreamEventData: TypeAlias = Annotated[
    RunStartEvent
    | TurnStartEvent
    | UserMessageEvent
    | AssistantStartEvent
    | TextDeltaEvent
    | ThinkingDeltaEvent
    | ToolCallDeltaEvent
    | AssistantEndEvent
    | ToolStartEvent
    | ToolOutputEvent
    | ToolEndEvent
    | ApprovalRequestEvent
    | RetryEvent
    | FailoverEvent
    | StreamResetEvent
    | HandoffEvent
    | CompactionStartEvent
    | CompactionEndEvent
    | SecurityWarningEvent
    | WarningEvent
    | OrphanEvent
    | ToolsetErrorEvent
    | CustomEvent
    | TurnEndEvent
    | RunErrorEvent
    | RunEndEvent,
    Tagged(
        (
            RunStartEvent,
            TurnStartEvent,
            UserMessageEvent,
            AssistantStartEvent,
            TextDeltaEvent,
            ThinkingDeltaEvent,
            ToolCallDeltaEvent,
            AssistantEndEvent,
            ToolStartEvent,
            ToolOutputEvent,
            ToolEndEvent,
            ApprovalRequestEvent,
            RetryEvent,
            FailoverEvent,
            StreamResetEvent,
            HandoffEvent,
            CompactionStartEvent,
            CompactionEndEvent,
            SecurityWarningEvent,
            WarningEvent,
            OrphanEvent,
            ToolsetErrorEvent,
            CustomEvent,
            TurnEndEvent,
            RunErrorEvent,
            RunEndEvent,
        ),
        "event_type",
        BaseEvent,
    ),
]
