"""What became of a history that was compacted, and the mark by which a stored session is told of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ...types.message import Message
from ..marks import COMPACTED, uncounted
from .budget import Budget
from .pieces import SUMMARY

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


def compaction_of(before: Sequence[Message], after: Sequence[Message], budget: Budget) -> Compaction:
    """What a strategy made of a history; nothing, unless it has fewer tokens for sure."""
    saved = budget.total(before) - budget.total(after)
    if saved <= 0:
        return Compaction(list(before))
    parts = _parts(before, after)
    added = sum(isinstance(part, Message) and SUMMARY in (part.metadata or ()) for part in parts)
    removed = max(0, len(before) - len(after) + added)
    return Compaction([uncounted(message) for message in after], removed, max(1, round(saved)), parts)


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
