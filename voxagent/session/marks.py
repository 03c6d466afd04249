"""What stands in a stored session besides what was said: marks, which say how its messages are to be read.

A store only appends. So what changes is written as one more message, from "system" and without content:

- `metadata["begun"]` names calls that were approved and have begun.
- `metadata["compacted"]` says of what the history consists from here on, as a list of parts: a pair
  `[start, end]` stands for messages of the history right ahead of it (numbers count from 0, `end` is not
  among them), anything else is a message that is new: a summary, a result that was cleared.

Results of one answer's calls are stored as they come; together they are one message of the history.

`effective` goes through a session from its beginning and gives the messages that count. So the session keeps
every message, a run sees those that count, a mark is stored as a whole or not at all, and a copy of the
session up to any message is right as well. Who does not know of marks reads the whole conversation, as it
was.

An answer's `usage` says how long the history was that it answered. After a compaction that is no longer true,
so the answers that are kept are given without it, and count by estimate until the next answer comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, cast

from ..errors import SessionError
from ..types.blocks import ToolResultBlock
from ..types.message import Message

COMPACTED = "compacted"
BEGUN = "begun"


def effective(messages: Iterable[Message]) -> list[Message]:
    """The messages of a stored session that count: as the marks in it say, and without the marks.

    Raises:
        SessionError: A mark cannot be read, or speaks of messages that are not there.
    """
    history: list[Message] = []
    for number, message in enumerate(messages):
        told = _told(message) if message.role == "system" else None
        if told is None:
            add_joined(history, message)
        elif COMPACTED in told:
            try:
                history = list(_resolved(told[COMPACTED]["parts"], history))
            except (KeyError, TypeError, ValueError) as error:
                raise SessionError(
                    f"message {number} marks a compaction that cannot be read: {error}"
                ) from error
    return history


def _told(message: Message) -> Mapping[str, Any] | None:
    """What a mark says; None for a message that is none."""
    told = message.metadata
    if not told or message.content or message.role != "system":
        return None
    return told if COMPACTED in told or BEGUN in told else None


def add_joined(history: list[Message], message: Message) -> None:
    """Append a message; results that come later join those of the same answer, in the order of its calls.

    Providers take the results of one answer in one message.
    """
    if type(message.content) is not str and message.role == "user" and message.tool_results:
        # messages from system may stand between them
        said = (place for place in reversed(range(len(history))) if history[place].role != "system")
        before, asked = next(said, 0), next(said, 0)
        if before > asked and history[before].role == "user" and history[before].tool_results:
            history[before] = _joined(history[asked], history[before], message)
            return
    history.append(message)


def _joined(asked: Message, before: Message, message: Message) -> Message:
    place = {call.id: number for number, call in enumerate(asked.tool_calls)}
    blocks = [*before.blocks, *message.blocks]
    results = [block for block in blocks if isinstance(block, ToolResultBlock)]
    results.sort(key=lambda result: place.get(result.tool_use_id, len(place)))
    others = [block for block in blocks if not isinstance(block, ToolResultBlock)]
    metadata = {**(before.metadata or {}), **(message.metadata or {})}
    return Message("user", [*results, *others], metadata=metadata or None)


def begun_calls(messages: Sequence[Message]) -> frozenset[str]:
    """The ids of the last answer's calls that were approved and had begun, as the marks behind it say."""
    begun: set[str] = set()
    for message in reversed(messages):
        if message.role == "assistant":
            break
        begun.update(cast("Iterable[str]", (_told(message) or {}).get(BEGUN, ())))
    return frozenset(begun)


def ids_left_out(messages: Sequence[Message]) -> set[str]:
    """The ids of all calls of a stored session that was compacted: those that are gone are taken, too."""
    if not any(COMPACTED in (_told(message) or ()) for message in messages if message.role == "system"):
        return set()
    return {call.id for message in messages for call in message.tool_calls}


def beside_system(mark: Message, places: Sequence[int]) -> Message:
    """A compaction's mark for a session whose history has messages from "system", too, at these places.

    A run has them in its system prompt instead, and counts without them. They stay, ahead of all others.
    """
    if not places:
        return mark
    told: dict[str, Any] = dict((mark.metadata or {})[COMPACTED])
    parts: list[Any] = [[place, place + 1] for place in places]
    cuts = [place - number for number, place in enumerate(places)]
    for part in told["parts"]:
        if isinstance(part, Mapping):
            parts.append(part)
            continue
        ends = [part[0], *[cut for cut in dict.fromkeys(cuts) if part[0] < cut < part[1]], part[1]]
        for start, end in pairwise(ends):
            ahead = sum(cut <= start for cut in cuts)
            parts.append([start + ahead, end + ahead])
    return replace(mark, metadata={COMPACTED: {**told, "parts": parts}})


def uncounted(message: Message) -> Message:
    """The message without its usage."""
    if message.usage is None:
        return message
    other = replace(message, usage=None)
    object.__setattr__(other, "clean", message.clean)
    return other


def _resolved(parts: Iterable[Any], history: Sequence[Message]) -> Iterable[Message]:
    for part in parts:
        if isinstance(part, Mapping):
            yield uncounted(_loaded(cast("Mapping[str, Any]", part)))
            continue
        start, end = part
        if not 0 <= start < end <= len(history):
            raise ValueError(f"it keeps messages {start} to {end} of {len(history)}")
        yield from map(uncounted, history[start:end])


def _loaded(part: Mapping[str, Any]) -> Message:
    try:
        return Message.model_validate(part)
    except ValueError as error:
        raise ValueError("a part of it holds no message of voxagent") from error
