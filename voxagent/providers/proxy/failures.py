"""Errors as they travel from the proxy: their kind and what follows from it, never a key or an address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import ProviderError
from ...types.record import Record, frozen


def _kinds(kind: type[ProviderError]) -> dict[str, type[ProviderError]]:
    below = [_kinds(each) for each in kind.__subclasses__() if each.__init__ is ProviderError.__init__]
    return {kind.kind: kind, **{name: each for found in below for name, each in found.items()}}


KINDS: Mapping[str, type[ProviderError]] = _kinds(ProviderError)
"""Every kind of error that is made of these facts alone, by its name."""


@frozen
class Failure(Record):
    """An error as data."""

    kind: str
    message: str
    retryable: bool = False
    retry_after: float | None = None
    status: int | None = None
    request_id: str | None = None
    provider: str = ""
    model: str = ""

    @classmethod
    def of(cls, error: ProviderError, message: str) -> Failure:
        """An error, in these words."""
        return cls(
            error.kind,
            message,
            retryable=error.retryable,
            retry_after=error.retry_after,
            status=error.status,
            request_id=error.request_id,
            provider=error.provider,
            model=error.model,
        )

    def error(self, received: str = "") -> ProviderError:
        """The error again; a kind that this version does not know is a plain `ProviderError`."""
        return KINDS.get(self.kind, ProviderError)(
            self.message,
            provider=self.provider,
            model=self.model,
            status=self.status,
            request_id=self.request_id,
            retry_after=self.retry_after,
            received=received,
            retryable=self.retryable,
        )


def failure_in(told: Any) -> Failure:
    """The failure in `{"error": ...}`; raises a `ValueError` or `TypeError` if there is none."""
    return Failure.model_validate(told["error"])
