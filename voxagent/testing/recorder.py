"""Writes down what a provider was asked and what it answered. Itself a provider, so it fits anywhere."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, cast

from pydantic_core import to_json

from ..providers.base import (
    Hide,
    ModelFacts,
    ModelRequest,
    Provider,
    Secrets,
    facts_of,
    model_of,
    native_refusal,
    secrets_of,
)
from ..providers.chunks import (
    ErrorChunk,
    MessageEndChunk,
    StreamChunk,
    TextDeltaChunk,
    ThinkingDeltaChunk,
    ToolCallDeltaChunk,
)
from ..security.filters import RedactionFilter, StreamFilter
from ..security.registry import NAMED_PLACEHOLDER, SecretRegistry
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

    What an agent hides is not in its requests. Answers are kept as they come, so mind where you keep them;
    what lets the provider in is taken out of `dump_json`.

    Args:
        provider: The provider that answers.

    Attributes:
        exchanges: Requests and answers so far, in the order in which the requests were made.
    """

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.exchanges: list[RecordedExchange] = []
        self._secrets = SecretRegistry()

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

    def known_secrets(self) -> Secrets:
        """What lets the provider in."""
        return secrets_of(self.provider)

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
        self._learn(self.known_secrets())
        request = replace(request, hide=partial(self._hide, request.hide))
        async with AsyncExitStack() as stack:
            with _noted(exchange):
                chunks = await stack.enter_async_context(self.provider.open(request))
            recorded = _recorded(chunks, exchange)
            try:
                yield recorded
            finally:
                await recorded.aclose()

    def _hide(self, hide: Hide, secrets: Secrets) -> None:
        self._learn(secrets)
        hide(secrets)

    def _learn(self, secrets: Secrets) -> None:
        self._secrets = self._secrets.extended(secrets)

    def dump_json(self, *, indent: int | None = 2) -> str:
        """All exchanges as JSON text, with placeholders for what lets the provider in."""
        dumped = [
            replace(exchange, chunks=_redacted(exchange.chunks, self._secrets)).model_dump()
            for exchange in self.exchanges
        ]
        shown = RedactionFilter(self._secrets, NAMED_PLACEHOLDER).redact_value(dumped)
        return to_json(shown, indent=indent).decode()


def _redacted(chunks: Sequence[StreamChunk], secrets: SecretRegistry) -> list[StreamChunk]:
    """The chunks with placeholders in their texts, which may be cut within a secret."""
    shown = list(chunks)
    flows: dict[tuple[type, str], tuple[StreamFilter, int]] = {}
    for place, chunk in enumerate(chunks):
        if isinstance(chunk, (TextDeltaChunk, ThinkingDeltaChunk, ToolCallDeltaChunk)):
            flow = (type(chunk), chunk.id if isinstance(chunk, ToolCallDeltaChunk) else "")
            passing = (
                flows[flow][0] if flow in flows else StreamFilter(secrets, placeholder=NAMED_PLACEHOLDER)
            )
            flows[flow] = (passing, place)
            shown[place] = replace(chunk, delta=passing.process_chunk(chunk.delta))
    for passing, place in flows.values():
        last = cast("TextDeltaChunk", shown[place])
        shown[place] = replace(last, delta=last.delta + passing.flush())
    return shown


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
    except Exception as error:  # recorded, and raised again
        exchange.error = f"{type(error).__name__}: {error}"
        raise
