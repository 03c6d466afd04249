"""Anthropic's models as a provider."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from ...errors import ConfigError
from ..base import ModelFacts
from ..http.provider import Endpoint, Key, WireProvider
from ..http.retries import Retries
from ..http.sdk import check_alone
from .messages import MessagesWire
from .sdk import MESSAGES
from .settings import MessagesOptions

ANTHROPIC_URL = "https://api.anthropic.com"


class AnthropicProvider(WireProvider):
    """Anthropic's models, by the Messages API.

    Args:
        model: Name of the model.
        api_key: The key, or a function (async or not) that gives it; `ANTHROPIC_API_KEY` by default.
        base_url: The address without "/v1"; `ANTHROPIC_BASE_URL` or Anthropic's own by default.
        auth: The header that carries the key: "bearer", or "x-api-key" for proxies that want that.
        options: How the protocol is spoken, prompt caching for one.
        client: An `httpx2.AsyncClient`, or a client of the `anthropic` package (`AsyncAnthropic`, or one for
            Bedrock, Vertex, Foundry), which has its own key and address; or a function that makes one for
            each event loop.
        retries: When a request is tried again.
        headers: Headers of every request.
        facts: What is known of the model; by default what is listed for Anthropic's models, at Anthropic.
    """

    def __init__(
        self,
        model: str = "",
        api_key: Key | None = None,
        base_url: str | None = None,
        *,
        auth: Literal["bearer", "x-api-key"] = "bearer",
        options: MessagesOptions | None = None,
        client: Any = None,
        retries: Retries | None = None,
        headers: Mapping[str, str] | None = None,
        facts: ModelFacts | None = None,
    ) -> None:
        if auth not in ("bearer", "x-api-key"):
            raise ConfigError(f"auth={auth!r}: 'bearer' or 'x-api-key' is expected")
        given = base_url or os.environ.get("ANTHROPIC_BASE_URL")
        has_own = MESSAGES.takes(client)
        if has_own:
            check_alone(api_key, base_url)
            given = str(client.base_url)
        url = (given or ANTHROPIC_URL).rstrip("/").removesuffix("/v1")
        endpoint = Endpoint(
            url=f"{url}/v1/messages",
            auth=_bearer if auth == "bearer" else _own_header,
            key=api_key,
            variable="ANTHROPIC_API_KEY",
            needs_key=url == ANTHROPIC_URL and not has_own,
            headers=headers or {},
            client=client,
            retries=retries or Retries(),
            sdk=MESSAGES,
        )
        wire = MessagesWire(options)
        vendor = "anthropic" if url == ANTHROPIC_URL else ""
        super().__init__("anthropic", model, wire, endpoint, facts, vendor=vendor)
        self._has_facts = facts is not None
        self._keeps_an_hour = wire.options.cache == "1h"

    def facts(self, model: str) -> ModelFacts:
        """What is known of the model; to keep something for an hour costs twice as much as to read it."""
        facts = super().facts(model)
        if self._has_facts or facts.input_price is None or not self._keeps_an_hour:
            return facts
        return replace(facts, cache_write_price=2 * facts.input_price)


def _bearer(key: str) -> Mapping[str, str]:
    return {"authorization": f"Bearer {key}"}


def _own_header(key: str) -> Mapping[str, str]:
    return {"x-api-key": key}
