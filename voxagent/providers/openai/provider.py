"""OpenAI, and servers that speak its protocols, as providers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from ...errors import ConfigError
from ..base import ModelFacts
from ..http.provider import Endpoint, Key, WireProvider
from ..http.retries import Retries
from ..http.sdk import check_alone
from ..http.wire import Wire
from .chat import ChatWire
from .responses import ResponsesWire
from .sdk import CHAT, RESPONSES, api_of

OPENAI_URL = "https://api.openai.com/v1"
Api = Literal["auto", "responses", "chat"]


def bearer(key: str) -> Mapping[str, str]:
    """The header that carries a key (RFC 6750, section 2.1)."""
    return {"authorization": f"Bearer {key}"}


class OpenAIProvider(WireProvider):
    """OpenAI's models, by the Responses API, or by Chat Completions.

    Args:
        model: Name of the model.
        api_key: The key, or a function (async or not) that gives it; `OPENAI_API_KEY` by default.
        base_url: The address up to and including "/v1"; `OPENAI_BASE_URL` or OpenAI's own by default. Only
            OpenAI's own needs a key.
        api: Which protocol; "auto" is Responses at OpenAI and Azure, and Chat Completions elsewhere.
        client: An `httpx2.AsyncClient`, or a client of the `openai` package (`AsyncOpenAI`,
            `AsyncAzureOpenAI`), which has its own key and address; or a function that makes one for each
            event loop.
        retries: When a request is tried again.
        headers: Headers of every request.
        facts: What is known of the model; by default what is listed for OpenAI's models, at OpenAI and Azure.
    """

    NAME: ClassVar[str] = "openai"
    API: ClassVar[Api] = "auto"

    def __init__(
        self,
        model: str = "",
        api_key: Key | None = None,
        base_url: str | None = None,
        *,
        api: Api | None = None,
        client: Any = None,
        retries: Retries | None = None,
        headers: Mapping[str, str] | None = None,
        facts: ModelFacts | None = None,
    ) -> None:
        url = (base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL).rstrip("/")
        api = api or self.API
        has_own = RESPONSES.takes(client)
        if has_own:
            check_alone(api_key, base_url)
            url = str(client.base_url).rstrip("/")
            api = api_of(client) if api == "auto" else api
        responses = _speaks_responses(api, url)
        endpoint = Endpoint(
            url=f"{url}/responses" if responses else f"{url}/chat/completions",
            auth=bearer,
            key=api_key,
            variable="OPENAI_API_KEY",
            needs_key=_is_vendor(url) and not has_own,
            headers=headers or {},
            client=client,
            retries=retries or Retries(),
            sdk=RESPONSES if responses else CHAT,
        )
        wire: Wire = ResponsesWire() if responses else ChatWire()
        super().__init__(self.NAME, model, wire, endpoint, facts, vendor="openai" if _is_vendor(url) else "")


class OpenAIChatProvider(OpenAIProvider):
    """OpenAI's models by Chat Completions."""

    NAME: ClassVar[str] = "openai-chat"
    API: ClassVar[Api] = "chat"


def _is_vendor(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host == "api.openai.com" or host.endswith((".openai.com", ".openai.azure.com"))


def _speaks_responses(api: Api, url: str) -> bool:
    if api not in ("auto", "responses", "chat"):
        raise ConfigError(f"api={api!r}: 'auto', 'responses' or 'chat' is expected")
    return _is_vendor(url) if api == "auto" else api == "responses"
