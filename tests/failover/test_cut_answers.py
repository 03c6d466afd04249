"""A primary that dies in its answer, after every number of deltas (R-A12, faults 1, 4 and 72)."""

from typing import Any

import pytest

from tests.behaviour.asking import Tools, called, said
from tests.behaviour.dialects import every_door
from tests.behaviour.server import FaultServer, close, reset, streamed
from tests.behaviour.wire import Call, Dialect, text
from tests.failover.shared import (
    PIECES,
    WHOLE,
    Pair,
    cut,
    folded,
    other_than,
    policy,
    shown,
    three_dialects,
)
from tests.faults.script import bounded, in_loop, through
from voxagent.errors import ProviderConnectionError
from voxagent.streaming import FailoverEvent, StreamResetEvent, TextDeltaEvent
from voxagent.types import Message

EVERY_K = range(len(PIECES) + 1)


@pytest.mark.slow
@three_dialects
@every_door
def test_readers_end_with_the_fallbacks_whole_text_wherever_the_primary_dies(
    dialect: Dialect, door: str
) -> None:
    answers = [cut(dialect, PIECES, k, reset if k % 2 else close) for k in EVERY_K]
    with FaultServer(*answers) as primary, FaultServer(said(other_than(dialect), WHOLE)) as fallback:
        pair = Pair(dialect, primary, fallback)
        for k in EVERY_K:
            ran = through(door, pair.agent())
            result = ran.result
            assert result.output == WHOLE, k
            assert result.new_messages[1:] == [result.messages[-1]]
            assert shown(ran.events)[-1] == WHOLE
            told = [type(each) for each in ran.events if isinstance(each, (StreamResetEvent, FailoverEvent))]
            resets = told.count(StreamResetEvent)
            assert told == [StreamResetEvent] * resets + [FailoverEvent]
            assert resets == (len(ran.of(TextDeltaEvent)) > 1)
            assert result.provider == pair.spoken
            failed, answered = result.attempts
            assert failed.provider == dialect.provider_name
            assert failed.reason in ("connection", "truncated")
            assert (answered.provider, answered.reason) == (pair.spoken, None)
            assert result.usage == answered.usage
            assert result.usage.requests == 1
        assert len(primary.asked) == len(fallback.asked) == len(EVERY_K)


@three_dialects
@every_door
def test_no_tool_runs_twice_wherever_a_call_breaks_off(dialect: Dialect, door: str) -> None:
    """Faults 5 and 6: a call runs once its answer is complete, and that is the fallback's."""
    call = Call("add", ("{", '"a"', ":1,", '"b":', "2}"))
    events = dialect.events(call)
    cuts = [streamed(*events.all[:number], reset, open=True) for number in range(len(events.all))]
    other = other_than(dialect)
    for answer in cuts:
        tools = Tools()
        with FaultServer(answer) as primary, FaultServer(called(other, call), said(other, "3")) as fallback:
            ran = through(door, Pair(dialect, primary, fallback).agent(tools=tools.all))
        assert ran.result.output == "3"
        assert tools.calls == [(1, 2)]
        assert (len(primary.asked), len(fallback.asked)) == (1, 2)  # a run that moved stays


@three_dialects
@every_door
def test_a_tool_that_ran_before_the_primary_died_does_not_run_again(dialect: Dialect, door: str) -> None:
    call = Call("add", ('{"a":1,"b":2}',))
    for k in (0, 1, 30, 60):
        tools = Tools()
        answers = called(dialect, call), cut(dialect, PIECES, k)
        with FaultServer(*answers) as primary, FaultServer(said(other_than(dialect), "3")) as fallback:
            ran = through(door, Pair(dialect, primary, fallback).agent(tools=tools.all))
        assert ran.result.output == "3"
        assert tools.calls == [(1, 2)]
        body = fallback.asked[0].body
        assert other_than(dialect).results_in(body) == [(body_id(other_than(dialect), body), "3")]


def body_id(dialect: Dialect, body: Any) -> str:
    [(id, _, _)] = dialect.calls_in(body)
    return id


@three_dialects
@every_door
def test_with_fail_an_answer_that_was_begun_is_not_begun_anew(dialect: Dialect, door: str) -> None:
    """Fault 1: what had arrived is kept, and nobody else is asked."""
    answers = [cut(dialect, PIECES, k, close) for k in (1, 20, 60)]
    with FaultServer(*answers) as primary, FaultServer(said(other_than(dialect), WHOLE)) as fallback:
        pair = Pair(dialect, primary, fallback)
        for k in (1, 20, 60):
            ran = through(door, pair.agent(policy(after_first_delta="fail")))
            error = ran.result.error
            assert isinstance(error, ProviderConnectionError)
            assert error.received == "".join(PIECES[:k])
            assert ran.result.messages[-1] == Message(
                "assistant",
                "".join(PIECES[:k]),
                finish_reason="aborted",
                provider=ran.result.messages[-1].provider,
                model=ran.result.messages[-1].model,
            )
            assert ran.of(StreamResetEvent) == ran.of(FailoverEvent) == []
        assert fallback.asked == []


@three_dialects
def test_a_reader_of_text_is_told_to_drop_by_an_empty_piece(dialect: Dialect) -> None:
    """What of earlier turns still holds follows as one piece."""
    call = Call("add", ('{"a":1,"b":2}',))
    first = streamed(*dialect.events(text("Let me see. "), call).all)
    second = cut(dialect, PIECES, 20, close)
    with FaultServer(first, second) as primary, FaultServer(said(other_than(dialect), WHOLE)) as fallback:
        agent = Pair(dialect, primary, fallback).agent(tools=Tools().all)

        async def main() -> list[str]:
            return [piece async for piece in agent.run_stream("go").text()]

        pieces = in_loop("run", lambda: bounded(main()))
    assert folded(pieces) == "Let me see. " + WHOLE
    assert pieces == ["Let me see. ", *PIECES[:20], "", "Let me see. ", WHOLE]


@three_dialects
def test_an_output_that_fills_up_begins_anew(dialect: Dialect) -> None:
    words = '{"result": [' + ", ".join(str(number) for number in range(100, 140)) + "]}"
    pieces = [words[start : start + 4] for start in range(0, len(words), 4)]
    whole = said(other_than(dialect), '{"result": [1, 2]}')
    with FaultServer(cut(dialect, pieces, 20, close)) as primary, FaultServer(whole) as fallback:
        agent = Pair(dialect, primary, fallback).agent(output_mode="native")

        async def main() -> list[list[int]]:
            stream = agent.run_stream("go", output_type=list[int])
            return [output async for output in stream.output()]

        seen = in_loop("run", lambda: bounded(main()))
    assert seen[-1] == [1, 2]
    assert all(output == [*range(100, 100 + len(output))] for output in seen[:-1] if output[:1] != [1])
