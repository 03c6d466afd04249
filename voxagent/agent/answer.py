"""Ask a model once, and turn its stream into a message and events.

A stream that ends without its end mark is no answer. What had arrived by then is kept by the
`Collector`, so that a run that is aborted or fails still tells what it saw.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import cast

from ..abort import stops_task
from ..errors import (
    ConfigError,
    MalformedAnswerError,
    ProviderError,
    StreamTruncatedError,
    UsageLimitError,
    said_by,
)
from ..providers.base import ModelRequest, Provider
from ..providers.calls import unique_id
from ..providers.chunks import (
    BlockChunk,
    ErrorChunk,
    FailoverChunk,
    MessageEndChunk,
    MessageStartChunk,
    RetryChunk,
    StreamChunk,
    StreamResetChunk,
    TextDeltaChunk,
    ThinkingDeltaChunk,
    ToolCallDeltaChunk,
    ToolUseChunk,
)
from ..security.filters import StreamFilter
from ..streaming.events import (
    AssistantStartEvent,
    BaseEvent,
    FailoverEvent,
    RetryEvent,
    StreamResetEvent,
    TextDeltaEvent,
    ThinkingDeltaEvent,
    ToolCallDeltaEvent,
)
from ..types.blocks import (
    ContentBlock,
    ProviderBlock,
    RefusalBlock,
    TextBlock,
    ThinkingBlock,
    ToolCall,
    ToolUseBlock,
)
from ..types.message import FinishReason, Message
from ..types.result import Attempt
from ..types.usage import Usage
from .redaction import Redactor
from .sink import Sink
from .watch import Patience, Watch

MAX_ANSWER = 10_000_000
"""Characters of one answer; a model that writes more is cut off with an error."""


class _Flow:
    """One flow of text within an answer: redacted, shown, gathered."""

    __slots__ = ("_begun", "_event", "_filter", "_redactor", "_sink", "pieces")

    def __init__(self, sink: Sink, event: Callable[[str], BaseEvent], redactor: Redactor) -> None:
        self._sink = sink
        self._event = event
        self._redactor = redactor
        self._filter: StreamFilter | None = None
        self._begun = False
        self.pieces: list[str] = []

    def add(self, delta: str) -> None:
        """A piece came; by the first one, what let the request in is known as a secret."""
        if not self._begun:
            self._begun, self._filter = True, self._redactor.stream()
        self._show(delta if self._filter is None else self._filter.process_chunk(delta))

    def flush(self) -> str:
        """The flow pauses or ends: all of it."""
        if self._filter is not None:
            self._show(self._filter.flush())
        text, self.pieces = "".join(self.pieces), []
        return text

    def _show(self, text: str) -> None:
        if text:
            self.pieces.append(text)
            if self._sink.wanted:
                self._sink.send(self._event(text))


class Collector:
    """Gathers the answer of a model, and shows it as it comes.

    Args:
        sink: Where events go.
        run_id: The run's id.
        taken: Ids of calls that are in the history already; new calls get others.
        redactor: What keeps secrets out of text and events.
        moved: Is told of every target that is asked in the place of another; raises if none may be.
    """

    def __init__(
        self,
        sink: Sink,
        run_id: str,
        taken: set[str],
        redactor: Redactor,
        moved: Callable[[FailoverChunk], object],
    ) -> None:
        self.sink = sink
        self.run_id = run_id
        self.taken = taken
        self.provider: str = ""
        self.model: str = ""
        self.profile: str | None = None
        self.failed: list[Attempt] = []
        """Targets that failed before the one that answers."""
        self._redactor = redactor
        self._moved = moved
        self._begin()

    def _begin(self) -> None:
        """Nothing has come yet, or nothing that counts."""
        self.request_id: str | None = None
        self.end: MessageEndChunk | None = None
        self.calls: list[ToolCall] = []
        """The calls of the answer, with their arguments as the model wrote them."""
        self._text = _Flow(self.sink, partial(TextDeltaEvent, self.run_id), self._redactor)
        self._thinking = _Flow(self.sink, partial(ThinkingDeltaEvent, self.run_id), self._redactor)
        self._blocks: list[ContentBlock] = []
        self._size = 0
        self._written: dict[str, int] = {}
        """Characters of calls that are still being written, by id: they count once."""

    async def gather(self, chunks: AsyncIterator[StreamChunk], watch: Watch) -> None:
        """Read a stream to its end mark."""
        async for chunk in chunks:
            kind = type(chunk)
            if kind is TextDeltaChunk:
                self._on_text(cast("TextDeltaChunk", chunk).delta)
            elif kind is MessageEndChunk:
                self._on_end(cast("MessageEndChunk", chunk))
                continue
            elif kind is MessageStartChunk:
                self._on_start(cast("MessageStartChunk", chunk))
                continue
            elif kind is FailoverChunk:
                self._on_failover(cast("FailoverChunk", chunk))
                watch.restart()
                continue
            elif kind is RetryChunk:
                self._on_retry(cast("RetryChunk", chunk))
                watch.restart(cast("RetryChunk", chunk).wait)
                continue
            else:
                self._on_other(chunk)
            watch.content()
            if self.sink.blocked:
                watch.hold()
                await self.sink.settle()
                watch.content()
        self._close_text()
        self._close_thinking()

    def _grow(self, by: int) -> None:
        self._size += by
        if self._size > MAX_ANSWER:
            raise MalformedAnswerError(
                f"the answer is longer than {MAX_ANSWER:,} characters", received=self.partial_text()[:1000]
            )

    def _on_start(self, chunk: MessageStartChunk) -> None:
        self.provider = chunk.provider or self.provider
        self.model = chunk.model or self.model
        self.request_id = chunk.request_id or self.request_id
        self.profile = self.profile if chunk.profile is None else chunk.profile

    def _on_reset(self, reason: str) -> None:
        self.taken.difference_update(call.id for call in self.calls)
        self._redactor.forget()
        self._begin()
        if self.sink.wanted:
            self.sink.send(StreamResetEvent(self.run_id, reason))

    def _on_failover(self, chunk: FailoverChunk) -> None:
        if chunk.attempt is not None:
            self.failed.append(self._redactor.value(chunk.attempt))
        self._moved(chunk)
        if self.sink.wanted:
            self.sink.send(FailoverEvent(self.run_id, chunk.source, chunk.target, chunk.reason))

    def _on_retry(self, chunk: RetryChunk) -> None:
        if self.sink.wanted:
            reason = self._redactor.text(chunk.reason)
            self.sink.send(RetryEvent(self.run_id, reason, chunk.attempt, chunk.wait))

    def _on_end(self, chunk: MessageEndChunk) -> None:
        """Of two end marks the first tells how the answer ended; the other may bring the usage."""
        first = self.end or chunk
        self.end = MessageEndChunk(
            first.finish_reason or chunk.finish_reason,
            chunk.usage or first.usage,
            chunk.metadata or first.metadata,
        )

    def _on_text(self, delta: str) -> None:
        if self._thinking.pieces:
            self._close_thinking()
        self._grow(len(delta))
        self._text.add(delta)

    def _on_thinking(self, delta: str) -> None:
        if self._text.pieces:
            self._close_text()
        self._grow(len(delta))
        self._thinking.add(delta)

    def _on_other(self, chunk: StreamChunk) -> None:
        match chunk:
            case ThinkingDeltaChunk():
                self._on_thinking(chunk.delta)
            case ToolCallDeltaChunk():
                self._grow(len(chunk.delta))
                self._written[chunk.id] = self._written.get(chunk.id, 0) + len(chunk.delta)
                self._show_arguments(chunk, self._redactor.delta(chunk.id, chunk.delta))
            case ToolUseChunk():
                self._close_text()
                self._close_thinking()
                self._on_call(chunk.tool_call)
            case BlockChunk():
                self._on_block(chunk.block)
            case StreamResetChunk():
                self._on_reset(chunk.reason)
            case ErrorChunk():
                raise self._reported(chunk.error)
            case _:
                raise MalformedAnswerError(f"the provider's stream has {chunk!r} in it, which is no chunk")

    def _on_call(self, call: ToolCall) -> None:
        self._grow(len(call.arguments or "") - self._written.pop(call.id, 0))
        id = unique_id(call.id, self.taken)
        self.taken.add(id)
        self._show_arguments(call, self._redactor.rest(call.id))
        shown = self._redactor.call(call)
        self.calls.append(ToolCall(id, call.name, shown.params, shown.arguments, call.signature))
        broken = None if shown.params or shown.arguments in (None, "", "{}") else shown.arguments
        self._blocks.append(ToolUseBlock(id, call.name, shown.params, broken, call.signature))

    def _show_arguments(self, call: ToolCall | ToolCallDeltaChunk, delta: str) -> None:
        if delta and self.sink.wanted:
            self.sink.send(ToolCallDeltaEvent(self.run_id, call.id, call.name, delta))

    def _on_block(self, block: ContentBlock) -> None:
        if isinstance(block, TextBlock):
            self._close_thinking()
            shown = self._text.flush()
            citations = self._redactor.provided(block.citations)
            self._blocks.append(TextBlock(shown or self._redactor.text(block.text), citations))
            if not shown and block.text and self.sink.wanted:
                self.sink.send(TextDeltaEvent(self.run_id, self._redactor.text(block.text)))
            return
        self._close_text()
        if isinstance(block, ThinkingBlock):
            shown = self._thinking.flush()
            self._blocks.append(self._redactor.thinking(block, shown))
            return
        self._close_thinking()
        if isinstance(block, RefusalBlock):
            block = RefusalBlock(self._redactor.text(block.text))
        if isinstance(block, ProviderBlock):
            block = ProviderBlock(block.provider, self._redactor.provided(block.data))
        self._blocks.append(block)

    def _close_text(self) -> None:
        text = self._text.flush()
        if text:
            self._blocks.append(TextBlock(text))

    def _close_thinking(self) -> None:
        text = self._thinking.flush()
        if text:
            self._blocks.append(ThinkingBlock(text))

    def _reported(self, error: str | Exception) -> Exception:
        if isinstance(error, ProviderError):
            return error
        said = said_by(error) if isinstance(error, Exception) else error
        return ProviderError(f"the provider reported an error in its stream: {said}")

    def partial_text(self) -> str:
        """The text that has arrived."""
        closed = [block.text for block in self._blocks if isinstance(block, TextBlock)]
        return "".join([*closed, *self._text.pieces])

    def message(self, finish_reason: FinishReason | None = None) -> Message:
        """The answer; with a reason handed in, what there is of it, without calls and unsigned thinking."""
        end, blocks = self.end, self._blocks
        if finish_reason is not None:
            self._close_text()
            blocks = [block for block in self._blocks if isinstance(block, TextBlock)]
        reason = finish_reason or (end.finish_reason if end else None) or _implied(blocks)
        plain = len(blocks) == 1 and isinstance(blocks[0], TextBlock) and not blocks[0].citations
        content = cast("TextBlock", blocks[0]).text if plain else blocks
        return Message(
            "assistant",
            content or "",
            finish_reason=reason,
            provider=self.provider or None,
            model=self.model or None,
            usage=end.usage if end else None,
        )


def _implied(blocks: Sequence[ContentBlock]) -> FinishReason:
    """How an answer ended whose provider does not tell, and marks only that it has ended."""
    return "tool_use" if any(isinstance(block, ToolUseBlock) for block in blocks) else "stop"


async def ask(provider: Provider, request: ModelRequest, collector: Collector, patience: Patience) -> Message:
    """One answer of a model, whole; raises a `ProviderError` if there is none.

    The provider's own errors are completed with what had arrived; an exception that is not ours becomes a
    `ProviderError`.
    """
    collector.provider, collector.model = provider.name, request.model
    await collector.sink.emit(AssistantStartEvent(collector.run_id, provider.name, request.model))
    try:
        async with Watch(patience) as watch, provider.open(request) as chunks:
            await collector.gather(chunks, watch)
    except ProviderError as error:
        _complete(error, provider, request, collector)
        raise
    except (ConfigError, UsageLimitError):
        raise
    except (
        Exception,
        asyncio.CancelledError,
    ) as error:  # becomes a ProviderError: a provider may raise anything
        if stops_task(error):
            raise
        wrapped = ProviderError(
            f"{type(error).__name__}: {said_by(error)}", received=collector.partial_text()
        )
        _complete(wrapped, provider, request, collector)
        raise wrapped from error
    if collector.end is None:
        cut = StreamTruncatedError("the answer ended without its end mark", received=collector.partial_text())
        _complete(cut, provider, request, collector)
        raise cut
    return collector.message()


def _complete(error: ProviderError, provider: Provider, request: ModelRequest, collector: Collector) -> None:
    error.provider = error.provider or provider.name
    error.model = error.model or collector.model or request.model
    error.request_id = error.request_id or collector.request_id
    error.received = error.received or collector.partial_text()


def usage_of(end: MessageEndChunk | None) -> Usage:
    """What an answer used; one request, and what the provider told."""
    told = (end.usage if end else None) or Usage()
    return told if told.requests else told + Usage(requests=1)
