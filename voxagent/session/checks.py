"""What a program hands to a store, looked at before anything is written: what is stored has to load again."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import cast, get_args

from ..errors import ConfigError
from ..types.blocks import ContentBlock
from ..types.message import Message, Role

MAX_KEY = 1024
MAX_COUNT = 2**63 - 1
NO_ID = re.compile("[\0\ud800-\udfff]")
PLAIN = (list, tuple)
ROLES: tuple[str, ...] = get_args(Role)
BLOCKS: tuple[type, ...] = get_args(get_args(ContentBlock)[0])


def check_text(name: str, value: object) -> str:
    """The value, if it is text; raises `ConfigError`."""
    if not isinstance(value, str):
        raise ConfigError(f"{name} {_shown(value)} is of type {type(value).__name__}: text is expected")
    return value


def check_key(given: object) -> str:
    """The key, if it is one: any text of 1 to 1,024 bytes; raises `ConfigError`."""
    key = check_text("session key", given)
    size = len(key.encode(errors="surrogatepass"))
    if not 0 < size <= MAX_KEY:
        raise ConfigError(f"session key {key[:40]!r} has {size} bytes: 1 to {MAX_KEY} are allowed")
    return key


def check_count(name: str, value: object) -> int:
    """The number, if it counts something, so that every store can hold it; raises `ConfigError`."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_COUNT:
        raise ConfigError(f"{name}={_shown(value)}: a whole number from 0 to {MAX_COUNT} is expected")
    return int(value)


def check_version(key: str, value: object) -> int:
    """The version that an append expects, if it is one; raises `ConfigError`."""
    return check_count(f"an append to session {key!r} has expected_version", value)


def check_page(start: object, limit: object) -> None:
    """Refuse a page that cannot be."""
    check_count("start", start)
    if limit is not None:
        check_count("limit", limit)


def check_id(key: str, value: object) -> str:
    """The id of a session, if it is text that every store can hold; raises `ConfigError`."""
    if not isinstance(value, str):
        raise ConfigError(f"session {key!r} has id={_shown(value)}: text is expected")
    if NO_ID.search(value):
        raise ConfigError(
            f"session {key!r} has id={value!r:.60}: text without NUL and half surrogate pairs is expected"
        )
    return value


def check_seconds(key: str, name: str, value: object) -> float:
    """A time of a session, if it is one; raises `ConfigError`."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= sys.float_info.max:
        raise ConfigError(f"session {key!r} has {name}={_shown(value)}: seconds are expected")
    return float(value)


def _shown(value: object) -> str:
    try:
        return f"{value!r:.60}"
    except Exception:  # a number may have too many digits to be shown, and a value may not know how
        return f"<{type(value).__name__}>"


def check_messages(key: str, messages: object) -> list[Message]:
    """The messages for a session, if they are; raises `ConfigError`, which names the first that is none."""
    found: list[Message] = (
        [*cast("Sequence[Message]", messages)] if type(messages) in PLAIN else _listed(key, messages)
    )
    for number, message in enumerate(found):
        wrong = _wrong(message)
        if wrong is not None:
            raise ConfigError(f"message {number} for session {key!r} {wrong}")
    return found


def _listed(key: str, messages: object) -> list[Message]:
    kind = type(messages).__name__
    if isinstance(messages, str | bytes | Mapping | Message) or not isinstance(messages, Iterable):
        raise ConfigError(
            f"the messages for session {key!r} are of type {kind}: a list of Message is expected"
        )
    return list(cast("Iterable[Message]", messages))


def _wrong(message: object) -> str | None:
    if not isinstance(message, Message):
        return f"is of type {type(message).__name__}: a Message is expected"
    if message.role not in ROLES:
        return f"has role={message.role!r:.60}: {', '.join(map(repr, ROLES))} are known"
    content = () if isinstance(message.content, str) else message.content
    bad = next((number for number, block in enumerate(content) if not isinstance(block, BLOCKS)), None)
    if bad is None:
        return None
    return (
        f"has a value of type {type(content[bad]).__name__} as block {bad} of its content: no block is that"
    )
