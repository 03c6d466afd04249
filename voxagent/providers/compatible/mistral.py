"""Mistral's models (docs.mistral.ai).

Thoughts are parts of the content, and go back as such. The ids of calls are nine letters and digits, so those
of another provider's calls are exchanged for such. Between the results of tools and the user most models want
an answer: a short one is put there. A beginning of the answer, as the last message, is marked. Usage comes
unasked, and documents are taken by their address as well.
"""

from __future__ import annotations

from typing import Any

from ...types.config import Thinking
from ..openai.dialects import ChatDialect
from ..openai.models import Warn, level_of
from .vendor import Vendor, VendorProvider

MISTRAL = Vendor("mistral", "https://api.mistral.ai/v1", "MISTRAL")
PATIENT = ("mistral-small",)
"""Models that let the user speak right after the results of tools, as recorded traffic shows."""
THINKERS = ("magistral",)
"""Models that always think."""
PLAIN = (
    "codestral",
    "devstral",
    "ministral",
    "mistral-large-2",
    "mistral-tiny",
    "open-",
    "pixtral",
    "voxtral",
)
"""Models that do not think."""


class MistralProvider(VendorProvider):
    """Mistral's models, by Chat Completions.

    Args:
        model: Name of the model, such as "mistral-small-latest".
        api_key: The key, or a function (async or not) that gives it; `MISTRAL_API_KEY` by default.
        base_url: The address up to and including "/v1"; `MISTRAL_BASE_URL` or Mistral's own by default.
        facts: What is known of the model; by default what is listed for Mistral's models, at its own address.
        client, retries, headers: See `VendorProvider`.
    """

    vendor = MISTRAL

    @staticmethod
    def dialect(model: str, base: str) -> ChatDialect:
        """How its models are spoken to."""
        return mistral_dialect(model)


def mistral_dialect(model: str) -> ChatDialect:
    """How a model is spoken to at Mistral."""
    return ChatDialect(
        provider=MISTRAL.name,
        max_tokens="max_tokens",
        stream_options=False,
        developer=False,
        required="any",
        thinking_back="content",
        document_urls="document_url",
        seed="random_seed",
        thinks=mistral_thinks,
        short_ids=True,
        bridge=not _name(model).startswith(PATIENT),
        prefix=True,
        framed=True,
    )


def mistral_thinks(thinking: Thinking | None, model: str, warn: Warn) -> dict[str, Any]:
    """The field for thinking, which is on or off here."""
    if thinking is None:
        return {}
    level, name = level_of(thinking), _name(model)
    if name.startswith(THINKERS):
        if level == "none":
            warn("this model cannot be stopped from thinking")
        return {}
    if name.startswith(PLAIN):
        if level != "none":
            warn(f"this model does not think: thinking={thinking!r} was left out")
        return {}
    return {"reasoning_effort": "none" if level == "none" else "high"}


def _name(model: str) -> str:
    return model.rsplit("/", 1)[-1].lower()
