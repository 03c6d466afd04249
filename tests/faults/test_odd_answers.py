"""Models and providers that answer wrongly, half, too late, or not at all (faults 4-6, 11-14, 18, 25-28)."""

import asyncio
from typing import Any

import pytest

from tests.faults.script import (
    END,
    PARTIAL,
    Mute,
    RawProvider,
    calls,
    every_door,
    partial,
    says,
    through,
)
from voxagent.agent import Agent
from voxagent.errors import (
    AnswerCutError,
    ContentFilterError,
    EmptyAnswerError,
    MalformedAnswerError,
    OverloadedError,
    ProviderError,
    RefusedError,
    StreamTruncatedError,
    VoxAgentError,
)
from voxagent.providers import (
    BlockChunk,
    ErrorChunk,
    MessageEndChunk,
    StreamChunk,
    TextDeltaChunk,
    ThinkingDeltaChunk,
    ToolCallDeltaChunk,
    ToolUseChunk,
)
from voxagent.streaming import RetryEvent, TextDeltaEvent
from voxagent.testing import ScriptedProvider, answer, refusal, text, tool_call
from voxagent.tools import tool
from voxagent.types import Message, RefusalBlock, TextBlock, ThinkingBlock, ToolCall


class Counted:
    """A tool that counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    async def count(self) -> int:
        self.calls += 1
        return self.calls


# --- streams that break ---


@every_door
@pytest.mark.parametrize("more", [[], [ThinkingDeltaChunk("hm")], [ToolCallDeltaChunk("c", "count", "{")]])
def test_a_stream_without_its_end_mark_is_an_error_that_keeps_what_had_arrived(
    door: str, more: list[StreamChunk]
) -> None:
    """Faults 4 and 5."""
    model = RawProvider([*PARTIAL, *more])
    ran = through(door, Agent(model, tools=[tool(Counted().count)]))
    failure = ran.result.error
    assert isinstance(failure, StreamTruncatedError)
    assert (failure.received, failure.provider, failure.retryable) == ("partial", "raw", True)
    assert ran.result.messages == [Message("user", "go"), partial()]
    assert ran.result.assistant_texts == ["partial"]
    assert model.is_closed


@every_door
def test_a_call_whose_answer_has_no_end_mark_is_not_executed(door: str) -> None:
    """Fault 6."""
    counted = Counted()
    model = RawProvider([*PARTIAL, ToolUseChunk(ToolCall("c1", "count", {}, "{}"))])
    ran = through(door, Agent(model, tools=[tool(counted.count)]))
    assert isinstance(ran.result.error, StreamTruncatedError)
    assert counted.calls == 0
    assert ran.result.messages == [Message("user", "go"), partial()]
    assert ran.result.tool_metas == []


@every_door
def test_an_empty_stream_is_an_error(door: str) -> None:
    """Fault 21."""
    ran = through(door, Agent(RawProvider([])))
    assert isinstance(ran.result.error, StreamTruncatedError)
    assert ran.result.messages == [Message("user", "go")]


@every_door
@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        ("overloaded", ProviderError),
        (OverloadedError("too much"), OverloadedError),
        (ValueError("odd"), ProviderError),
    ],
)
def test_an_error_within_the_stream_voids_the_answer(
    door: str, reported: Any, expected: type[Exception]
) -> None:
    """Fault 18."""
    model = RawProvider([*PARTIAL, ErrorChunk(reported), TextDeltaChunk("never"), END])
    ran = through(door, Agent(model))
    failure = ran.result.error
    assert type(failure) is expected
    assert isinstance(failure, ProviderError)
    assert failure.received == "partial"
    assert str(getattr(reported, "message", reported)) in str(failure)
    assert ran.result.messages[1:] == [partial()]
    assert model.is_closed


ODD = [
    ValueError("odd"),
    KeyError("odd"),
    Mute(),
    RecursionError("deep"),
    TimeoutError("mine"),
    ExceptionGroup("many", [ValueError("one"), OSError("two")]),
    asyncio.CancelledError("mine"),
    AssertionError("no"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "odd"),
]


@every_door
@pytest.mark.parametrize("error", ODD, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("place", ["at once", "in the middle", "after the end"])
def test_whatever_a_provider_raises_becomes_a_provider_error(
    door: str, error: BaseException, place: str
) -> None:
    """Whatever reaches the caller is one of ours."""
    chunks = {
        "at once": [error],
        "in the middle": [*PARTIAL, error, END],
        "after the end": [*PARTIAL, END, error],
    }
    model = RawProvider(chunks[place])
    ran = through(door, Agent(model))
    failure = ran.result.error
    assert isinstance(failure, ProviderError)
    assert type(error).__name__ in str(failure)
    assert failure.__cause__ is error
    assert failure.provider == "raw"
    assert failure.received == ("" if place == "at once" else "partial")
    assert not ran.result.aborted
    assert model.is_closed


@every_door
def test_a_secret_in_what_a_provider_raises_does_not_reach_the_caller(
    door: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Fault 20."""
    model = RawProvider([ValueError("key hunter2hunter2 is wrong")])
    ran = through(door, Agent(model, secrets_to_redact={"key": "hunter2hunter2"}))
    assert isinstance(ran.result.error, ProviderError)
    shown = str(ran.result.error) + ran.result.model_dump_json() + repr(ran.events) + caplog.text
    assert "hunter2" not in shown


