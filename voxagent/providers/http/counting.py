"""Counting a request's tokens by the service that would answer it.

The question goes out through the same shell as every other: a wire that counts is wrapped into one whose body
asks for the count, and whose answer is an end mark with nothing but the usage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast, runtime_checkable

from ...errors import MalformedAnswerError, ProviderError
from ...types.usage import Usage
from ..base import ModelRequest
from ..chunks import MessageEndChunk, StreamChunk
from .jsontext import dumped, loaded
from .wire import Wire


@runtime_checkable
class CountsTokens(Protocol):
    """A `Wire` of a service that counts the tokens of a request without answering it."""

    def count_url(self, url: str) -> str:
        """Where tokens are counted, from the address or path where requests are answered."""
        ...

    def count_body(self, request: ModelRequest) -> bytes:
        """The body that asks for the count."""
        ...

    def counted(self, answer: Mapping[str, Any]) -> int:
        """The tokens in an answer; raises `KeyError`, `TypeError` or `ValueError` if it tells none."""
        ...


class CountingWire:
    """Asks for the tokens of requests instead of for answers.

    Args:
        wire: Speaks to the service.
        counter: The same wire, as the one that counts.
    """

    def __init__(self, wire: Wire, counter: CountsTokens) -> None:
        self._wire = wire
        self._counter = counter

    def body(self, request: ModelRequest) -> bytes:
        """The body that asks for the count."""
        return self._counter.count_body(request)

    def headers(self, request: ModelRequest) -> Mapping[str, str]:
        """The headers that belong to the protocol."""
        return self._wire.headers(request)

    def warnings(self, request: ModelRequest) -> Sequence[str]:
        """Nothing: what a request leaves out is told when it is answered."""
        return ()

    def decoder(self, content_type: str) -> CountDecoder:
        """A reader for an answer."""
        return CountDecoder(self._counter)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        """What an answer that is not 2xx means."""
        return self._wire.error(status, headers, body)


class CountDecoder:
    """Reads an answer, which is one JSON object."""

    def __init__(self, counter: CountsTokens) -> None:
        self._counter = counter
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> Sequence[StreamChunk]:
        """Nothing, until all of it is there."""
        self._pieces.append(data)
        return ()

    def end(self) -> Sequence[StreamChunk]:
        """The count, as the usage of an end mark."""
        try:
            tokens = int(self._counter.counted(loaded(b"".join(self._pieces))))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise MalformedAnswerError("the service did not tell how many tokens it counted") from error
        return [MessageEndChunk(usage=Usage(input_tokens=tokens))]


def only(body: bytes, names: Sequence[str]) -> bytes:
    """A body with these of its fields only."""
    fields = cast("dict[str, Any]", loaded(body))
    return dumped({name: fields[name] for name in names if name in fields})
