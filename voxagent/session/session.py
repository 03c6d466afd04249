"""A conversation that is kept between runs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Self
from uuid import uuid4

from ..errors import ConfigError
from ..types.message import Message
from ..types.record import Record, record

MAX_KEY = 1024


@record
class Session(Record):
    """A stored conversation.

    Args:
        id: Id of the session.
        key: The key it is found by.
        messages: Its messages, in order.
        created_at: Seconds since the epoch.
        updated_at: Seconds since the epoch.
        metadata: Anything of the program's own.
    """

    id: str
    key: str
    messages: list[Message] = field(default_factory=list[Message])
    created_at: float = 0.0
    updated_at: float = 0.0
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def create(cls, key: str) -> Self:
        """A new, empty session."""
        now = time.time()
        return cls(uuid4().hex, check_key(key), [], now, now)

    @property
    def version(self) -> int:
        """How many messages there are, which is the version that `append` expects."""
        return len(self.messages)

    def add_message(self, message: Message) -> None:
        """Append a message."""
        self.messages.append(message)
        self.updated_at = time.time()

    def get_messages(self, limit: int | None = None) -> list[Message]:
        """The messages, or the last `limit` of them."""
        if limit is None:
            return list(self.messages)
        return self.messages[-limit:] if limit > 0 else []

    def clear_messages(self) -> None:
        """Forget all messages."""
        self.messages.clear()
        self.updated_at = time.time()

    def to_dict(self) -> dict[str, Any]:
        """The session as plain JSON data."""
        return self.model_dump()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The session that `to_dict` gave."""
        return cls.model_validate(data)


def check_key(key: str) -> str:
    """The key, if it is one: any text of 1 to 1,024 bytes."""
    size = len(key.encode(errors="surrogatepass"))
    if not 0 < size <= MAX_KEY:
        raise ConfigError(f"session key {key[:40]!r} has {size} bytes: 1 to {MAX_KEY} are allowed")
    return key


def resolve_session_key(user_id: str, channel: str | None = None, thread_id: str | None = None) -> str:
    """A key made of parts; different parts never give the same key."""
    parts = [user_id, *([channel or ""] if channel or thread_id else []), *([thread_id] if thread_id else [])]
    return ":".join(part.replace("%", "%25").replace(":", "%3A") for part in parts)