@every_door
@pytest.mark.parametrize(
    "thing", ["text", None, 7, b"data", object()], ids=["text", "None", "7", "bytes", "object"]
)
def test_what_is_no_chunk_is_a_malformed_answer(door: str, thing: object) -> None:
    """Fault 7."""
    ran = through(door, Agent(RawProvider([*PARTIAL, thing, END])))
    assert isinstance(ran.result.error, MalformedAnswerError)
    assert ran.result.messages[1:] == [partial()]


@every_door
def test_an_answer_that_never_stops_is_cut_off_with_an_error(door: str) -> None:
    """Fault 37."""
    model = RawProvider([TextDeltaChunk("x" * 1_000_000)] * 50 + [END])
    ran = through(door, Agent(model))
    assert isinstance(ran.result.error, MalformedAnswerError)
    assert sum(len(event.delta) for event in ran.of(TextDeltaEvent)) <= 10_000_000
    assert model.is_closed


@every_door
@pytest.mark.parametrize(
    "reasons",
    [("stop", "stop"), ("stop", "tool_use"), ("length", "stop"), ("stop", None), ("tool_use", "stop")],
)
def test_two_finish_reasons_end_an_answer_once(door: str, reasons: tuple[Any, Any]) -> None:
    """Two finish reasons."""
    model = RawProvider([TextDeltaChunk("a"), *map(MessageEndChunk, reasons)])
    ran = through(door, Agent(model))
    assert ran.result.output == "a"
    assert len(ran.result.messages) == 2
    assert ran.result.finish_reason in reasons


@every_door
def test_a_cut_that_one_of_two_finish_reasons_tells_is_not_forgotten(door: str) -> None:
    """Two finish reasons: one of them invented would be a lie."""
    model = RawProvider([TextDeltaChunk("a"), MessageEndChunk("length"), MessageEndChunk(None)])
    assert through(door, Agent(model)).result.truncated


# --- ends that are none ---


@every_door
def test_a_text_that_was_cut_at_its_limit_is_an_output_that_is_marked_as_cut(door: str) -> None:
    """Fault 26."""
    ran = through(door, Agent(RawProvider(says("half a sen", "length"))))
    assert (ran.result.output, ran.result.truncated, ran.result.finish_reason) == (
        "half a sen",
        True,
        "length",
    )
    assert not through(door, Agent(RawProvider(says("whole")))).result.truncated


@every_door
@pytest.mark.parametrize("written", ["{}", '{"a": 1'])
def test_a_call_that_was_cut_at_the_limit_is_not_executed(door: str, written: str) -> None:
    """Fault 27."""
    counted = Counted()
    model = RawProvider(calls(ToolCall("c1", "count", {}, written), reason="length"))
    ran = through(door, Agent(model, tools=[tool(counted.count)]))
    assert isinstance(ran.result.error, AnswerCutError)
    assert "max_tokens" in str(ran.result.error)
    assert counted.calls == 0
    assert len(ran.told) == 1
    assert ran.told[0].startswith("not executed:")


@every_door
def test_a_typed_output_that_was_cut_at_the_limit_is_an_error(door: str) -> None:
    """Fault 27."""
    ran = through(door, Agent(RawProvider(says('{"a": 1', "length")), output_type=dict))
    assert isinstance(ran.result.error, AnswerCutError)


