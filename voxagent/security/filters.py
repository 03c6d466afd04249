"""Replace secrets by placeholders, in whole texts and in streams, with the same result."""

from __future__ import annotations

from collections import Counter
from typing import TypeVar, cast

from .events import SecurityEvent, SecurityEventEmitter
from .registry import SecretRegistry
from .scanner import Hit, Scanner
from .values import with_strings

T = TypeVar("T")

PLACEHOLDER = "[REDACTED]"


class RedactionFilter:
    """Replaces secrets in texts and values.

    `{name}` in the placeholder becomes the secret's name: an agent uses `NAMED_PLACEHOLDER`. Security
    events say `where`, such as the name of a tool.
    """

    __slots__ = ("_event_emitter", "_placeholder", "_registry", "_where")

    def __init__(
        self,
        registry: SecretRegistry,
        placeholder: str = PLACEHOLDER,
        event_emitter: SecurityEventEmitter | None = None,
        *,
        where: str = "text",
    ) -> None:
        self._registry = registry
        self._placeholder = placeholder
        self._event_emitter = event_emitter
        self._where = where

    def redact(self, text: str) -> str:
        """Return the text with a placeholder for each secret in it."""
        if self._registry.empty or (matcher := self._registry.matcher).passes(text, True):
            return text
        pieces = Scanner(matcher).feed(text, final=True)
        _report(pieces, self._event_emitter, self._where)
        return _shown(pieces, self._placeholder)

    def redact_value(self, value: T) -> T:
        """Return the value with every string in it redacted, keys too; what is clean is not copied.

        Goes through dicts, lists, tuples, sets, deques, dataclass instances and pydantic models.
        """
        if self._registry.empty:
            return value
        kind = type(value)
        if kind is str:
            return cast(T, self.redact(cast(str, value)))
        if value is None or (kind is dict and not value):
            return value
        return with_strings(value, self.redact)

    def redact_message(self, message: T) -> T:
        """Return the message with every text in it redacted."""
        return self.redact_value(message)


class StreamFilter:
    """Replaces secrets in one text that arrives in chunks.

    Whatever the chunks, what comes out is together what `RedactionFilter` makes of the whole text.
    Only the tail that may still grow into a secret is held back, at most 4,096 characters or the
    longest form of a value. `buffer_size` was, in voxagent 0.1, the number of characters that were
    always held back; it is accepted and not needed. Use one filter for each stream.
    """

    __slots__ = ("_event_emitter", "_placeholder", "_registry", "_scanner", "_where")

    def __init__(
        self,
        registry: SecretRegistry,
        buffer_size: int = 100,
        *,
        placeholder: str = PLACEHOLDER,
        event_emitter: SecurityEventEmitter | None = None,
        where: str = "stream",
    ) -> None:
        self._registry = registry
        self._placeholder = placeholder
        self._event_emitter = event_emitter
        self._where = where
        self._scanner = Scanner(registry.matcher)

    @property
    def active(self) -> bool:
        """Whether there is anything to look for; if not, chunks may pass without the filter."""
        return not self._registry.empty

    @property
    def held(self) -> int:
        """How many characters are held back."""
        return self._scanner.held

    def process_chunk(self, chunk: str) -> str:
        """Take the next chunk; return what may be shown now."""
        registry = self._registry
        if registry.empty or self._scanner.passes(chunk, registry.matcher):
            return chunk
        return self._passed(self._scanner.feed(chunk))

    def flush(self) -> str:
        """End the stream: return what was held back. The filter is then ready for another one."""
        if self._scanner.begins_anew():
            return ""
        text = self._passed(self._scanner.feed("", final=True))
        self._scanner = Scanner(self._registry.matcher)
        return text

    def _passed(self, pieces: list[str | Hit]) -> str:
        _report(pieces, self._event_emitter, self._where)
        return _shown(pieces, self._placeholder)


def _shown(pieces: list[str | Hit], placeholder: str) -> str:
    return "".join(
        [piece if isinstance(piece, str) else placeholder.replace("{name}", piece.name) for piece in pieces]
    )


def _report(pieces: list[str | Hit], event_emitter: SecurityEventEmitter | None, where: str) -> None:
    if event_emitter is None:
        return
    hits = Counter((piece.is_value, piece.name) for piece in pieces if isinstance(piece, Hit))
    for (is_value, name), count in hits.items():
        event = SecurityEvent.SECRET_REDACTED if is_value else SecurityEvent.PATTERN_MATCHED
        event_emitter.emit(event, name=name, count=count, where=where)
