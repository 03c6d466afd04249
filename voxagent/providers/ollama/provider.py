"""Models that run on Ollama, on this machine or in its cloud, as a provider."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...errors import ProviderError
from ..base import ModelFacts, ModelRequest
from ..http.clients import Clients
from ..http.provider import Endpoint, Key, WireProvider
from ..http.retries import Retries
from ..openai.provider import bearer
from .hosts import base_of, is_cloud, may_carry_key
from .listing import listed
from .settings import OllamaOptions
from .wire import OllamaWire

KEY = "OLLAMA_API_KEY"


class OllamaProvider(WireProvider):
    """Models that run on Ollama, by its own protocol.

    Args:
        model: Name of the model, its tag included.
        api_key: The key, or a function (async or not) that gives it. Only ollama.com needs one;
            `OLLAMA_API_KEY` by default, which is not sent in the open to another machine.
        base_url: The address; `OLLAMA_HOST` or http://127.0.0.1:11434 by default. As there, the scheme, the
            port and "/api" may be left out.
        options: How Ollama is asked: the room for the conversation, how long the model stays loaded.
        client: An `httpx2.AsyncClient`, or a function that makes one for each event loop.
        retries: When a request is tried again.
        headers: Headers of every request.
        facts: What is known of the model; by default what is listed for Ollama's models, and the room that
            the options give it.
    """

    def __init__(
        self,
        model: str = "",
        api_key: Key | None = None,
        base_url: str | None = None,
        *,
        options: OllamaOptions | None = None,
        client: Any = None,
        retries: Retries | None = None,
        headers: Mapping[str, str] | None = None,
        facts: ModelFacts | None = None,
    ) -> None:
        base = base_of(base_url or os.environ.get("OLLAMA_HOST", ""))
        endpoint = Endpoint(
            url=f"{base}/api/chat",
            auth=bearer,
            key=api_key,
            variable=KEY if may_carry_key(base) else "",
            needs_key=is_cloud(base),
            headers=headers or {},
            client=client,
            retries=retries or Retries(),
        )
        wire = OllamaWire(options)
        super().__init__("ollama", model, wire, endpoint, facts, vendor="ollama")
        self._room = None if facts is not None else wire.options.num_ctx
        self._tags = f"{base}/api/tags"
        self._lister = Clients(client)

    def facts(self, model: str) -> ModelFacts:
        """What is known of the model."""
        facts = super().facts(model)
        return facts if self._room is None else replace(facts, context_window=self._room)

    async def list_models(self) -> list[str]:
        """The names of the models that are there, as `model` takes them.

        Raises:
            ProviderError: nobody answered, or the answer was an error.
        """
        key = await self._endpoint.fresh_key()
        try:
            headers = self._endpoint.asked_headers(ModelRequest(self.model, ()), key)
            return await listed(self._lister, self._tags, headers)
        except ProviderError as error:
            error.provider = self.name
            raise
