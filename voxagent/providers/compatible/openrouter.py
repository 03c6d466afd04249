"""The models of many vendors, through OpenRouter (openrouter.ai/docs).

Thoughts come as text and as `reasoning_details`, which carry the seals of the vendor that answered and are
sent back as they came. Comments keep the connection alive. What a vendor reports is an error inside the
answer, whose code is an HTTP status. Documents are taken by their address as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import ModelFacts
from ..http.provider import Key, WireProvider
from ..http.retries import Retries
from ..openai.chat import ChatWire
from ..openai.dialects import ChatDialect
from .vendor import Given, Vendor

OPENROUTER = Vendor("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER")
OPENROUTER_DIALECT = ChatDialect(
    provider=OPENROUTER.name,
    max_tokens="max_tokens",
    developer=False,
    effort="reasoning",
    thinking_back="reasoning_details",
    document_urls="file",
)


class OpenRouterProvider(WireProvider):
    """Models of many vendors through OpenRouter, by Chat Completions.

    Args:
        model: Name of the model with its vendor, such as "anthropic/claude-sonnet-4.5".
        api_key: The key, or a function (async or not) that gives it; `OPENROUTER_API_KEY` by default.
        base_url: The address up to and including "/v1"; `OPENROUTER_BASE_URL` or OpenRouter's own by default.
        client: An `httpx2.AsyncClient`, or a function that makes one for each event loop.
        retries: When a request is tried again.
        headers: Headers of every request; "HTTP-Referer" and "X-Title" name a program to OpenRouter.
        facts: What is known of the model; by default what is listed for it, at OpenRouter's own address.
    """

    def __init__(
        self,
        model: str = "",
        api_key: Key | None = None,
        base_url: str | None = None,
        *,
        client: Any = None,
        retries: Retries | None = None,
        headers: Mapping[str, str] | None = None,
        facts: ModelFacts | None = None,
    ) -> None:
        base = OPENROUTER.base(base_url)
        endpoint = OPENROUTER.endpoint(base, api_key, Given(client, retries, headers))
        wire = ChatWire(OPENROUTER_DIALECT)
        super().__init__(OPENROUTER.name, model, wire, endpoint, facts, vendor=OPENROUTER.listed(base))
