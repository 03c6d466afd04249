"""How messages and sessions are written down: JSON text that says on loading what is wrong with it.

No pickle: whoever can write to a store could run code in whoever reads it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from ..errors import ConfigError, SessionError, VoxAgentError, said_by
from ..types.message import Message
from ..types.record import adapter
from .checks import check_id, check_key, check_messages, check_seconds
from .session import Session


def positive(name: str, seconds: float) -> float:
    """The seconds, if they are; raises `ConfigError`."""
    if not seconds > 0:
        raise ConfigError(f"{name}={seconds!r} is not a positive number of seconds")
    return seconds


@dataclass(frozen=True, slots=True)
class Written:
    """A session as text.

    Args:
        key: Its key as bytes: a database's text has no room for every string of Python's.
        id: Its id.
        created_at: Seconds since the epoch.
        updated_at: Seconds since the epoch.
        metadata: A JSON object.
        messages: A JSON object for each message.
    """

    key: bytes
    id: str
    created_at: float
    updated_at: float
    metadata: str
    messages: Sequence[str]


def written(session: Session) -> Written:
    """A session as text; raises `ConfigError` if something in it is not what it should be, or has no JSON."""
    check_session(session)
    return Written(
        key_bytes(session.key),
        session.id,
        float(session.created_at),  # a number that is too long for an integer of a database is none for this
        float(session.updated_at),
        metadata_text(session),
        messages_text(session.key, session.messages),
    )


def check_session(session: object) -> None:
    """Refuse what is no session; raises `ConfigError`."""
    if not isinstance(session, Session):
        raise ConfigError(f"a value of type {type(session).__name__} cannot be stored: a Session is expected")
    check_key(session.key)
    check_id(session.key, session.id)
    check_seconds(session.key, "created_at", session.created_at)
    check_seconds(session.key, "updated_at", session.updated_at)


def session_of(
    key: str, head: tuple[str, float, float, str], texts: Sequence[str], where: Callable[[int], str]
) -> Session:
    """The session whose id, times, metadata and messages these are; `where` names a message by its number."""
    number, created_at, updated_at, metadata = head
    with readable(f"the metadata of session {key!r}"):
        facts = cast("dict[str, Any]", dict(json.loads(metadata)))
    return Session(number, key, messages_of(texts, where), created_at, updated_at, facts)


@contextmanager
def readable(what: str) -> Generator[None]:
    """Say of what is not made of the parts that it should be made of that it cannot be read."""
    try:
        yield
    except VoxAgentError:
        raise
    except (AttributeError, TypeError, ValueError) as error:
        raise SessionError(f"{what} cannot be read: {said_by(error)}") from error


def key_bytes(key: object) -> bytes:
    """A key as bytes, lone surrogates included; their order is that of the keys."""
    return check_key(key).encode(errors="surrogatepass")


def key_of(data: bytes) -> str:
    """The key that these bytes are."""
    return data.decode(errors="surrogatepass")


def metadata_text(session: Session) -> str:
    """The metadata of a session as JSON; raises `ConfigError` if JSON would not give it back."""
    what = f"the metadata of session {session.key!r} cannot be written as JSON"
    if not isinstance(cast("object", session.metadata), dict):
        raise ConfigError(f"{what}: it is of type {type(session.metadata).__name__}, not a dict")
    try:
        _check_json(session.metadata, "metadata", what)
        text = json.dumps(session.metadata, ensure_ascii=False, separators=(",", ":"))
    except RecursionError as error:
        raise ConfigError(f"{what}: it is too deep, or holds itself") from error
    except ConfigError:
        raise
    except ValueError as error:  # a number of too many digits
        raise ConfigError(f"{what}: {said_by(error)}") from error
    try:
        text.encode()
    except UnicodeEncodeError:  # a half of a surrogate pair, which is no UTF-8; escaped it can be written
        return json.dumps(session.metadata, separators=(",", ":"))
    return text


def _check_json(value: object, where: str, what: str) -> None:
    if value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
        return
    if isinstance(value, list | tuple):
        for number, each in enumerate(cast("Sequence[object]", value)):
            _check_json(each, f"{where}[{number}]", what)
        return
    if not isinstance(value, dict):
        said = repr(value) if isinstance(value, float) else f"of type {type(value).__name__}"
        raise ConfigError(f"{what}: {where} is {said}")
    for name, each in cast("dict[object, object]", value).items():
        if not isinstance(name, str):
            raise ConfigError(f"{what}: {where} has the key {name!r:.60}, which is no text")
        _check_json(each, f"{where}[{name!r}]", what)


def messages_text(key: str, messages: object) -> list[str]:
    """Messages as JSON that loads again, one text for each and no line break in any; raises `ConfigError`."""
    found = check_messages(key, messages)
    return [_text(message, f"message {number} for session {key!r}") for number, message in enumerate(found)]


def _text(message: Message, what: str) -> str:
    written = adapter(Message)
    try:  # to look whether it can be read takes two microseconds; what cannot would ruin the session for good
        data = written.dump_json(message, exclude_none=True, warnings=False)
        written.validate_json(data)
        return data.decode()
    except ValueError:
        return _odd_text(message, what)


def _odd_text(message: Message, what: str) -> str:
    """What is no UTF-8, for half a surrogate pair, is escaped; what is deep is read as `messages_of` does."""
    from pydantic import ValidationError

    written = adapter(Message)
    try:
        text = json.dumps(written.dump_python(message, mode="json", exclude_none=True, warnings=False))
        written.validate_python(json.loads(text))
    except ValidationError as error:
        wrong = max(error.errors(include_url=False, include_input=False), key=lambda each: len(each["loc"]))
        place = ".".join(
            str(part) for part in wrong["loc"] if str(part).isalnum() or str(part).isidentifier()
        )
        raise ConfigError(f"{what} could not be loaded again: {place}: {wrong['msg']}") from None
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"{what} cannot be written as JSON: {said_by(error)}") from error
    return text


def messages_of(texts: Sequence[str], where: Callable[[int], str]) -> list[Message]:
    """The messages that these texts are, each of them one message or several with commas between.

    Raises:
        SessionError: A text is none; it is named as `where` names its number.
    """
    try:
        return adapter(list[Message]).validate_json(f"[{','.join(texts)}]")
    except ValueError:
        return [message for number, text in enumerate(texts) for message in _checked(text, where, number)]


def _checked(text: str, where: Callable[[int], str], number: int) -> list[Message]:
    try:
        return adapter(list[Message]).validate_python(json.loads(f"[{text}]"))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise SessionError(f"{where(number)} cannot be read: it holds no message of voxagent") from error


def newer(place: str, version: int, known: int) -> SessionError:
    """A store that another version of the library has written."""
    return SessionError(
        f"{place} has schema {version}, this version of voxagent reads up to {known}: use a newer voxagent"
    )
