"""Know every secret of an agent: named values and patterns.

Real values exist here, in what `SecretRegistry.value_of` and `reveal` return, in `deps` and in the
arguments of the tools that declared them; nowhere else. `repr` shows names, and a registry cannot
be pickled.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from threading import Lock
from typing import Any, Protocol, cast

from voxagent.errors import ConfigError

from .automaton import SecretPattern, check_cost
from .encodings import encoded_forms
from .matcher import EMPTY, Matcher, matcher_of
from .scanner import Hit, Scanner
from .shapes import DEFAULT_SECRET_PATTERNS, NOT_IN_NAMES, STAND_INS

MIN_LENGTH = 6
"""A shorter value would be found in ordinary text."""
PATTERN_NAME = "pattern"
NAMED_PLACEHOLDER = "[REDACTED:{name}]"
MAX_KEPT = 16
"""How many extensions of a registry are kept: they have real values in them."""


class Sealed(Protocol):
    """A value that says what it is only when asked: `SecretStr` and `SecretBytes` of pydantic."""

    def get_secret_value(self) -> Any: ...


class SecretRegistry:
    """Named values and patterns that must not be shown.

    Values are also found as they look in JSON, URLs, HTML, hex and base64. Registering is safe from
    any thread, and what is made ready for search is kept until the registry changes.
    """

    __slots__ = ("_extended", "_fresh", "_literals", "_lock", "_matcher", "_patterns", "_values", "empty")

    def __init__(self) -> None:
        self.empty: bool = True
        """Whether nothing is registered, so that every text may pass as it is."""
        self._lock = Lock()
        self._values: dict[str, str | bytes] = {}
        self._patterns: tuple[SecretPattern, ...] = ()
        self._literals: dict[str, str] = {}
        self._fresh: dict[str, str] = {}
        self._matcher: Matcher | None = EMPTY
        self._extended: dict[tuple[tuple[str, str | bytes], ...], SecretRegistry] = {}

    def __repr__(self) -> str:
        patterns = [pattern.name for pattern in self._patterns]
        return f"SecretRegistry(values={list(self._values)}, patterns={patterns})"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the values, in the order in which they were registered."""
        return tuple(self._values)

    @property
    def matcher(self) -> Matcher:
        """The registry made ready for search; the same object until something is registered."""
        # In this order: whoever empties `_fresh` has put the new matcher in place before.
        if not self._fresh and (matcher := self._matcher) is not None:
            return matcher
        with self._lock:
            base = self._matcher or matcher_of(self._patterns)
            names = self._fresh if self._matcher else self._literals
            self._matcher, self._fresh = base.with_literals(names), {}
            return self._matcher

    def register_pattern(self, pattern: str | SecretPattern, name: str | None = None) -> None:
        """Look for what a regular expression matches: the longest match at the leftmost place.

        A placeholder shows `name`, or `pattern` if none is given.

        Raises:
            ConfigError: the expression is wrong, may match the empty text, or uses what cannot be
                decided in a stream: anchors, look-around, back-references, conditional groups.
        """
        if isinstance(pattern, str):
            pattern = SecretPattern(PATTERN_NAME, pattern)
        if not isinstance(cast(object, pattern), SecretPattern):
            raise ConfigError(f"a secret pattern is of type {_kind(pattern)}: give a str or SecretPattern")
        _check_name(pattern.name if name is None else name)
        self._add_patterns([pattern if name is None else pattern._replace(name=name)], check=True)

    def register_defaults(self) -> None:
        """Look for the keys of well-known services too: `DEFAULT_SECRET_PATTERNS`."""
        self._add_patterns(DEFAULT_SECRET_PATTERNS, check=False)

    def register_value(self, name: str, value: str | bytes | Sealed, *, found: bool = False) -> None:
        """Look for this value, or for what a `SecretStr` or `SecretBytes` seals, and call it `name`.

        White space around the value is not part of what is looked for. A second value of the same
        name is the one that `value_of` returns; the first is still looked for. With `found` (a key
        that voxagent came upon by itself) a short value is ignored, a value that has a name already
        keeps it, and a name that another value has is given a number.

        Raises:
            ConfigError: the value is no text or bytes or shorter than 6 characters; its placeholder
                contains it; the name is empty, or has what no placeholder can have: `]`, a quotation
                mark, a backslash, or a line end or other control character.
        """
        value = _checked(name, value, found)
        core = value.strip()
        if not _is_usable(name, core):
            if found:
                return
            raise _unusable(name, len(core))
        forms = encoded_forms(core)
        with self._lock:
            if found:
                forms -= self._literals.keys()
                name = self._free_name(NOT_IN_NAMES.sub("_", name))
            names = dict.fromkeys(forms, name)
            self._literals.update(names)
            self._fresh.update(names)
            self._extended = {}
            if names:
                self._values[name] = value
            self.empty = False

    def contains_secret(self, text: str) -> bool:
        """Tell whether there is a secret in the text."""
        return bool(self._hits(text))

    def find_secrets(self, text: str) -> list[tuple[str, int, int]]:
        """Return each secret in the text as `(match, start, end)`: the matches are real values."""
        return [(text[hit.start : hit.end], hit.start, hit.end) for hit in self._hits(text)]

    def value_of(self, name: str) -> str | None:
        """Return the real value of that name; `None` if there is none that is text."""
        value = self._values.get(name)
        return value if isinstance(value, str) else None

    def masked(self) -> dict[str, str]:
        """Return the placeholder of each value by its name, to be shown in place of the values."""
        return {name: placeholder_of(name) for name in self._values}

    def copy(self) -> SecretRegistry:
        """Return a registry with the same content, which then goes its own way."""
        other = SecretRegistry()
        matcher = self.matcher
        with self._lock:
            other._values = dict(self._values)
            other._patterns = self._patterns
            other._literals = dict(self._literals)
            other._matcher = matcher
            other.empty = self.empty
        return other

    def extended(self, values: Iterable[tuple[str, str | bytes]]) -> SecretRegistry:
        """Return a registry that knows these values as well, as `found`: this one if it knows them all.

        What is ready for search here is shared. The last few are kept, so that the same values cost next
        to nothing the next time.
        """
        wanted = tuple(values)
        kept = self._extended.get(wanted)
        if kept is not None:
            return kept
        known = set(self._values.values())
        known |= STAND_INS
        fresh = [each for each in wanted if each[1] not in known and _is_usable(*each)]
        if not fresh:
            return self
        other = self.copy()
        for name, value in fresh:
            other.register_value(name, value, found=True)
        with self._lock:
            self._extended = dict([*self._extended.items(), (wanted, other)][-MAX_KEPT:])
        return other

    def joined(self, other: SecretRegistry) -> SecretRegistry:
        """Return a registry that knows what either of the two knows; this one's names come first."""
        if other.empty or other is self:
            return self
        if self.empty:
            return other
        both, other = self.copy(), other.copy()
        fresh = {form: name for form, name in other._literals.items() if form not in both._literals}
        both._values = {**other._values, **both._values}
        both._literals = {**both._literals, **fresh}
        both._fresh = fresh
        both._add_patterns(other._patterns, check=False)
        return both

    def _free_name(self, name: str) -> str:
        if name not in self._values:
            return name
        return next(other for n in count(2) if (other := f"{name}-{n}") not in self._values)

    def _add_patterns(self, patterns: Iterable[SecretPattern], *, check: bool) -> None:
        fresh = tuple(pattern for pattern in patterns if pattern not in self._patterns)
        if check:
            own = tuple(pattern for pattern in self._patterns if pattern not in DEFAULT_SECRET_PATTERNS)
            check_cost(fresh, own)
        if not fresh:
            return
        with self._lock:
            self._patterns += fresh
            self._matcher = None
            self._extended = {}
            self.empty = False

    def _hits(self, text: str) -> list[Hit]:
        if self.empty:
            return []
        pieces = Scanner(self.matcher).feed(text, final=True)
        return [piece for piece in pieces if isinstance(piece, Hit)]


