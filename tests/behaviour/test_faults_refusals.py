"""Services that say no, and how often they are asked again (faults 15-17, 19, 20)."""

import time
from typing import Any

import pytest

from tests.behaviour.asking import LATE, SLACK, ask, failed, failed_as, said
from tests.behaviour.dialects import every_dialect, every_door
from tests.behaviour.server import (
    FaultServer,
    chunked,
    close,
    forever,
    head,
    reset,
    whole,
)
from tests.behaviour.wire import KEY, ONCE, QUICK, Dialect
from tests.faults.script import through
from voxagent.agent import Agent
from voxagent.errors import (
    ProviderError,
    RateLimitError,
    ServerError,
)
from voxagent.streaming import RetryEvent

STATUSES = {
    400: ("bad_request", 1),
    401: ("authentication", 1),
    402: (None, 1),
    403: ("permission", 1),
    404: ("not_found", 1),
    408: ("server", 3),
    409: ("server", 3),
    413: ("bad_request", 1),
    418: ("bad_request", 1),
    422: ("bad_request", 1),
    429: ("rate_limit", 3),
    500: ("server", 3),
    502: ("server", 3),
    503: ("overloaded", 3),
    504: ("server", 3),
    529: ("overloaded", 3),
    301: (None, 1),
    304: (None, 1),
}


@every_dialect
@pytest.mark.parametrize("body", [b"", b"<html>no</html>", b"[]", b'{"error": null}', b"\xff"])
def test_every_status_has_its_kind_and_its_number_of_tries_whatever_its_body(
    dialect: Dialect, body: bytes
) -> None:
    """Faults 16 and 19."""
    for status, (kind, tries) in STATUSES.items():
        with FaultServer(whole(status, body)) as server:
            ran = ask(dialect, server)
        failure = failed_as(ran.result.error, ProviderError, dialect)
        assert failure.status == status
        assert kind is None or failure.kind == kind, (status, failure)
        assert len(server.asked) == tries, status
        assert failure.retryable == (tries == 3)


@every_dialect
@every_door
def test_a_service_that_breaks_once_is_asked_again_and_the_retry_is_told(dialect: Dialect, door: str) -> None:
    """Fault 19."""
    with FaultServer(whole(*dialect.errors["server"]), said(dialect, "well")) as server:
        ran = ask(dialect, server, door)
    assert ran.result.output == "well"
    [retry] = ran.of(RetryEvent)
    assert "error" in retry.reason.lower()
    assert retry.attempt == 1
    assert 0 <= retry.delay <= QUICK.base
    assert server.asked[0].body == server.asked[1].body


@every_dialect
@every_door
def test_a_service_that_breaks_every_time_is_asked_three_times(dialect: Dialect, door: str) -> None:
    """Fault 19."""
    with FaultServer(whole(*dialect.errors["server"])) as server:
        ran = ask(dialect, server, door)
    failed_as(ran.result.error, ServerError, dialect)
    assert len(server.asked) == 3
    assert [event.attempt for event in ran.of(RetryEvent)] == [1, 2]
    assert ran.result.iterations == 1


@every_dialect
@every_door
def test_a_service_is_asked_again_when_it_said_and_not_before(dialect: Dialect, door: str) -> None:
    """Fault 15."""
    limited = whole(*dialect.errors["rate_limit"], retry_after="0.4")
    with FaultServer(limited, said(dialect, "well")) as server:
        ran = ask(dialect, server, door)
    assert ran.result.output == "well"
    first, second = (asked.at for asked in server.asked)
    assert 0.4 <= second - first < 0.4 + LATE
    assert [event.delay for event in ran.of(RetryEvent)] == [0.4]


@every_dialect
def test_milliseconds_and_dates_are_understood(dialect: Dialect) -> None:
    """Fault 15 (RFC 9110, section 10.2.3)."""
    from email.utils import formatdate

    status, body = dialect.errors["rate_limit"]
    past = formatdate(time.time() - 60, usegmt=True)
    for headers, wait in ({"retry_after_ms": "30"}, 0.03), ({"retry_after": past}, 0.0):
        with FaultServer(whole(status, body, **headers), said(dialect, "well")) as server:
            ran = ask(dialect, server)
        assert ran.result.output == "well"
        assert [event.delay for event in ran.of(RetryEvent)] == [wait]


