"""One try of one target: its stream, or the typed error that it is none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import get_args

from ...abort import stops_task
from ...errors import (
    ConfigError,
    ContentFilterError,
    EmptyAnswerError,
    MalformedAnswerError,
    ProviderError,
    StreamTruncatedError,
    said_by,
)
from ...types.result import Attempt
from ...types.usage import Usage
from ..base import ModelRequest
from ..chunks import (
    ErrorChunk,
    FailoverChunk,
    MessageEndChunk,
    MessageStartChunk,
    RetryChunk,
    StreamChunk,
    StreamResetChunk,
    ThinkingDeltaChunk,
)
from .health import Ticket
from .routes import Route
from .search import Search
from .silence import Silence

KINDS = frozenset(get_args(StreamChunk))
AHEAD = frozenset({MessageStartChunk, RetryChunk, FailoverChunk, StreamResetChunk})
REFUSALS = {
    "content_filter": "the service's filter stopped the answer",
    "refusal": "the model refused to answer",
}


class Asking:
    """One try of one route.

    Args:
        route: Who is asked.
        ticket: The leave to ask.
        request: What is asked.
        search: What has been tried for this answer.

    Attributes:
        shown: Whether there was content.
    """

    def __init__(self, route: Route, ticket: Ticket, request: ModelRequest, search: Search) -> None:
        self.shown: bool = False
        self._route = route
        self._ticket = ticket
        self._search = search
        self._target = target = route.target
        self._request = replace(request, model=target.model)
        self._silence = Silence(*search.patience(route, request.settings))
        self._usage = Usage()
        self._said = self._ended = False

    def attempt(self, error: ProviderError, seconds: float) -> Attempt:
        """The try as it is told in a result."""
        provider, model, profile = self._target.provider.name, self._target.model, self._route.profile
        named = profile.id if profile else None
        return Attempt(provider, model, error.kind, str(error), seconds, self._usage, named)

    async def chunks(self) -> AsyncGenerator[StreamChunk]:
        """The answer, to its end mark."""
        silence, provider = self._silence, self._target.provider
        profile = self._route.profile
        yield MessageStartChunk(provider.name, self._target.model, None, profile.id if profile else "")
        try:
            async with AsyncExitStack() as stack:
                with silence:
                    reading = await stack.enter_async_context(provider.open(self._request))
                while True:
                    with silence:
                        chunk = await anext(reading, None)
                    if chunk is None:
                        break
                    self._judge(chunk)
                    yield chunk
            if not self._ended:
                raise StreamTruncatedError("the answer ended without its end mark")
        except ConfigError:
            raise
        except (Exception, asyncio.CancelledError) as error:  # told as a failure of this target
            if stops_task(error):
                raise
            raise self._told(error) from (None if isinstance(error, ProviderError) else error)
        finally:
            silence.stop()

    def _judge(self, chunk: StreamChunk) -> None:
        """Note what came; raises for what is no part of an answer, or of one that another shall give."""
        kind = type(chunk)
        if kind in AHEAD:
            return
        if kind not in KINDS:
            raise MalformedAnswerError(f"the provider's stream has {chunk!r} in it, which is no chunk")
        if isinstance(chunk, ErrorChunk):
            raise _reported(chunk.error)
        if isinstance(chunk, MessageEndChunk):
            self._end(chunk)
            return
        if not self.shown:
            self.shown = True
            self._route.begun(self._ticket)
        self._said = self._said or kind is not ThinkingDeltaChunk
        self._silence.content()

    def _end(self, end: MessageEndChunk) -> None:
        self._ended = True
        self._usage = end.usage or Usage()
        reason = end.finish_reason or ""
        if reason in REFUSALS and self._search.moves_on(reason) and self._search.has_next(self._route):
            refused = ContentFilterError(REFUSALS[reason])
            refused.kind = reason
            raise refused
        messages = self._request.messages
        expected = not (messages and messages[-1].tool_results)
        if expected and not self._said and reason in ("", "stop") and self._search.has_next(self._route):
            raise EmptyAnswerError("the model gave an empty answer")

    def _told(self, error: BaseException) -> ProviderError:
        if not isinstance(error, ProviderError):
            error = ProviderError(f"{type(error).__name__}: {said_by(error)}")
        error.provider = error.provider or self._target.provider.name
        error.model = error.model or self._target.model
        return error


def _reported(error: str | Exception) -> ProviderError:
    if isinstance(error, ProviderError):
        return error
    said = said_by(error) if isinstance(error, Exception) else error
    return ProviderError(f"the provider reported an error in its stream: {said}")
