"""One answer on its way from a provider to a client, over ASGI.

Three tasks, which end together: one relays, one waits for the client to leave, one sends a sign of life where
there is nothing to relay. Whatever ends, the provider's stream is closed before this returns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ...errors import ProviderError, ProviderTimeoutError, StreamTruncatedError
from ..base import ModelRequest, Provider
from ..chunks import ErrorChunk, MessageEndChunk, MessageStartChunk
from .events import HEARTBEAT, end_event, event_of, failed_event
from .telling import Teller

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would keep the stream until it is large
]


@dataclass(slots=True, frozen=True)
class Limits:
    """What one request may take: bytes of its body, seconds of its answer, seconds between signs of life."""

    max_body: int
    max_seconds: float
    heartbeat: float


class Relay:
    """Relays one answer.

    Args:
        provider: Who is asked.
        request: What is asked.
        teller: Knows what the client may be told.
        limits: How long the answer may take, and how long it may be silent.
    """

    def __init__(self, provider: Provider, request: ModelRequest, teller: Teller, limits: Limits) -> None:
        self._provider = provider
        self._request = request
        self._teller = teller
        self._limits = limits

    async def answer(self, receive: Receive, send: Send) -> None:
        """Answer a request."""
        out = Out(send)
        work = [self._relayed(out), gone(receive), out.beating(self._limits.heartbeat)]
        tasks = [asyncio.create_task(each) for each in work]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _relayed(self, out: Out) -> None:
        await out.begin()
        try:
            await self._in_time(out)
            last = end_event()
        except Exception as error:  # whatever it was, the client is told what it may know of it
            if isinstance(error, ProviderError):
                error.provider = error.provider or self._provider.name
                error.model = error.model or self._request.model
            last = failed_event(self._teller.failure(error))
        await out.put(last, more=False)

    async def _in_time(self, out: Out) -> None:
        limit = asyncio.timeout(self._limits.max_seconds)
        try:
            async with limit:
                await self._all(out)
        except TimeoutError as error:
            if not limit.expired():
                raise
            told = f"the answer took longer than {self._limits.max_seconds:g} s"
            raise ProviderTimeoutError(told, retryable=False) from error

    async def _all(self, out: Out) -> None:
        finished = False
        await out.put(event_of(MessageStartChunk(self._provider.name, self._request.model)))
        async with self._provider.open(self._request) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, ErrorChunk):
                    raise reported(chunk.error)
                finished = finished or isinstance(chunk, MessageEndChunk)
                await out.put(event_of(self._teller.chunk(chunk)))
        if not finished:
            raise StreamTruncatedError("the provider's stream ended without its end mark")


class Out:
    """The body of an answer, as it goes out."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._lock = asyncio.Lock()
        self._quiet = False

    async def begin(self) -> None:
        """Send the head."""
        await self._send({"type": "http.response.start", "status": 200, "headers": HEADERS})

    async def put(self, data: bytes, *, more: bool = True) -> None:
        """Send a piece of the body, as fast as the client reads."""
        self._quiet = False
        async with self._lock:
            await self._send({"type": "http.response.body", "body": data, "more_body": more})

    async def beating(self, seconds: float) -> None:
        """Send a sign of life whenever nothing was sent for a while; never ends by itself."""
        while True:
            await asyncio.sleep(seconds)
            if self._quiet:
                await self.put(HEARTBEAT)
            self._quiet = True


async def gone(receive: Receive) -> None:
    """Wait until the client has left: behind a request that was read, ASGI has nothing else to tell."""
    await receive()


def reported(error: str | Exception) -> Exception:
    """What a provider reports in its stream, as an exception."""
    return error if isinstance(error, Exception) else ProviderError(error)
