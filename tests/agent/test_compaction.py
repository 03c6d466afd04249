"""R-A15: a history that nears the model's window, or that was refused as too long, is made shorter."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tests.agent.doors import every_door
from tests.faults.script import assert_valid_history
from voxagent import Agent, ConfigError, Hooks, Message, ToolContext, tool
from voxagent.errors import CallbackError, ContextLengthError, UsageLimitError
from voxagent.providers import ModelFacts, ModelRequest
from voxagent.session import (
    Budget,
    CompactionPolicy,
    InMemorySessionStorage,
    count_message_tokens,
    drop_oldest_turns,
    effective,
)
from voxagent.streaming import BaseEvent, CompactionEndEvent, CompactionStartEvent
from voxagent.testing import FunctionProvider, ScriptedProvider, answer, fails, text, tool_call
from voxagent.types import ToolResultBlock, ToolUseBlock, Usage, UsageLimits

SMALL = ModelFacts(context_window=2_000)
DROP = CompactionPolicy("truncate_oldest", window=2_000)
TOO_LONG = ContextLengthError("too long")


def turns(count: int, words: int = 40) -> list[Message]:
    """A conversation without calls."""
    found: list[Message] = []
    for number in range(count):
        found += [Message("user", f"{number}? " + "word " * words), Message("assistant", "word " * words)]
    return found


def calls(count: int, size: int = 200) -> list[Message]:
    """A long task: a prompt, then calls with long results."""
    found = [Message("user", "do it")]
    for number in range(count):
        found.append(Message("assistant", [ToolUseBlock(f"c{number}", "look", {})]))
        found.append(Message("user", [ToolResultBlock(f"c{number}", "look", "word " * size)]))
    return found


def sizes(events: Sequence[BaseEvent]) -> list[tuple[str, int, int]]:
    return [
        (event.event_type, event.message_count, event.token_count)
        if isinstance(event, CompactionStartEvent)
        else (event.event_type, event.messages_removed, event.tokens_saved)
        for event in events
        if isinstance(event, CompactionStartEvent | CompactionEndEvent)
    ]


@every_door
async def test_what_nears_the_window_is_made_shorter_and_events_tell(door: Any) -> None:
    events: list[BaseEvent] = []
    model = ScriptedProvider(text("done"), facts=SMALL)
    agent = Agent(model, compaction=CompactionPolicy("truncate_oldest"), observers=[events.append])
    history = turns(30)
    result = await door(agent, "and now?", message_history=history)
    asked = model.requests[0].messages
    assert result.output == "done"
    assert count_message_tokens(asked) <= 1_000
    assert [*asked] == [*history[61 - len(asked) :], Message("user", "and now?")]
    (start, count, tokens), (end, removed, saved) = sizes(events)
    assert (start, count, end, removed) == ("compaction_start", 61, "compaction_end", 61 - len(asked))
    assert abs(tokens - saved - count_message_tokens(asked)) < 20
    assert result.messages == [*asked, result.new_messages[-1]]
    assert [message.role for message in result.new_messages] == ["user", "assistant"]


async def test_what_fits_is_left_alone() -> None:
    events: list[BaseEvent] = []
    model = ScriptedProvider(text("done"), facts=SMALL)
    await Agent(model, observers=[events.append]).run("and now?", message_history=turns(5))
    assert (len(model.requests[0].messages), sizes(events)) == (11, [])


async def test_a_long_answer_that_is_asked_for_takes_its_room_in_the_window() -> None:
    history = turns(14)
    assert 1_100 < count_message_tokens(history) < 1_500
    for max_tokens, less in ((300, False), (900, True), (5_000, True)):
        model = ScriptedProvider(text("done"), facts=SMALL)
        agent = Agent(model, compaction=CompactionPolicy("truncate_oldest"))
        await agent.run("so?", message_history=history, settings={"max_tokens": max_tokens})
        assert (len(model.requests[0].messages) < 29) == less


async def test_by_default_results_are_cleared_first() -> None:
    model = ScriptedProvider(text("done"), facts=SMALL)
    result = await Agent(model).run("so?", message_history=calls(8))
    asked = model.requests[0].messages
    assert len(asked) == 18
    told = [message.tool_results[0].text[:10] for message in asked if message.tool_results]
    assert (told[0], told[-2:]) == ("[left out ", ["word word "] * 2)
    assert_valid_history(result.messages)


async def test_by_default_the_runs_own_model_summarises_what_is_too_much_even_so() -> None:
    model = ScriptedProvider(text("They counted."), text("done"), facts=SMALL)
    result = await Agent(model).run("so?", message_history=turns(30))
    question, request = model.requests
    assert "BEGIN" in question.messages[0].text
    assert "They counted." in request.messages[0].text
    assert (result.output, result.usage.requests) == ("done", 2)


async def test_if_nobody_can_summarise_the_oldest_turns_are_left_out(caplog: Any) -> None:
    model = ScriptedProvider(fails(TOO_LONG), text("done"), facts=SMALL)
    result = await Agent(model).run("so?", message_history=turns(30))
    assert result.output == "done"
    assert 1 < len(model.requests[1].messages) < 30
    assert "the conversation was not summarised: scripted:scripted: too long" in caplog.text


@every_door
async def test_what_was_refused_as_too_long_is_sent_once_more_and_shorter(door: Any) -> None:
    model = ScriptedProvider(fails(TOO_LONG), text("done"))
    agent = Agent(model, compaction=CompactionPolicy("truncate_oldest"))
    result = await door(agent, "and now?", message_history=turns(10))
    first, second = (count_message_tokens(request.messages) for request in model.requests)
    assert (result.output, second <= first / 2) == ("done", True)
    assert [attempt.reason for attempt in result.attempts] == ["context_length", None]


async def test_after_a_refusal_even_the_last_results_are_cut() -> None:
    model = ScriptedProvider(fails(TOO_LONG), text("done"))
    result = await Agent(model).run(None, message_history=calls(1, 9_000))
    assert result.output == "done"
    assert "characters left out" in model.requests[1].messages[2].tool_results[0].text


async def test_a_second_refusal_is_the_end_and_so_is_one_that_nothing_helps() -> None:
    model = ScriptedProvider(fails(TOO_LONG), fails(TOO_LONG))
    agent = Agent(model, compaction=CompactionPolicy("truncate_oldest"))
    result = await agent.run("so?", message_history=turns(10))
    assert (result.error is TOO_LONG, len(model.requests)) == (True, 2)
    short = ScriptedProvider(fails(TOO_LONG))
    result = await Agent(short).run("so?")
    assert (result.error is TOO_LONG, len(short.requests)) == (True, 1)


async def test_without_compaction_nothing_is_changed() -> None:
    model = ScriptedProvider(fails(TOO_LONG), facts=SMALL)
    result = await Agent(model, compaction=None).run("so?", message_history=turns(30))
    assert (result.error is TOO_LONG, len(model.requests[0].messages)) == (True, 61)


async def test_a_stored_session_keeps_everything_and_goes_on_with_what_counts() -> None:
    storage = InMemorySessionStorage()
    agent = Agent(ScriptedProvider(), session_storage=storage, compaction=DROP)
    for number in range(40):
        said = f"{number}! " + "word " * 40
        result = await agent.run(said, session_key="k", model=ScriptedProvider(text(f"answer {number}")))
        assert count_message_tokens(result.messages) <= 1_700
    session = await storage.load("k")
    assert session is not None
    said = [message.text for message in session.messages if message.role == "user"]
    assert [each.split("!")[0] for each in said] == [str(number) for number in range(40)]
    assert effective(session.messages) == result.messages
    assert len(result.messages) < 80 < len(session.messages)


async def test_the_services_own_count_decides() -> None:
    history = [*turns(1, 1), Message("user", "more"), Message("assistant", "well", usage=Usage(1_700, 10))]
    model = ScriptedProvider(text("done"), facts=SMALL)
    agent = Agent(model, compaction=CompactionPolicy(drop_oldest_turns(0)))
    await agent.run("so?", message_history=history)
    assert len(model.requests[0].messages) == 1


async def test_a_long_task_goes_on_under_its_own_limit() -> None:
    """Two hundred calls in a window of a few: each request fits, and the task is still there."""
    most = 0

    def next_step(messages: Sequence[Message], request: ModelRequest) -> Any:
        nonlocal most
        most = max(most, count_message_tokens(messages))
        assert messages[0].text == "do it"
        assert_valid_history(messages)
        steps.append(len(messages))
        return text("done") if len(steps) > 200 else answer(tool_call("look", id=f"x{len(steps)}"))

    @tool
    async def look() -> str:
        return "word " * 100

    steps: list[int] = []
    agent = Agent(
        FunctionProvider(next_step, facts=SMALL),
        tools=[look],
        compaction=DROP,
        limits=UsageLimits(requests=300),
    )
    result = await agent.run("do it")
    assert (result.output, len(result.new_messages)) == ("done", 402)
    assert most <= 1_700


async def test_a_strategy_of_ones_own_that_fails_is_named_and_a_limit_holds_for_summaries() -> None:
    def mine(messages: Sequence[Message], budget: Budget) -> list[Message]:
        raise ZeroDivisionError("oh")

    model = ScriptedProvider(facts=SMALL)
    result = await Agent(model, compaction=CompactionPolicy(mine)).run("so?", message_history=turns(30))
    assert isinstance(result.error, CallbackError)
    assert str(result.error).startswith("the compaction strategy mine() raised ZeroDivisionError")
    asked = ScriptedProvider(text("a summary"), facts=SMALL)
    limits = UsageLimits(requests=1)
    result = await Agent(asked, limits=limits).run("so?", message_history=turns(30))
    assert isinstance(result.error, UsageLimitError)


async def test_what_cannot_be_shortened_enough_is_not_tried_again_at_once() -> None:
    asked = 0

    async def none(messages: Sequence[Message], budget: Budget) -> Sequence[Message]:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return messages

    @tool
    async def look() -> str:
        return "nothing"

    script = [*(answer(tool_call("look", id=f"c{number}")) for number in range(3)), text("done")]
    model = ScriptedProvider(*script, facts=SMALL)
    agent = Agent(model, tools=[look], compaction=CompactionPolicy(none))
    await agent.run("so?", message_history=turns(20))
    assert asked == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"start_at": 1.5}, "start_at=1.5: 0 < shrink_to < start_at <= 1"),
        ({"shrink_to": 0.9}, "shrink_to=0.9"),
        ({"window": 0}, "window=0 is not a positive number of tokens"),
        ({"strategy": "forget"}, "unknown compaction strategy 'forget'"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(options: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        CompactionPolicy(**options)


def test_something_else_is_no_policy() -> None:
    other: Any = "summarize"
    with pytest.raises(ConfigError, match="compaction='summarize' is not of type CompactionPolicy"):
        Agent("a:b", compaction=other)


async def test_a_hook_may_say_that_it_is_too_long() -> None:
    refused = [TOO_LONG]

    def too_long(context: Any, request: ModelRequest) -> None:
        if refused:
            raise refused.pop()

    model = ScriptedProvider(text("done"))
    agent = Agent(model, hooks=Hooks(before_model=too_long), compaction=CompactionPolicy("truncate_oldest"))
    result = await agent.run("so?", message_history=turns(10))
    assert (result.output, len(model.requests[0].messages) < 21) == ("done", True)


async def test_a_policy_without_a_window_waits_for_a_refusal() -> None:
    model = ScriptedProvider(text("done"))
    await Agent(model, compaction=CompactionPolicy("truncate_oldest")).run("so?", message_history=turns(900))
    assert len(model.requests[0].messages) == 1_801


@pytest.mark.parametrize("place", [0, 2, 5])
async def test_a_session_with_system_messages_goes_on_with_what_the_run_went_on_with(place: int) -> None:
    """A run has them in its system prompt, and numbers its history without them."""
    storage = InMemorySessionStorage()
    before = [Message("user", "PINNED", metadata={"pinned": True}), Message("assistant", "noted"), *turns(2)]
    before[place:place] = [Message("system", "Be brief.", metadata={"compacted": True, "begun": "2026"})]
    await storage.append("k", [*before, Message("system", "Be kind.")], expected_version=0)
    agent = Agent(ScriptedProvider(), session_storage=storage, compaction=DROP)
    for number in range(40):
        model = ScriptedProvider(text(f"answer {number}"))
        result = await agent.run(f"{number}! " + "word " * 40, session_key="k", model=model)
        session = await storage.load("k")
        assert session is not None
        counts = effective(session.messages)
        assert [message for message in counts if message.role != "system"] == result.messages
        assert_valid_history(result.messages)
        assert [message.text for message in counts if message.role == "system"] == ["Be brief.", "Be kind."]
        assert (result.messages[0].text, model.requests[0].system) == ("PINNED", "Be brief.\n\nBe kind.")
    assert len(result.messages) < 80


async def test_ids_of_calls_that_a_compaction_has_left_out_are_not_given_again() -> None:
    storage = InMemorySessionStorage()
    paid: list[str] = []

    @tool
    async def pay(ctx: ToolContext[Any]) -> str:
        paid.append(ctx.tool_call_id)
        return "word " * 300

    agent = Agent(ScriptedProvider(), tools=[pay], session_storage=storage, compaction=DROP)
    for number in range(12):
        model = ScriptedProvider(tool_call("pay", id="call_0"), text(f"answer {number} " + "word " * 100))
        await agent.run(f"{number}!", session_key="k", model=model)
    session = await storage.load("k")
    assert session is not None
    assert len({call.id for message in effective(session.messages) for call in message.tool_calls}) < 12
    assert len(set(paid)) == 12


async def test_what_a_strategy_writes_is_redacted_like_all_that_enters_the_history() -> None:
    async def told(messages: Sequence[Message], budget: Budget) -> list[Message]:
        said = Message("assistant", "I said swordfish-4711", usage=Usage(5, 5))
        return [Message("user", "they said swordfish-4711"), said, *messages[-1:]]

    storage = InMemorySessionStorage()
    model = ScriptedProvider(text("done"))
    policy = CompactionPolicy(told, window=500)
    agent = Agent(
        model, compaction=policy, session_storage=storage, secrets_to_redact={"door": "swordfish-4711"}
    )
    await storage.append("k", turns(20), expected_version=0)
    result = await agent.run("so?", session_key="k")
    session = await storage.load("k")
    assert "swordfish" not in repr([result, session and session.messages, model.requests])
    assert result.messages[0].text == "they said [REDACTED:door]"