@every_door
def test_a_filtered_answer_is_a_content_filter_error_and_its_text_is_kept(door: str) -> None:
    """Fault 28."""
    model = RawProvider(says("so far", "content_filter"))
    ran = through(door, Agent(model))
    failure = ran.result.error
    assert isinstance(failure, ContentFilterError)
    assert (failure.received, failure.retryable, failure.provider) == ("so far", False, "raw")
    assert ran.result.messages[1:] == [
        Message("assistant", "so far", finish_reason="content_filter", provider="raw", model="raw")
    ]
    assert len(model.requests) == 1


@every_door
def test_a_call_in_a_filtered_answer_is_not_executed(door: str) -> None:
    """Fault 28."""
    counted = Counted()
    model = RawProvider(calls(ToolCall("c1", "count", {}, "{}"), reason="content_filter"))
    ran = through(door, Agent(model, tools=[tool(counted.count)]))
    assert isinstance(ran.result.error, ContentFilterError)
    assert counted.calls == 0


@every_door
@pytest.mark.parametrize("as_block", [True, False])
def test_a_refusal_is_the_text_of_a_text_run_and_the_error_of_a_typed_one(door: str, as_block: bool) -> None:
    """A refusal."""

    def model() -> Any:
        if as_block:
            return ScriptedProvider(refusal("I will not"))
        return RawProvider(says("I will not", "refusal"))

    ran = through(door, Agent(model()))
    assert (ran.result.output, ran.result.finish_reason) == ("I will not", "refusal")
    if as_block:
        assert ran.result.messages[-1].content == [RefusalBlock("I will not")]
    typed = through(door, Agent(model(), output_type=dict))
    assert isinstance(typed.result.error, RefusedError)
    assert "I will not" in str(typed.result.error)


# --- empty answers ---


@every_door
def test_an_empty_answer_is_asked_for_once_more(door: str) -> None:
    """Fault 25."""
    model = RawProvider(says(""), says("here"))
    ran = through(door, Agent(model))
    assert ran.result.output == "here"
    assert len(ran.of(RetryEvent)) == 1
    assert [message.text for message in ran.result.messages] == ["go", "here"]
    assert model.requests[0].messages == model.requests[1].messages


@every_door
def test_two_empty_answers_are_an_error(door: str) -> None:
    """Fault 25."""
    model = RawProvider(says(""), says(""), says("never"))
    ran = through(door, Agent(model))
    assert isinstance(ran.result.error, EmptyAnswerError)
    assert len(model.requests) == 2
    assert ran.result.messages == [Message("user", "go")]
    assert ran.result.usage.requests == 2


@every_door
def test_after_tool_results_an_empty_answer_is_an_answer(door: str) -> None:
    """Fault 25."""
    counted = Counted()
    model = RawProvider(calls(ToolCall("c1", "count", {}, "{}")), says(""))
    ran = through(door, Agent(model, tools=[tool(counted.count)]))
    assert ran.result.output == ""
    assert counted.calls == 1
    assert ran.of(RetryEvent) == []


@every_door
def test_the_history_of_a_failed_run_can_be_continued(door: str) -> None:
    """A partial answer in the history harms nobody."""
    agent = Agent(RawProvider([*PARTIAL], says("go on")), name="a")
    failed = through(door, agent)
    ran = through(door, agent, "again", message_history=failed.result.messages)
    assert ran.result.output == "go on"
    assert [message.role for message in ran.result.messages] == ["user", "assistant", "user", "assistant"]


@every_door
def test_blocks_that_were_complete_are_kept_of_a_broken_answer_and_unsigned_thinking_is_not(
    door: str,
) -> None:
    """Fault 4."""
    model = RawProvider(
        [ThinkingDeltaChunk("hm"), TextDeltaChunk("a"), BlockChunk(TextBlock("a")), TextDeltaChunk("b")]
    )
    ran = through(door, Agent(model))
    assert isinstance(ran.result.error, VoxAgentError)
    assert ran.result.messages[-1].text == "ab"
    assert ran.result.messages[-1].of(ThinkingBlock) == []


def test_a_call_and_a_text_in_one_answer_are_both_kept() -> None:
    """The answer of the second turn is the output."""
    model = ScriptedProvider(answer(text("let me see"), tool_call("count")), text("one"))
    ran = through("run", Agent(model, tools=[tool(Counted().count)]))
    assert ran.result.assistant_texts == ["let me see", "one"]
    assert ran.result.output == "one"
