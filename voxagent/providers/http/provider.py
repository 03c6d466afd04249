"""A provider that speaks a wire over HTTP: send, read, try again.

The wire knows the protocol and does no I/O; this knows HTTP and nothing of the protocol. Chunks travel in
the batches that network reads brought, so that a piece of text costs no task switch and few layers.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, TypeAlias, cast

from ..._version import __version__
from ...errors import ConfigError, MalformedAnswerError, ProviderError
from ..base import ModelFacts, ModelRequest
from ..chunks import MessageEndChunk, MessageStartChunk, RetryChunk, StreamChunk
from .clients import Clients
from .library import library_of, told_error
from .retries import Retries
from .wire import Wire

Key: TypeAlias = str | Callable[[], str | Awaitable[str]]

logger: logging.Logger = logging.getLogger("voxagent")

FIXED = {
    "content-type": "application/json",
    "accept": "text/event-stream, application/json",
    "accept-encoding": "identity",  # a compressed stream comes in lumps
    "user-agent": f"voxagent/{__version__}",
}
MAX_BYTES = 10_000_000
MAX_ERROR_BYTES = 64_000
ERROR_SECONDS = 10.0
"""How long the body of an error is read."""
SHORTEST_KEY = 8
"""Characters from which on a key is taken out of errors; a shorter one is a placeholder, or any word."""
LINGER_SECONDS = 0.25
"""How long the end of a body is waited for after the answer's end mark, so that its connection is kept."""


@dataclass(slots=True, frozen=True)
class Endpoint:
    """Where a wire is spoken, and how one is let in.

    Args:
        url: The whole address.
        auth: Gives the headers that carry the key, from the key.
        key: The key, or a function (async or not) that gives it; None to read the environment.
        variable: The environment variable that has the key.
        needs_key: Whether a request without a key is an error of the program.
        headers: Headers of every request.
        client: A ready client, or a function that makes one for each event loop; the shared pool by default.
        retries: When a request is tried again.
    """

    url: str
    auth: Callable[[str], Mapping[str, str]]
    key: Key | None = field(default=None, repr=False)
    variable: str = ""
    needs_key: bool = True
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    client: Any = field(default=None, repr=False)
    retries: Retries = field(default_factory=Retries)

    def check_key(self, name: str) -> None:
        """Raise `ConfigError` if there is no key and one is needed."""
        if self.needs_key and not self.key and not os.environ.get(self.variable):
            raise ConfigError(
                f"{name} needs a key: set the environment variable {self.variable}, or pass api_key=..."
            )

    async def fresh_key(self) -> str:
        """The key for a request, "" if there is none."""
        key = self.key() if callable(self.key) else self.key or os.environ.get(self.variable, "")
        if inspect.isawaitable(key):
            key = await key
        return key.strip()

    def asked_headers(self, request: ModelRequest, key: str) -> dict[str, str]:
        """The headers of a request."""
        let_in: Mapping[str, str] = self.auth(key) if key else {}
        given = {**self.headers, **let_in, **request.settings.get("extra_headers", {})}
        return {name.lower(): _sendable(name, value) for name, value in given.items()}


