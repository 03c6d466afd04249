"""What tells one vendor from another ahead of its dialect: its name, its address, its key."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..base import ModelFacts
from ..http.provider import Endpoint, Key, WireProvider
from ..http.retries import Retries
from ..openai.chat import ChatWire
from ..openai.dialects import ChatDialect
from ..openai.provider import bearer


@dataclass(slots=True, frozen=True)
class Vendor:
    """Who is asked.

    Args:
        name: Name of the provider.
        url: The address of its API.
        prefix: How the names of its environment variables begin: `_API_KEY` and `_BASE_URL` follow.
    """

    name: str
    url: str
    prefix: str

    def base(self, base_url: str | None) -> str:
        """The address: the one handed in, the environment's, or the vendor's own."""
        return (base_url or os.environ.get(f"{self.prefix}_BASE_URL") or self.url).rstrip("/")

    def listed(self, base: str) -> str:
        """Whose facts hold for the models at an address: the vendor's at its own, nobody's elsewhere."""
        return self.name if base.startswith(self.url) else ""


class VendorProvider(WireProvider, ABC):
    """A vendor's models, by Chat Completions.

    Args:
        model: Name of the model.
        api_key: The key, or a function (async or not) that gives it; the environment's by default.
        base_url: The address ahead of "/chat/completions"; the environment's or the vendor's own by default.
            Only the vendor's own needs a key.
        client: An `httpx2.AsyncClient`, or a function that makes one for each event loop.
        retries: When a request is tried again.
        headers: Headers of every request.
        facts: What is known of the model; by default what is listed for the vendor's, at its own address.
    """

    vendor: ClassVar[Vendor]

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
        vendor = self.vendor
        base = vendor.base(base_url)
        listed = vendor.listed(base)
        endpoint = Endpoint(
            url=f"{base}/chat/completions",
            auth=bearer,
            key=api_key,
            variable=f"{vendor.prefix}_API_KEY",
            needs_key=bool(listed),
            headers=headers or {},
            client=client,
            retries=retries or Retries(),
        )
        wire = ChatWire(self.dialect(model, base))
        super().__init__(vendor.name, model, wire, endpoint, facts, vendor=listed)

    @staticmethod
    @abstractmethod
    def dialect(model: str, base: str) -> ChatDialect:
        """How a model is spoken to at an address."""