def placeholder_of(name: str) -> str:
    """Return what stands in a text in place of the value of that name."""
    return NAMED_PLACEHOLDER.replace("{name}", name)


def _kind(value: object) -> str:
    return type(value).__name__


def _check_name(name: object) -> None:
    """A name stands in placeholders, and these in JSON: nothing in it ends either, or is escaped there."""
    if not isinstance(name, str):
        raise ConfigError(f"the name of a secret is of type {_kind(name)}: give a str")
    if not name or NOT_IN_NAMES.search(name):
        raise ConfigError(
            f"secret name {name!r} cannot stand in a placeholder: "
            'give one that is not empty and has no ], ", \\, line end or other control character'
        )


def _checked(name: str, value: str | bytes | Sealed, found: bool) -> str | bytes:
    if not found:
        _check_name(name)
    opened: Any = getattr(type(value), "get_secret_value", None)
    real: object = value if opened is None else opened(value)
    if not isinstance(real, (str, bytes)):
        raise ConfigError(f"secret {name!r} is of type {_kind(real)}: give a str, bytes or SecretStr")
    return real


def _is_usable(name: str, value: str | bytes) -> bool:
    core = value.strip()
    shown = core.decode("utf-8", "replace") if isinstance(core, bytes) else core
    is_told = shown in f"[REDACTED] {placeholder_of(name)}"
    return len(core) >= MIN_LENGTH and not is_told


def _unusable(name: str, length: int) -> ConfigError:
    if length < MIN_LENGTH:
        return ConfigError(
            f"secret {name!r} is shorter than {MIN_LENGTH} characters and would be found in ordinary text: "
            "use a longer one, or do not register it"
        )
    return ConfigError("a placeholder contains its secret's value: choose another name or do not register it")
