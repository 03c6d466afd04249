"""Settings, as fields of the request's body; what the model or the API version does not take is left out.

Each thing left out is told in a warning, in words that are the same for every such request, so that whoever
logs can log it once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ...types.blocks import ThinkingBlock, ToolUseBlock
from ...types.config import ModelSettings
from ...types.message import Message
from ..base import ModelRequest
from .models import Traits, traits_of

VERSION = "2026-10-21"
"""The newest version of the API; older ones take sampling settings."""

BINDING_BETA = "thinking-binding-controls-2026-08-01"
BUDGETS: Mapping[str, int] = {"low": 2_048, "medium": 8_192, "high": 16_384}
MIN_BUDGET = 1_024


@dataclass(slots=True, frozen=True)
class MessagesOptions:
    """How the protocol is spoken.

    Args:
        version: The `anthropic-version`. An earlier one than 2026-10-21 lets temperature and top_p through.
        cache: How long the service shall keep what it has read: "5m", "1h", or None for not at all; the
            setting `cache` goes first. What is kept costs a quarter more (with "1h" twice as much) to write
            and a tenth to read. Marks are put on the tools, the system prompt and the last two messages of
            the user, all four that the API allows.
        max_tokens: Tokens of the longest answer where the settings do not say; the API wants a number.
        provider: Name of the provider, which stands in the blocks that only it can read again.
        drop_stale_thinking: Whether models that refuse their thoughts once the conversation ahead of them has
            changed (5.1 and later; other instructions or tools suffice) shall ignore them, which takes a
            beta header.
    """

    version: str = VERSION
    cache: Literal["5m", "1h"] | None = None
    max_tokens: int = 16_384
    provider: str = "anthropic"
    drop_stale_thinking: bool = True


@dataclass(slots=True)
class Asked:
    """What settings come to: fields of the body, features that a header must name, and warnings."""

    fields: dict[str, Any] = field(default_factory=dict[str, Any])
    betas: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])


def asked_of(request: ModelRequest, options: MessagesOptions) -> Asked:
    """What a request's settings come to."""
    traits, settings, asked = traits_of(request.model), request.settings, Asked()
    given = settings.get("max_tokens")
    limit = min(options.max_tokens, traits.output_limit) if given is None else given
    asked.fields.update(model=request.model, max_tokens=limit, stream=True)
    _think(asked, request, traits, options)
    _sample(asked, settings, traits, options)
    _stop(asked, settings)
    _choose_tools(asked, request, traits)
    if "seed" in settings:
        asked.warnings.append("this API takes no seed: it was left out")
    return asked


def _think(asked: Asked, request: ModelRequest, traits: Traits, options: MessagesOptions) -> None:
    level = request.settings.get("thinking")
    if level == "off" or (isinstance(level, int) and level <= 0):
        _do_not_think(asked, request, traits)
    elif level is not None and not traits.thinks:
        asked.warnings.append(f"{request.model} cannot think: thinking={level!r} was left out")
    elif level is not None and not traits.adaptive:
        if _within_unthought_turn(request.messages, options.provider):
            asked.warnings.append("thinking was left out until the tool calls of another model are answered")
        else:
            _think_by_budget(asked, request, traits, _budget(level))
    elif level is not None:
        asked.fields["thinking"] = {"type": "adaptive", "display": "summarized"}
        asked.fields["output_config"] = {"effort": _effort(level)}
        _make_room(asked, request, traits, _budget(level))
    elif traits.thinks_unasked:
        _make_room(asked, request, traits, BUDGETS["high"])
    if traits.binds_thinking and options.drop_stale_thinking:
        thinking = asked.fields.setdefault("thinking", {"type": "adaptive"})
        if thinking["type"] != "disabled":
            thinking["block_binding"] = {"prefix_mismatch_behavior": "drop_block"}
            asked.betas.append(BINDING_BETA)


def _do_not_think(asked: Asked, request: ModelRequest, traits: Traits) -> None:
    if traits.always_thinks:
        asked.warnings.append(f"{request.model} always thinks: thinking='off' was left out")
    elif traits.thinks_unasked:
        asked.fields["thinking"] = {"type": "disabled"}


