"""Models behind a proxy, as a provider."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ...errors import ConfigError
from ...types.config import ModelConfig
from ..base import ModelFacts, facts_of
from ..http.provider import Endpoint, Key, WireProvider
from ..http.retries import Retries
from ..registry import get_default_registry
from .wire import ProxyWire

URL_VARIABLE = "VOXAGENT_PROXY_URL"
TOKEN_VARIABLE = "VOXAGENT_PROXY_TOKEN"  # noqa: S105  # the variable's name, no token


class ProxyProvider(WireProvider):
    """Models through a server that keeps their keys, as `proxy_app` makes one.

    The client sees the chunks that the model's own provider gave to the server, and the errors by their kind.

    Args:
        model: The upstream model as the server names it, such as "openai:gpt-5".
        api_key: The server's token, or a function (async or not) that gives it; `VOXAGENT_PROXY_TOKEN` by
            default.
        base_url: The server's address; `VOXAGENT_PROXY_URL` by default.
        facts: What is known of the model; by default what the provider named by `model` knows here.
        client: An `httpx2.AsyncClient`, or a function that makes one for each event loop.
        retries: When a request is tried again.
        headers: Headers of every request to the server.

    Raises:
        ConfigError: There is no address.
    """

    def __init__(
        self,
        model: str = "",
        api_key: Key | None = None,
        base_url: str | None = None,
        *,
        facts: ModelFacts | None = None,
        client: Any = None,
        retries: Retries | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        url = base_url or os.environ.get(URL_VARIABLE)
        if not url:
            raise ConfigError(f"proxy needs an address: set {URL_VARIABLE}, or pass base_url=...")
        endpoint = Endpoint(
            url=f"{url.rstrip('/').removesuffix('/v1')}/v1/stream",
            auth=_bearer,
            key=api_key,
            variable=TOKEN_VARIABLE,
            headers=headers or {},
            client=client,
            retries=retries or Retries(),
        )
        super().__init__("proxy", model, ProxyWire(), endpoint, facts or ModelFacts())
        self._given: ModelFacts | None = facts

    def facts(self, model: str) -> ModelFacts:
        """What is known of the model."""
        return self._given or upstream_facts(model)


def upstream_facts(model: str) -> ModelFacts:
    """What the provider of a model string knows of the model; safe defaults if it is not known here."""
    try:
        wanted = ModelConfig.from_string(model)
        provider = get_default_registry().get_provider_class(wanted.provider)(model=wanted.model)
    except ConfigError:
        return ModelFacts()
    return facts_of(provider, wanted.model)


def _bearer(key: str) -> Mapping[str, str]:
    return {"authorization": f"Bearer {key}"}
