"""What each strategy takes out first, and what it leaves alone (R-A15)."""

import asyncio
from typing import Any

import pytest

from tests.session.compaction.histories import PICTURE, agent_run, answer, chat, pinned, prompt, results
from voxagent.errors import ConfigError
from voxagent.session import (
    Budget,
    CompactionStrategy,
    Strategy,
    clear_tool_results,
    compact,
    count_message_tokens,
    cut_tool_results,
    drop_oldest_turns,
    in_turn,
    strategy_of,
)
from voxagent.types import Message, TextBlock, ToolResultBlock, Usage

LEFT_OUT = "[left out to save room]"
ALL = Budget(-1_000_000)
SUMMARY = Message("user", "Summary", metadata={"summary": {"messages": 7}})


def room_for(messages: list[Message]) -> Budget:
    """A budget that these messages just fill."""
    budget = Budget(0)
    budget.tokens = int(budget.total(messages)) + 1
    return budget


def texts(messages: list[Message]) -> list[str]:
    """What messages say, the results of calls included."""
    return [message.text or "".join(result.text for result in message.tool_results) for message in messages]


# --- clearing results -------------------------------------------------------------------------------


def test_old_results_are_cleared_and_those_of_the_newest_turns_are_not() -> None:
    history = agent_run(4, size=20)
    found = texts(clear_tool_results(keep=3)(history, ALL))
    data = "data " * 20
    assert found == ["do the task", "step 0", LEFT_OUT, "step 1", LEFT_OUT, *texts(history)[5:]]
    assert texts(clear_tool_results(keep=0)(history, ALL)).count(data) == 0
    assert texts(clear_tool_results(keep=9)(history, ALL)) == texts(history)


def test_no_more_results_are_cleared_than_it_takes() -> None:
    history = agent_run(4, size=20)
    one = [*history[:2], results(LEFT_OUT, "c0"), *history[3:]]
    assert clear_tool_results(keep=0)(history, room_for(one)) == one
    assert clear_tool_results(keep=0)(history, room_for(history)) == history


def test_a_cleared_result_is_still_an_error_and_what_was_said_beside_it_stays() -> None:
    mixed = Message(
        "user",
        [ToolResultBlock("a", "look", [PICTURE], is_error=True), TextBlock("And?")],
        metadata={"mine": 1},
    )
    history = [prompt("go"), answer("", "a"), mixed, answer("done")]
    found = clear_tool_results(keep=1)(history, ALL)[2]
    assert found == Message(
        "user",
        [ToolResultBlock("a", "look", LEFT_OUT, is_error=True), TextBlock("And?")],
        metadata={"mine": 1},
    )


def test_a_short_result_is_not_cleared_since_that_would_save_nothing() -> None:
    history = [prompt("go"), answer("", "a"), results("ok", "a"), answer("done")]
    assert clear_tool_results(keep=0)(history, ALL) == history


@pytest.mark.parametrize("number", [1, 2])
def test_the_results_of_a_pinned_turn_are_neither_cleared_nor_cut(number: int) -> None:
    history = agent_run(2, size=1_000)
    history[number] = pinned(history[number])
    assert clear_tool_results(keep=0)(history, ALL)[2] is history[2]
    assert cut_tool_results()(history, ALL)[2] is history[2]
    assert clear_tool_results(keep=0)(history, ALL)[4] != history[4]


# --- cutting results --------------------------------------------------------------------------------


def test_a_long_result_is_cut_to_its_beginning_and_its_end() -> None:
    said = "".join(chr(ord("a") + number % 26) for number in range(1_000))
    history = [prompt("go"), answer("", "a"), results(said, "a")]
    found = cut_tool_results(100)(history, ALL)[2].tool_results[0].text
    assert found == f"{said[:20]}\n[960 characters left out]\n{said[-20:]}"
    assert cut_tool_results(1_000)(history, ALL) == history


def test_pictures_in_a_result_are_cut_out_and_text_in_blocks_is_cut_like_any() -> None:
    blocks = [TextBlock("a chart"), PICTURE]
    whole = ToolResultBlock("b", "look", [TextBlock("short"), TextBlock("text")])
    content = Message("user", [ToolResultBlock("a", "look", blocks), whole])
    found = cut_tool_results(100)([prompt("go"), answer("", "a", "b"), content], ALL)[2]
    assert found.content == [ToolResultBlock("a", "look", f"a chart\n{LEFT_OUT}"), whole]


# --- dropping turns ---------------------------------------------------------------------------------


def test_the_oldest_turns_go_first_and_their_prompt_goes_with_the_last_of_them() -> None:
    history = [prompt("one"), answer("", "a"), results("x", "a"), answer("1"), *chat(2), *chat(2)]
    assert drop_oldest_turns(0)(history, room_for([history[0], *history[3:]])) == [history[0], *history[3:]]
    assert drop_oldest_turns(0)(history, room_for(history[3:])) == history[4:]
    assert drop_oldest_turns(0)(history, ALL) == history[-2:]
    assert drop_oldest_turns(2)(history, ALL) == history[-4:]


