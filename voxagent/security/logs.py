"""Keep secrets out of log records: ours, and those that HTTP libraries write about our requests."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping

from .filters import RedactionFilter
from .registry import NAMED_PLACEHOLDER, SecretRegistry

_WITHHELD = "(a log record that could not be redacted was withheld)"
_HARMLESS = frozenset(vars(logging.makeLogRecord({}))) - {"stack_info", "taskName", "threadName"}


class RedactingLogFilter(logging.Filter):
    """Replaces secrets in a record's message, `extra` values and traceback; lets every record pass.

    Python asks a logger's filters only for records that were made with that very logger: add this to
    each logger, or to a handler. A record without a secret is left as it is; where there is one in the
    message or an argument, the message is what it says, and there are no arguments. A record that cannot
    be redacted (an argument whose `str` raises) is emptied, never let through.
    """

    def __init__(self, registry: SecretRegistry) -> None:
        super().__init__()
        self._registry = registry
        self._filter = RedactionFilter(registry, NAMED_PLACEHOLDER)

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the record in place; always true, and never raises."""
        if self._registry.empty:
            return True
        try:
            self._redact(record)
        except Exception:  # what cannot be redacted is withheld
            record.msg, record.args = _WITHHELD, ()
            record.exc_info = record.exc_text = record.stack_info = None
        return True

    def _redact(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        redacted = self._filter.redact(message)
        if redacted != message or not self._is_clean(record.args):
            record.msg, record.args = redacted, ()
        for name, value in list(vars(record).items()):
            if name not in _HARMLESS:
                setattr(record, name, self._extra(value))
        if record.exc_info or record.exc_text:
            self._redact_traceback(record)

    def _extra(self, value: object) -> object:
        clean = self._filter.redact_value(value)
        for text in (str(clean), repr(clean)):  # of what is no text itself, and of what a list has of that
            redacted = self._filter.redact(text)
            if redacted != text:
                return redacted
        return clean

    def _is_clean(self, args: tuple[object, ...] | Mapping[str, object] | None) -> bool:
        """Other handlers, and what writes records as JSON, read arguments in ways of their own."""
        several = [args, *args.values()] if isinstance(args, Mapping) else [args]
        return all(self._extra(value) is value for value in (args if isinstance(args, tuple) else several))

    def _redact_traceback(self, record: logging.LogRecord) -> None:
        text = record.exc_text
        if text is None and record.exc_info is not None:
            text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        redacted = self._filter.redact(text or "")
        if redacted != text:
            record.exc_info, record.exc_text = None, redacted
