"""What a server is given and must not show: values of its environment, headers and arguments.

Whatever comes back from the server passes through here before it reaches an event, an error or a log. The SDK
and its HTTP client log what a server says, and tracebacks that quote it; their records pass through as well.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit
from weakref import WeakSet

from ..security.filters import RedactionFilter
from ..security.logs import RedactingLogFilter
from ..security.registry import NAMED_PLACEHOLDER, SecretRegistry

T = TypeVar("T")

SAYS_SECRET = re.compile(
    r"key|token|secret|passw|passphrase|pwd|auth|credential|cookie|private|signature|dsn", re.IGNORECASE
)
LOOKS_SECRET = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[\w.~+=:-]{16,}")
"""Long, letters and digits mixed, no path and no sentence."""
HEADER = re.compile(r"([\w-]+):\s*(\S.*)")
HEADER_OPTIONS = ("-H", "--header", "--headers")
MOST_HEADERS = 256
PLAIN_HEADERS = frozenset({"accept", "accept-encoding", "accept-language", "content-type", "user-agent"})
LOGGERS = (
    "client",
    "mcp.client.auth.oauth2",
    "mcp.client.caching",
    "mcp.client.client",
    "mcp.client.streamable_http",
    "mcp.shared.dispatcher",
    "mcp.shared.jsonrpc_dispatcher",
    "httpx2",
    "httpcore2.connection",
    "httpcore2.http11",
    "httpcore2.http2",
    "httpcore2.proxy",
)
"""Those that the SDK and its HTTP client log to on behalf of a client."""


class Secrets:
    """The secrets of one server."""

    def __init__(self) -> None:
        self._begin()
        self._headers: dict[tuple[str, str], None] = {}
        self._lasting: list[tuple[str, str]] = []
        _logs.all.add(self)
        for name in LOGGERS:
            logging.getLogger(name).addFilter(_logs)  # a second time does nothing

    def _begin(self) -> None:
        self._registry = SecretRegistry()
        self._filter = RedactionFilter(self._registry, NAMED_PLACEHOLDER)
        self.logs: logging.Filter = RedactingLogFilter(self._registry)
        """Redacts a log record."""

    def text(self, text: str) -> str:
        """The text with placeholders."""
        return self._filter.redact(text)

    def value(self, value: T) -> T:
        """The value with placeholders in all its strings."""
        return self._filter.redact_value(value)

    def add_environment(self, env: Mapping[str, str]) -> None:
        """Values that are secrets by their name, or look like one."""
        for name, value in env.items():
            self._look_at(name, value)

    def add_arguments(self, args: Sequence[str]) -> None:
        """What follows `--token`, or stands behind `--token=`; headers; and what looks like a secret."""
        for name, value in _arguments(args):
            self._look_at(name.lstrip("-") or "argument", value)
            header = HEADER.fullmatch(value)
            if header is not None and (name in HEADER_OPTIONS or SAYS_SECRET.search(header[1])):
                self.add_headers({header[1]: header[2]})

    def _look_at(self, name: str, value: str) -> None:
        """A value that is a secret by its name, looks like one, or is an address that holds one."""
        if says_secret(name, value):
            self.add(name, value)
        if "://" in value:
            self.add_url(value)

    def add_sent(self, headers: Mapping[str, str]) -> None:
        """Of the headers as they are sent, those that are secrets by their name, whoever has set them."""
        self.add_headers({name: value for name, value in headers.items() if SAYS_SECRET.search(name)})

    def add_headers(self, headers: Mapping[str, str]) -> None:
        """All but the well-known ones, and what follows a word such as "Bearer"."""
        for name, value in headers.items():
            if name.lower() in PLAIN_HEADERS or (name, value) in self._headers:
                continue
            self._headers[name, value] = None
            self._forget_headers()
            self._register_header(name, value)

    def add_url(self, url: str) -> None:
        """A password in it, and parameters that are secrets by their name."""
        try:
            parts = urlsplit(url)
        except ValueError:  # it is no address
            return
        for password in {parts.password or "", unquote(parts.password or "")}:
            self.add("password", password)
        for name, value in parse_qsl(parts.query):
            if says_secret(name, value):
                self.add(name, value)

    def add(self, name: str, value: str) -> None:
        """A value that is known to be one."""
        self._lasting.append((name, value))
        self._registry.register_value(name, value, found=True)

    def _register_header(self, name: str, value: str) -> None:
        for each in (value, value.partition(" ")[2]):
            self._registry.register_value(name, each, found=True)

    def _forget_headers(self) -> None:
        """Of headers that differ from run to run, the older half is forgotten once there are many."""
        if len(self._headers) <= MOST_HEADERS:
            return
        self._headers = dict.fromkeys(list(self._headers)[MOST_HEADERS // 2 :])
        self._begin()
        for name, value in self._lasting:
            self._registry.register_value(name, value, found=True)
        for name, value in self._headers:
            self._register_header(name, value)


def says_secret(name: str, value: str) -> bool:
    """Whether a value is a secret by its name, or looks like one."""
    return bool(SAYS_SECRET.search(name) or LOOKS_SECRET.fullmatch(value))


class _Logs(logging.Filter):
    """Redacts what may be about any of the servers."""

    def __init__(self) -> None:
        super().__init__()
        self.all: WeakSet[Secrets] = WeakSet()

    def filter(self, record: logging.LogRecord) -> bool:
        for secrets in list(self.all):
            secrets.logs.filter(record)
        return True


_logs = _Logs()


def _arguments(args: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each argument with the option that it belongs to, "" for none."""
    option = ""
    for each in args:
        name, equals, value = each.partition("=")
        if each.startswith("-"):
            option = name
            if equals:
                yield option, value
                option = ""
            continue
        yield (name, value) if equals and not option else (option, each)
        option = ""
