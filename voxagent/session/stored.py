"""How messages and sessions are written down: JSON text that says on loading what is wrong with it.

No pickle: whoever can write to a store could run code in whoever reads it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import SplitResult, unquote, urlsplit

from ..errors import ConfigError, SessionError, VoxAgentError, said_by
from ..types.message import Message
from ..types.record import adapter
from .session import Session, check_key


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
    """A session as text; raises `SessionError` if something in it has no JSON."""
    return Written(
        key_bytes(session.key),
        session.id,
        session.created_at,
        session.updated_at,
        metadata_text(session),
        messages_text(session.key, session.messages),
    )


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


def key_bytes(key: str) -> bytes:
    """A key as bytes, lone surrogates included; their order is that of the keys."""
    return check_key(key).encode(errors="surrogatepass")


def key_of(data: bytes) -> str:
    """The key that these bytes are."""
    return data.decode(errors="surrogatepass")


def metadata_text(session: Session) -> str:
    """The metadata of a session as JSON."""
    return _text(Mapping[str, Any], session.metadata, f"the metadata of session {session.key!r}")


def messages_text(key: str, messages: Sequence[Message]) -> list[str]:
    """Messages as JSON, one text for each and no line break in any."""
    return [_text(Message, message, f"a message for session {key!r}") for message in messages]


def _text(kind: Any, value: object, what: str) -> str:
    from pydantic_core import PydanticSerializationError

    written = adapter(kind)
    try:
        return written.dump_json(value, exclude_none=kind is Message).decode()
    except PydanticSerializationError:
        pass
    try:  # a half of a surrogate pair, which is no UTF-8; escaped it can be written
        return json.dumps(written.dump_python(value, mode="json", exclude_none=kind is Message))
    except (PydanticSerializationError, TypeError, ValueError) as error:
        raise SessionError(f"{what} cannot be written as JSON: {said_by(error)}") from error


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


def server_of(url: str) -> SplitResult:
    """The parts of a server's URL; raises `ConfigError`, which does not tell the password, if it has none."""
    try:
        parts = urlsplit(url)
        readable = parts.port != 0 and "@" not in parts.path
    except ValueError:
        readable, parts = False, urlsplit("")
    if not readable:
        scheme = url.partition(":")[0]
        raise ConfigError(
            f"session_storage='{scheme}:...' cannot be read: signs like / @ : in user and password are"
            " written as %2F %40 %3A"
        )
    return parts


def without_secrets(text: str, url: SplitResult) -> str:
    """A text in which the passwords of a server's URL stand no more, however they are written there."""
    options = (part.partition("=") for part in url.query.split("&"))
    secrets = [url.password or "", *(value for name, _, value in options if "password" in name)]
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***").replace(unquote(secret), "***")
    return text


def newer(place: str, version: int, known: int) -> SessionError:
    """A store that another version of the library has written."""
    return SessionError(
        f"{place} has schema {version}, this version of voxagent reads up to {known}: use a newer voxagent"
    )
