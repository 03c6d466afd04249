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
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from types import ModuleType
from typing import Any, TypeAlias, cast

from ..._version import __version__
from ...errors import ConfigError, MalformedAnswerError, ProviderError
from ...types.message import Message
from ...types.native import ProviderTool
from ...types.tokens import request_tokens
from ...types.usage import Usage
from ..base import ModelFacts, ModelRequest, Secrets
from ..chunks import MessageEndChunk, MessageStartChunk, RetryChunk, StreamChunk
from ..known.facts import known_facts, registered_facts
from .clients import Clients
from .counting import CountingWire, CountsTokens
from .keys import forget, named, secrets_in_headers, secrets_in_url, shown_url
from .library import library_of, told_by_any
from .names import WireNames, named_again
from .native import RunsToolsWire
from .refusals import beginning
from .retries import Retries
from .sdk import Sdk, check_alone, keys_of
from .settled import settled
from .transport import SharedClient
from .wire import Decoder, RestingDecoder, Wire

Key: TypeAlias = str | Callable[[], str | Awaitable[str]]

logger: logging.Logger = logging.getLogger("voxagent")

COMMON = {
    "content-type": "application/json",
    "accept": "text/event-stream, application/json",
    "accept-encoding": "identity",  # a compressed stream comes in lumps
}
FIXED = {**COMMON, "user-agent": f"voxagent/{__version__}"}
MAX_BYTES = 10_000_000
COUNT_SECONDS = 10.0
"""How long a service may take to count tokens, ahead of an estimate."""
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
        sdk: The vendor's SDK, whose clients are taken as well.
        or_variable: Another environment variable, read where that one is empty.
        address: Gives the whole address from the name of the model, for services that have it in there.
    """

    url: str
    auth: Callable[[str], Mapping[str, str]]
    key: Key | None = field(default=None, repr=False)
    variable: str = ""
    needs_key: bool = True
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    client: Any = field(default=None, repr=False)
    retries: Retries = field(default_factory=Retries)
    sdk: Sdk | None = None
    or_variable: str = ""
    address: Callable[[str], str] | None = None
    known: dict[tuple[str, str], Secrets] = field(default_factory=dict[Any, Any], init=False, repr=False)

    def at(self, moved: Callable[[str], str]) -> Endpoint:
        """The same service at another of its addresses, which is asked once."""
        address, sdk = self.address, self.sdk
        return replace(
            self,
            url=moved(self.url),
            retries=Retries(attempts=1),
            sdk=None if sdk is None else replace(sdk, path=moved(sdk.path)),
            address=None if address is None else partial(_moved, moved, address),
        )

    def check_key(self, name: str) -> None:
        """Raise `ConfigError` if there is no key and one is needed."""
        if self.needs_key and not self.key and not self._kept_key():
            named = " or ".join(filter(None, [self.variable, self.or_variable]))
            raise ConfigError(
                f"{name} needs a key: set the environment variable {named}, or pass api_key=..."
            )

    async def fresh_key(self) -> str:
        """The key for a request, "" if there is none."""
        key = self.key() if callable(self.key) else self.key or self._kept_key()
        if inspect.isawaitable(key):
            key = await key
        return key.strip()

    def secrets(self, name: str) -> Secrets:
        """What lets one in, as far as it is known ahead of a request."""
        key = self._kept_key() if not self.key or callable(self.key) else self.key
        if (name, key) in self.known and self.client is None:  # whose key may be another by now
            return self.known[name, key]
        client = () if self.sdk is None or not self.sdk.takes(self.client) else keys_of(self.client, None)
        keys = [named(name, each.strip()) for each in (key, *client) if each]
        found = [*keys, *secrets_in_headers(name, self.headers), *secrets_in_url(name, self.url)]
        return self.known.setdefault((name, key), found) if self.client is None else found

    def whom(self) -> int:
        """A number for the key, in this process only."""
        return hash(self.key or self._kept_key())

    def _kept_key(self) -> str:
        """The key that the environment has, "" if it has none."""
        return os.environ.get(self.variable) or os.environ.get(self.or_variable, "")

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
        facts: What is known of the model; None for what `vendor` and `register_model_facts` say.
        vendor: Whose models are asked, as `known_facts` lists them; "" if nobody's that it knows.
    """

    def __init__(
        self,
        name: str,
        model: str,
        wire: Wire,
        endpoint: Endpoint,
        facts: ModelFacts | None = None,
        *,
        vendor: str = "",
    ) -> None:
        self.name = name
        self.model = model
        self._wire = wire
        self._endpoint = endpoint
        self._facts = facts
        self._vendor = vendor
        self._counts = True
        self._names = WireNames()
        self._clients = Clients(endpoint.client, endpoint.sdk)
        self._addresses: dict[tuple[str, str], Any] = {}

    def __repr__(self) -> str:
        url = shown_url(self._endpoint.url)
        return f"{type(self).__name__}(name={self.name!r}, model={self.model!r}, url={url!r})"

    def check_key(self) -> None:
        """Raise `ConfigError` if the key is missing; asked ahead of a run.

        A function that makes clients may make those of an SDK, which have their own: it is not asked here.
        """
        if not self._clients.is_factory:
            self._endpoint.check_key(self.name)

    def known_secrets(self) -> Secrets:
        """What lets it in, by name; what a function gives is told to `ModelRequest.hide` in time."""
        return self._endpoint.secrets(self.name)

    @property
    def account(self) -> Hashable:
        """Equal for providers that ask the same address by the same key; the key cannot be read from it."""
        return self._endpoint.url, self._endpoint.whom(), self._endpoint.client

    def facts(self, model: str) -> ModelFacts:
        """What is known of the model: as it was handed in, registered, or listed for the vendor."""
        return self._facts or registered_facts(self.name, model) or known_facts(self._vendor, model)

    def count_tokens(self, messages: Sequence[Message], system: str | None = None) -> int:
        """An estimate of the tokens of a conversation; `count` asks the service."""
        return request_tokens(messages, system or "", model=self.model)

    async def count(self, request: ModelRequest) -> int:
        """Tokens that the model would read, as the service counts them; estimated if it does not in 10 s."""
        wire = self._wire
        if self._counts and isinstance(wire, CountsTokens):
            counter = WireProvider(
                self.name, self.model, CountingWire(wire, wire), self._endpoint.at(wire.count_url)
            )
            counter._clients = self._clients
            try:
                async with asyncio.timeout(COUNT_SECONDS), counter.open(request) as chunks:
                    ends = [chunk async for chunk in chunks if isinstance(chunk, MessageEndChunk)]
                return cast("Usage", ends[-1].usage).input_tokens
            except Exception as error:  # whatever it is, the estimate is there
                self._counts = getattr(error, "status", None) not in (404, 405, 501)
                logger.debug("%s did not count the tokens, so they are estimated: %s", self.name, error)
        return request_tokens(request.messages, request.system, request.tools, request.output, request.model)

    def native_refusal(self, tool: ProviderTool, model: str) -> str:
        """Why the model cannot be given a tool that the provider runs itself, "" if it can."""
        if isinstance(self._wire, RunsToolsWire):
            return self._wire.native_refusal(tool, model)
        return "this provider runs no tools; leave it out, or ask another provider"

    @asynccontextmanager
    async def open(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[StreamChunk]]:
        """Send a request and read its answer."""
        request, own = self._names.of(request)
        told = settled(request.messages)
        if told is not request.messages:
            request = replace(request, messages=told)
        body = self._wire.body(request)
        for warning in self._wire.warnings(request):
            _warn_once(f"{self.name}:{request.model}: {warning}")
        tried = self._tried(request, body)
        async with aclosing(named_again(tried, own) if own else tried) as answer:
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
                stays = shown or attempt == request.attempts
                wait = None if stays else self._endpoint.retries.wait(attempt, error, left)
                if wait is None:
                    raise
                yield RetryChunk(str(error), attempt, wait)
            await asyncio.sleep(wait)

    async def _answer(self, request: ModelRequest, body: bytes) -> AsyncGenerator[Sequence[StreamChunk]]:
        keys: list[str] = []
        async with self._clients.taken(self._endpoint.url) as client:
            try:
                response = await self._sent(client, request, body, keys)
                if not isinstance(client, SharedClient):
                    request.hide(self._carried(response.request.headers, str(response.request.url)))
                async with aclosing(response), aclosing(self._read(response)) as batches:
                    async for batch in batches:
                        yield batch
            except Exception as error:  # raised again, without the key
                request.hide([named(self.name, key) for key in keys])
                if isinstance(error, ProviderError):
                    forget(error, keys)
                    raise
                told = told_by_any(error)
                if told is None:
                    raise
                raise told from error

    def _carried(self, headers: Mapping[str, str], url: str = "") -> Secrets:
        """What lets a request in, by name, of what its headers and its address carry."""
        return [*secrets_in_headers(self.name, headers), *secrets_in_url(self.name, url)]

    async def _sent(self, client: Any, request: ModelRequest, body: bytes, keys: list[str]) -> Any:
        """The response to a request, its head read; `keys` takes what let it in."""
        endpoint, sdk = self._endpoint, self._endpoint.sdk
        if sdk is not None and sdk.takes(client):
            check_alone(endpoint.key)
            headers = {**COMMON, **self._wire.headers(request), **endpoint.asked_headers(request, "")}
            return await sdk.send(client, body, headers, self._wire, keys)
        endpoint.check_key(self.name)
        keys.append(await endpoint.fresh_key())
        own = request.settings.get("extra_headers", {})
        request.hide([named(self.name, keys[0]), *(self._carried(own) if own else ())])
        headers = {**FIXED, **self._wire.headers(request), **endpoint.asked_headers(request, keys[0])}
        address = self._address(library_of(client), request.model)
        if isinstance(client, SharedClient):
            return await client.posted(address, body, headers)
        return await client.send(
            client.build_request("POST", address, content=body, headers=headers), stream=True
        )

    def _address(self, library: ModuleType, model: str) -> Any:
        """The library's form of the address, read once: reading it is a good part of making a request."""
        made = self._endpoint.address
        place = (library.__name__, model if made else "")
        address = self._addresses.get(place)
        if address is None:
            url = made(model) if made else self._endpoint.url
            address = self._addresses[place] = cast("Any", library).URL(url)
        return address

    async def _read(self, response: Any) -> AsyncGenerator[Sequence[StreamChunk]]:
        headers = {name.lower(): value for name, value in response.headers.items()}
        request_id = headers.get("x-request-id") or headers.get("request-id")
        if not 200 <= response.status_code < 300:
            raise self._wire.error(response.status_code, headers, await beginning(response))
        decoder, size = self._wire.decoder(headers.get("content-type", "")), 0
        resting = cast("RestingDecoder", decoder) if hasattr(decoder, "rests") else None
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
                while resting is not None and resting.rests:
                    batch = await _gone_on(body, decoder)
                    if not batch:
                        yield decoder.end()
                        return
                    yield batch
            yield decoder.end()
        except ProviderError as error:
            error.status = error.status or response.status_code
            error.request_id = error.request_id or request_id
            raise


def _moved(moved: Callable[[str], str], address: Callable[[str], str], model: str) -> str:
    return moved(address(model))


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


async def _gone_on(body: AsyncIterator[bytes], decoder: Decoder) -> Sequence[StreamChunk]:
    """What an answer that may be over goes on with; nothing if there is no more of it for a moment."""
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            async for data in body:
                if batch := decoder.feed(data):
                    return batch
    except Exception:  # the answer is complete: whatever happens now is nobody's loss
        return ()
    return ()


async def _lingered(body: AsyncIterator[bytes]) -> None:
    """Read what follows the end mark, so that the connection can be used again; but not for long."""
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            async for _ in body:
                pass
    except Exception:  # the answer is complete: whatever happens now is nobody's loss
        return
