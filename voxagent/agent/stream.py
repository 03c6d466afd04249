"""A run that is watched while it works.

Nothing starts before the stream is entered or iterated. The run has a task of its own, so a reader may come
and go in any task; it is slower than the model at most by the buffer. Leaving the `async with` block stops
the run, and so does leaving a plain `async for` over the stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator, Sequence
from types import TracebackType
from typing import Any, Generic, Literal, Self, cast

from typing_extensions import TypeVar

from ..abort import AbortController
from ..errors import ConfigError
from ..streaming.events import BaseEvent, RunEndEvent, StreamEventData
from ..types.result import RunResult
from .checks import check_prompt
from .hooks import Prompt
from .inbox import Inbox, When
from .output import OutputPlan
from .partial import PartialOutput, PartialText
from .sink import Buffer

OutputT = TypeVar("OutputT", covariant=True, default=str)


class RunStream(Generic[OutputT]):
    """The events of one run, for one reader.

    >>> async with agent.run_stream("...") as stream:
    ...     async for event in stream: ...
    ...     result = await stream.result()
    """

    def __init__(
        self,
        start: Callable[[AbortController, Buffer, Inbox], Coroutine[Any, Any, RunResult[Any]]],
        output: OutputPlan,
    ) -> None:
        self._start = start
        self._output = output
        self._buffer = Buffer()
        self._inbox = Inbox()
        self._controller = AbortController()
        self._task: asyncio.Task[RunResult[Any]] | None = None
        self._entered = False
        self._read = False

    async def __aenter__(self) -> Self:
        self._entered = True
        await self._begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stop()

    async def _begin(self) -> asyncio.Task[RunResult[Any]]:
        """Start the run; what goes wrong before its first event is raised here."""
        if self._task is not None:
            return self._task
        self._task = task = asyncio.create_task(self._start(self._controller, self._buffer, self._inbox))
        task.add_done_callback(lambda _: self._buffer.close())
        try:
            await self._buffer.first()
        except asyncio.CancelledError:
            await self._stop()
            raise
        if task.done() and (task.cancelled() or task.exception() is not None):
            self._read = True
            await task
        return task

    async def _stop(self) -> None:
        task = self._task
        if task is None:
            return
        if not task.done():
            self._controller.abort("the reader left the stream")
            self._buffer.close()
        cancelled: asyncio.CancelledError | None = None
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                cancelled = error
                task.cancel()
        if not task.cancelled() and not self._read:
            task.exception()
        if cancelled is not None:
            raise cancelled

    def __aiter__(self) -> AsyncIterator[StreamEventData]:
        return self._events()

    async def _batches(self) -> AsyncGenerator[list[BaseEvent]]:
        """Events as they come, those that came together in one list."""
        if self._read:
            raise ConfigError("the stream is being read already: it has one reader")
        task = await self._begin()
        self._read = True
        try:
            while events := await self._buffer.take():
                yield events
            await task
        finally:
            if not self._entered:
                await self._stop()

    async def _events(self) -> AsyncGenerator[StreamEventData]:
        batches = self._batches()
        try:
            async for batch in batches:
                for event in batch:
                    yield cast("StreamEventData", event)
        finally:
            await batches.aclose()

    async def result(self) -> RunResult[OutputT]:
        """Wait for the end of the run; events that nobody has read are dropped."""
        task = await self._begin()
        self._read = True
        try:
            while await self._buffer.take():
                pass
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not self._entered:
                await self._stop()
            raise

    async def text(self) -> AsyncGenerator[str]:
        """The text alone, piece by piece; raises the run's error if it fails.

        An empty piece says that an answer begins anew, because of a failover: drop what came before. What of
        it still holds follows as one piece.
        """
        batches, kept = self._batches(), PartialText()
        try:
            async for batch in batches:
                for event in _own(batch):
                    for piece in kept.taken(event):
                        yield piece
                _raise_failure(batch)
        finally:
            await batches.aclose()

    async def output(self) -> AsyncGenerator[OutputT]:
        """The output filling up, as far as it can be read; the last one is the validated output.

        Fields that have not arrived yet are None, or their defaults. Raises the run's error if it fails.
        """
        partial = PartialOutput(self._output)
        batches = self._batches()
        try:
            async for batch in batches:
                for event in _own(batch):
                    partial.take(event)
                value = partial.value()
                if value is not None:
                    yield cast("OutputT", value)
                _raise_failure(batch)
        finally:
            await batches.aclose()

    def steer(self, prompt: Prompt) -> bool:
        """Say something that the model reads ahead of its next answer; from any thread.

        An answer that would have been the last is followed by another then.

        Returns:
            Whether the run takes it; False if it has ended.
        """
        return self._said("steer", prompt)

    def follow_up(self, prompt: Prompt) -> bool:
        """Say something that is read once the run would stop; each is answered on its own; from any thread.

        The result's output is the answer to the last one.

        Returns:
            Whether the run takes it; False if it has ended.
        """
        return self._said("follow up", prompt)

    def _said(self, when: When, prompt: Prompt) -> bool:
        if not prompt:
            raise ConfigError("there is nothing to say: the prompt is empty")
        check_prompt(prompt)
        return self._inbox.put(when, prompt)

    @property
    def unread(self) -> list[Prompt]:
        """What was said and not read: all of it as long as the run is busy, the rest once it has ended."""
        return self._inbox.unread

    def abort(self, reason: str | None = None, *, after: Literal["now", "turn"] = "now") -> None:
        """Stop the run: now, or once the current turn is over."""
        self._controller.abort(reason, after=after)


def _own(batch: Sequence[BaseEvent]) -> Iterator[BaseEvent]:
    """The events of the run itself, without those of its sub-agents."""
    return (event for event in batch if not event.path)


def _raise_failure(batch: Sequence[BaseEvent]) -> None:
    """Raise the error that the run ended with, once all that came before has been given."""
    for event in _own(batch):
        if isinstance(event, RunEndEvent) and event.result is not None:
            event.result.raise_for_error()
