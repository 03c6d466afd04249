"""What a process knows of services: when they are left alone, who looks again, and when (R-A12)."""

import asyncio
import subprocess
import sys
from itertools import pairwise
from typing import Any

import pytest

from tests.failover.shared import Clock
from voxagent import ConfigError
from voxagent.errors import (
    BadRequestError,
    ModelNotFoundError,
    OverloadedError,
    ProviderError,
    RateLimitError,
    ServerError,
)
from voxagent.providers import Health
from voxagent.providers.failover.health import MOST, Rest, Ticket, shared_health

BUSY = OverloadedError("busy")
BROKEN = ServerError("broken")


class Service:
    """One account, as requests see it."""

    def __init__(self, clock: Clock, **options: Any) -> None:
        self.clock = clock
        self.health = Health(clock=clock, **options)

    def admitted(self, model: str = "m") -> Ticket | None:
        return self.health.admitted("a", model)

    def ask(self, error: ProviderError | None, model: str = "m") -> bool:
        """Whether it was asked; it fails with the error, if there is one."""
        ticket = self.admitted(model)
        if ticket is None:
            return False
        if error is None:
            self.health.passed(ticket)
        else:
            self.health.failed(ticket, error)
        return True

    def rest(self, model: str = "m") -> Rest:
        return self.health.rest("a", model)


@pytest.fixture
def service() -> Service:
    return Service(Clock())


@pytest.mark.parametrize("error", [BUSY, BROKEN], ids=["overloaded", "broken"])
@pytest.mark.parametrize("every", [2.9, 3.0, 60 / 19])
def test_of_an_outage_of_a_minute_four_requests_take_note_and_ten_seconds_later_it_is_over(
    service: Service, error: ProviderError, every: float
) -> None:
    begun = service.clock.now
    asked: list[float] = []
    while not (asked and asked[-1] >= 60):
        since = service.clock.now - begun
        if service.ask(error if since < 60 else None):
            asked.append(since)
        service.clock.now += every
    assert len([at for at in asked if at < 60]) <= 4
    assert asked[-1] <= 70
    assert service.rest() == Rest()


def test_after_the_first_minute_somebody_looks_every_ten_seconds(service: Service) -> None:
    begun = service.clock.now
    asked: list[float] = []
    for _ in range(300):
        if service.ask(BUSY):
            asked.append(service.clock.now - begun)
        service.clock.now += 1
    late = [at for at in asked if at > 62]
    assert {after - before for before, after in pairwise(late)} == {10.0}


def test_one_failure_is_no_outage_and_a_success_between_two_makes_them_two_single_ones(
    service: Service,
) -> None:
    for _ in range(5):
        assert service.ask(BROKEN)
        assert service.rest() == Rest()
        assert service.ask(None)


def test_what_says_that_it_has_too_much_to_do_is_left_alone_at_once(service: Service) -> None:
    assert service.ask(BUSY)
    assert service.rest() == Rest(5.0, "overloaded")
    assert not service.ask(None)


@pytest.mark.parametrize("error", [OverloadedError("x", retry_after=33), ServerError("x", retry_after=33)])
def test_a_service_that_says_how_long_is_left_alone_for_that_long(
    service: Service, error: ProviderError
) -> None:
    service.ask(error)
    service.clock.now += 32.9
    assert not service.ask(None)
    service.clock.now += 0.1
    assert service.ask(None)


def test_one_request_at_a_time_looks_whether_a_service_is_back(service: Service) -> None:
    service.ask(BUSY)
    service.clock.now += 5
    probe = service.admitted()
    assert probe is not None
    assert probe.probing
    assert service.admitted() is None
    assert 0 < service.rest().seconds <= 1
    service.health.left(probe)  # its answer begins: others may look, one at a time
    second = service.admitted()
    assert second is not None
    assert service.admitted() is None
    service.health.left(probe)  # it has let go already
    assert service.admitted() is None
    service.health.passed(probe)
    assert service.rest() == Rest()
    first, other = service.admitted(), service.admitted()
    assert first is not None
    assert other is not None


def test_what_was_asked_before_a_breaker_opened_neither_closes_it_nor_makes_it_worse(
    service: Service,
) -> None:
    early = [service.admitted() for _ in range(4)]
    service.ask(BUSY)
    assert early[0] is not None
    assert early[1] is not None
    service.health.passed(early[0])
    service.health.failed(early[1], BUSY)
    assert service.rest() == Rest(5.0, "overloaded")
    service.clock.now += 5
    assert service.admitted() is not None  # one looks
    assert early[2] is not None
    service.health.failed(early[2], BUSY)
    assert service.rest().seconds <= 1


def test_a_rate_limit_is_of_one_model_and_says_that_the_service_is_well(service: Service) -> None:
    service.ask(BROKEN)
    service.ask(RateLimitError("slow", retry_after=12))
    service.ask(RateLimitError("slow"), "other")
    assert service.rest() == Rest(12.0, "rate_limit")
    assert service.rest("other") == Rest(60.0, "rate_limit")
    assert service.rest("third") == Rest()
    assert service.ask(BROKEN, "third")  # the failure before does not count any more
    assert service.ask(None, "third")
    service.clock.now += 12
    assert service.rest() == Rest()
    assert service.ask(None)
    assert service.rest("other") == Rest(48.0, "rate_limit")


def test_a_model_that_is_not_there_is_not_asked_for_a_minute(service: Service) -> None:
    service.ask(ModelNotFoundError("no such model"))
    assert service.rest() == Rest(60.0, "not_found")
    assert service.rest("other") == Rest()


def test_a_service_that_refuses_a_request_is_well(service: Service) -> None:
    service.ask(BROKEN)
    service.ask(BadRequestError("no"))
    assert service.ask(BROKEN)
    assert service.rest() == Rest()


def test_a_health_that_is_told_when_to_look_looks_then() -> None:
    service = Service(Clock(), probe_after=[2.0, 3.0])
    for expected in (2.0, 3.0, 3.0):
        service.ask(BUSY)
        assert service.rest().seconds == expected
        service.clock.now += expected


@pytest.mark.parametrize("times", [[], [1.0, -1.0]])
def test_times_to_look_that_cannot_be_are_refused(times: Any) -> None:
    with pytest.raises(ConfigError, match="probe_after="):
        Health(probe_after=times)


def test_what_is_kept_is_bounded() -> None:
    clock = Clock()
    health = Health(clock=clock)
    for number in range(MOST + 5):
        ticket = health.admitted(number, "m")
        assert ticket is not None
        health.failed(ticket, BUSY)
    assert health.rest(4, "m") == Rest()
    assert health.rest(5, "m") == Rest(5.0, "overloaded")
    forgotten = Ticket(0, "m", probing=True)
    health.passed(forgotten)
    health.left(forgotten)


def test_there_is_one_for_the_whole_process() -> None:
    assert shared_health() is shared_health()


async def test_of_many_threads_one_looks() -> None:
    service = Service(Clock())
    service.ask(BUSY)
    service.clock.now += 5
    tickets = await asyncio.gather(*[asyncio.to_thread(service.admitted) for _ in range(50)])
    assert len([ticket for ticket in tickets if ticket is not None]) == 1


FORKED = """
import os, signal
from voxagent.providers.failover.health import shared_health

health = shared_health()
with health._lock:  # as another thread may hold it
    child = os.fork()
    if not child:
        signal.alarm(10)
        assert health.rest("a", "m").seconds == 0
        os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""


def test_a_forked_child_does_not_wait_for_a_thread_that_it_does_not_have() -> None:
    subprocess.run([sys.executable, "-c", FORKED], check=True, timeout=30)
