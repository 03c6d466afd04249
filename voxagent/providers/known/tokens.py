"""How many tokens a request has, as its service counts them where it does."""

from __future__ import annotations

from typing import Protocol, cast

from ...types.tokens import request_tokens
from ..base import ModelRequest, Provider


class CountsRequests(Protocol):
    """A provider that counts the tokens of requests; having the method is enough."""

    async def count(self, request: ModelRequest) -> int:
        """Tokens that the model would read."""
        ...


async def tokens_of(provider: Provider, request: ModelRequest) -> int:
    """Tokens that a provider's model would read of a request, without being asked to answer it.

    Counted by the service where the provider can ask for that (see `CountsRequests`), estimated elsewhere. A
    service that cannot be reached is no error.
    """
    count = getattr(provider, "count", None)
    if count is not None:
        return await cast("CountsRequests", provider).count(request)
    return request_tokens(request.messages, request.system, request.tools, request.output, request.model)
