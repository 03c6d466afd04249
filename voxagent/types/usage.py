"""What a run has used, and how much it may use."""

from __future__ import annotations

from typing import ClassVar

from .record import Record, record


@record
class Usage(Record):
    """Tokens, requests and tool calls; usages add up with `+`.

    Args:
        input_tokens: Tokens read by the model, those from and into its cache included.
        output_tokens: Tokens written by the model, its thinking included.
        cache_read_tokens: The part of the input that came from the provider's cache.
        cache_write_tokens: The part of the input that was written to the provider's cache.
        reasoning_tokens: The part of the output that was thinking.
        requests: Requests to models that were answered.
        tool_calls: Tool calls that were executed.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    requests: int = 0
    tool_calls: int = 0

    @property
    def total_tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            self.requests + other.requests,
            self.tool_calls + other.tool_calls,
        )


@record
class UsageLimits(Record):
    """What a run and its sub-agents may use together; None is no limit.

    Requests and tool calls are counted before they are made, so these limits are exact. Tokens are
    known only after an answer, so their limits stop the next request.

    Args:
        requests: Model requests; 50, so that a model that never stops calling tools is stopped.
        tool_calls: Tool calls.
        input_tokens: Tokens read.
        output_tokens: Tokens written.
        total_tokens: Tokens read and written.
        cost: US dollars, by the prices in the models' facts; a model of unknown price is a `ConfigError`.
    """

    _sparse: ClassVar[bool] = False

    requests: int | None = 50
    tool_calls: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cost: float | None = None
