"""A history in pieces that stay or go as a whole, so that what is left is a history again.

Providers refuse a result without its call, a call without its result, and half an answer that was sealed. So
a piece is either a prompt of the user, or a turn: an answer of the model with all results of its calls, also
those that came later in messages of their own. An answer that the provider paused is one with what it went on
with.

A turn is not understood without the prompt that it answers, and a history that begins with a turn is refused
by some: whoever keeps a turn keeps its prompt. What is held in any case: system messages, pinned messages,
and the end of the history, which is what the model is asked about.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ...types.blocks import ToolResultBlock, ToolUseBlock
from ...types.message import Message

Kind: TypeAlias = Literal["prompt", "turn", "system"]
_KINDS: Mapping[str, Kind] = {"system": "system", "assistant": "turn", "user": "prompt"}

SUMMARY = "summary"
"""The metadata of a summary: `{"summary": {"messages": 12}}` stands for 12 messages."""


@dataclass(slots=True, eq=False)
class Piece:
    """Messages that stay or go together.

    Args:
        start: Number of its first message, which counts from 0.
        end: Number of the message behind its last one.
        kind: "prompt", "turn" or "system".
        is_pinned: Whether a message of it is pinned.
        is_summary: Whether it stands for messages of before.
        prompt: The prompt that a turn answers; None if there is none.
        turns: How many turns answer a prompt.
        is_held: Whether it must stay; see `held`.
    """

    start: int
    end: int
    kind: Kind
    is_pinned: bool = False
    is_summary: bool = False
    prompt: Piece | None = None
    turns: int = 0
    is_held: bool = False


def pieces_of(messages: Sequence[Message]) -> list[Piece]:
    """The pieces of a history, in order; every message is in one of them."""
    pieces: list[Piece] = []
    asked: dict[str, int] = {}
    is_paused = False
    for number, message in enumerate(messages):
        role, place = message.role, len(pieces)
        was_paused, is_paused = is_paused, message.finish_reason == "pause"
        kind: Kind = _KINDS[role]
        if role == "assistant":
            place -= was_paused
            for call in message.of(ToolUseBlock):
                asked[call.id] = number
        elif role == "user" and (results := message.of(ToolResultBlock)):
            place, kind = _answered_by(results, pieces, asked), "turn"
        if place == len(pieces):
            pieces.append(Piece(number, number, kind))
        elif place < len(pieces) - 1:
            pieces[place].is_pinned = any(each.is_pinned for each in pieces[place:])
            del pieces[place + 1 :]
        piece = pieces[place]
        piece.end = number + 1
        if message.metadata is not None or role == "system":
            piece.is_pinned = piece.is_pinned or is_pinned(message)
            piece.is_summary = SUMMARY in (message.metadata or ())
    _link(pieces)
    return pieces


def held(pieces: Sequence[Piece], newest: int) -> Sequence[Piece]:
    """Mark what must stay: what is pinned, what reaches message number `newest`, and the history's end."""
    last = next((piece for piece in reversed(pieces) if piece.kind != "system"), None)
    for piece in pieces:
        piece.is_held = piece.is_pinned or piece.end > newest or piece is last
    for piece in pieces:
        if piece.is_held and piece.prompt is not None:
            piece.prompt.is_held = True
    return pieces


def newest_turns(pieces: Sequence[Piece], count: int) -> int:
    """The number of the message that the last `count` turns begin with."""
    starts = [piece.start for piece in pieces if piece.kind == "turn"]
    if count == 0:
        return pieces[-1].end if pieces else 0
    return starts[-count] if count <= len(starts) else 0


def messages_in(messages: Sequence[Message], pieces: Iterable[Piece]) -> list[Message]:
    """The messages of these pieces."""
    found: list[Message] = []
    for piece in pieces:
        found += messages[piece.start : piece.end]
    return found


def is_pinned(message: Message) -> bool:
    """Whether a message is to be kept, as it is."""
    return message.role == "system" or bool((message.metadata or {}).get("pinned"))


def _answered_by(
    results: Iterable[ToolResultBlock], pieces: Sequence[Piece], asked: Mapping[str, int]
) -> int:
    """The piece that results belong to; one behind the last if they begin another."""
    last = len(pieces) - 1
    calls = [asked[each.tool_use_id] for each in results if each.tool_use_id in asked]
    if not calls:  # answers nothing that is here: not worth a place of its own
        return max(last, 0)
    first = min(calls)
    if pieces[last].start <= first:
        return last
    return bisect_right(pieces, first, key=lambda piece: piece.start) - 1


def _link(pieces: Iterable[Piece]) -> None:
    """Tell turns which prompt they answer: the last one ahead, a summary only if there is no other."""
    prompt: Piece | None = None
    for piece in pieces:
        if piece.kind == "prompt" and (not piece.is_summary or prompt is None or prompt.is_summary):
            prompt = piece
        elif piece.kind == "turn" and prompt is not None:
            piece.prompt = prompt
            prompt.turns += 1
