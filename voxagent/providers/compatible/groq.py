"""Groq's models (console.groq.com/docs).

Thoughts come in `reasoning`; models that would write them into their text are asked to part them. Usage
comes in the last chunk, also where it was not asked for. A call, or a JSON answer, that the model fumbled is
refused by the service itself ("tool_use_failed", "json_validate_failed", as status 400 or inside the
stream): that is a `BadRequestError` that may be retried, and is while nothing was shown, because the model
may well get it right the next time. It is never executed.
"""

from __future__ import annotations

from typing import Any

from ...types.config import Thinking
from ..openai.dialects import ChatDialect
from ..openai.models import Warn, level_of
from .vendor import Vendor, VendorProvider

GROQ = Vendor("groq", "https://api.groq.com/openai/v1", "GROQ")
PLAIN = ("llama", "gemma", "compound", "allam", "mistral", "mixtral", "kimi-k2-instruct")
"""Models that do not think."""
PARTED = {"reasoning_format": "parsed"}


class GroqProvider(VendorProvider):
    """Groq's models, by Chat Completions.

    Args:
        model: Name of the model, such as "openai/gpt-oss-120b".
        api_key: The key, or a function (async or not) that gives it; `GROQ_API_KEY` by default.
        base_url: The address up to and including "/v1"; `GROQ_BASE_URL` or Groq's own by default.
        facts: What is known of the model; by default what is listed for Groq's models, at its own address.
        client, retries, headers: See `VendorProvider`.
    """

    vendor = GROQ

    @staticmethod
    def dialect(model: str, base: str) -> ChatDialect:
        """How its models are spoken to."""
        return groq_dialect(model)


def groq_dialect(model: str) -> ChatDialect:
    """How a model is spoken to at Groq: only gpt-oss is held to a schema strictly."""
    return ChatDialect(
        provider=GROQ.name,
        strict=_name(model).startswith("gpt-oss"),
        developer=False,
        thinks=groq_thinks,
        audio=False,
        files=False,
    )


def groq_thinks(thinking: Thinking | None, model: str, warn: Warn) -> dict[str, Any]:
    """The fields for thinking: gpt-oss takes an effort, Qwen is switched, others only part it from text."""
    name, level = _name(model), None if thinking is None else level_of(thinking)
    if name.startswith(PLAIN):
        if level not in (None, "none"):
            warn(f"this model does not think: thinking={thinking!r} was left out")
        return {}
    if name.startswith("qwen3"):
        if level == "none":
            return {"reasoning_effort": "none"}
        return PARTED if level is None else {**PARTED, "reasoning_effort": "default"}
    if name.startswith(("qwen-qwq", "deepseek-r1")):
        if level == "none":
            warn("this model cannot be stopped from thinking")
        return PARTED
    if level == "none" and name.startswith("gpt-oss"):
        warn("this model cannot be stopped from thinking: 'low' is the least")
        level = "low"
    return {} if level is None else {"reasoning_effort": level}


def _name(model: str) -> str:
    return model.rsplit("/", 1)[-1].lower()
