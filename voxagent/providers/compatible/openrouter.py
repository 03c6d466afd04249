"""The models of many vendors, through OpenRouter (openrouter.ai/docs).

Thoughts come as text and as `reasoning_details`, which carry the seals of the vendor that answered and are
sent back as they came. Comments keep the connection alive. What a vendor reports is an error inside the
answer, whose code is an HTTP status. Documents are taken by their address as well.
"""

from __future__ import annotations

from ..openai.dialects import ChatDialect
from .vendor import Vendor, VendorProvider

OPENROUTER = Vendor("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER")
OPENROUTER_DIALECT = ChatDialect(
    provider=OPENROUTER.name,
    max_tokens="max_tokens",
    developer=False,
    effort="reasoning",
    thinking_back="reasoning_details",
    document_urls="file",
)


class OpenRouterProvider(VendorProvider):
    """Models of many vendors through OpenRouter, by Chat Completions.

    Args:
        model: Name of the model with its vendor, such as "anthropic/claude-sonnet-4.5".
        api_key: The key, or a function (async or not) that gives it; `OPENROUTER_API_KEY` by default.
        base_url: The address up to and including "/v1"; `OPENROUTER_BASE_URL` or OpenRouter's own by default.
        headers: Headers of every request; "HTTP-Referer" and "X-Title" name a program to OpenRouter.
        facts: What is known of the model; by default what is listed for it, at OpenRouter's own address.
        client, retries: See `VendorProvider`.
    """

    vendor = OPENROUTER

    @staticmethod
    def dialect(model: str, base: str) -> ChatDialect:
        """How its models are spoken to."""
        return OPENROUTER_DIALECT
