"""What became of a history that was compacted, and how a session keeps it: nothing is taken out of a store.

A store only appends. A compaction is therefore one more message, the *marker*: it says of what the history
consists from here on, as a list of parts in `metadata["compacted"]["parts"]`. A part is a pair
`[start, end]`, which stands for messages of the history that counted right ahead of the marker (numbers count
from 0, `end` is not among them), or a message that is new: a summary, a result that was cleared. `effective`
goes through a session from its beginning and does what each marker says, so the next marker speaks of what
the last one left.

So the session keeps every message, a run sees those that count, a marker is stored as a whole or not at all,
and a copy of the session up to any message is right as well. The marker itself has no text and the role
"system": who does not know of markers reads the whole conversation, as it was.

An answer's `usage` says how long the history was that it answered. After a compaction that is no longer true,
so the answers that are kept are given without it, and count by estimate until the next answer comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, cast

from ...errors import SessionError
from ...types.message import Message
from .budget import Budget
from .pieces import SUMMARY

COMPACTED = "compacted"
"""The metadata of a marker."""
Part: TypeAlias = "tuple[int, int] | Message"


@dataclass(frozen=True, slots=True)
class Compaction:
    """A history after it was made shorter.

    Args:
        messages: What is left, to go on with.
        removed: How many messages are no longer there; one whose results were cleared or cut still is.
        saved: About how many tokens less they are.
        parts: What is left of which messages; empty if nothing was changed.
    """

    messages: list[Message]
    removed: int = 0
    saved: int = 0
    parts: Sequence[Part] = ()

    @property
    def marker(self) -> Message | None:
        """The message that tells a stored session of it, to be appended; None if nothing was changed."""
        if not self.parts:
            return None
        parts = [
            part.model_dump(mode="python") if isinstance(part, Message) else [*part] for part in self.parts
        ]
        told = {"parts": parts, "removed": self.removed, "saved": self.saved}
        return Message("system", metadata={COMPACTED: told})


def effective(messages: Iterable[Message]) -> list[Message]:
    """The messages of a stored session that count: as the markers in it say, and without the markers.

    Raises:
        SessionError: A marker cannot be read, or speaks of messages that are not there.
    """
    history: list[Message] = []
    for number, message in enumerate(messages):
        if message.role != "system" or COMPACTED not in (message.metadata or ()):
            history.append(message)
            continue
        try:
            history = list(_resolved(message, history))
        except (KeyError, TypeError, ValueError) as error:
            raise SessionError(f"message {number} marks a compaction that cannot be read: {error}") from error
    return history


def compaction_of(before: Sequence[Message], after: Sequence[Message], budget: Budget) -> Compaction:
    """What a strategy made of a history; nothing, unless it has fewer tokens for sure."""
    saved = budget.total(before) - budget.total(after)
    if saved <= 0:
        return Compaction(list(before))
    parts = _parts(before, after)
    added = sum(isinstance(part, Message) and SUMMARY in (part.metadata or ()) for part in parts)
    removed = max(0, len(before) - len(after) + added)
    return Compaction([_uncounted(message) for message in after], removed, max(1, round(saved)), parts)


def _parts(before: Sequence[Message], after: Iterable[Message]) -> list[Part]:
    places = {id(message): number for number, message in enumerate(before)}
    parts: list[Part] = []
    for message in after:
        place = places.get(id(message))
        if place is None:
            parts.append(message)
        elif parts and isinstance(last := parts[-1], tuple) and last[1] == place:
            parts[-1] = (last[0], place + 1)
        else:
            parts.append((place, place + 1))
    return parts


def _resolved(marker: Message, history: Sequence[Message]) -> Iterable[Message]:
    told = cast("Mapping[str, Any]", marker.metadata)[COMPACTED]
    for part in told["parts"]:
        if isinstance(part, Mapping):
            yield _uncounted(_loaded(cast("Mapping[str, Any]", part)))
            continue
        start, end = part
        if not 0 <= start < end <= len(history):
            raise ValueError(f"it keeps messages {start} to {end} of {len(history)}")
        yield from map(_uncounted, history[start:end])


def _loaded(part: Mapping[str, Any]) -> Message:
    try:
        return Message.model_validate(part)
    except ValueError as error:
        raise ValueError("a part of it holds no message of voxagent") from error


def _uncounted(message: Message) -> Message:
    return message if message.usage is None else replace(message, usage=None)
