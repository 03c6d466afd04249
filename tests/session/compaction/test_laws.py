"""Whatever a history is, what a compaction leaves of it is one that any provider takes (R-A15)."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.session.compaction.histories import histories, problems
from voxagent.agent import handle_context_overflow
from voxagent.errors import ContextLengthError
from voxagent.session import (
    Budget,
    Strategy,
    clear_tool_results,
    compact,
    compact_context,
    count_message_tokens,
    cut_tool_results,
    drop_oldest_turns,
    effective,
    in_turn,
    needs_compaction,
    summarise,
)
from voxagent.types import Message, Usage

MODEL = "gpt-5"
TOO_LONG = ContextLengthError("too long")

targets = st.integers(-10, 400)
counts = st.integers(0, 4)


async def ask(question: str) -> str:
    return "They spoke of the weather."


STRATEGIES: dict[str, Callable[[int], Strategy]] = {
    "clear": clear_tool_results,
    "drop": drop_oldest_turns,
    "cut": lambda keep: cut_tool_results(100 + keep),
    "summarise": lambda keep: summarise(ask, keep=keep),
    "all": lambda keep: in_turn(
        clear_tool_results(keep), summarise(ask, keep=keep), drop_oldest_turns(keep), cut_tool_results(200)
    ),
}


def without_usage(messages: Sequence[Message]) -> list[Message]:
    return [replace(message, usage=None) for message in messages]


@pytest.mark.parametrize("name", STRATEGIES)
@given(messages=histories(), target=targets, keep=counts)
def test_a_strategy_leaves_a_valid_history_with_fewer_tokens_or_the_same_one(
    name: str, messages: list[Message], target: int, keep: int
) -> None:
    strategy = STRATEGIES[name](keep)
    done = asyncio.run(compact(messages, Budget(target, MODEL), strategy))
    assert [*problems(done.messages, messages)] == []
    before, after = (count_message_tokens(each, MODEL) for each in (messages, done.messages))
    if done.marker is None:
        assert (done.messages, done.removed, done.saved) == (messages, 0, 0)
    else:
        assert before > target
        assert done.saved > 0
        assert abs(before - after - done.saved) <= 1
        assert len(messages) - len(done.messages) <= done.removed
    again = asyncio.run(compact(done.messages, Budget(target, MODEL), strategy))
    assert again.messages == done.messages
    assert again.marker is None


@given(histories(), targets, counts, st.booleans())
def test_compact_context_leaves_a_valid_history_that_fits_or_is_the_least_there_can_be(
    messages: list[Message], target: int, recent: int, aggressive: bool
) -> None:
    found = compact_context(messages, target, recent, MODEL, aggressive)
    assert [*problems(found, messages)] == []
    if count_message_tokens(messages, MODEL) <= target:
        assert found == messages
    assert compact_context(found, target, recent, MODEL, aggressive) == found
    if recent:
        newest = messages[-recent:]
        assert aggressive or without_usage(found[-len(newest) :]) == without_usage(newest)
    if count_message_tokens(found, MODEL) > target and aggressive:
        kept = drop_oldest_turns(0)(messages, Budget(-1_000_000, MODEL))
        assert [message.role for message in found] == [message.role for message in kept]


@given(histories(), targets)
def test_what_cannot_be_made_to_fit_is_the_last_turn_and_its_prompt_if_nothing_is_pinned(
    messages: list[Message], target: int
) -> None:
    plain = [
        replace(message, metadata={"number": number})
        for number, message in enumerate(messages)
        if message.role != "system"
    ]
    found = compact_context(plain, target, 0, MODEL, aggressive=True)
    if count_message_tokens(found, MODEL) > target:
        answers = [message for message in found if message.role == "assistant"]
        prompts = [message for message in found if message.role == "user" and not message.tool_results]
        assert len(prompts) <= 1
        assert sum(message.finish_reason != "pause" for message in answers) <= 1


@given(histories(), targets)
def test_what_fits_is_told_to_fit_although_the_answers_in_it_were_asked_with_more(
    messages: list[Message], target: int
) -> None:
    found = compact_context(messages, target, 0, MODEL, aggressive=True)
    if found != messages and count_message_tokens(found, MODEL) <= target:
        assert not needs_compaction(found, "", target, model=MODEL)


@given(histories())
def test_after_an_overflow_a_history_is_smaller_for_sure(messages: list[Message]) -> None:
    least = drop_oldest_turns(0)(messages, Budget(-1_000_000, MODEL))
    shortest = cut_tool_results(400)(least, Budget(-1_000_000, MODEL))
    if shortest == messages:
        with pytest.raises(ContextLengthError) as caught:
            handle_context_overflow(messages, TOO_LONG, MODEL)
        assert caught.value is TOO_LONG
        return
    found = handle_context_overflow(messages, TOO_LONG, MODEL)
    assert count_message_tokens(found, MODEL) < count_message_tokens(messages, MODEL)
    assert [*problems(found, messages)] == []


@given(histories(), histories(), st.lists(st.tuples(st.sampled_from([*STRATEGIES]), targets), max_size=3))
def test_a_stored_session_gives_what_the_runs_went_on_with(
    messages: list[Message], more: list[Message], compactions: list[tuple[str, int]]
) -> None:
    """Everything is appended, nothing taken out, and what counts is read again from JSON."""
    stored, history = list(messages), effective(messages)
    for name, target in compactions:
        done = asyncio.run(compact(history, Budget(target, MODEL), STRATEGIES[name](1)))
        answer = Message("assistant", "well", usage=Usage(9, 9))
        fresh = [*([done.marker] if done.marker else []), *more, answer]
        stored += fresh
        history = effective([*done.messages, *more, answer])
    loaded = [Message.model_validate_json(message.model_dump_json()) for message in stored]
    assert effective(loaded) == effective(stored) == history