def test_the_newest_turns_of_a_long_task_stay_with_its_prompt() -> None:
    history = agent_run(5)
    assert drop_oldest_turns(2)(history, ALL) == [history[0], *history[-3:]]
    assert drop_oldest_turns(9)(history, ALL) == history


def test_results_that_came_in_messages_of_their_own_stay_with_their_calls() -> None:
    late = [prompt("go"), answer("", "a", "b"), results("x", "a"), prompt("wait"), results("y", "b")]
    assert drop_oldest_turns(0)([*chat(2), *late], ALL) == late
    assert drop_oldest_turns(0)([*late, answer("done")], ALL) == [late[0], answer("done")]


def test_an_answer_that_was_paused_stays_with_what_it_went_on_with() -> None:
    paused = [prompt("go"), Message("assistant", "searching", finish_reason="pause"), answer("found")]
    assert drop_oldest_turns(0)([*chat(2), *paused], ALL) == paused


def test_pinned_messages_stay_with_what_they_need_and_so_do_system_messages() -> None:
    system, task = Message("system", "Be brief."), pinned(prompt("the task"))
    fact = pinned(answer("the fact", "a"))
    history = [system, task, *chat(4), prompt("look"), fact, results("x", "a"), answer("b"), *chat(2)]
    assert drop_oldest_turns(0)(history, ALL) == [system, task, *history[6:9], *history[-2:]]


def test_open_calls_at_the_end_stay_for_whoever_answers_them() -> None:
    history = [*chat(4), prompt("go"), answer("", "a", "b"), results("x", "a")]
    assert drop_oldest_turns(0)(history, ALL) == history[4:]


def test_a_summary_of_before_goes_last() -> None:
    history = [SUMMARY, *chat(4), prompt("now")]
    assert drop_oldest_turns(0)(history, room_for([SUMMARY, *history[-3:]])) == [SUMMARY, *history[-3:]]
    assert drop_oldest_turns(0)(history, room_for([SUMMARY, history[-1]])) == [SUMMARY, history[-1]]
    assert drop_oldest_turns(0)(history, ALL) == history[-1:]


def test_a_turn_behind_a_summary_keeps_the_prompt_ahead_of_it() -> None:
    """The summary stands for other turns of that prompt."""
    history = [prompt("the task"), SUMMARY, answer("", "a"), results("x", "a"), answer("b")]
    assert drop_oldest_turns(0)(history, ALL) == [history[0], history[-1]]
    assert drop_oldest_turns(0)(history[1:], ALL) == [SUMMARY, history[-1]]


def test_a_history_that_is_cut_off_in_front_loses_the_results_that_answer_nothing_first() -> None:
    history = [results("x", "gone"), *chat(2), results("y", "gone too"), answer("hm"), prompt("now")]
    assert drop_oldest_turns(0)(history, room_for(history[1:])) == history[1:]
    assert drop_oldest_turns(0)(history, ALL) == history[-1:]


@pytest.mark.parametrize("history", [[], [Message("system", "Be brief.")]])
def test_a_history_in_which_nobody_spoke_stays_as_it_is(history: list[Message]) -> None:
    for strategy in (clear_tool_results(0), drop_oldest_turns(0), drop_oldest_turns(1), cut_tool_results()):
        assert strategy(history, ALL) == history


# --- one after the other ----------------------------------------------------------------------------


async def test_strategies_in_turn_stop_where_the_messages_fit() -> None:
    history = agent_run(6)
    cleared = clear_tool_results(keep=0)(history, ALL)
    strategy = in_turn(clear_tool_results(keep=0), drop_oldest_turns(0))
    assert await strategy(history, room_for(cleared)) == cleared
    assert await strategy(history, ALL) == [history[0], history[-1]]
    assert await in_turn()(history, ALL) == history


async def test_a_strategy_of_ones_own_is_a_function_plain_or_not() -> None:
    def newest(messages: object, budget: Budget) -> list[Message]:
        return history[-budget.tokens :]

    async def none_but_the_last(messages: object, budget: Budget) -> list[Message]:
        return history[-1:]

    history = chat(5)
    assert (await compact(history, Budget(3), newest)).messages == history[2:]
    assert (await compact(history, Budget(3), in_turn(newest, none_but_the_last))).messages == history[4:]


@pytest.mark.parametrize(
    ("kept", "parted"), [(slice(2, None), "c0"), (slice(0, 2), "c0"), (slice(4, None), "c1")]
)
async def test_a_strategy_that_parts_a_call_from_its_result_is_an_error_of_the_program(
    kept: slice, parted: str
) -> None:
    history = agent_run(3)
    with pytest.raises(ConfigError, match=f"has parted call '{parted}' from its result"):
        await compact(history, Budget(1), lambda messages, budget: messages[kept])


