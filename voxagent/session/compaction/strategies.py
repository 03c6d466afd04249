"""Ways to make a history shorter. Each is a function of messages and a budget, so they compose.

A strategy does what it can until the messages fit, oldest first, and gives back a valid history; it never
changes what is pinned. One that has nothing to do gives back what it was given.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from operator import is_
from typing import Any, Protocol, TypeAlias

from ...errors import ConfigError
from ...types.blocks import TextBlock, ToolResultBlock
from ...types.message import Message
from .budget import Budget
from .pieces import Piece, held, messages_in, newest_turns, pieces_of

CLEARED = "[left out to save room]"
"""What stands in place of a result that was cleared."""
LONGEST = 4_000
"""Characters that are left of a result that is cut; about a thousand tokens."""


class Strategy(Protocol):
    """Makes messages fewer or shorter until they fit the budget, or as far as it can."""

    def __call__(
        self, messages: Sequence[Message], budget: Budget, /
    ) -> Sequence[Message] | Awaitable[Sequence[Message]]:
        """The messages that are left, in order; a call and its result are never parted."""
        ...


PlainStrategy: TypeAlias = Callable[[Sequence[Message], Budget], list[Message]]
"""A strategy that waits for nothing."""
AsyncStrategy: TypeAlias = Callable[[Sequence[Message], Budget], Coroutine[Any, Any, list[Message]]]
"""A strategy that waits for something, such as a model."""


def clear_tool_results(keep: int = 2) -> PlainStrategy:
    """Take the content out of old tool results, the oldest first; the calls stay.

    Args:
        keep: How many of the newest turns (answers with the results of their calls) keep theirs.
    """
    checked_count("keep", keep)

    def strategy(messages: Sequence[Message], budget: Budget) -> list[Message]:
        pieces = pieces_of(messages)
        return _changed(messages, budget, newest_turns(pieces, keep), _without_content, pieces)

    return strategy


def drop_oldest_turns(keep: int = 2) -> PlainStrategy:
    """Leave out the oldest turns; a prompt goes with the last turn that answers it, a summary goes last.

    Args:
        keep: How many of the newest turns stay, with their prompts. With 0, still what the model is asked
            about stays: the last turn or prompt.
    """
    checked_count("keep", keep)

    def strategy(messages: Sequence[Message], budget: Budget) -> list[Message]:
        pieces = pieces_of(messages)
        return dropped(messages, budget, newest_turns(pieces, keep), pieces=pieces)

    return strategy


def cut_tool_results(longest: int = LONGEST) -> PlainStrategy:
    """Cut long tool results to their beginning and end, the oldest first, those of the last turn as well.

    Args:
        longest: Characters that are left of one, at least 100. Pictures and documents in it are left out.
    """
    if longest < 100:
        raise ConfigError(f"longest={longest!r}: a result is cut to 100 characters or more")

    def strategy(messages: Sequence[Message], budget: Budget) -> list[Message]:
        return cut(messages, budget, longest)

    return strategy


def in_turn(*strategies: Strategy) -> AsyncStrategy:
    """Each of these after the other, until the messages fit."""

    async def strategy(messages: Sequence[Message], budget: Budget) -> list[Message]:
        for each in strategies:
            if budget.fits(messages):
                break
            messages = await awaited(each(messages, budget))
        return list(messages)

    return strategy


async def awaited(found: Sequence[Message] | Awaitable[Sequence[Message]]) -> Sequence[Message]:
    """What a strategy gives, at once or later."""
    return await found if isinstance(found, Awaitable) else found


def checked_count(name: str, count: int) -> int:
    """The count, if it is one; raises `ConfigError`."""
    if count < 0:
        raise ConfigError(f"{name}={count!r}: it counts from 0")
    return count


# --- what they do -----------------------------------------------------------------------------------


def cleared(messages: Sequence[Message], budget: Budget, newest: int) -> list[Message]:
    """The messages with results ahead of number `newest` cleared, as many as it takes."""
    return _changed(messages, budget, newest, _without_content)


def cut(messages: Sequence[Message], budget: Budget, longest: int) -> list[Message]:
    """The messages with results cut to `longest` characters, as many as it takes."""
    return _changed(messages, budget, len(messages), partial(_shortened, longest=longest))


def dropped(
    messages: Sequence[Message],
    budget: Budget,
    newest: int,
    weigh: Callable[[Message], float] | None = None,
    pieces: Sequence[Piece] | None = None,
) -> list[Message]:
    """The messages without pieces ahead of number `newest`, as many as it takes.

    Each has the tokens that `weigh` says; those of the budget's count, if it is None.
    """
    weights = list(map(weigh or budget.of, messages))
    over = sum(weights) - budget.tokens
    if over <= 0:
        return list(messages)
    pieces = held(pieces or pieces_of(messages), newest)
    gone: set[int] = set()
    for piece in sorted(pieces, key=lambda each: each.is_summary):
        if over <= 0:
            break
        if piece.is_held or piece.turns:
            continue
        for going in (piece, *_left_alone(piece)):
            over -= sum(weights[going.start : going.end])
            gone.add(going.start)
    return messages_in(messages, (piece for piece in pieces if piece.start not in gone))


def _left_alone(turn: Piece) -> Sequence[Piece]:
    """The prompt of a turn, if nothing else answers it: the model would answer it again."""
    prompt = turn.prompt
    if prompt is None:
        return ()
    prompt.turns -= 1
    return () if prompt.turns or prompt.is_held else (prompt,)


def _changed(
    messages: Sequence[Message],
    budget: Budget,
    newest: int,
    change: Callable[[ToolResultBlock], ToolResultBlock],
    pieces: Sequence[Piece] | None = None,
) -> list[Message]:
    """The messages with their results changed, the oldest first, while they do not fit."""
    over = budget.total(messages) - budget.tokens
    found = list(messages)
    if over <= 0:
        return found
    for piece in pieces or pieces_of(messages):
        if piece.is_pinned or piece.end > newest:
            continue
        for number in range(piece.start, piece.end):
            if over <= 0:
                return found
            new = _with_results(found[number], change)
            less = 0 if new is found[number] else budget.of(found[number]) - budget.of(new)
            if less > 0:
                found[number] = new
                over -= less
    return found


def _with_results(message: Message, change: Callable[[ToolResultBlock], ToolResultBlock]) -> Message:
    if message.role != "user" or isinstance(message.content, str):
        return message
    blocks = [change(block) if isinstance(block, ToolResultBlock) else block for block in message.content]
    if all(map(is_, blocks, message.content)):
        return message
    return Message("user", blocks, metadata=message.metadata)


def _without_content(block: ToolResultBlock) -> ToolResultBlock:
    if isinstance(block.content, str) and len(block.content) <= len(CLEARED):
        return block
    return ToolResultBlock(block.tool_use_id, block.tool_name, CLEARED, block.is_error)


def _shortened(block: ToolResultBlock, longest: int) -> ToolResultBlock:
    said = block.text
    if not isinstance(block.content, str) and not all(isinstance(each, TextBlock) for each in block.content):
        said = f"{said}\n{CLEARED}".strip()
    elif len(said) <= longest:
        return block
    if len(said) > longest:
        half = (longest - 60) // 2
        said = f"{said[:half]}\n[{len(said) - 2 * half} characters left out]\n{said[-half:]}"
    return ToolResultBlock(block.tool_use_id, block.tool_name, said, block.is_error)
