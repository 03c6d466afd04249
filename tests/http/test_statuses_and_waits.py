"""What a status means, how long a service wants to be left alone, and how long we wait."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxagent.errors import (
    AuthenticationError,
    BadRequestError,
    ConfigError,
    ModelNotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProviderError,
    RateLimitError,
    ServerError,
)
from voxagent.providers.http.retries import Retries
from voxagent.providers.http.wire import kind_of, retry_after

KINDS = {
    200: ProviderError,
    301: ProviderError,
    400: BadRequestError,
    401: AuthenticationError,
    402: BadRequestError,
    403: PermissionDeniedError,
    404: ModelNotFoundError,
    408: ServerError,
    409: ServerError,
    413: BadRequestError,
    418: BadRequestError,
    422: BadRequestError,
    425: ServerError,
    429: RateLimitError,
    500: ServerError,
    502: ServerError,
    503: OverloadedError,
    504: ServerError,
    529: OverloadedError,
    599: ServerError,
}


@pytest.mark.parametrize(("status", "kind"), KINDS.items())
def test_a_status_alone_tells_the_kind_of_error(status: int, kind: type[ProviderError]) -> None:
    assert kind_of(status) is kind


def test_what_may_pass_by_itself_is_retryable_and_nothing_else() -> None:
    retryable = {status for status in range(100, 600) if kind_of(status).retryable}
    assert retryable == {408, 409, 425, 429, *range(500, 600)}


SAID = {
    "": None,
    "7": 7.0,
    " 0.5 ": 0.5,
    "-3": 0.0,
    "nan": 0.0,
    "inf": float("inf"),
    "soon": None,
    "Fri, 99 Nov 2026 22:00:00 GMT": None,
    "Fri, 20 Nov 99999999999999999999 22:00:00 GMT": None,
    "Fri, 20 Nov 2020 22:00:00 GMT": 0.0,
    "Fri, 20 Nov 2020 22:00:00": 0.0,
}


@pytest.mark.parametrize(("said", "seconds"), SAID.items())
def test_retry_after_is_seconds_or_a_date_or_nothing(said: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": said}) == seconds


@pytest.mark.parametrize("zone", ["GMT", "+0000", "-0000", ""])
def test_a_date_is_told_in_seconds_from_now_and_without_a_zone_it_is_utc(zone: str) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=90)).replace("+0000", zone).strip()
    seconds = retry_after({"retry-after": date})
    assert seconds is not None
    assert 85 < seconds <= 90


def test_milliseconds_are_more_exact_and_go_first_unless_they_are_rubbish() -> None:
    assert retry_after({"retry-after-ms": "1500", "retry-after": "2"}) == 1.5
    assert retry_after({"retry-after-ms": "20.5"}) == 0.0205
    assert retry_after({"retry-after-ms": "\xb2", "retry-after": "2"}) == 2.0
    assert retry_after({"retry-after-ms": "9" * 5000}) == float("inf")
    assert retry_after({}) is None


@given(st.text(max_size=60), st.text(max_size=20))
def test_no_rubbish_is_ever_raised(said: str, milliseconds: str) -> None:
    seconds = retry_after({"retry-after": said, "retry-after-ms": milliseconds})
    assert seconds is None or seconds >= 0


@given(st.text("0123456789 :,+-GMTFriNovJan.", max_size=60))
def test_nothing_that_looks_like_a_date_is_ever_raised(said: str) -> None:
    seconds = retry_after({"retry-after": said})
    assert seconds is None or seconds >= 0


FAILED = ServerError("broken")


@given(st.integers(1, 5000))
def test_a_wait_is_anywhere_between_nothing_and_the_doubled_bound(attempt: int) -> None:
    retries = Retries(attempts=6000, base=0.5, cap=8.0)
    wait = retries.wait(attempt, FAILED, None)
    assert wait is not None
    assert 0 <= wait <= min(8.0, 0.5 * 2.0 ** min(attempt - 1, 10))


def test_waits_are_spread_over_their_whole_range() -> None:
    waits = [Retries(attempts=9).wait(3, FAILED, None) or 0 for _ in range(1000)]
    assert min(waits) < 0.2
    assert max(waits) > 1.8


def test_there_are_as_many_tries_as_it_says() -> None:
    retries = Retries(attempts=3)
    assert [retries.wait(attempt, FAILED, None) is not None for attempt in (1, 2, 3, 4)] == [
        True,
        True,
        False,
        False,
    ]
    assert Retries(attempts=1).wait(1, FAILED, None) is None
    with pytest.raises(ConfigError, match=r"Retries\(attempts=0\): at least 1 is needed"):
        Retries(attempts=0)


def test_what_cannot_be_retried_is_not() -> None:
    assert Retries().wait(1, AuthenticationError("no"), None) is None
    assert Retries().wait(1, ServerError("no", retryable=False), None) is None


def test_the_service_is_left_alone_for_as_long_as_it_asks_unless_that_is_too_long() -> None:
    retries = Retries(max_retry_after=60)
    assert retries.wait(1, RateLimitError("busy", retry_after=60.0), None) == 60.0
    assert retries.wait(1, RateLimitError("busy", retry_after=0.0), None) == 0.0
    assert retries.wait(1, RateLimitError("busy", retry_after=60.1), None) is None
    assert retries.wait(1, RateLimitError("busy", retry_after=float("inf")), None) is None


def test_a_wait_that_would_outlast_the_deadline_is_not_begun() -> None:
    busy = RateLimitError("busy", retry_after=5.0)
    assert Retries().wait(1, busy, 5.5) == 5.0
    assert Retries().wait(1, busy, 5.0) is None
    assert Retries().wait(1, FAILED, 0.0) is None
    assert Retries().wait(1, FAILED, -1.0) is None
