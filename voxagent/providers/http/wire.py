"""What a wire is: pure functions between voxagent's words and one service's bytes.

No wire does I/O: a body goes out as bytes, an answer comes in as bytes cut anywhere, so both are tested
on recorded traffic. What sends and receives is shared by all wires.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from ...errors import (
    AuthenticationError,
    BadRequestError,
    ModelNotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProviderError,
    RateLimitError,
    ServerError,
)
from ..base import ModelRequest
from ..chunks import StreamChunk


class Decoder(Protocol):
    """Reads one answer. Raises a `ProviderError` where the answer is, or has in it, an error."""

    def feed(self, data: bytes) -> Sequence[StreamChunk]:
        """The chunks that these bytes complete; bytes may be cut anywhere."""
        ...

    def end(self) -> Sequence[StreamChunk]:
        """The body is over: the last chunks; raises `StreamTruncatedError` if the end mark has not come."""
        ...


class RestingDecoder(Protocol):
    """A `Decoder` for a protocol whose answers end with the body, and have no mark of their own for it.

    While it rests, what came is a whole answer: it is over if nothing comes for a moment, or if what comes
    cannot be read.
    """

    rests: bool


class Wire(Protocol):
    """One service's protocol."""

    def body(self, request: ModelRequest) -> bytes:
        """The body that asks a request; the bytes of each message are kept in the message."""
        ...

    def headers(self, request: ModelRequest) -> Mapping[str, str]:
        """The headers that belong to the protocol; the key is not among them."""
        ...

    def warnings(self, request: ModelRequest) -> Sequence[str]:
        """What was left out or weakened of a request whose body was made; the same text every time."""
        ...

    def decoder(self, content_type: str) -> Decoder:
        """A reader for an answer of that content type: a stream of events, or one JSON object."""
        ...

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        """What an answer that is not 2xx means; headers have lower-case names."""
        ...


KINDS: Mapping[int, type[ProviderError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: ModelNotFoundError,
    407: ProviderError,  # a proxy's, not the service's
    413: BadRequestError,
    422: BadRequestError,
    429: RateLimitError,
    503: OverloadedError,
    529: OverloadedError,
}


def kind_of(status: int) -> type[ProviderError]:
    """The kind of error that an HTTP status alone tells."""
    if status in KINDS:
        return KINDS[status]
    if status >= 500 or status in (408, 409, 425):
        return ServerError
    return BadRequestError if 400 <= status < 500 else ProviderError


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the service wants to be left alone (RFC 9110, section 10.2.3); None if it does not say."""
    from datetime import UTC
    from email.utils import parsedate_to_datetime
    from time import time

    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers.get(name, "")) * unit)
        except ValueError:
            continue
    try:
        when = parsedate_to_datetime(headers.get("retry-after", ""))
        return max(0.0, (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - time())
    except (ValueError, OverflowError):
        return None
