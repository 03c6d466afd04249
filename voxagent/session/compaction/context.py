"""Whether a history is too long, and how it is made shorter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from ...errors import ConfigError
from ...types.blocks import ToolUseBlock
from ...types.config import OutputSpec, ToolSpec
from ...types.message import Message
from ...types.tokens import request_tokens
from .budget import Budget
from .marks import Compaction, compaction_of
from .pieces import is_pinned
from .policy import CompactionStrategy, known_strategy
from .strategies import (
    LONGEST,
    Strategy,
    awaited,
    checked_count,
    clear_tool_results,
    cleared,
    cut,
    drop_oldest_turns,
    dropped,
)
from .summary import Ask, summarise

SHORTEST = 400
"""Characters that are left of a result where nothing else helps."""


def strategy_of(name: CompactionStrategy | str, ask: Ask | None = None) -> Strategy:
    """The strategy of a name, with its defaults.

    Args:
        name: A `CompactionStrategy`, or its text.
        ask: Asks the model that summarises.

    Raises:
        ConfigError: There is no such strategy, or "summarize" has nobody to ask.
    """
    known = known_strategy(name)
    if known is CompactionStrategy.REMOVE_TOOL_RESULTS:
        return clear_tool_results()
    if known is CompactionStrategy.TRUNCATE_OLDEST:
        return drop_oldest_turns()
    if ask is None:
        raise ConfigError(f"the strategy {name!r} needs ask=, a function that asks a model")
    return summarise(ask)


def needs_compaction(
    messages: Sequence[Message],
    system_prompt: str,
    max_tokens: int,
    reserve_tokens: int = 0,
    model: str = "",
    *,
    tools: Sequence[ToolSpec] = (),
    output: OutputSpec | None = None,
) -> bool:
    """Whether a request with these messages would have more tokens than it may.

    Up to the newest answer with a `usage`, what the service counted is taken; what is new is estimated.

    Args:
        messages: The history.
        system_prompt: The system prompt, "" for none.
        max_tokens: Tokens that fit into the model's window.
        reserve_tokens: Tokens of it that the answer needs.
        model: Name of the model.
        tools: The tools of the request.
        output: The schema of its output.
    """
    return request_tokens(messages, system_prompt, tools, output, model) > max_tokens - reserve_tokens


def budget_for(
    messages: Sequence[Message],
    target_tokens: int,
    system_prompt: str = "",
    model: str = "",
    *,
    tools: Sequence[ToolSpec] = (),
    output: OutputSpec | None = None,
) -> Budget:
    """What is left for the messages if the whole request shall have so many tokens.

    Where the service has counted more than the estimate says, the messages may have less by that factor.

    Args:
        messages: The history that is to be made shorter.
        target_tokens: Tokens that the request may have then.
        system_prompt: The system prompt, "" for none.
        model: Name of the model.
        tools: The tools of the request.
        output: The schema of its output.
    """
    budget = Budget(0, model)
    around = request_tokens((), system_prompt, tools, output, model)
    estimated = around + round(budget.total(messages))
    counted = request_tokens(messages, system_prompt, tools, output, model)
    trusted = min(1.0, estimated / counted) if counted else 1.0
    budget.tokens = int(target_tokens * trusted) - around
    return budget


async def compact(messages: Sequence[Message], budget: Budget, strategy: Strategy) -> Compaction:
    """Make a history fit by a strategy; one that fits is left as it is.

    What comes back has fewer tokens for sure, or nothing was changed.

    Raises:
        ConfigError: A strategy of your own has parted a call from its result, or has left out what must stay:
            pinned and system messages, and the end of the history, which the model is asked about.
    """
    if budget.fits(messages):
        return Compaction(list(messages))
    found = await awaited(strategy(list(messages), budget))
    _check_messages(strategy, found)
    parted = {*_parted(found)}
    if parted:
        parted -= {*_parted(messages)}
    if parted:
        raise ConfigError(f"the strategy {strategy!r} has parted call {min(parted)!r} from its result")
    done = compaction_of(messages, found, budget)
    if done.saved:
        _check_kept(strategy, messages, found)
    return done


def _check_messages(strategy: Strategy, found: object) -> None:
    """Whether a strategy gave messages; raises `ConfigError`."""
    if not isinstance(found, Sequence) or isinstance(found, str):
        raise ConfigError(f"the strategy {strategy!r} gave {found!r:.100}; a list of messages is expected")
    for each in cast("Sequence[object]", found):
        if not isinstance(each, Message):
            raise ConfigError(f"the strategy {strategy!r} gave {each!r:.100} among its messages")


def _check_kept(strategy: Strategy, messages: Sequence[Message], found: Sequence[Message]) -> None:
    """Whether a strategy left what must stay; raises `ConfigError`."""
    there = {id(message) for message in found}
    pinned = [each for each in messages if each.metadata or each.role == "system"]
    if any(is_pinned(each) and id(each) not in there for each in pinned):
        raise ConfigError(f"the strategy {strategy!r} has left out or changed a pinned message")
    end, last = messages[-1], found[-1] if found else None
    results = {result.tool_use_id for result in end.tool_results}
    if last is end or (results and last and results == {each.tool_use_id for each in last.tool_results}):
        return
    raise ConfigError(f"the strategy {strategy!r} has left out the end, which the model is asked about")


def compact_context(
    messages: Sequence[Message],
    target_tokens: int,
    preserve_recent: int = 4,
    model: str = "",
    aggressive: bool = False,
) -> list[Message]:
    """The messages in at most so many tokens, without asking a model.

    Old tool results are cleared, then the oldest turns left out, as few as it takes. Pinned messages
    (`metadata={"pinned": True}`) stay, and so does the end that the model is asked about; so the messages may
    still have more tokens afterwards.

    Args:
        messages: The history.
        target_tokens: Tokens that the messages may have by `count_message_tokens`.
        preserve_recent: How many of the newest messages are left as they are.
        model: Name of the model.
        aggressive: If that is not enough, change these too: cut their long tool results, and leave out turns
            down to the last.
    """
    checked_count("preserve_recent", preserve_recent)
    budget = Budget(target_tokens, model)
    if budget.fits(messages):
        return list(messages)
    found = dropped(messages, budget, len(messages) - preserve_recent, lambda each: _least(each, budget))
    found = cleared(found, budget, len(found) - preserve_recent)
    found = dropped(found, budget, len(found) - preserve_recent)
    if aggressive:
        found = at_any_cost(found, budget)
    return compaction_of(messages, found, budget).messages


def at_any_cost(messages: Sequence[Message], budget: Budget) -> list[Message]:
    """A strategy for what was refused: cut results, leave out all turns but the last, cut results again."""
    found = cut(messages, budget, LONGEST)
    found = dropped(found, budget, len(found))
    return cut(found, budget, SHORTEST)


def _least(message: Message, budget: Budget) -> float:
    """The tokens of a message as if results had none: what is too much even so need not be cleared first."""
    return 0 if message.role == "user" and message.tool_results else budget.of(message)


def _parted(messages: Sequence[Message]) -> Iterator[str]:
    """The ids of results without a call ahead of them, and of calls without a result behind them."""
    due: dict[str, None] = {}
    answered: set[str] = set()
    for message in messages:
        for block in message.of(ToolUseBlock):
            due[block.id] = None
            answered.discard(block.id)
        for result in message.tool_results:
            if due.pop(result.tool_use_id, result) is result and result.tool_use_id not in answered:
                yield result.tool_use_id
            answered.add(result.tool_use_id)
    yield from due
