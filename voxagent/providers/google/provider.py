"""Google's models as a provider."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from ...errors import ConfigError
from ..base import ModelFacts
from ..http.provider import Endpoint, Key, WireProvider
from ..http.retries import Retries
from .wire import PROVIDER, GeminiWire

GOOGLE_URL = "https://generativelanguage.googleapis.com/v1beta"


class GoogleProvider(WireProvider):
    """Google's models, by the Gemini API, or by Vertex AI with its address.

    Args:
        model: Name of the model.
        api_key: The key, or a function (async or not) that gives it; `GEMINI_API_KEY` or `GOOGLE_API_KEY` by
            default. With "bearer", the access token, which lives for an hour: hand in a function.
        base_url: The address up to "/models"; `GEMINI_BASE_URL` or Google's own by default. Vertex AI's is
            `https://aiplatform.googleapis.com/v1/projects/.../locations/.../publishers/google`, and for its
            express mode, which takes a key, `https://aiplatform.googleapis.com/v1/publishers/google`.
        auth: The header that carries the key: "x-goog-api-key", or "bearer" for Vertex AI and proxies.
        client: An `httpx2.AsyncClient`, or a function that makes one for each event loop.
        retries: When a request is tried again.
        headers: Headers of every request.
        facts: What is known of the model; by default what is listed for Google's models, at Google.
    """

    def __init__(
        self,
        model: str = "",
        api_key: Key | None = None,
        base_url: str | None = None,
        *,
        auth: Literal["x-goog-api-key", "bearer"] = "x-goog-api-key",
        client: Any = None,
        retries: Retries | None = None,
        headers: Mapping[str, str] | None = None,
        facts: ModelFacts | None = None,
    ) -> None:
        if auth not in ("x-goog-api-key", "bearer"):
            raise ConfigError(f"auth={auth!r}: 'x-goog-api-key' or 'bearer' is expected")
        given = base_url or os.environ.get("GEMINI_BASE_URL") or GOOGLE_URL
        url = given.rstrip("/").removesuffix("/models")
        is_vendor = (urlsplit(url).hostname or "").endswith(".googleapis.com")
        endpoint = Endpoint(
            url=url,
            auth=_bearer if auth == "bearer" else _own_header,
            key=api_key,
            variable="GEMINI_API_KEY",
            or_variable="GOOGLE_API_KEY",
            needs_key=is_vendor,
            headers=headers or {},
            client=client,
            retries=retries or Retries(),
            address=lambda model: f"{url}/{_path(model)}:streamGenerateContent?alt=sse",
        )
        wire = GeminiWire(vertex="/publishers/" in url)
        super().__init__(PROVIDER, model, wire, endpoint, facts, vendor=PROVIDER if is_vendor else "")


def _path(model: str) -> str:
    """Where a model stands below the address; one with a path of its own ("tunedModels/...") as it is."""
    return quote(model if "/" in model else f"models/{model}", safe="/")


def _own_header(key: str) -> Mapping[str, str]:
    return {"x-goog-api-key": key}


def _bearer(key: str) -> Mapping[str, str]:
    return {"authorization": f"Bearer {key}"}
