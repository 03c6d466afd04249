"""A conversation that is kept between runs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Self
from uuid import uuid4

from ..types.message import Message
from ..types.record import Record, record
from .checks import check_key, check_messages, check_text


@record
class Session(Record):
    """A stored conversation.

    Args:
        id: Id of the session.
        key: The key it is found by.
        messages: Its messages, in order.
        created_at: Seconds since the epoch.
        updated_at: Seconds since the epoch.
        metadata: Anything of the program's own that is JSON data.

    Raises:
        ConfigError: The key is none.
    """

    id: str
    key: str
    messages: list[Message] = field(default_factory=list[Message])
    created_at: float = 0.0
    updated_at: float = 0.0
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        check_key(self.key)

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
        """Append a message; raises `ConfigError` if it is none."""
        self.messages.extend(check_messages(self.key, [message]))
        self.updated_at = max(self.created_at, time.time())

    def get_messages(self, limit: int | None = None) -> list[Message]:
        """The messages, or the last `limit` of them."""
        if limit is None:
            return list(self.messages)
        return self.messages[-limit:] if limit > 0 else []

    def clear_messages(self) -> None:
        """Forget all messages."""
        self.messages.clear()
        self.updated_at = max(self.created_at, time.time())

    def to_dict(self) -> dict[str, Any]:
        """The session as plain JSON data; raises `ConfigError` if something among its messages is none."""
        check_messages(self.key, self.messages)
        return self.model_dump()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The session that `to_dict` gave."""
        return cls.model_validate(data)


def resolve_session_key(user_id: str, channel: str | None = None, thread_id: str | None = None) -> str:
    """A key made of parts; different parts never give the same key."""
    for name, part in (("user_id", user_id), ("channel", channel or ""), ("thread_id", thread_id or "")):
        check_text(name, part)
    parts = [user_id, *([channel or ""] if channel or thread_id else []), *([thread_id] if thread_id else [])]
    return ":".join(part.replace("%", "%25").replace(":", "%3A") for part in parts)
