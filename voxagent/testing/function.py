"""A provider whose model is a function."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias

from ..providers.base import ModelFacts, ModelRequest
from ..providers.chunks import MessageEndChunk, MessageStartChunk, StreamChunk, TextDeltaChunk
from ..providers.offline.conversation import call_ids
from ..types.message import Message
from ..types.native import ProviderTool
from ..types.usage import Usage
from .steps import Step, as_answer, delivered, text

Answered: TypeAlias = str | Step
Streamed: TypeAlias = AsyncIterator[str | StreamChunk]
ModelFunction: TypeAlias = Callable[
    [Sequence[Message], ModelRequest], Answered | Awaitable[Answered] | Streamed
]


class FunctionProvider:
    """A model that is a function `(messages, request)`.

    It returns the answer (or awaits to it): text, a `Message`, or anything that a script may consist of. As
    an async generator it streams: texts and chunks, to which start and end are added where they are missing.

    Args:
        function: The function.
        name: Name of the provider.
        model: Name of the model.
        facts: What is said of the model.
    """

    def __init__(
        self,
        function: ModelFunction,
        name: str = "function",
        model: str = "function",
        *,
        facts: ModelFacts | None = None,
    ) -> None:
        self.name = name
        self.model = model
        self._function = function
        self._facts = facts or ModelFacts()

    def facts(self, model: str) -> ModelFacts:
        """What the test says of the model."""
        return self._facts

    def native_refusal(self, tool: ProviderTool, model: str) -> str:
        """Tools that a provider runs itself are taken, all of them, and stand in the request."""
        return ""

    @asynccontextmanager
    async def open(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[StreamChunk]]:
        """Answer with what the function says."""
        said = self._function(request.messages, request)
        if isinstance(said, AsyncIterator):
            chunks = self._streamed(said)
        else:
            step = await said if inspect.isawaitable(said) else said
            given = as_answer(text(step) if isinstance(step, str) else step)
            chunks = delivered(given, call_ids(request.messages), self.name, self.model)
        try:
            yield chunks
        finally:
            await chunks.aclose()

    async def _streamed(self, said: Streamed) -> AsyncGenerator[StreamChunk]:
        started = ended = False
        try:
            async for piece in said:
                chunk = TextDeltaChunk(piece) if isinstance(piece, str) else piece
                if not started and not isinstance(chunk, MessageStartChunk):
                    yield MessageStartChunk(self.name, self.model)
                started, ended = True, isinstance(chunk, MessageEndChunk)
                yield chunk
            if not ended:
                yield MessageEndChunk(None, Usage(requests=1))
        finally:
            if isinstance(said, AsyncGenerator):
                await said.aclose()
