"""Every way in which a primary can fail: the caller gets the whole right answer, and is told whose it is."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from tests.behaviour.asking import LATE, SLACK, failed_as, said
from tests.behaviour.dialects import DIALECTS, every_door
from tests.behaviour.server import (
    Answer,
    FaultServer,
    close,
    pause,
    reset,
    stall,
    streamed,
    whole,
)
from tests.behaviour.wire import Dialect, text
from tests.failover.shared import PIECES, WHOLE, Pair, cut, other_than, policy, shown, three_dialects
from tests.faults.script import Seen, assert_lawful, bounded, in_loop, other_tasks, settled, through
from voxagent.agent import Agent
from voxagent.errors import (
    BadRequestError,
    ContentFilterError,
    ContextLengthError,
    ProviderError,
    RunTimeoutError,
)
from voxagent.providers import Health
from voxagent.streaming import BaseEvent, RetryEvent


@dataclass
class Fault:
    """A primary that fails.

    Args:
        answer: What it answers, always.
        kinds: The kinds of error that this may be.
        options: Of the policy.
        deaf: Whether it takes connections and reads nothing.
    """

    answer: Callable[[Dialect], Answer]
    kinds: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)
    deaf: bool = False


def begun(dialect: Dialect, *more: Any) -> Answer:
    """The first half of an answer, and something else."""
    events = dialect.events(text(*PIECES)).open
    return streamed(*events[:-30], *more)


def refused(kind: str, **headers: str) -> Callable[[Dialect], Answer]:
    return lambda dialect: whole(*dialect.errors[kind], **headers)


IMPATIENT = {"first_delta_timeout": 0.15, "idle_timeout": 0.15}

FAULTS: dict[str, Fault] = {
    "a slow first token": Fault(
        lambda dialect: streamed(pause(0.6), *dialect.events(text("late")).all), ("timeout",), IMPATIENT
    ),
    "an answer that stalls": Fault(lambda dialect: begun(dialect, stall), ("timeout",), IMPATIENT),
    "no answer": Fault(lambda _: [stall], ("timeout",), IMPATIENT),
    "a peer that reads nothing": Fault(lambda _: [stall], ("timeout",), IMPATIENT, deaf=True),
    "a rate limit": Fault(refused("rate_limit"), ("rate_limit",)),
    "a rate limit that says how long": Fault(refused("rate_limit", retry_after="2"), ("rate_limit",)),
    "a rate limit of an hour": Fault(refused("rate_limit", retry_after="3600"), ("rate_limit",)),
    "a spent budget": Fault(refused("quota"), ("quota",)),
    "a wrong key": Fault(refused("authentication"), ("authentication",)),
    "a model that is not there": Fault(refused("not_found"), ("not_found",)),
    "an error of the server": Fault(refused("server"), ("server", "overloaded")),
    "a server that has too much to do": Fault(refused("overloaded"), ("overloaded",)),
    "a 503": Fault(lambda _: whole(503, b"no healthy upstream", "text/plain"), ("overloaded",)),
    "a reset ahead of the head": Fault(lambda _: [reset], ("connection",)),
    "a close ahead of the head": Fault(lambda _: [close], ("connection",)),
    "an answer that is cut": Fault(
        lambda dialect: cut(dialect, PIECES, 7, close), ("connection", "truncated")
    ),
    "an answer without an end mark": Fault(begun, ("truncated",)),
    "an event that is no JSON": Fault(
        lambda dialect: begun(dialect, b'data: {"half\n\n', b"{no\n"), ("malformed", "truncated")
    ),
    "a conversation that is too long": Fault(refused("context_length"), ("context_length",)),
    "an empty answer": Fault(lambda _: whole(200, b""), ("malformed", "truncated")),
    "an empty stream": Fault(lambda _: streamed(), ("malformed", "truncated")),
    "a page": Fault(lambda _: whole(200, b"<html>Sign in</html>", "text/html"), ("malformed", "truncated")),
    "another content type": Fault(
        lambda _: whole(200, b"all is well", "text/plain"), ("malformed", "truncated")
    ),
}

every_fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)


def assert_answered_by_the_fallback(pair: Pair, ran: Any, kinds: tuple[str, ...]) -> None:
    result = ran.result
    assert result.ok, result.error
    assert result.output == shown(ran.events)[-1] == WHOLE
    assert (result.provider, result.messages[-1].provider) == (pair.spoken, pair.spoken)
    failed, answered = result.attempts
    assert failed.provider == pair.dialect.provider_name
    assert failed.reason in kinds
    assert failed.error
    assert (answered.provider, answered.reason) == (pair.spoken, None)
    assert result.usage == answered.usage
    assert (result.usage.requests, result.usage.input_tokens > 0) == (1, True)


@three_dialects
@every_fault
def test_whatever_fails_the_fallback_answers(dialect: Dialect, fault: Fault) -> None:
    begun_at = time.monotonic()
    answer = said(other_than(dialect), WHOLE)
    with FaultServer(fault.answer(dialect), deaf=fault.deaf) as primary, FaultServer(answer) as fallback:
        pair = Pair(dialect, primary, fallback)
        ran = through("run", pair.agent(policy(**fault.options)))
        assert_answered_by_the_fallback(pair, ran, fault.kinds)
        assert ran.of(RetryEvent) == []
        assert len(primary.asked) == (0 if fault.deaf else 1)
        assert len(fallback.asked) == 1
        assert fault.deaf or not fault.options or primary.is_left(1.0)
    assert time.monotonic() - begun_at < 2.0


@every_door
@every_fault
def test_every_door_gets_the_fallbacks_answer(fault: Fault, door: str) -> None:
    dialect = DIALECTS[0]
    answer = said(other_than(dialect), WHOLE)
    with FaultServer(fault.answer(dialect), deaf=fault.deaf) as primary, FaultServer(answer) as fallback:
        pair = Pair(dialect, primary, fallback)
        ran = through(door, pair.agent(policy(**fault.options)))
        assert_answered_by_the_fallback(pair, ran, fault.kinds)


async def watched(agent: Agent[Any, Any]) -> Seen:
    """A run in which an answer is left in the middle of what one read brought.

    The generators that httpx had begun are closed by the loop then, in tasks that end within some ticks.
    """
    events: list[BaseEvent] = []
    agent.subscribe(events.append)
    result = await bounded(agent.run("go"))
    await settled(lambda: other_tasks() == set())
    assert_lawful(result, events)
    return Seen(result, events)


@three_dialects
def test_an_error_within_a_stream_moves_on(dialect: Dialect) -> None:
    """Fault 18."""
    for kind, event in dialect.inside.items():
        for answer in streamed(event), begun(dialect, event):
            with FaultServer(answer) as primary, FaultServer(said(other_than(dialect), WHOLE)) as fallback:
                pair = Pair(dialect, primary, fallback)
                ran = in_loop("run", partial(watched, pair.agent()))
                if kind == "content_filter":
                    assert isinstance(ran.result.error, ContentFilterError)
                    assert fallback.asked == []
                else:
                    assert_answered_by_the_fallback(pair, ran, (kind,))


@three_dialects
@every_fault
def test_when_all_targets_fail_the_error_is_typed_and_nobody_is_hammered(
    dialect: Dialect, fault: Fault
) -> None:
    other = other_than(dialect)
    options = {**fault.options, "retry_seconds": 0.2, "health": Health(probe_after=[0.05])}
    begun_at = time.monotonic()
    with (
        FaultServer(fault.answer(dialect), deaf=fault.deaf) as primary,
        FaultServer(whole(*other.errors["overloaded"])) as fallback,
    ):
        ran = through("run", Pair(dialect, primary, fallback).agent(policy(**options)))
        error = ran.result.error
        assert isinstance(error, ProviderError)
        assert error.provider in (dialect.provider_name, other.provider_name)
        assert 1 <= len(fallback.asked) <= 2
        assert len(primary.asked) <= 2
        asked = len(primary.asked) + len(fallback.asked) + fault.deaf
    assert len(ran.result.attempts) == asked
    assert all(attempt.reason for attempt in ran.result.attempts)
    assert ran.result.usage.requests == 0
    assert time.monotonic() - begun_at < 3.0


@three_dialects
def test_a_fallback_that_refuses_the_request_is_the_end(dialect: Dialect) -> None:
    other = other_than(dialect)
    with (
        FaultServer(whole(*dialect.errors["overloaded"])) as primary,
        FaultServer(whole(*other.errors["bad_request"])) as fallback,
    ):
        ran = through("run", Pair(dialect, primary, fallback).agent())
        failed_as(ran.result.error, BadRequestError, other)
        assert (len(primary.asked), len(fallback.asked)) == (1, 1)
        assert [attempt.reason for attempt in ran.result.attempts] == ["overloaded", "bad_request"]


@three_dialects
def test_a_service_that_is_limited_everywhere_is_asked_again_when_it_says(dialect: Dialect) -> None:
    """Fault 15: `Retry-After` is honoured to a tenth."""
    other = other_than(dialect)
    limited = whole(*dialect.errors["rate_limit"], retry_after="1")
    busy = whole(*other.errors["overloaded"], retry_after="30")
    with FaultServer(limited, said(dialect, WHOLE)) as primary, FaultServer(busy) as fallback:
        ran = through("run", Pair(dialect, primary, fallback).agent())
        first, again = [asked.at for asked in primary.asked]
        assert 1.0 <= again - first <= 1.1 + SLACK
        assert len(fallback.asked) == 1
    assert ran.result.output == WHOLE
    assert [attempt.reason for attempt in ran.result.attempts] == ["rate_limit", "overloaded", None]
    [retry] = ran.of(RetryEvent)
    assert 0.9 <= retry.delay <= 1.1


@three_dialects
def test_one_deadline_is_shared_by_all_targets(dialect: Dialect) -> None:
    """Fault 14."""
    for options in {"timeout_ms": 300}, {"settings": {"timeout": 0.3}}:
        with FaultServer([stall]) as primary, FaultServer([stall]) as fallback:
            agent = Pair(dialect, primary, fallback).agent(policy(first_delta_timeout=0.2))
            begun_at = time.monotonic()
            ran = through("run", agent, **options)
            assert 0.29 < time.monotonic() - begun_at < 0.3 + LATE
            assert primary.is_left(1.0)
            assert fallback.is_left(1.0)
        assert isinstance(ran.result.error, (RunTimeoutError, ProviderError))
        assert (len(primary.asked), len(fallback.asked)) == (1, 1)


@three_dialects
def test_a_silent_target_is_not_tried_twice(dialect: Dialect) -> None:
    other = other_than(dialect)
    options = {**IMPATIENT, "attempts": 5, "health": Health(probe_after=[0.01])}
    busy = whole(*other.errors["overloaded"])
    with FaultServer([stall]) as primary, FaultServer(busy, busy, said(other, WHOLE)) as fallback:
        ran = through("run", Pair(dialect, primary, fallback).agent(policy(**options)))
        assert (len(primary.asked), len(fallback.asked)) == (1, 3)
    assert ran.result.output == WHOLE


@three_dialects
def test_with_a_policy_one_model_alone_begins_its_answer_anew(dialect: Dialect) -> None:
    with FaultServer(cut(dialect, PIECES, 20, close), said(dialect, WHOLE)) as server:
        ran = through("run", Agent(dialect.provider(server.url), failover=policy()))
        assert len(server.asked) == 2
    assert ran.result.output == shown(ran.events)[-1] == WHOLE
    assert [attempt.reason is None for attempt in ran.result.attempts] == [False, True]


@three_dialects
def test_a_conversation_that_is_too_long_is_not_sent_to_the_same_model_again(dialect: Dialect) -> None:
    with FaultServer(whole(*dialect.errors["context_length"])) as server:
        ran = through("run", Agent(dialect.provider(server.url), failover=policy(attempts=5)))
        assert len(server.asked) == 1
    failed_as(ran.result.error, ContextLengthError, dialect)
