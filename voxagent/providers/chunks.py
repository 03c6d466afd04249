"""What a provider's stream is made of, whatever the provider.

A stream is any number of deltas and blocks and then exactly one `MessageEndChunk`; a stream that ends
without it was cut. Deltas of text and thinking are shown as they come; a block that follows deltas
of its own kind completes them (it brings signature or citations), one that follows none stands alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from ..types.blocks import ContentBlock, ToolCall
from ..types.message import FinishReason
from ..types.record import Record, record
from ..types.result import Attempt
from ..types.usage import Usage


@record
class MessageStartChunk(Record):
    """The answer begins: who answers, by which of several credentials; the service's id of the request."""

    provider: str = ""
    model: str = ""
    request_id: str | None = None
    profile: str | None = None


@record
class TextDeltaChunk(Record):
    """A piece of text."""

    delta: str


@record
class ThinkingDeltaChunk(Record):
    """A piece of thinking."""

    delta: str


@record
class ToolCallDeltaChunk(Record):
    """A piece of a tool call's arguments, to be shown; the whole call follows as `ToolUseChunk`."""

    id: str
    name: str
    delta: str


@record
class ToolUseChunk(Record):
    """A complete tool call."""

    tool_call: ToolCall


@record
class BlockChunk(Record):
    """A complete block: signed thinking, a text's citations, a refusal, something of the provider's own."""

    block: ContentBlock


@record
class MessageEndChunk(Record):
    """The provider's own end mark.

    Args:
        finish_reason: How the answer ended; None from a provider that does not tell, which then means
            "tool_use" after tool calls and "stop" otherwise.
        usage: What the answer cost, None if the provider does not say.
        metadata: What the provider told besides (rate-limit headers, a stop sequence).
    """

    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    metadata: Mapping[str, Any] | None = None


@record
class ErrorChunk(Record):
    """The provider reports an error inside its stream; the answer is void."""

    error: str | Exception


@record
class FailoverChunk(Record):
    """A target failed, or is known to be down, and another is asked; the same one, if it is tried again.

    Args:
        source: The "provider:model" that failed.
        target: The "provider:model" that is asked instead.
        reason: The kind of the failure.
        attempt: The failed try; None if it was not even asked.
    """

    source: str
    target: str
    reason: str
    attempt: Attempt | None = None


@record
class StreamResetChunk(Record):
    """Void is what came so far: the answer begins anew. The reason is the kind of the failure."""

    reason: str = ""


@record
class RetryChunk(Record):
    """The request failed ahead of its first content, and is made again after `wait` seconds.

    Args:
        reason: What happened.
        attempt: Number of the try that failed, from 1.
        wait: Seconds until the next one.
    """

    reason: str
    attempt: int
    wait: float


StreamChunk: TypeAlias = (
    MessageStartChunk
    | RetryChunk
    | FailoverChunk
    | StreamResetChunk
    | TextDeltaChunk
    | ThinkingDeltaChunk
    | ToolCallDeltaChunk
    | ToolUseChunk
    | BlockChunk
    | MessageEndChunk
    | ErrorChunk
)