def _effort(level: str | int) -> str:
    if isinstance(level, str):
        return level
    return "low" if level <= BUDGETS["low"] else "medium" if level <= BUDGETS["medium"] else "high"


def _budget(level: str | int) -> int:
    return max(level, MIN_BUDGET) if isinstance(level, int) else BUDGETS.get(level, BUDGETS["high"])


def _make_room(asked: Asked, request: ModelRequest, traits: Traits, budget: int) -> None:
    """Thoughts count as a part of the answer: what is there by default for the answer stays for it."""
    if "max_tokens" not in request.settings:
        asked.fields["max_tokens"] = min(asked.fields["max_tokens"] + budget, traits.output_limit)


def _think_by_budget(asked: Asked, request: ModelRequest, traits: Traits, budget: int) -> None:
    """A budget is a part of `max_tokens`, and must leave some of it to the answer."""
    _make_room(asked, request, traits, budget)
    limit: int = asked.fields["max_tokens"]
    if limit <= MIN_BUDGET:
        asked.warnings.append(f"max_tokens={limit} leaves no room to think: thinking was left out")
        return
    if budget >= limit:
        asked.warnings.append(
            f"a thinking budget of {budget} does not fit into max_tokens={limit}: it was cut"
        )
        budget = max(MIN_BUDGET, limit // 2)
    asked.fields["thinking"] = {"type": "enabled", "budget_tokens": budget}


def _within_unthought_turn(messages: Sequence[Message], provider: str) -> bool:
    """Whether results go back to calls ahead of which nothing was thought, which this mode refuses."""
    for message in reversed(messages):
        if message.role == "assistant":
            thoughts = message.of(ThinkingBlock)
            thought = any(block.signature and block.provider == provider for block in thoughts)
            return bool(message.of(ToolUseBlock)) and not thought
        if not message.tool_results:
            return False
    return False


def _sample(asked: Asked, settings: ModelSettings, traits: Traits, options: MessagesOptions) -> None:
    given: dict[str, Any] = {}
    if "temperature" in settings:
        given["temperature"] = settings["temperature"]
    if "top_p" in settings:
        given["top_p"] = settings["top_p"]
    if given and (options.version >= VERSION or not traits.sampling):
        asked.warnings.append(f"this model takes no {' and '.join(given)}: left out")
        return
    if "thinking" in asked.fields and "temperature" in given:
        asked.warnings.append("a model that thinks takes no temperature: it was left out")
        del given["temperature"]
    if len(given) == 2 and traits.one_sampling:
        asked.warnings.append("this model takes temperature or top_p: top_p was left out")
        del given["top_p"]
    if given.get("temperature", 0) > 1:
        asked.warnings.append("this API takes a temperature of at most 1: it was lowered")
        given["temperature"] = 1.0
    asked.fields.update(given)


def _stop(asked: Asked, settings: ModelSettings) -> None:
    stop = settings.get("stop", ())
    texts = [stop] if isinstance(stop, str) else list(stop)
    visible = [text for text in texts if text.strip()]
    if len(visible) < len(texts):
        asked.warnings.append("this API takes no stop sequence without a visible character: left out")
    if visible:
        asked.fields["stop_sequences"] = visible


def _choose_tools(asked: Asked, request: ModelRequest, traits: Traits) -> None:
    choice = request.settings.get("tool_choice")
    one = request.settings.get("parallel_tool_calls") is False
    if not (request.tools or request.native_tools) or (choice is None and not one):
        return
    kinds = {None: "auto", "auto": "auto", "required": "any", "none": "none"}
    told: dict[str, Any] = {"type": kinds[choice]} if choice in kinds else {"type": "tool", "name": choice}
    by_budget = asked.fields.get("thinking", {}).get("type") == "enabled"
    if told["type"] in ("any", "tool") and (by_budget or not traits.forced_tools):
        why = "while it thinks" if by_budget else "at all"
        asked.warnings.append(f"{request.model} cannot be made to call a tool {why}: it may choose")
        told = {"type": "auto"}
    if one and told["type"] != "none":
        told["disable_parallel_tool_use"] = True
    asked.fields["tool_choice"] = told