@every_dialect
@pytest.mark.parametrize("told", ["soon", "-5", "nan", "inf", "1e999", "", "Fri, 99 Nov 2026"])
def test_a_retry_after_that_makes_no_sense_does_no_harm(dialect: Dialect, told: str) -> None:
    """Fault 15."""
    limited = whole(*dialect.errors["rate_limit"], retry_after=told)
    with FaultServer(limited, said(dialect, "well")) as server:
        begun = time.monotonic()
        ran = ask(dialect, server)
    assert time.monotonic() - begun < 2.0
    assert isinstance(ran.result.error, (RateLimitError, type(None)))
    assert len(server.asked) <= 2


@every_dialect
@every_door
def test_a_limit_that_never_ends_is_an_error_that_says_when_to_ask(dialect: Dialect, door: str) -> None:
    """Fault 16."""
    with FaultServer(whole(*dialect.errors["rate_limit"], retry_after="0.05")) as server:
        ran = ask(dialect, server, door)
    failure = failed_as(ran.result.error, RateLimitError, dialect)
    assert (failure.retry_after, failure.status) == (0.05, 429)
    assert len(server.asked) == 3


@every_dialect
@every_door
def test_a_service_that_wants_an_hour_is_not_waited_for(dialect: Dialect, door: str) -> None:
    """Fault 17."""
    with FaultServer(whole(*dialect.errors["rate_limit"], retry_after="3600")) as server:
        begun = time.monotonic()
        ran = ask(dialect, server, door)
    assert time.monotonic() - begun < 1.0 + SLACK
    assert failed_as(ran.result.error, RateLimitError, dialect).retry_after == 3600
    assert len(server.asked) == 1


@every_dialect
def test_a_service_that_wants_an_hour_is_left_for_another_one(dialect: Dialect) -> None:
    """Fault 17."""
    limited = FaultServer(whole(*dialect.errors["rate_limit"], retry_after="3600"))
    with limited, FaultServer(said(dialect, "well")) as other:
        models = [dialect.provider(limited.url), dialect.provider(other.url)]
        assert through("run", Agent(models)).result.output == "well"
    assert (len(limited.asked), len(other.asked)) == (1, 1)


@every_dialect
def test_a_spent_budget_is_not_asked_for_again(dialect: Dialect) -> None:
    with FaultServer(whole(*dialect.errors["quota"], retry_after="0.01")) as server:
        assert ask(dialect, server).result.error is not None
    assert len(server.asked) == 1


@every_dialect
@every_door
def test_a_refused_request_is_not_made_again_and_shows_no_key(
    dialect: Dialect, door: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Fault 20."""
    secrets = [KEY, "sk-proj-9aB8cD7eF6gH5iJ4kL3m", "sk-ant-api03-Qw3rTy6uIoP9aSdF-2xAA"]
    said = f"bad header: Authorization: Bearer {secrets[0]}, {secrets[1]} and {secrets[2]!r}"
    bodies: list[Any] = [dialect.errors["bad_request"][1], {"error": {"message": said}}, {"error": said}]
    for body in [*bodies, {"detail": said}, {"message": said}, said.encode(), b"<p>" + said.encode()]:
        with FaultServer(whole(400, body)) as server:
            ran = ask(dialect, server, door)
        failure = failed_as(ran.result.error, ProviderError, dialect)
        shown = f"{failure} {failure!r} {failure.__dict__} {ran.events} {caplog.text}"
        shown += ran.result.model_dump_json()
        assert [secret for secret in secrets if secret in shown] == []
        assert len(server.asked) == 1


@every_dialect
def test_the_body_of_an_error_may_be_slow_huge_or_cut(dialect: Dialect) -> None:
    """Fault 37: an error is an error whatever becomes of its body."""
    start = head(500, "application/json")
    piece = chunked(b"x" * 60_000)
    for body in [forever(piece)], [chunked(b'{"error": {"mess'), close], [chunked(b"x"), reset]:
        with FaultServer([start, *body]) as server:
            error = failed(Agent(dialect.provider(server.url, ONCE)))
            assert failed_as(error, ServerError, dialect).status == 500
            assert server.sent < 40_000_000