class WireProvider:
    """Asks an endpoint by a wire.

    Args:
        name: Name of the provider.
        model: The model that it was made for.
        wire: The protocol.
        endpoint: The address.
        facts: What is known of the model.
    """

    def __init__(self, name: str, model: str, wire: Wire, endpoint: Endpoint, facts: ModelFacts) -> None:
        self.name = name
        self.model = model
        self._wire = wire
        self._endpoint = endpoint
        self._facts = facts
        self._clients = Clients(endpoint.client)
        self._addresses: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r}, model={self.model!r}, url={self._endpoint.url!r})"

    def check_key(self) -> None:
        """Raise `ConfigError` if the key is missing; asked ahead of a run."""
        self._endpoint.check_key(self.name)

    def facts(self, model: str) -> ModelFacts:
        """What is known of the model."""
        return self._facts

    @asynccontextmanager
    async def open(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[StreamChunk]]:
        """Send a request and read its answer."""
        body = self._wire.body(request)
        for warning in self._wire.warnings(request):
            _warn_once(f"{self.name}:{request.model}: {warning}")
        async with aclosing(self._tried(request, body)) as answer:
            yield answer

    async def _tried(self, request: ModelRequest, body: bytes) -> AsyncGenerator[StreamChunk]:
        attempt, shown, until = 0, False, _until(request)
        while True:
            attempt += 1
            try:
                async with aclosing(self._answer(request, body)) as batches:
                    async for batch in batches:
                        for chunk in batch:
                            shown = shown or type(chunk) is not MessageStartChunk
                            yield chunk
                return
            except ProviderError as error:
                left = None if until is None else until - time.monotonic()
                wait = None if shown else self._endpoint.retries.wait(attempt, error, left)
                if wait is None:
                    raise
                yield RetryChunk(str(error), attempt, wait)
            await asyncio.sleep(wait)

    async def _answer(self, request: ModelRequest, body: bytes) -> AsyncGenerator[Sequence[StreamChunk]]:
        key = await self._endpoint.fresh_key()
        headers = {**FIXED, **self._wire.headers(request), **self._endpoint.asked_headers(request, key)}
        async with self._clients.taken(self._endpoint.url) as client:
            try:
                address = self._address(library_of(client))
                sent = client.build_request("POST", address, content=body, headers=headers)
                response = await client.send(sent, stream=True)
                async with aclosing(response), aclosing(self._read(response)) as batches:
                    async for batch in batches:
                        yield batch
            except ProviderError as error:
                _forget(error, key)
                raise
            except Exception as error:
                told = told_error(library_of(client), error)
                if told is None:
                    raise
                raise told from error

    def _address(self, library: ModuleType) -> Any:
        """The library's form of the address, read once: reading it is a good part of making a request."""
        address = self._addresses.get(library.__name__)
        if address is None:
            address = self._addresses[library.__name__] = cast("Any", library).URL(self._endpoint.url)
        return address

    async def _read(self, response: Any) -> AsyncGenerator[Sequence[StreamChunk]]:
        headers = {name.lower(): value for name, value in response.headers.items()}
        request_id = headers.get("x-request-id") or headers.get("request-id")
        if not 200 <= response.status_code < 300:
            raise self._wire.error(response.status_code, headers, await _beginning(response))
        decoder, size = self._wire.decoder(headers.get("content-type", "")), 0
        yield [MessageStartChunk(request_id=request_id)]
        try:
            body: AsyncIterator[bytes] = response.aiter_bytes()
            async for data in body:
                size += len(data)
                if size > MAX_BYTES:
                    raise MalformedAnswerError(f"the answer is larger than {MAX_BYTES:,} bytes")
                batch = decoder.feed(data)
                while batch:
                    yield batch
                    if type(batch[-1]) is MessageEndChunk:
                        await _lingered(body)
                        return
                    batch = decoder.feed(b"")  # an error waits for what came ahead of it
            yield decoder.end()
        except ProviderError as error:
            error.status = error.status or response.status_code
            error.request_id = error.request_id or request_id
            raise


def _sendable(name: str, value: str) -> str:
    """The value of a header; an error below would show a key that was read with something else."""
    if value.isascii() and value.isprintable() and name.isascii() and name.isprintable():
        return value
    raise ConfigError(f"the header {name!r}, or the key, has a character in it that no header may have")


def _until(request: ModelRequest) -> float | None:
    """When the request's time is up: the run's, or its own if that is shorter."""
    own = request.settings.get("timeout")
    ends = [] if own is None else [time.monotonic() + own]
    return min([*ends, *([request.deadline] if request.deadline is not None else [])], default=None)


_warned: set[str] = set()


def _warn_once(warning: str) -> None:
    if warning not in _warned:
        _warned.add(warning)
        logger.warning(warning)


def _forget(error: ProviderError, key: str) -> None:
    """Take the key out of what is told: some services quote what they were sent."""
    if len(key) >= SHORTEST_KEY:
        error.args = (error.message.replace(key, "[key]"), *error.args[1:])


async def _lingered(body: AsyncIterator[bytes]) -> None:
    """Read what follows the end mark, so that the connection can be used again; but not for long."""
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            async for _ in body:
                pass
    except Exception:  # the answer is complete: whatever happens now is nobody's loss
        return


async def _beginning(response: Any) -> bytes:
    """An error's body, as far as it matters."""
    data = b""
    try:
        async with asyncio.timeout(ERROR_SECONDS):
            async for piece in response.aiter_bytes():
                data += piece
                if len(data) >= MAX_ERROR_BYTES:
                    break
    except Exception:  # the status tells enough
        logger.debug("the body of an error broke off", exc_info=True)
    return data[:MAX_ERROR_BYTES]
