"""Whether a history is too long, and the names of voxagent 0.1 that make it shorter (R-A15)."""

import pytest

from tests.session.compaction.histories import PICTURE, agent_run, answer, chat, pinned, prompt, results
from voxagent.agent import handle_context_overflow
from voxagent.errors import ConfigError, ContextLengthError
from voxagent.session import (
    Budget,
    budget_for,
    clear_tool_results,
    compact,
    compact_context,
    count_message_tokens,
    drop_oldest_turns,
    needs_compaction,
)
from voxagent.types import DocumentBlock, Message, OutputSpec, ToolResultBlock, ToolSpec, Usage

ADD = ToolSpec("add", "Adds two numbers.", {"type": "object", "properties": {"a": {"type": "integer"}}})
SCHEMA = OutputSpec("answer", ADD.parameters)
HUGE = "word " * 100_000


# --- whether ----------------------------------------------------------------------------------------


def test_a_history_is_too_long_if_it_leaves_less_than_is_to_be_reserved() -> None:
    history = chat(10)
    tokens = count_message_tokens(history)
    assert not needs_compaction(history, "", tokens)
    assert needs_compaction(history, "", tokens - 1)
    assert not needs_compaction(history, "", tokens + 100, 100)
    assert needs_compaction(history, "", tokens + 99, 100)
    assert not needs_compaction([], "", 0)


def test_the_system_prompt_the_tools_and_the_schema_count_too() -> None:
    history = chat(10)
    tokens = count_message_tokens(history, "gpt-5")
    assert needs_compaction(history, "You are brief.", tokens, model="gpt-5")
    assert needs_compaction(history, "", tokens, model="gpt-5", tools=[ADD])
    assert needs_compaction(history, "", tokens, model="gpt-5", output=SCHEMA)


def test_what_the_service_counted_is_believed_and_only_what_is_new_is_estimated() -> None:
    history = [*chat(4), answer("well", usage=Usage(90_000, 1_000)), prompt("And now?")]
    tokens = 91_000 + count_message_tokens(history[-1:])
    assert not needs_compaction(history, "You are brief.", tokens)
    assert needs_compaction(history, "You are brief.", tokens - 1)


# --- how much ---------------------------------------------------------------------------------------


def test_the_messages_may_have_what_the_system_prompt_and_the_tools_leave() -> None:
    history, system = chat(10), "You are brief. " * 20
    budget = budget_for(history, 1_000, system, "gpt-5", tools=[ADD], output=SCHEMA)
    assert (budget.model, 0 < budget.tokens < 950) == ("gpt-5", True)
    assert budget_for([], 1_000).tokens == 1_000


async def test_where_the_service_counts_more_than_the_estimate_the_messages_may_have_less() -> None:
    history = chat(20)
    tokens = count_message_tokens(history)
    more = [*history[:-1], answer(history[-1].text, usage=Usage(2 * tokens, 0))]
    less = [*history[:-1], answer(history[-1].text, usage=Usage(tokens // 2, 0))]
    assert budget_for(history, 400).tokens == budget_for(less, 400).tokens == 400
    assert 195 <= budget_for(more, 400).tokens <= 205
    done = await compact(more, budget_for(more, 400), drop_oldest_turns(0))
    assert count_message_tokens(done.messages) <= 205
    assert not needs_compaction(done.messages, "", 400)


# --- compact_context --------------------------------------------------------------------------------


def test_messages_that_fit_are_given_back_as_they_are() -> None:
    history = agent_run(3)
    found = compact_context(history, 100_000)
    assert found == history
    assert found is not history
    assert compact_context([], 0) == []


def test_old_results_go_before_old_turns_and_the_recent_messages_stay() -> None:
    history = agent_run(8)
    budget = Budget(-1)
    cleared = clear_tool_results(keep=3)(history, budget)
    target = count_message_tokens(cleared) + 1
    assert compact_context(history, target, preserve_recent=4) == cleared
    found = compact_context(history, 0, preserve_recent=4)
    assert found == [history[0], *history[-5:]]  # the call of the oldest of them comes along
    assert compact_context(history, 0, preserve_recent=0) == [history[0], history[-1]]
    assert compact_context(history, 0, preserve_recent=99) == history


def test_pinned_messages_stay_whatever_the_target_is() -> None:
    history = chat(10)
    history[3] = pinned(history[3])
    assert compact_context(history, 0, 0) == [*history[2:4], *history[-2:]]
    assert compact_context(history, 0, 0, aggressive=True) == [*history[2:4], *history[-2:]]


def test_aggressive_goes_on_where_keeping_the_recent_messages_is_not_enough() -> None:
    history = [
        *chat(4),
        prompt("go"),
        answer("", "a"),
        results(HUGE, "a"),
        answer("", "b"),
        results("x", "b"),
    ]
    target = 1_500
    assert count_message_tokens(compact_context(history, target)) > target
    found = compact_context(history, target, aggressive=True)
    assert count_message_tokens(found) <= target
    assert [message.role for message in found] == ["user", "assistant", "user", "assistant", "user"]
    assert len(found[2].tool_results[0].text) == pytest.approx(4_000, abs=60)
    assert compact_context(history, 40, aggressive=True) == [history[4], *history[-2:]]
    last = compact_context(history[:-2], 10, aggressive=True)
    assert last[:2] == history[4:6]
    assert len(last[2].tool_results[0].text) == pytest.approx(400, abs=60)


def test_a_number_of_recent_messages_that_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match="preserve_recent=-1: it counts from 0"):
        compact_context([], 10, -1)


# --- after an overflow ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "most"),
    [
        ("openai:gpt-4o", 64_000),
        ("gpt-4o", 64_000),
        ("claude-sonnet-4-5", 100_000),
        ("unknown:model", 10_000_000),
        ("llama3:8b", 10_000_000),
        ("", 10_000_000),
    ],
)
def test_after_an_overflow_half_of_the_tokens_are_left_and_half_of_the_window_at_most(
    model: str, most: int
) -> None:
    history = chat(3_000, size=100)
    name = model.partition(":")[2] or model
    counted = count_message_tokens(history, name)
    found = handle_context_overflow(history, ContextLengthError("too long"), model)
    assert min(most, counted // 2) * 0.9 <= count_message_tokens(found, name) <= min(most, counted // 2)
    assert found == history[-len(found) :]


def test_one_result_that_is_larger_than_the_window_is_cut() -> None:
    history = [prompt("go"), answer("", "a"), results(HUGE, "a")]
    found = handle_context_overflow(history, ContextLengthError("too long"), "gpt-4o")
    assert found[:2] == history[:2]
    assert count_message_tokens(found) < 2_000


def test_pictures_and_documents_in_the_last_result_are_left_out() -> None:
    document = DocumentBlock("application/pdf", "JVBERi0xLjQK" * 100)
    shown = Message("user", [ToolResultBlock("a", "look", [PICTURE, document])])
    found = handle_context_overflow(
        [prompt("go"), answer("", "a"), shown], ContextLengthError("too long"), "gpt-4o"
    )
    assert found[2].tool_results[0].content == "[left out to save room]"


def test_what_cannot_be_smaller_raises_what_the_provider_said() -> None:
    error = ContextLengthError("too long")
    for history in ([prompt(HUGE)], [pinned(prompt("go")), pinned(answer("well"))], []):
        with pytest.raises(ContextLengthError) as caught:
            handle_context_overflow(history, error, "gpt-4o")
        assert caught.value is error
