"""The recorded traffic of the vendors, each asked again by its own provider."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import httpx2

from tests.wires.openai.conversations import request_of
from tests.wires.openai.recordings import FULL, PART, WIRES, Exchange
from voxagent.errors import ProviderError
from voxagent.providers import (
    AzureProvider,
    DeepSeekProvider,
    GroqProvider,
    MistralProvider,
    ModelRequest,
    OpenRouterProvider,
    StreamChunk,
)
from voxagent.providers.http.provider import WireProvider
from voxagent.providers.http.retries import Retries
from voxagent.types import ContentBlock, Message, ProviderBlock, ThinkingBlock

ONCE = Retries(attempts=1)
KEY = "key-of-a-test"
AZURE_BASES = {
    "/openai/v1/responses": ("", "v1"),
    "/openai/deployments/": ("", "2024-12-01-preview"),
    "/models/chat/completions": ("/models", "v1"),
    "/chat/completions": ("/openai/deployments/elsewhere", "2024-12-01-preview"),
}
"""By how a recorded path begins: what stands at the end of the address that was given, and the version."""


@dataclass(frozen=True)
class Recorded:
    """An exchange, and where it was asked."""

    exchange: Exchange
    path: str

    @property
    def name(self) -> str:
        return self.exchange.name

    @property
    def vendor(self) -> str:
        return "azure" if "azure.com" in self.exchange.vendor else HOSTS[self.exchange.vendor]

    def provider(self, model: str, client: Callable[[], httpx2.AsyncClient]) -> WireProvider:
        """The vendor's own provider."""
        if self.vendor == "azure":
            end, version = next(told for path, told in AZURE_BASES.items() if self.path.startswith(path))
            model = self.path.split("/")[3] if "deployments" in self.path else model
            if "api-version=" in self.path:
                version = self.path.rpartition("api-version=")[2]
            url = f"https://{self.exchange.vendor}{end}"
            return AzureProvider(model, KEY, url, api_version=version, client=client, retries=ONCE)
        return KINDS[self.vendor](model, KEY, client=client, retries=ONCE)


KINDS: dict[str, Any] = {
    "groq": GroqProvider,
    "openrouter": OpenRouterProvider,
    "deepseek": DeepSeekProvider,
    "mistral": MistralProvider,
}
HOSTS = {
    "api.groq.com": "groq",
    "openrouter.ai": "openrouter",
    "api.deepseek.com": "deepseek",
    "api.mistral.ai": "mistral",
}


def _read(path: Path, root: Path) -> Iterator[Recorded]:
    recording = json.loads(path.read_text("utf-8"))
    chat = recording["wire"] == "openai-chat" and recording["vendor"] in HOSTS
    azure = recording["wire"] in WIRES and "azure.com" in recording["vendor"]
    if not (chat or azure):
        return
    for number, each in enumerate(recording["exchanges"]):
        answer = each["response"]
        exchange = Exchange(
            str(path.relative_to(root)),
            number,
            recording["wire"],
            recording["vendor"],
            each["request"].get("body"),
            answer["status"],
            {name.lower(): value for name, value in answer["headers"].items()},
            answer["kind"],
            answer["body"],
            answer.get("end") == "abort",
        )
        yield Recorded(exchange, each["request"]["path"])


@cache
def part() -> list[Recorded]:
    """The recordings that are kept with the tests."""
    return [each for path in sorted((PART / "compatible").glob("*.json")) for each in _read(path, PART)]


@cache
def full() -> list[Recorded]:
    """All recordings of these vendors; none where they are not at hand."""
    return [each for path in sorted(FULL.glob("*/*.json")) for each in _read(path, FULL)]


# --- the recorded request as ours


def asked_of(recorded: Recorded) -> ModelRequest:
    """The request that asks what was recorded; its blocks carry the vendor's name."""
    request = request_of(_plain(recorded.exchange.request))
    messages = [_owned(message, recorded.vendor) for message in request.messages]
    settings = dict(request.settings)
    extra = settings["extra_body"]
    assert isinstance(extra, dict)
    for name in ("random_seed", "n", "prefix"):
        extra.pop(name, None)
    return replace(request, messages=messages)


def _plain(value: Any) -> Any:
    """A body whose documents are told as the reader of recorded bodies knows them."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") == "document_url":
        return {"type": "input_file", "file_url": value["document_url"]}
    return {name: _plain(each) for name, each in value.items()}


def _owned(message: Message, vendor: str) -> Message:
    if isinstance(message.content, str):
        return message
    return Message(message.role, [_own(block, vendor) for block in message.content])


def _own(block: ContentBlock, vendor: str) -> ContentBlock:
    if isinstance(block, (ProviderBlock, ThinkingBlock)) and block.provider == "openai":
        return replace(block, provider=vendor)
    return block


# --- asked again


@dataclass
class Told:
    """What a provider sent, and what it made of the answer."""

    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    chunks: list[StreamChunk] = field(default_factory=list)
    error: ProviderError | None = None


class _Body(httpx2.AsyncByteStream):
    def __init__(self, data: bytes, broken_off: bool) -> None:
        self._data = data
        self._broken_off = broken_off

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self._data), 997):
            yield self._data[at : at + 997]
        if self._broken_off:
            raise httpx2.ReadError("broken off")


async def ask_again(recorded: Recorded, request: ModelRequest) -> Told:
    """Let the vendor's provider ask, and give it the recorded answer."""
    told, exchange = Told(), recorded.exchange

    def answer(sent: httpx2.Request) -> httpx2.Response:
        told.path = str(sent.url).partition(exchange.vendor)[2]
        told.headers, told.body = dict(sent.headers), json.loads(sent.content)
        body = _Body(exchange.data, exchange.broken_off)
        return httpx2.Response(exchange.status, headers=exchange.headers, stream=body)

    provider = recorded.provider(
        request.model, lambda: httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    )
    try:
        async with _opened(provider, request) as chunks:
            async for chunk in chunks:
                told.chunks.append(chunk)
    except ProviderError as error:
        told.error = error
    return told


@asynccontextmanager
async def _opened(provider: WireProvider, request: ModelRequest) -> AsyncIterator[AsyncIterator[StreamChunk]]:
    async with provider.open(request) as chunks:
        yield chunks