async def test_what_was_parted_before_is_nobodys_fault() -> None:
    history = [results("x", "gone"), *chat(4), prompt("go"), answer("", "open")]
    done = await compact(history, Budget(1), drop_oldest_turns(0))
    assert done.messages == history[-2:]
    again = [prompt("go"), answer("", "a"), results("x", "a"), answer("", "a"), results("y", "a")]
    done = await compact(again, Budget(1), drop_oldest_turns(0))
    assert done.messages == [again[0], *again[-2:]]


async def test_a_strategy_that_saves_nothing_changes_nothing() -> None:
    history = chat(3)
    done = await compact(history, Budget(1), lambda messages, budget: [*messages, prompt("more")])
    assert (done.messages, done.removed, done.saved, done.marker) == (history, 0, 0, None)


async def test_what_was_left_out_is_told() -> None:
    history = [*chat(6), *agent_run(3)]
    strategy = in_turn(clear_tool_results(keep=0), drop_oldest_turns(keep=2))
    done = await compact(history, Budget(10), strategy)
    assert done.removed == len(history) - len(done.messages) == 10
    assert done.saved == count_message_tokens(history) - count_message_tokens(done.messages)
    same = await compact(history, Budget(10_000), strategy)
    assert (same.messages, same.removed, same.saved, same.marker) == (history, 0, 0, None)


async def test_an_answer_that_is_kept_says_no_longer_what_it_cost() -> None:
    """Its usage would tell how long the history was that is no more."""
    history = [*chat(6), prompt("now"), answer("well", usage=Usage(90_000, 10), model="m", provider="p")]
    done = await compact(history, Budget(20), drop_oldest_turns(0))
    assert done.messages == [prompt("now"), answer("well", model="m", provider="p")]


# --- by name ----------------------------------------------------------------------------------------


async def ask(question: str) -> str:
    return "short"


@pytest.mark.parametrize(
    ("name", "same"),
    [
        (CompactionStrategy.REMOVE_TOOL_RESULTS, clear_tool_results()),
        ("remove_tool_results", clear_tool_results()),
        ("truncate_oldest", drop_oldest_turns()),
    ],
)
def test_a_strategy_has_a_name(name: str, same: Strategy) -> None:
    history = agent_run(8)
    assert strategy_of(name)(history, ALL) == same(history, ALL) != history


def test_the_strategy_that_summarises_has_one_too() -> None:
    done = asyncio.run(compact(agent_run(8), Budget(1), strategy_of("summarize", ask)))
    assert done.messages[1].text == "Summary of the conversation so far:\n\nshort"


def test_a_name_or_a_number_that_cannot_be_is_refused_with_what_can() -> None:
    with pytest.raises(ConfigError, match="unknown compaction strategy 'shrink': there are remove_tool_res"):
        strategy_of("shrink")
    with pytest.raises(ConfigError, match="'summarize' needs ask="):
        strategy_of("summarize")
    with pytest.raises(ConfigError, match="keep=-1: it counts from 0"):
        clear_tool_results(-1)
    with pytest.raises(ConfigError, match="keep=-1: it counts from 0"):
        drop_oldest_turns(-1)
    with pytest.raises(ConfigError, match="longest=99: a result is cut to 100 characters or more"):
        cut_tool_results(99)


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (slice(1, None), "left out or changed a pinned message"),
        (slice(0, -1), "left out the end"),
        (slice(0, 0), "left out or changed a pinned message"),
    ],
)
async def test_a_strategy_that_leaves_out_what_must_stay_is_an_error_of_the_program(
    kept: slice, said: str
) -> None:
    history = [pinned(prompt("be brief")), *chat(4), prompt("and now?")]
    with pytest.raises(ConfigError, match=said):
        await compact(history, Budget(1), lambda messages, budget: list(messages)[kept])


async def test_results_at_the_end_may_be_changed_but_not_left_out() -> None:
    history = agent_run(3)[:-1]
    changed = [*history[:-1], results("short", "c2")]
    assert (await compact(history, Budget(1), lambda messages, budget: changed)).messages == changed
    with pytest.raises(ConfigError, match="left out the end"):
        await compact(history, Budget(1), lambda messages, budget: history[:-2])


@pytest.mark.parametrize("given", [None, "messages", 3, [None], ["message"]])
async def test_a_strategy_that_gives_no_messages_is_named_with_what_it_gave(given: Any) -> None:
    with pytest.raises(ConfigError, match=r"the strategy <function .*> gave "):
        await compact(chat(4), Budget(1), lambda messages, budget: given)


async def test_a_strategy_cannot_change_the_history_itself() -> None:
    def clears(messages: Any, budget: Budget) -> list[Message]:
        kept = [*messages[-1:]]
        messages.clear()
        return kept

    history = chat(4)
    assert (await compact(history, Budget(1), clears)).messages == history[-1:]
    assert history == chat(4)
