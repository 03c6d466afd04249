"""Several routes to an answer as one provider, so that nothing else knows of them.

Ahead of the first content a switch is silent. After it, readers are told to drop what they have ("restart"),
or the failure is the run's ("fail"). A chain belongs to one run: once it has moved, it stays where it is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from random import uniform

from ...errors import ProviderError
from ...types.native import ProviderTool
from ...types.result import Attempt
from ..base import ModelFacts, ModelRequest, native_refusal
from ..chunks import FailoverChunk, RetryChunk, StreamChunk, StreamResetChunk
from ..registry import ProviderRegistry
from .asking import Asking
from .policy import FailoverPolicy
from .routes import Model, Route, routes_of
from .search import Search

SPREAD = (1.01, 1.08)
"""What a wait is multiplied by, so that not all who wait come back at once: by a tenth at most."""


class Chain:
    """Several routes as one provider, for one run.

    Args:
        routes: The routes, in order; the first one's provider is made at once.
        policy: When and how the next one is asked.
    """

    watches_itself = True
    """How long it may be silent is each target's affair."""

    def __init__(self, routes: Sequence[Route], policy: FailoverPolicy) -> None:
        self._routes = routes
        self._policy = policy
        self._current = routes[0]
        self._current.target  # noqa: B018  # what it lacks is told before a run begins

    @property
    def name(self) -> str:
        """Name of the provider that is being asked, or was asked last."""
        return self._current.target.provider.name

    @property
    def model(self) -> str:
        """Name of its model."""
        return self._current.target.model

    def facts(self, model: str) -> ModelFacts:
        """What is known of the model that is being asked, or was asked last."""
        return self._current.target.facts

    def known_secrets(self) -> list[tuple[str, str]]:
        """What lets its providers in, as far as they are made, and all keys of profiles."""
        return [secret for route in self._routes for secret in route.secrets()]

    def native_refusal(self, tool: ProviderTool, model: str) -> str:
        """Why one of the models cannot be given a tool, "" if all can."""
        for route in self._routes:
            why = native_refusal(route.target.provider, route.target.model, tool)
            if why:
                return f"{route.name}: {why}"
        return ""

    @asynccontextmanager
    async def open(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[StreamChunk]]:
        """The answer of the first route that gives one."""
        async with aclosing(self._answers(request)) as answers:
            yield answers

    async def _answers(self, request: ModelRequest) -> AsyncGenerator[StreamChunk]:
        until = _until(request)
        request = replace(request, attempts=1, deadline=until)
        search = Search(self._routes, self._current, self._policy, until)
        failed, shown = None, False
        while True:
            found = search.found()
            if found is None:
                wait = search.wait() * uniform(*SPREAD)  # noqa: S311  # no secret
                for chunk in _dropped(failed, shown):
                    yield chunk
                shown = False
                yield RetryChunk(_said(search.error), search.tries, wait)
                await asyncio.sleep(wait)
                continue
            route, ticket = found
            asking, begun = Asking(route, ticket, request, search), time.monotonic()
            try:
                for chunk in [*_dropped(failed, shown), *self._moved(route, failed)]:
                    yield chunk
                async with aclosing(asking.chunks()) as chunks:
                    async for chunk in chunks:
                        yield chunk
                route.passed(ticket)
                return
            except ProviderError as error:
                route.failed(ticket, error)
                search.failed(route, error, asking.shown)
                failed, shown = asking.attempt(error, time.monotonic() - begun), asking.shown
            finally:
                route.begun(ticket)

    def _moved(self, route: Route, failed: Attempt | None) -> list[StreamChunk]:
        """Stay with a route from now on, and tell of it if that is news."""
        source, self._current = self._current, route
        if failed is not None:
            return [FailoverChunk(source.name, route.name, failed.reason or "", failed)]
        return [] if source is route else [FailoverChunk(source.name, route.name, source.rest().kind)]


def _dropped(failed: Attempt | None, shown: bool) -> list[StreamChunk]:
    return [StreamResetChunk(failed.reason or "")] if failed is not None and shown else []


def _said(error: ProviderError | None) -> str:
    return "every model is left alone for now" if error is None else str(error)


def _until(request: ModelRequest) -> float | None:
    """When the time of the request is up, its own or the run's: for all tries together."""
    own = request.settings.get("timeout")
    ends = [] if own is None else [time.monotonic() + own]
    return min([*ends, *([] if request.deadline is None else [request.deadline])], default=None)


def chain_of(models: Sequence[Model], registry: ProviderRegistry, policy: FailoverPolicy | None) -> Chain:
    """A chain of models: model strings and providers."""
    policy = policy or FailoverPolicy()
    return Chain(routes_of(models, registry, policy), policy)
