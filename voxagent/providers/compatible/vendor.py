"""What tells one vendor from another ahead of its dialect: its name, its address, its key."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..http.provider import Endpoint, Key
from ..http.retries import Retries
from ..openai.provider import bearer


@dataclass(slots=True, frozen=True)
class Given:
    """What a program may hand in for how requests are sent.

    Args:
        client: A ready client, or a function that makes one for each event loop.
        retries: When a request is tried again.
        headers: Headers of every request.
    """

    client: Any = field(default=None, repr=False)
    retries: Retries | None = None
    headers: Mapping[str, str] | None = field(default=None, repr=False)


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

    def endpoint(self, base: str, api_key: Key | None, given: Given) -> Endpoint:
        """Where Chat Completions are asked; only the vendor's own address needs a key."""
        return Endpoint(
            url=f"{base}/chat/completions",
            auth=bearer,
            key=api_key,
            variable=f"{self.prefix}_API_KEY",
            needs_key=bool(self.listed(base)),
            headers=given.headers or {},
            client=given.client,
            retries=given.retries or Retries(),
        )
