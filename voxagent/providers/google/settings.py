"""Settings, as `generationConfig` and `toolConfig`; what the model does not take is left out and told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast

from ...types.config import ModelSettings, Thinking
from ..base import ModelRequest
from ..http.caching import cache_of
from .models import Traits, traits_of

Warn: TypeAlias = Callable[[str], None]

PLAIN = {"temperature": "temperature", "top_p": "topP", "max_tokens": "maxOutputTokens", "seed": "seed"}
"""What the API calls the settings that it takes as they are."""
BUDGETS: Mapping[str, int] = {"low": 2_048, "medium": 8_192, "high": 24_576}
MODES = {"auto": "AUTO", "required": "ANY", "none": "NONE"}
MOST_STOPS = 5


def generation_of(request: ModelRequest, warn: Warn) -> dict[str, Any]:
    """The settings that say how the answer is written."""
    settings = cast("Mapping[str, Any]", request.settings)
    told: dict[str, Any] = {field: settings[name] for name, field in PLAIN.items() if name in settings}
    stops = _stops(request.settings, warn)
    if stops:
        told["stopSequences"] = stops
    if cache_of(request.settings) in ("1h", "off"):
        warn(f"the setting cache={settings['cache']!r} is not taken: what is kept, the service decides")
    if "thinking" in settings:
        thinking = _thinking(settings["thinking"], request.model, traits_of(request.model), warn)
        if thinking:
            told["thinkingConfig"] = thinking
    return told


def _stops(settings: ModelSettings, warn: Warn) -> list[str]:
    stop = settings.get("stop", ())
    stops = [text for text in ([stop] if isinstance(stop, str) else stop) if text]
    if len(stops) > MOST_STOPS:
        warn(f"this API takes {MOST_STOPS} stop sequences at most: the others were left out")
    return stops[:MOST_STOPS]


def _thinking(asked: Thinking, model: str, traits: Traits, warn: Warn) -> dict[str, Any]:
    off = asked == "off" or (isinstance(asked, int) and asked <= 0)
    if traits.thinks == "never":
        if not off:
            warn(f"{model} cannot be told how much to think: thinking={asked!r} was left out")
        return {}
    if off:
        return _least(model, traits, warn)
    if traits.thinks == "level":
        return {"includeThoughts": True, "thinkingLevel": _level(asked, model, traits, warn)}
    budget = asked if isinstance(asked, int) else BUDGETS.get(asked, BUDGETS["high"])
    least, most = traits.budgets
    fitting = min(max(budget, least), most)
    if fitting != budget:
        warn(f"{model} takes a thinking budget of {least} to {most}: {fitting} is asked for")
    return {"includeThoughts": True, "thinkingBudget": fitting}


def _least(model: str, traits: Traits, warn: Warn) -> dict[str, Any]:
    if traits.least:
        warn(f"{model} cannot be stopped from thinking: {traits.least!r} is the least")
    return {"thinkingLevel" if traits.thinks == "level" else "thinkingBudget": traits.least}


def _level(asked: Thinking, model: str, traits: Traits, warn: Warn) -> str:
    if isinstance(asked, int):
        asked = "low" if asked <= BUDGETS["low"] else "medium" if asked <= BUDGETS["medium"] else "high"
    if asked not in traits.levels:
        warn(f"{model} knows no thinking level {asked!r}: 'high' is asked for")
        return "high"
    return asked


def tool_choice_of(request: ModelRequest, warn: Warn) -> dict[str, Any]:
    """Which function is to be called; nothing if that is the model's to say."""
    settings = request.settings
    if not request.tools:
        return {}
    if settings.get("parallel_tool_calls") is False:
        warn("this API cannot hold a model to one call at a time: parallel_tool_calls was left out")
    choice = settings.get("tool_choice")
    if choice is not None and choice not in MODES:
        return {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": [choice]}}
    if choice in (None, "auto") and any(tool.strict for tool in request.tools):
        return {"functionCallingConfig": {"mode": "VALIDATED"}}
    return {"functionCallingConfig": {"mode": MODES[choice]}} if choice is not None else {}
