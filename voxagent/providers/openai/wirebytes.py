"""Bodies joined from bytes: each message is serialised once, and kept in the message.

With 10,000 messages it is the copying that costs, so all pieces are joined once: a message's bytes carry the
comma ahead of each of its objects, and the very first comma is taken away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...types.message import Message
from ..http.jsontext import dumped


def message_pieces(
    messages: Sequence[Message],
    key: object,
    build: Callable[[Message], Sequence[dict[str, Any]]],
    first: Mapping[str, Any] | None = None,
) -> list[bytes]:
    """The messages as pieces of a JSON list.

    Args:
        messages: The conversation.
        key: Stands for everything that the bytes depend on; kept with them, and compared by identity.
        build: Gives the objects that a message becomes, none if there is nothing in it to send.
        first: An object that stands ahead of them.
    """
    pieces = [kept[1] for message in messages if (kept := message.wire) is not None and kept[0] is key]
    if len(pieces) != len(messages):
        pieces = [_kept(message, key, build) for message in messages]
    if first is not None:
        return [dumped(first), *pieces]
    for at, piece in enumerate(pieces):
        if piece:
            pieces[at] = piece[1:]
            break
    return pieces


def _kept(message: Message, key: object, build: Callable[[Message], Sequence[dict[str, Any]]]) -> bytes:
    kept = message.wire
    if kept is None or kept[0] is not key:
        kept = (key, b"".join([b"," + dumped(each) for each in build(message)]))
        object.__setattr__(message, "wire", kept)
    return kept[1]


def body_of(head: Mapping[str, Any], name: str, messages: Sequence[bytes], tools: bytes) -> bytes:
    """A body.

    Args:
        head: The settings; tools in them come after the others, a conversation in them replaces ours.
        name: What the API calls the conversation.
        messages: The pieces of the conversation.
        tools: The tools, parted by commas.
    """
    extra = head.get("tools")
    settings = {key: value for key, value in head.items() if key != "tools"}
    parts = [dumped(settings)[:-1]]
    if name not in head:
        parts += [b',"', name.encode(), b'":[', *messages, b"]"]
    if extra:
        tools = b",".join([part for part in (tools, *map(dumped, extra)) if part])
    if tools:
        parts += [b',"tools":[', tools, b"]"]
    parts.append(b"}")
    return b"".join(parts)


_KEYS: dict[object, object] = {}


def key_for(*parts: object) -> object:
    """The one object that stands for these parts, so that equal wires share the bytes of a message."""
    return _KEYS.setdefault(parts, parts)
