"""Ask the next target when one is down. Itself a provider, so nothing else knows.

Only a failure ahead of the first piece of content moves on: what a reader has seen is never answered anew.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from ..errors import (
    BadRequestError,
    ContentFilterError,
    ContextLengthError,
    ProviderError,
)
from ..types.result import Attempt
from .base import ModelFacts, ModelRequest, Provider, facts_of
from .chunks import FailoverChunk, MessageStartChunk, StreamChunk


@dataclass(slots=True, frozen=True, eq=False)
class Target:
    """A provider and one of its models."""

    provider: Provider
    model: str

    @property
    def name(self) -> str:
        """The "provider:model"."""
        return ":".join(part for part in (self.provider.name, self.model) if part)


class Chain:
    """Several targets as one provider; each is looked up when it is first needed.

    Args:
        targets: Give the targets, in order.
    """

    def __init__(self, targets: Sequence[Callable[[], Target]]) -> None:
        self._targets = targets
        self._first = targets[0]()
        self.name: str = self._first.provider.name
        self.model: str = self._first.model

    def facts(self, model: str) -> ModelFacts:
        """What is known of the first target."""
        return facts_of(self._first.provider, self._first.model)

    @asynccontextmanager
    async def open(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[StreamChunk]]:
        """The answer of the first target that gives one."""
        answers = self._answers(request)
        try:
            yield answers
        finally:
            await answers.aclose()

    async def _answers(self, request: ModelRequest) -> AsyncGenerator[StreamChunk]:
        target, others = self._first, iter(self._targets[1:])
        while True:
            begun, shown = time.monotonic(), False
            try:
                yield MessageStartChunk(target.provider.name, target.model)
                async with target.provider.open(replace(request, model=target.model)) as chunks:
                    async for chunk in chunks:
                        shown = shown or not isinstance(chunk, MessageStartChunk)
                        yield chunk
                return
            except ProviderError as error:
                error.provider = error.provider or target.provider.name
                error.model = error.model or target.model
                following = None if shown or not moves_on(error) else next(others, None)
                if following is None:
                    raise
                failed = _failed(target, error, time.monotonic() - begun)
                source, target = target, following()
                yield FailoverChunk(source.name, target.name, error.kind, failed)


def _failed(target: Target, error: ProviderError, seconds: float) -> Attempt:
    return Attempt(target.provider.name, target.model, error.kind, str(error), seconds)


def moves_on(error: ProviderError) -> bool:
    """Whether another target may do better: not where the request itself is refused."""
    if isinstance(error, ContextLengthError):
        return True
    return not isinstance(error, (BadRequestError, ContentFilterError))
