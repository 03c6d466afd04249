"""A wire of our own for tests of what all wires share: an answer is text, line by line, up to "." ."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.http.server import END, chunked, head
from voxagent.errors import MalformedAnswerError, ProviderError, StreamTruncatedError
from voxagent.providers import MessageEndChunk, ModelFacts, ModelRequest, StreamChunk, TextDeltaChunk
from voxagent.providers.http.provider import Endpoint, WireProvider
from voxagent.providers.http.retries import Retries
from voxagent.providers.http.wire import kind_of, retry_after

WAIT = 10.0


class LineDecoder:
    """A line is a piece of text, "." is the end, and "!" is an error in the stream."""

    def __init__(self) -> None:
        self._rest = b""
        self._failed = False

    def feed(self, data: bytes) -> Sequence[StreamChunk]:
        if self._failed:
            raise MalformedAnswerError("the service says !")
        *lines, self._rest = (self._rest + data).split(b"\n")
        chunks: list[StreamChunk] = []
        for line in lines:
            if line == b"!":
                self._failed = True
                return chunks or self.feed(b"")
            if line == b".":
                return [*chunks, MessageEndChunk("stop")]  # whatever came with it is none of the answer
            chunks.append(TextDeltaChunk(line.decode()))
        return chunks

    def end(self) -> Sequence[StreamChunk]:
        if self._rest != b".":
            raise StreamTruncatedError("the answer ended without its end mark")
        return [MessageEndChunk("stop")]


@dataclass
class LineWire:
    """Speaks in lines; `told` are the warnings that it gives."""

    told: Sequence[str] = ()
    seen: list[str] = field(default_factory=list)

    def body(self, request: ModelRequest) -> bytes:
        return b"{}"

    def headers(self, request: ModelRequest) -> Mapping[str, str]:
        return {"wire-version": "1"}

    def warnings(self, request: ModelRequest) -> Sequence[str]:
        return self.told

    def decoder(self, content_type: str) -> LineDecoder:
        self.seen.append(content_type)
        return LineDecoder()

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        text = f"{len(body)} bytes" if len(body) > 100 else body.decode()
        return kind_of(status)(text, status=status, retry_after=retry_after(headers))


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


QUICK = Retries(attempts=3, base=0.001)


def provider_at(url: str, *, wire: LineWire | None = None, **options: Any) -> WireProvider:
    options = {"auth": bearer, "needs_key": False, "retries": QUICK, **options}
    return WireProvider("lines", "m", wire or LineWire(), Endpoint(url=url, **options), ModelFacts())


def request(**options: Any) -> ModelRequest:
    return ModelRequest("m", [], **options)


async def asked(provider: WireProvider, **options: Any) -> list[StreamChunk]:
    """All chunks of an answer, within a time."""
    async with asyncio.timeout(WAIT), provider.open(request(**options)) as chunks:
        return [chunk async for chunk in chunks]


async def text(provider: WireProvider, **options: Any) -> str:
    return "".join([c.delta for c in await asked(provider, **options) if isinstance(c, TextDeltaChunk)])


def lines(*told: str) -> list[Any]:
    """An answer of the server."""
    data = "".join(f"{line}\n" for line in told).encode()
    return [head(), chunked(data), END]


OK = lines("hello", ".")
