"""DeepSeek's models (api-docs.deepseek.com).

Its models think unless they are told not to. Thoughts come in `reasoning_content`; with calls they have to be
sent back, also if there were none, so a conversation that another provider began gets empty ones. While it
thinks, a model cannot be made to call a tool. JSON can be asked for, a schema cannot: it is told in words.
Strict tools, and answers that begin with given words, are taken at the address that ends in "/beta".
"""

from __future__ import annotations

from typing import Any

from ...types.config import Thinking
from ..openai.dialects import ChatDialect
from ..openai.models import Warn, level_of
from .vendor import Vendor, VendorProvider

DEEPSEEK = Vendor("deepseek", "https://api.deepseek.com", "DEEPSEEK")


class DeepSeekProvider(VendorProvider):
    """DeepSeek's models, by Chat Completions.

    Args:
        model: Name of the model, such as "deepseek-v4-flash".
        api_key: The key, or a function (async or not) that gives it; `DEEPSEEK_API_KEY` by default.
        base_url: The address ahead of "/chat/completions"; `DEEPSEEK_BASE_URL` or DeepSeek's own by default.
        facts: What is known of the model; by default what is listed for DeepSeek's, at its own address.
        client, retries, headers: See `VendorProvider`.
    """

    vendor = DEEPSEEK

    @staticmethod
    def dialect(model: str, base: str) -> ChatDialect:
        """How its models are spoken to."""
        return deepseek_dialect(beta=base.endswith("/beta"))


def deepseek_dialect(*, beta: bool = False) -> ChatDialect:
    """How DeepSeek is spoken to."""
    return ChatDialect(
        provider=DEEPSEEK.name,
        max_tokens="max_tokens",
        strict=beta,
        parallel_tool_calls=False,
        developer=False,
        thinking_back="reasoning_content",
        images=False,
        audio=False,
        files=False,
        seed="",
        thinks=deepseek_thinks,
        thinking_due=True,
        forces=False,
        prefix=beta,
        framed=True,
        schema=False,
    )


def deepseek_thinks(thinking: Thinking | None, model: str, warn: Warn) -> dict[str, Any]:
    """The fields for thinking: it is switched, and its effort is set where it is on."""
    if thinking is None:
        return {}
    level = level_of(thinking)
    if level == "none":
        return {"thinking": {"type": "disabled"}}
    return {"thinking": {"type": "enabled"}, "reasoning_effort": level}
