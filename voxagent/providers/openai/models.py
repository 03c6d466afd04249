"""What OpenAI's models take, as far as their names tell (documentation of the models and of "Reasoning").

Models that think (the o-series, gpt-5 and later) refuse sampling settings and `stop`; gpt-5.1 and later take
sampling settings while thinking is off. A name that is not known is sent everything that was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, cast

from ...types.config import ModelSettings, Thinking

Warn: TypeAlias = Callable[[str], None]
Kind: TypeAlias = Literal["o", "gpt-5", "gpt-5.1", "plain", "search", "unknown"]

SAMPLING = ("temperature", "top_p")
LOW_BUDGET = 4_096
HIGH_BUDGET = 16_384
"""Tokens of thinking up to which a budget means little effort, and above which it means much."""
LEAST: Mapping[Kind, str] = {"o": "low", "gpt-5": "minimal"}
"""The least that a model can think which cannot be stopped from thinking."""


def silent(warning: str) -> None:
    """For a body: what it leaves out is asked for apart."""


def kind_of_model(model: str) -> Kind:
    """Which family a model is of; a provider's prefix ("openai/") and fine-tuning ("ft:") do not matter."""
    name = model.rsplit("/", 1)[-1].removeprefix("openai.").removeprefix("ft:").lower()
    if "search-preview" in name or "search-api" in name:
        return "search"
    if name.startswith(("gpt-5-chat", "gpt-4", "gpt-3.5", "chatgpt")):
        return "plain"
    if name.startswith(("gpt-5", "codex")):
        return "gpt-5.1" if name.startswith("gpt-5.") else "gpt-5"
    if name.startswith("o") and name[1:2].isdigit():
        return "o"
    return "unknown"


def thinks(model: str) -> bool:
    """Whether the model is one of OpenAI's that think."""
    return kind_of_model(model) in ("o", "gpt-5", "gpt-5.1")


def takes_reasoning(model: str) -> bool:
    """Whether the model takes back what was thought; one that is known not to think refuses it."""
    return kind_of_model(model) not in ("plain", "search")


def effort_of(thinking: Thinking, model: str, warn: Warn) -> str | None:
    """The effort that stands for a level or a budget of thinking; None if the model takes none."""
    kind = kind_of_model(model)
    effort = level_of(thinking)
    if kind in ("plain", "search"):
        if effort != "none":
            warn(f"this model does not think: thinking={thinking!r} was left out")
        return None
    if effort == "none" and kind in LEAST:
        warn(f"this model cannot be stopped from thinking: {LEAST[kind]!r} is the least")
        return LEAST[kind]
    return effort


def level_of(thinking: Thinking) -> str:
    """The effort that a level or a budget of thinking stands for."""
    if isinstance(thinking, str):
        return "none" if thinking == "off" else thinking
    if thinking <= 0:
        return "none"
    if thinking <= LOW_BUDGET:
        return "low"
    return "medium" if thinking <= HIGH_BUDGET else "high"


def refused(settings: ModelSettings, model: str) -> frozenset[str]:
    """Names of the settings that the model does not take."""
    kind = kind_of_model(model)
    if kind == "search":
        return frozenset(SAMPLING)
    if kind == "gpt-5.1" and level_of(settings.get("thinking", "medium")) == "none":
        return frozenset({"stop"})
    if kind in ("gpt-5", "gpt-5.1"):
        return frozenset({*SAMPLING, "stop"})
    return frozenset({*SAMPLING, "stop", "parallel_tool_calls"}) if kind == "o" else frozenset()


def taken(settings: ModelSettings, model: str, fields: Mapping[str, str], warn: Warn) -> dict[str, Any]:
    """The settings that go into a body as they are.

    Args:
        settings: What was asked for.
        model: Who shall answer.
        fields: The name in the body of each setting that the API takes; "" for one that it does not take.
        warn: Is told of each setting that is dropped.
    """
    without, asked = refused(settings, model), cast("Mapping[str, Any]", settings)
    found: dict[str, Any] = {}
    for name, field in fields.items():
        if name not in asked:
            continue
        if not field or name in without:
            warn(f"the setting {name!r} is not taken: it was left out")
            continue
        found[field] = asked[name]
    return found


def merged(body: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """The body with what the caller adds: objects are merged, lists joined, everything else replaced."""
    result = dict(body)
    for name, value in extra.items():
        before = result.get(name)
        if isinstance(before, dict) and isinstance(value, Mapping):
            result[name] = {**cast("dict[str, Any]", before), **cast("Mapping[str, Any]", value)}
        elif isinstance(before, list) and isinstance(value, list):
            known, new = cast("Sequence[Any]", before), cast("Sequence[Any]", value)
            result[name] = [*known, *(each for each in new if each not in known)]
        else:
            result[name] = value
    return result
