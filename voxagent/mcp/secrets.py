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
from .secret_names import lets_in, looks_secret, names_secret, says_secret

T = TypeVar("T")

HEADER = re.compile(r"([\w-]+):\s*(\S.*)")
NAME = re.compile(r"[\w.-]+")
ADDRESS = re.compile(r"[A-Za-z][\w+.-]*+://[^\s\"]*+")
PAIR = re.compile(
    r"""\b([A-Za-z_][\w-]*+)\s*+=\s*+("[^"]*"|'[^']*'|[^;\s]++)|"([\w-]++)"\s*+:\s*+("[^"]*")"""
)
"""Of what a connection is made with: "host=db password=...", "Account=me;Key=...", or an object as JSON."""
LONG_USER = 16
"""Characters of a user without a password that is a token; people and programs have shorter names."""
MOST_HEADERS = 256
PLAIN_HEADERS = frozenset({"accept", "accept-encoding", "accept-language", "content-type", "user-agent"})
MIXED = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])\S{8,}")
"""What in a header is more likely a key than a word, whatever the header is called."""
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
            if header is not None:
                self.add_headers({header[1]: header[2]})

    def _look_at(self, name: str, value: str) -> None:
        """A value that is a secret by its name, looks like one, or holds one as addresses and the like do."""
        self._add_if_secret(name, value)
        for address in ADDRESS.findall(value):
            self.add_url(address)
        for *pair, key, text in PAIR.findall(ADDRESS.sub(_behind, value)):
            part, given = pair if pair[0] else (key, text)
            self._add_if_secret(part, given.strip("\"'"))

    def _add_if_secret(self, name: str, value: str) -> None:
        if says_secret(name, value):
            self.add(name, value)
            if lets_in(value):
                self.add(name, value.split(maxsplit=1)[1])

    def add_sent(self, headers: Mapping[str, str]) -> None:
        """Of the headers as they are sent, those that are secrets by their name, whoever has set them."""
        self.add_headers({name: value for name, value in headers.items() if names_secret(name)})

    def add_headers(self, headers: Mapping[str, str]) -> None:
        """Those that are secrets by their name or form, and what follows a word such as "Bearer"."""
        for name, value in headers.items():
            if not _is_secret_header(name, value) or (name, value) in self._headers:
                continue
            self._headers[name, value] = None
            self._forget_headers()
            self._register_header(name, value)

    def add_url(self, url: str) -> None:
        """A password in it, a user and parts of the path that look like a token, parameters by their name."""
        try:
            parts = urlsplit(url)
        except ValueError:  # it is no address
            return
        password, user = parts.password or "", parts.username or ""
        found = [("password", password)]
        if looks_secret(unquote(user)) or (not password and len(user) >= LONG_USER):
            found.append(("user", user))
        if parts.scheme != "file":
            found += [("path", each) for each in parts.path.split("/") if looks_secret(unquote(each))]
        for name, value in found:
            for form in dict.fromkeys((value, unquote(value))):
                self.add(name, form)
        for name, value in parse_qsl(parts.query):
            self._add_if_secret(name, value)

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


def _is_secret_header(name: str, value: str) -> bool:
    return name.lower() not in PLAIN_HEADERS and (says_secret(name, value) or bool(MIXED.fullmatch(value)))


def _behind(address: re.Match[str]) -> str:
    """What some addresses have behind them: "jdbc:sqlserver://host;password=..."."""
    return address[0].partition(";")[2]


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
        yield (name, value) if equals and not option and NAME.fullmatch(name) else (option, each)
        option = ""
