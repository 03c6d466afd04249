"""The filters on their own: for texts, streams, values and log records."""

import logging

from voxagent.security import (
    NAMED_PLACEHOLDER,
    RedactingLogFilter,
    RedactionFilter,
    SecretRegistry,
    SecurityEventEmitter,
    StreamFilter,
)

registry = SecretRegistry()
registry.register_value("token", "s3cr3t-value")
registry.register_pattern(r"order-[0-9]{6,}", name="order")

events = SecurityEventEmitter()
events.on("secret_redacted", lambda event, data: print(event, dict(data)))
redaction = RedactionFilter(registry, NAMED_PLACEHOLDER, events, where="report")
print(redaction.redact("s3cr3t-value, order-123456"))
print(redaction.redact_value({"key": ["s3cr3t-value"]}))

stream = StreamFilter(registry)
pieces = [stream.process_chunk(chunk) for chunk in ("the token is s3c", "r3t-val", "ue, done")]
print([*pieces, stream.flush()])

logger = logging.getLogger("example")
handler = logging.StreamHandler()
handler.addFilter(RedactingLogFilter(registry))
logger.addHandler(handler)
logger.warning("sent %s", "s3cr3t-value")  # to stderr: sent [REDACTED:token]
print(registry.contains_secret("s3cr3t-value"), registry)
