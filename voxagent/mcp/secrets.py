"""What a server is given and must not show: values of its environment, headers and arguments.

Whatever comes back from the server passes through here before it reaches an event, an error or a log. The SDK
and its HTTP client log what a server says, and tracebacks that quote it; their records pass through as well.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar, cast
from urllib.parse import parse_qsl, unquote, urlsplit
from weakref import WeakSet

from ..security.filters import RedactionFilter
from ..security.logs import RedactingLogFilter
from ..security.registry import NAMED_PLACEHOLDER, SecretRegistry
from .secret_names import are_words, is_key, is_named, lets_in, looks_secret, names_secret, says_secret

T = TypeVar("T")

HEADER = re.compile(r"^([\w-]+):([ \t]*)(\S.*)$", re.MULTILINE)
NAME = re.compile(r"[\w.-]+")
ADDRESS = re.compile(r"(?<![A-Za-z0-9+.-])[A-Za-z0-9+.-]++://[^\s\"]*+")
PAIR = re.compile(
    r"""(?<![\w-])-*+([A-Za-z_][\w-]*+)\s*+=\s*+
    ( "[^"]*" | '[^']*' | \{[^{}]*\} | (?i:apikey|basic|bearer|token)[ ]++[^;,\s]++ | [^;\s]++ )
    | "([\w-]++)"\s*+:\s*+("[^"]*")""",
    re.VERBOSE,
)
"""Of what a connection is made with: "host=db password=...", "Account=me;Key=...", or a part of JSON."""
WITH_BLANKS = re.compile(r"(?:^|;)\s*+(\w[\w -]*+)=\s*+([^\s;\"'{][^;]*)")
LETTING_IN = re.compile(r"(?i:auth|bearer|header)")
"""What is in the name of a value that has a word ahead of its token."""
WORD_AHEAD = re.compile(r"[A-Za-z][\w-]*\s+(\S+)")
UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
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
        self._lasting: dict[tuple[str, str, bool], None] = {}
        _logs.all.add(self)
        for name in LOGGERS:
            logging.getLogger(name).addFilter(_logs)  # a second time does nothing

    def _begin(self) -> None:
        self._registry = SecretRegistry()
        self._filter = RedactionFilter(self._registry, NAMED_PLACEHOLDER)
        self._known = SecretRegistry()
        self._known_filter = RedactionFilter(self._known, NAMED_PLACEHOLDER)
        self.logs: logging.Filter = RedactingLogFilter(self._registry)
        """Redacts a log record."""

    def text(self, text: str) -> str:
        """The text with placeholders."""
        return self._filter.redact(text)

    def value(self, value: T) -> T:
        """The value with placeholders in all its strings."""
        return self._filter.redact_value(value)

    def known(self, value: T) -> T:
        """The value with placeholders for what is known to be a secret, not for what only looks like one."""
        return self._known_filter.redact_value(value)

    def add_environment(self, env: Mapping[str, str]) -> None:
        """Values that are secrets by their name, or look like one."""
        for name, value in env.items():
            self._look_at(name, value)

    def add_arguments(self, args: Sequence[str]) -> None:
        """What follows `--token`, or stands behind `--token=`; headers; and what looks like a secret."""
        for name, value in _arguments(args):
            self._look_at(name.lstrip("-") or "argument", value)

    def _look_at(self, name: str, value: str) -> None:
        """A value that is a secret by its name, looks like one, or holds one as addresses and the like do."""
        self._add_if_secret(name, value)
        if "://" in value:
            for address in ADDRESS.findall(value):
                self.add_url(address.lstrip("0123456789+.-"))
            value = ADDRESS.sub(_behind, value)
        for header, blank, given in HEADER.findall(value):
            if blank or names_secret(header) or header.lower().startswith("x-"):
                self._look_at_header(header, given)
        inner = _of_json(value)
        for part, given in _pairs(value) if inner is None else ():
            for form in dict.fromkeys((given, unquote(given))):
                self._add_if_secret(part, form)
        for part, given in inner or ():
            self._look_at(part or name, given)

    def _look_at_header(self, name: str, value: str) -> None:
        if _is_secret_header(name, value):
            for each in (value, value.partition(" ")[2]):
                self._keep(name, each, known=_is_known(name, value))

    def _add_if_secret(self, name: str, value: str) -> None:
        if not says_secret(name, value):
            return
        self._keep(name, value, known=_is_known(name, value))
        ahead = WORD_AHEAD.fullmatch(value)
        if ahead is not None and (lets_in(value) or LETTING_IN.search(name)):
            self.add(name, ahead[1])

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
        found: list[tuple[str, str]] = []
        if looks_secret(unquote(user)) or (not password and len(user) >= LONG_USER):
            found.append(("user", user))
        if parts.scheme != "file":
            found += [("path", each) for each in parts.path.split("/") if _lets_in_by_path(unquote(each))]
        for name, value in [("password", password), *found]:
            for form in dict.fromkeys((value, unquote(value))):
                self._keep(name, form, known=name == "password")
        for name, value in parse_qsl(parts.query):
            self._add_if_secret(name, value)
            self._add_if_secret(name, value.replace(" ", "+"))

    def add(self, name: str, value: str) -> None:
        """A value that is known to be one."""
        self._keep(name, value, known=True)

    def _keep(self, name: str, value: str, *, known: bool) -> None:
        self._lasting[name, value, known] = None
        self._register(name, value, known=known)

    def _register(self, name: str, value: str, *, known: bool) -> None:
        self._registry.register_value(name, value, found=True)
        if known:
            self._known.register_value(name, value, found=True)

    def _register_header(self, name: str, value: str) -> None:
        for each in (value, value.partition(" ")[2]):
            self._register(name, each, known=_is_known(name, value))

    def _forget_headers(self) -> None:
        """Of headers that differ from run to run, the older half is forgotten once there are many."""
        if len(self._headers) <= MOST_HEADERS:
            return
        self._headers = dict.fromkeys(list(self._headers)[MOST_HEADERS // 2 :])
        self._begin()
        for name, value, known in self._lasting:
            self._register(name, value, known=known)
        for name, value in self._headers:
            self._register_header(name, value)


def _lets_in_by_path(part: str) -> bool:
    """Whether a part of a path may be what lets the program in: hosts give out addresses with a UUID, too."""
    return looks_secret(part) or UUID.fullmatch(part) is not None


def _is_secret_header(name: str, value: str) -> bool:
    mixed = bool(MIXED.fullmatch(value)) and not are_words(value)
    return name.lower() not in PLAIN_HEADERS and (mixed or says_secret(name, value))


def _is_known(name: str, value: str) -> bool:
    """Whether a secret is one by more than its form."""
    return is_named(name, value) or is_key(value)


def _behind(address: re.Match[str]) -> str:
    """What some addresses have behind them: "jdbc:sqlserver://host;password=..."."""
    return f"; {address[0].partition(';')[2]}"


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Names and values in a connection string and the like; parts between commas are pairs too."""
    for *pair, key, value in PAIR.findall(text):
        name, given = pair if pair[0] else (key, value)
        if given[0] in "\"'{":
            yield name, given[1:-1] if given[-1] == {"{": "}"}.get(given[0], given[0]) else given
            continue
        yield name, given
        first, *more = given.split(",")
        yield name, first
        for each in more:
            inner, _, value = each.partition("=")
            yield inner, value
    yield from WITH_BLANKS.findall(text)


def _of_json(text: str) -> list[tuple[str, str]] | None:
    """Names and values in an object or list as JSON, with "" for no name; None if it is none."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        waiting = [("", cast("object", json.loads(text)))]
    except (ValueError, RecursionError):
        return None
    found: list[tuple[str, str]] = []
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting += cast("dict[str, object]", value).items()
        elif isinstance(value, list):
            waiting += [(name, each) for each in cast("list[object]", value)]
        else:
            found.append((name, value if isinstance(value, str) else json.dumps(value)))
    return found


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
