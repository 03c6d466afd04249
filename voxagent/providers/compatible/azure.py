"""Models that are deployed on Azure (learn.microsoft.com/azure/ai-foundry/openai).

The v1 API is OpenAI's under another address; dated versions of the API have the deployment's name in theirs.
What Azure's filter stops is a `ContentFilterError`, be it the prompt (status 400) or the answer.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote

from ...errors import ConfigError
from ..base import ModelFacts
from ..http.provider import Endpoint, Key, WireProvider
from ..http.retries import Retries
from ..http.wire import Wire
from ..openai.chat import ChatWire
from ..openai.dialects import ChatDialect, ResponsesDialect
from ..openai.provider import Api, bearer
from ..openai.responses import ResponsesWire

UNDATED = ("", "v1", "preview", "latest")
"""Versions that mean the v1 API."""
FOUNDRY_VERSION = "2024-05-01-preview"
"""The version of the API for the models of all vendors, whose address ends in "/models"."""


class AzureProvider(WireProvider):
    """Models that are deployed on Azure, by the Responses API or by Chat Completions.

    Args:
        model: Name of the deployment.
        api_key: The key, or a function (async or not) that gives it; `AZURE_OPENAI_API_KEY` by default.
        base_url: The resource's address, such as "https://me.openai.azure.com"; `AZURE_OPENAI_ENDPOINT` by
            default. One that ends in "/openai/v1", in "/models" or in a deployment is taken as it is.
        api: Which protocol; "auto" is Responses in the v1 API, and Chat Completions elsewhere.
        api_version: "v1", "preview" (of v1), or a date such as "2024-10-21"; `OPENAI_API_VERSION` or v1 by
            default.
        auth: The header that carries the key: "api-key", or "bearer" for a token of Microsoft Entra.
        client: An `httpx2.AsyncClient`, or a function that makes one for each event loop.
        retries: When a request is tried again.
        headers: Headers of every request.
        facts: What is known of the model; by default what is listed for an OpenAI model of that name.
    """

    def __init__(
        self,
        model: str = "",
        api_key: Key | None = None,
        base_url: str | None = None,
        *,
        api: Api = "auto",
        api_version: str | None = None,
        auth: Literal["api-key", "bearer"] = "api-key",
        client: Any = None,
        retries: Retries | None = None,
        headers: Mapping[str, str] | None = None,
        facts: ModelFacts | None = None,
    ) -> None:
        if auth not in ("api-key", "bearer"):
            raise ConfigError(f"auth={auth!r}: 'api-key' or 'bearer' is expected")
        base = (base_url or os.environ.get("AZURE_OPENAI_ENDPOINT", "")).rstrip("/")
        if not base:
            raise ConfigError("azure needs an address: set AZURE_OPENAI_ENDPOINT, or pass base_url=...")
        version = os.environ.get("OPENAI_API_VERSION", "") if api_version is None else api_version
        responses = speaks_responses(api, base, version)
        endpoint = Endpoint(
            url=address(base, version, model, responses=responses),
            auth=bearer if auth == "bearer" else _own_header,
            key=api_key,
            variable="AZURE_OPENAI_API_KEY",
            headers=headers or {},
            client=client,
            retries=retries or Retries(),
        )
        wire: Wire = ResponsesWire(ResponsesDialect("azure")) if responses else ChatWire(chat_dialect(base))
        super().__init__("azure", model, wire, endpoint, facts, vendor="openai")


def speaks_responses(api: Api, base: str, version: str) -> bool:
    """Whether a resource is asked by Responses."""
    if api not in ("auto", "responses", "chat"):
        raise ConfigError(f"api={api!r}: 'auto', 'responses' or 'chat' is expected")
    chat_only = _is_models(base) or _is_deployment(base)
    if api == "responses" and chat_only:
        raise ConfigError(f"the address {base!r} speaks Chat Completions only; leave api='responses' out")
    return api == "responses" or (api == "auto" and not chat_only and _is_v1(base, version))


def address(base: str, version: str, model: str, *, responses: bool) -> str:
    """The whole address of a request."""
    if _is_v1(base, version):
        root = base if base.endswith("/openai/v1") else f"{base.removesuffix('/openai')}/openai/v1"
        asked = "?api-version=preview" if version == "preview" else ""
        return f"{root}/{'responses' if responses else 'chat/completions'}{asked}"
    if _is_models(base) or _is_deployment(base):
        dated = FOUNDRY_VERSION if version in UNDATED else version
        return f"{base}/chat/completions?api-version={dated}"
    root = f"{base.removesuffix('/openai')}/openai"
    if responses:
        return f"{root}/responses?api-version={version}"
    if not model:
        raise ConfigError(f"api_version={version!r} has the deployment in its address: pass model=...")
    return f"{root}/deployments/{quote(model, safe='')}/chat/completions?api-version={version}"


def chat_dialect(base: str) -> ChatDialect:
    """How Chat Completions are spoken at an address."""
    field = "max_tokens" if _is_models(base) else "max_completion_tokens"
    return ChatDialect(provider="azure", max_tokens=field)


def _is_v1(base: str, version: str) -> bool:
    undated = version in UNDATED and not _is_models(base) and not _is_deployment(base)
    return base.endswith("/openai/v1") or undated


def _is_models(base: str) -> bool:
    return base.endswith("/models")


def _is_deployment(base: str) -> bool:
    return "/openai/deployments/" in base


def _own_header(key: str) -> Mapping[str, str]:
    return {"api-key": key}
