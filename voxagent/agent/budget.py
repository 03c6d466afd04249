"""What a run and its sub-agents have used, and what they may still use.

Requests and tool calls are reserved before they are made, so their limits are exact whatever runs in
parallel. Tokens and money are known after an answer: they stop the next request, and what is in flight
counts with an estimate.
"""

from __future__ import annotations

from ..errors import ConfigError, UsageLimitError
from ..providers.base import ModelFacts
from ..types.usage import Usage, UsageLimits


class Budget:
    """The account of a root run, shared by its tree."""

    def __init__(self, limits: UsageLimits) -> None:
        self.limits = limits
        self.used: Usage = Usage()
        self.cost: float = 0.0
        self._requests = 0
        self._calls = 0
        self._in_flight: dict[int, tuple[int, float]] = {}
        self._next = 0

    def check_price(self, facts: ModelFacts, model: str) -> None:
        """Refuse a cost limit on a model whose price nobody knows."""
        if self.limits.cost is not None and (facts.input_price is None or facts.output_price is None):
            raise ConfigError(f"UsageLimits(cost=...) needs the price of {model!r}, which is not known")

    def begin_request(self, estimate: int, facts: ModelFacts) -> int:
        """Reserve a request that will read about `estimate` tokens; returns its number."""
        limits = self.limits
        _check("requests", self._requests + 1, limits.requests)
        flying = sum(tokens for tokens, _ in self._in_flight.values())
        if self._in_flight:
            flying += estimate
        _check_spent("input_tokens", self.used.input_tokens + flying, limits.input_tokens)
        _check_spent("output_tokens", self.used.output_tokens, limits.output_tokens)
        _check_spent("total_tokens", self.used.total_tokens + flying, limits.total_tokens)
        spending = self.cost + sum(cost for _, cost in self._in_flight.values())
        _check_spent("cost", spending, limits.cost)
        self._requests += 1
        self._next += 1
        self._in_flight[self._next] = (estimate, _cost(Usage(input_tokens=estimate), facts))
        return self._next

    def end_request(self, number: int, usage: Usage, facts: ModelFacts) -> None:
        """Book what a request has used."""
        self._in_flight.pop(number, None)
        self.used += usage
        self.cost += _cost(usage, facts)

    def replace_request(self, usage: Usage, facts: ModelFacts) -> None:
        """Book what a request has used that failed, and reserve another in its place."""
        self.used += usage
        self.cost += _cost(usage, facts)
        _check("requests", self._requests + 1, self.limits.requests)
        self._requests += 1

    def reserve_calls(self, count: int) -> None:
        """Reserve tool calls: all, or none and a `UsageLimitError`."""
        _check("tool_calls", self._calls + count, self.limits.tool_calls)
        self._calls += count
        self.used += Usage(tool_calls=count)


def _cost(usage: Usage, facts: ModelFacts) -> float:
    price, cached, kept = facts.input_price or 0.0, usage.cache_read_tokens, usage.cache_write_tokens
    hit = price if facts.cached_input_price is None else facts.cached_input_price
    put = price if facts.cache_write_price is None else facts.cache_write_price
    read = max(0, usage.input_tokens - cached - kept) * price + cached * hit + kept * put
    written = usage.output_tokens * (facts.output_price or 0.0)
    long = facts.long_prompt
    if long is not None and usage.input_tokens > long.tokens:
        read, written = read * long.input, written * long.output
    return (read + written) / 1e6


def _check(what: str, wanted: int, limit: int | None) -> None:
    if limit is not None and wanted > limit:
        raise UsageLimitError(f"the limit of {limit} {what.replace('_', ' ')} is reached")


def _check_spent(what: str, spent: float, limit: float | None) -> None:
    if limit is not None and spent >= limit:
        raise UsageLimitError(f"the limit of {limit} {what.replace('_', ' ')} is reached ({spent:g} used)")
