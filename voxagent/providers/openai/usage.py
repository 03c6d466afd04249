"""What an answer cost: tokens from the cache are part of the input, thinking is part of the output."""

from __future__ import annotations

from typing import Any, cast

from ...types.usage import Usage


def usage_of(told: object) -> Usage | None:
    """The usage of either API and of the servers that speak like them; None if nothing usable is told."""
    if not isinstance(told, dict) or not told:
        return None
    counts = cast("dict[str, Any]", told)
    read = _details(counts, "prompt_tokens_details", "input_tokens_details")
    written = _details(counts, "completion_tokens_details", "output_tokens_details")
    usage = Usage(
        input_tokens=_count(counts, "prompt_tokens", "input_tokens"),
        output_tokens=_count(counts, "completion_tokens", "output_tokens"),
        cache_read_tokens=_count(read, "cached_tokens")
        or _count(counts, "prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens"),
        cache_write_tokens=_count(read, "cache_write_tokens"),
        reasoning_tokens=_count(written, "reasoning_tokens"),
    )
    hidden = usage.reasoning_tokens
    if hidden and _count(counts, "total_tokens") == usage.total_tokens + hidden:
        usage.output_tokens += hidden  # xAI counts thinking apart
    return usage


def _details(counts: dict[str, Any], *names: str) -> dict[str, Any]:
    for name in names:
        if isinstance(found := counts.get(name), dict):
            return cast("dict[str, Any]", found)
    return {}


def _count(counts: dict[str, Any], *names: str) -> int:
    """The first of these counts that is there and is a number that can be one."""
    for name in names:
        value = counts.get(name)
        if type(value) is int and value >= 0:
            return value
    return 0
