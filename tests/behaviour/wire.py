"""How an answer is told to a dialect, and what a dialect is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from voxagent.providers.http.provider import Key, WireProvider
from voxagent.providers.http.retries import Retries

KEY = "sk-live-Zk4Vq8Wm2Lx6Rt9Yp3Bn7Hd5"
"""The key that every request is made with; it shall be seen in one header only."""

QUICK = Retries(base=0.01)
ONCE = Retries(attempts=1)


@dataclass(frozen=True)
class Text:
    """Text, in the pieces that it comes in."""

    pieces: tuple[str, ...]


@dataclass(frozen=True)
class Thinking:
    """Thoughts, in the pieces that they come in."""

    pieces: tuple[str, ...]


@dataclass(frozen=True)
class Call:
    """A tool call, its arguments in the pieces that they come in."""

    name: str
    pieces: tuple[str, ...] = ("{}",)
    id: str = "call_1"


Part = Text | Thinking | Call


@dataclass(frozen=True)
class Told:
    """The usage that an answer tells, as voxagent counts."""

    input: int = 21
    output: int = 7
    cached: int = 5


USAGE = Told()


@dataclass
class Events:
    """The events of one answer: up to the last piece of the last part, and what ends it."""

    open: list[bytes] = field(default_factory=list)
    end: list[bytes] = field(default_factory=list)

    @property
    def all(self) -> list[bytes]:
        return self.open + self.end


def text(*pieces: str) -> Text:
    return Text(pieces)


def compact(value: object, ascii: bool = False) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=ascii)


def unnamed(value: object, ascii: bool = False) -> bytes:
    """An event that is data only."""
    return f"data: {compact(value, ascii)}\n\n".encode()


def named(value: Mapping[str, Any], ascii: bool = False) -> bytes:
    """An event that is named by its type."""
    return f"event: {value['type']}\n".encode() + unnamed(value, ascii)


LINES = ("ollama",)
"""Dialects whose events are lines of JSON; a blank line keeps the connection alive."""
OBJECTS = ("google", "ollama")
"""Dialects in which the arguments of a call are an object, not text."""
ADDRESSED = ("google",)
"""Dialects in which the address tells the model, and that a stream is wanted."""
UNCACHED = ("ollama",)
"""Dialects that do not tell how much of the input came from a cache."""


class Dialect(Protocol):
    """One wire: how an answer, an error and a request look on it.

    Attributes:
        name: Name of the dialect, for the names of tests.
        provider_name: Name of its provider, in errors.
        path: Where requests go.
        auth: The header that carries the key.
        own_headers: What every request has besides.
        reasons: The finish reasons that the wire can tell.
        errors: By kind of error, the status and the body that the service sends.
        inside: By kind of error, the event that a stream brings.
        hollow: Whole answers with nothing in them, of which some are not even answers.
        misfits: Events of a stream that are JSON, but not of the wire's shape.
    """

    name: str
    provider_name: str
    path: str
    auth: tuple[str, str]
    own_headers: Mapping[str, str]
    reasons: Sequence[str]
    errors: Mapping[str, tuple[int, Any]]
    inside: Mapping[str, bytes]
    hollow: Sequence[Any]
    misfits: Sequence[Any]

    def provider(self, url: str, retries: Retries = QUICK, key: Key = KEY, **options: Any) -> WireProvider:
        """A provider that asks a server at a URL."""
        ...

    def events(self, *parts: Part, reason: str = "", ascii: bool = False) -> Events:
        """A streamed answer; `reason` is "stop", or "tool_use" after calls, where it is not given."""
        ...

    def whole(self, words: str) -> Any:
        """An answer of a text that comes as one object."""
        ...

    def calls_in(self, body: Any) -> list[tuple[str, str, Any]]:
        """Id, name and arguments of the calls that a request carries."""
        ...

    def results_in(self, body: Any) -> list[tuple[str, str]]:
        """Id and text of the tool results that a request carries."""
        ...


def framed(dialect: Dialect, data: bytes) -> bytes:
    """Data as an event."""
    return data + b"\n" if dialect.name in LINES else b"data: " + data + b"\n\n"


def keep_alive(dialect: Dialect) -> bytes:
    """What tells nothing, but that somebody is there."""
    return b"\n" if dialect.name in LINES else b": keep-alive\n\n"


def implied(parts: Sequence[Part]) -> str:
    return "tool_use" if any(isinstance(part, Call) for part in parts) else "stop"


def quoted(words: str) -> str:
    return f"{words} (the key was {KEY})"


def flat(content: Any) -> str:
    """The text of a content that is text or a list of parts."""
    return content if isinstance(content, str) else "".join(part["text"] for part in content)
