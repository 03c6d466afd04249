"""Services that take too long, and deadlines that hold whatever happens (faults 10, 12, 14, 66)."""

import time
from typing import Any

import pytest

from tests.behaviour.asking import LATE, SLACK, ask, failed_as
from tests.behaviour.dialects import every_dialect, every_door
from tests.behaviour.server import (
    Answer,
    FaultServer,
    chunked,
    forever,
    head,
    pause,
    stall,
    streamed,
    whole,
)
from tests.behaviour.wire import Dialect, text
from tests.faults.script import through
from voxagent.abort import AbortController
from voxagent.agent import Agent
from voxagent.errors import (
    ProviderError,
    ProviderTimeoutError,
    RateLimitError,
    RunTimeoutError,
    ServerError,
)
from voxagent.providers.http.retries import Retries
from voxagent.streaming import RetryEvent


@every_dialect
@every_door
@pytest.mark.parametrize("before", [[], [head()[:30]], [head()]], ids=["nothing", "half a head", "the head"])
def test_an_answer_that_never_begins_is_a_timeout(dialect: Dialect, door: str, before: Answer) -> None:
    """Faults 10 and 14: the setting `timeout` is for the whole request, its retries included."""
    with FaultServer([*before, stall]) as server:
        begun = time.monotonic()
        ran = ask(dialect, server, door, settings={"timeout": 0.15})
        assert 0.14 < time.monotonic() - begun < 0.15 + LATE
        assert server.is_left(1.0)
    failed_as(ran.result.error, ProviderTimeoutError, dialect)
    assert len(server.asked) == 1


@every_dialect
@every_door
def test_a_peer_that_takes_no_byte_is_a_timeout(dialect: Dialect, door: str) -> None:
    """Fault 66: a request that is larger than all buffers on its way."""
    with FaultServer([stall], deaf=True) as server:
        begun = time.monotonic()
        ran = ask(dialect, server, door, prompt="x" * 12_000_000, settings={"timeout": 0.3})
        assert time.monotonic() - begun < 0.3 + LATE + 5.0  # writing the body takes its time
    failed_as(ran.result.error, ProviderTimeoutError, dialect)


@every_dialect
@every_door
def test_a_model_that_trickles_is_ended_by_the_total(dialect: Dialect, door: str) -> None:
    """Fault 12."""
    events = dialect.events(text(*"abc"))
    drip = forever(pause(0.03), chunked(events.open[-1]))
    with FaultServer(streamed(*events.open, drip)) as server:
        begun = time.monotonic()
        ran = ask(dialect, server, door, settings={"timeout": 0.3})
        assert 0.29 < time.monotonic() - begun < 0.3 + LATE
        assert server.is_left(1.0)
    failure = failed_as(ran.result.error, ProviderTimeoutError, dialect)
    assert failure.received.startswith("abcc")


@every_dialect
@every_door
def test_the_clock_of_the_run_ends_a_request_wherever_it_is(dialect: Dialect, door: str) -> None:
    """Faults 12 and 14."""
    events = dialect.events(text(*"abc"))
    drip = forever(pause(0.03), chunked(events.open[-1]))
    for answer in [stall], streamed(stall), streamed(*events.open, drip):
        with FaultServer(answer) as server:
            begun = time.monotonic()
            ran = ask(dialect, server, door, timeout_ms=200)
            assert 0.19 < time.monotonic() - begun < 0.2 + LATE
            assert server.is_left(1.0)
        assert isinstance(ran.result.error, RunTimeoutError)
        assert ran.result.timed_out


@every_dialect
@every_door
@pytest.mark.parametrize(
    "clock", [{"timeout_ms": 300}, {"settings": {"timeout": 0.3}}], ids=["run", "request"]
)
def test_one_deadline_is_shared_by_all_retries(dialect: Dialect, door: str, clock: Any) -> None:
    """Fault 14."""
    patient = Retries(attempts=1000, base=0.05, cap=0.05)
    with FaultServer(whole(*dialect.errors["server"])) as server:
        begun = time.monotonic()
        ran = ask(dialect, server, door, model={"retries": patient}, **clock)
        took = time.monotonic() - begun
    assert 0.2 < took < 0.3 + LATE
    assert isinstance(ran.result.error, (ServerError, ProviderTimeoutError, RunTimeoutError))
    assert len(server.asked) > 2


@every_dialect
@every_door
def test_a_wait_that_is_longer_than_the_time_left_is_not_begun(dialect: Dialect, door: str) -> None:
    """Fault 17: the error tells what was wrong, which a timeout would not."""
    with FaultServer(whole(*dialect.errors["rate_limit"], retry_after="30")) as server:
        begun = time.monotonic()
        ran = ask(dialect, server, door, timeout_ms=2000)
        assert time.monotonic() - begun < 1.0 + SLACK
    assert failed_as(ran.result.error, RateLimitError, dialect).retry_after == 30


@every_dialect
@every_door
def test_the_time_of_a_request_runs_while_its_retry_is_waited_for(dialect: Dialect, door: str) -> None:
    """Fault 14."""
    with FaultServer(whole(*dialect.errors["rate_limit"], retry_after="30")) as server:
        begun = time.monotonic()
        ran = ask(dialect, server, door, settings={"timeout": 0.2})
        assert time.monotonic() - begun < 0.2 + LATE
    failed_as(ran.result.error, ProviderError, dialect)
    assert len(server.asked) == 1


@every_dialect
@every_door
def test_an_abort_ends_the_wait_for_a_retry_at_once(dialect: Dialect, door: str) -> None:
    controller = AbortController()
    begun: list[float] = []

    def stop(event: Any) -> None:
        if isinstance(event, RetryEvent):
            begun.append(time.monotonic())
            controller.abort()

    with FaultServer(whole(*dialect.errors["rate_limit"], retry_after="30")) as server:
        agent = Agent(dialect.provider(server.url), observers=[stop])
        ran = through(door, agent, abort_signal=controller.signal)
    assert time.monotonic() - begun[0] < LATE
    assert ran.result.aborted
    assert len(server.asked) == 1
