"""Settings as Ollama takes them: some are fields of the request, the rest stands in its `options`.

What the API has no word for is left out and told in a warning, in words that are the same every time. A
model is not forced to call a tool; where it shall call none, it is told of none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from ...types.config import ModelSettings, OutputSpec, Thinking
from ..base import ModelRequest
from ..http.caching import cache_of
from ..http.jsontext import dumped
from ..openai.models import Warn, level_of
from ..openai.schema import rooted

LEVELS = ("gpt-oss",)
"""Models that are told how much to think, and cannot be stopped; the others think or do not."""
OPTIONS: Mapping[str, str] = {
    "temperature": "temperature",
    "top_p": "top_p",
    "max_tokens": "num_predict",
    "seed": "seed",
}


@dataclass(slots=True, frozen=True)
class OllamaOptions:
    """How Ollama is asked.

    Args:
        num_ctx: Tokens that the model has room for, prompt and answer together; what does not fit is dropped
            from the beginning without a word. None for the server's default, which is small.
        keep_alive: How long the model stays loaded afterwards: seconds, or a text such as "10m"; 0 unloads
            it at once, a negative number never. None for the server's default, 5 minutes.
        provider: Whose thoughts are sent back: those that carry this name.
    """

    num_ctx: int | None = None
    keep_alive: float | str | None = None
    provider: str = "ollama"


def asked_of(request: ModelRequest, options: OllamaOptions, warn: Warn) -> dict[str, Any]:
    """The fields of the body, besides the conversation and the tools."""
    settings = request.settings
    asked: dict[str, Any] = {"model": request.model, "stream": True}
    if "thinking" in settings:
        asked["think"] = _think(settings["thinking"], request.model, warn)
    if request.output is not None and not request.tools:
        asked["format"] = rooted(request.output.schema)
    elif request.output is not None:
        warn(f"the output {request.output.name!r} is asked for in words: tools leave no room to enforce it")
    if options.keep_alive is not None:
        asked["keep_alive"] = options.keep_alive
    told = _options(settings, options)
    if told:
        asked["options"] = told
    _choose_tools(request, warn)
    if cache_of(settings) not in (None, "5m"):
        warn(f"the setting cache={settings.get('cache')!r} is not taken: what is kept, the server decides")
    return asked


def instructions_of(request: ModelRequest) -> str:
    """The system prompt; with the output's schema, which the model sees nowhere else."""
    if request.output is None or not request.tools:
        return request.system
    return "\n\n".join(filter(None, [request.system, _in_words(request.output)]))


def takes_tools(request: ModelRequest) -> bool:
    """Whether the model is told of the tools."""
    return request.settings.get("tool_choice") != "none"


def _in_words(output: OutputSpec) -> str:
    about = f" ({output.description})" if output.description else ""
    schema = dumped(output.schema).decode()
    return f"Your last answer is a JSON object{about} and nothing else. Its JSON schema is:\n{schema}"


def _think(thinking: Thinking, model: str, warn: Warn) -> bool | str:
    level = level_of(thinking)
    if not model.rsplit("/", 1)[-1].startswith(LEVELS):
        return level != "none"
    if level == "none":
        warn("this model cannot be stopped from thinking: 'low' is the least")
        return "low"
    return level


def _options(settings: ModelSettings, options: OllamaOptions) -> dict[str, Any]:
    given = cast("Mapping[str, Any]", settings)
    told = {field: given[name] for name, field in OPTIONS.items() if name in given}
    if "stop" in settings:
        stop = settings["stop"]
        told["stop"] = [stop] if isinstance(stop, str) else list(stop)
    if options.num_ctx is not None:
        told["num_ctx"] = options.num_ctx
    return told


def _choose_tools(request: ModelRequest, warn: Warn) -> None:
    if not request.tools:
        return
    choice = request.settings.get("tool_choice", "auto")
    if choice not in ("auto", "none"):
        warn("this API cannot make a model call a tool: it may choose")
    if "parallel_tool_calls" in request.settings:
        warn("the setting 'parallel_tool_calls' is not taken: it was left out")
