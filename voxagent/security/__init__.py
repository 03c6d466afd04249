"""Keep secrets out of whatever leaves: text in, text out."""

from .automaton import SecretPattern
from .events import SecurityEvent, SecurityEventEmitter
from .failures import RedactedError, redact_error
from .filters import RedactionFilter, StreamFilter
from .logs import RedactingLogFilter
from .registry import NAMED_PLACEHOLDER, SecretRegistry
from .shapes import DEFAULT_SECRET_PATTERNS
from .values import found_secrets, reveal

__all__ = [
    "DEFAULT_SECRET_PATTERNS",
    "NAMED_PLACEHOLDER",
    "RedactedError",
    "RedactingLogFilter",
    "RedactionFilter",
    "SecretPattern",
    "SecretRegistry",
    "SecurityEvent",
    "SecurityEventEmitter",
    "StreamFilter",
    "found_secrets",
    "redact_error",
    "reveal",
]
