"""Writes down what a provider was asked and what it answered. Itself a provider, so it fits anywhere."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic_core import to_json

from ..providers.base import ModelFacts, ModelRequest, Provider, facts_of, model_of, native_refusal
from ..providers.chunks import ErrorChunk, MessageEndChunk, StreamChunk
from ..types.native import ProviderTool


@dataclass(slots=True)
class RecordedExchange:
    """One request and its answer.

    Args:
        request: The request, as it was when it was made.
        chunks: What was read of the answer.
        error: What the provider raised, as "Type: message"; None if it raised nothing.
    """

    request: ModelRequest
    chunks: list[StreamChunk] = field(default_factory=list[StreamChunk])
    error: str | None = None

    @property
    def complete(self) -> bool:
        """Whether the answer was read to its end mark."""
        return any(isinstance(chunk, MessageEndChunk) for chunk in self.chunks)

    def model_dump(self) -> dict[str, Any]:
        """This exchange as plain JSON data."""
        return {
            "request": _dumped_request(self.request),
            "chunks": [_dumped_chunk(chunk) for chunk in self.chunks],
            "error": self.error,
        }


def _dumped_request(request: ModelRequest) -> dict[str, Any]:
    native = [{"tool": type(tool).__name__, **tool.model_dump()} for tool in request.native_tools]
    return {
        "model": request.model,
        "system": request.system,
        "messages": [message.model_dump() for message in request.messages],
        "tools": [tool.model_dump() for tool in request.tools],
        "output": request.output.model_dump() if request.output else None,
        "settings": dict(request.settings),
        **({"native_tools": native} if native else {}),
    }


def _dumped_chunk(chunk: StreamChunk) -> dict[str, Any]:
    told = {"error": str(chunk.error)} if isinstance(chunk, ErrorChunk) else chunk.model_dump()
    return {"chunk": type(chunk).__name__, **told}


class RequestRecorder:
    """A provider that records another.

    Secrets are recorded as they are sent: redact them in the agent, and mind where you keep the recording.

    Args:
        provider: The provider that answers.

    Attributes:
        exchanges: Requests and answers so far, in the order in which the requests were made.
    """

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.exchanges: list[RecordedExchange] = []

    @property
    def name(self) -> str:
        """Name of the provider that answers."""
        return self.provider.name

    @property
    def model(self) -> str:
        """Name of the model that the provider was made for, "" if it was made for any."""
        return model_of(self.provider)

    def facts(self, model: str) -> ModelFacts:
        """What the provider knows of the model."""
        return facts_of(self.provider, model)

    def native_refusal(self, tool: ProviderTool, model: str) -> str:
        """Why the provider would not run the tool, "" if it would."""
        return native_refusal(self.provider, model, tool)

    @property
    def requests(self) -> list[ModelRequest]:
        """The requests so far."""
        return [exchange.request for exchange in self.exchanges]

    @asynccontextmanager
    async def open(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[StreamChunk]]:
        """Pass the request on, and write down what comes back."""
        exchange = RecordedExchange(replace(request, messages=tuple(request.messages)))
        self.exchanges.append(exchange)
        async with AsyncExitStack() as stack:
            with _noted(exchange):
                chunks = await stack.enter_async_context(self.provider.open(request))
            recorded = _recorded(chunks, exchange)
            try:
                yield recorded
            finally:
                await recorded.aclose()

    def dump_json(self, *, indent: int | None = 2) -> str:
        """All exchanges as JSON text."""
        return to_json([exchange.model_dump() for exchange in self.exchanges], indent=indent).decode()


async def _recorded(
    chunks: AsyncIterator[StreamChunk], exchange: RecordedExchange
) -> AsyncGenerator[StreamChunk]:
    with _noted(exchange):
        async for chunk in chunks:
            exchange.chunks.append(chunk)
            yield chunk


@contextmanager
def _noted(exchange: RecordedExchange) -> Generator[None]:
    try:
        yield
    except Exception as error:
        exchange.error = f"{type(error).__name__}: {error}"
        raise
