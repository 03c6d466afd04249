"""Connections that break, bytes that are no answer, answers without end (faults 1-3, 7, 8, 21-24, 37)."""

import gzip
import json
import socket
from typing import Any

import pytest

from tests.behaviour.asking import Tools, ask, failed, failed_as, said
from tests.behaviour.dialects import every_dialect, every_door
from tests.behaviour.server import (
    END,
    Answer,
    FaultServer,
    chunked,
    close,
    forever,
    head,
    pause,
    reset,
    streamed,
    whole,
)
from tests.behaviour.wire import ONCE, Call, Dialect, Thinking, compact, framed, text
from tests.faults.script import through
from voxagent.agent import Agent
from voxagent.errors import (
    MalformedAnswerError,
    ProviderConnectionError,
    ProviderError,
    StreamTruncatedError,
)
from voxagent.providers import FailoverPolicy
from voxagent.streaming import RetryEvent, TextDeltaEvent

# --- connections that break (1-3) ---


@every_dialect
@every_door
def test_a_connection_that_breaks_after_the_first_text_is_an_error_with_the_text_and_no_retry(
    dialect: Dialect, door: str
) -> None:
    """Fault 1."""
    with FaultServer(
        streamed(*dialect.events(text("one", "two", "three")).open, pause(0.02), reset)
    ) as server:
        ran = ask(dialect, server, door)
    failure = failed_as(ran.result.error, ProviderConnectionError, dialect)
    assert (failure.retryable, failure.received) == (True, "onetwothree")
    assert [event.delta for event in ran.of(TextDeltaEvent)] == ["one", "two", "three"]
    assert ran.result.new_messages[-1].text == "onetwothree"
    assert (len(server.asked), ran.of(RetryEvent)) == (1, [])


@every_dialect
@pytest.mark.parametrize("part", [Thinking(("hm",)), Call("add", ('{"a"',))], ids=["thinking", "arguments"])
def test_whatever_was_shown_is_not_asked_for_again(dialect: Dialect, part: Any) -> None:
    """Fault 1: thinking and arguments are content too."""
    with FaultServer(streamed(*dialect.events(part).open, pause(0.02), reset)) as server:
        ran = ask(dialect, server, tools=Tools().all)
    failed_as(ran.result.error, ProviderConnectionError, dialect)
    assert len(server.asked) == 1


@every_dialect
@every_door
@pytest.mark.parametrize("how", [reset, close], ids=["reset", "close"])
def test_a_connection_that_breaks_within_an_object_is_tried_again(
    dialect: Dialect, door: str, how: Any
) -> None:
    """Fault 2."""
    data = json.dumps(dialect.whole("one")).encode()
    broken = [head(200, "application/json"), chunked(data[: len(data) // 2]), pause(0.02), how]
    with FaultServer(broken, whole(200, dialect.whole("two"))) as server:
        ran = ask(dialect, server, door)
    assert ran.result.output == "two"
    assert len(ran.of(RetryEvent)) == 1


@every_dialect
@every_door
@pytest.mark.parametrize("how", [reset, close], ids=["reset", "close"])
def test_a_connection_that_breaks_before_the_head_is_tried_again(
    dialect: Dialect, door: str, how: Any
) -> None:
    """Fault 3."""
    with FaultServer([how], [head()[:20], how], said(dialect, "well")) as server:
        ran = ask(dialect, server, door)
    assert ran.result.output == "well"
    assert len(server.asked) == 3
    assert [event.attempt for event in ran.of(RetryEvent)] == [1, 2]


@every_dialect
@every_door
def test_a_connection_that_always_breaks_is_tried_three_times(dialect: Dialect, door: str) -> None:
    """Fault 3."""
    with FaultServer([reset]) as server:
        ran = ask(dialect, server, door)
    failed_as(ran.result.error, ProviderConnectionError, dialect)
    assert len(server.asked) == 3


@every_dialect
@every_door
def test_an_address_where_nobody_listens_is_a_connection_error(dialect: Dialect, door: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        ran = through(door, Agent(dialect.provider(url)))
    failure = failed_as(ran.result.error, ProviderConnectionError, dialect)
    assert failure.retryable
    assert len(ran.of(RetryEvent)) == 2


@every_dialect
def test_a_service_that_speaks_no_tls_is_a_connection_error(dialect: Dialect) -> None:
    with FaultServer(said(dialect, "never")) as server:
        ran = through("run", Agent(dialect.provider(server.url.replace("http:", "https:"), ONCE)))
    failed_as(ran.result.error, ProviderConnectionError, dialect)
    assert server.asked == []


@every_dialect
@pytest.mark.parametrize(
    "junk", [b"\x00\xff\x16\x03\x01", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 abc\r\n\r\n"]
)
def test_a_service_that_speaks_no_http_is_a_connection_error(dialect: Dialect, junk: bytes) -> None:
    with FaultServer([junk * 3, close]) as server:
        ran = ask(dialect, server, model={"retries": ONCE})
    failed_as(ran.result.error, ProviderConnectionError, dialect)


# --- bytes that are no answer (7, 8, 21-24) ---


@every_dialect
@pytest.mark.parametrize(
    "junk",
    [
        b"{",
        b'{"choices": [{"delta": {"content": "x"}}',
        b"not json",
        b"<html>",
        b"{'a': 1}",
        b'"\xff\xfe"',
        b"\xff",
    ],
)
def test_an_event_that_is_no_json_is_a_malformed_answer(dialect: Dialect, junk: bytes) -> None:
    """Faults 7 and 8."""
    events = dialect.events(text("one"))
    with FaultServer(streamed(*events.open, framed(dialect, junk), *events.end)) as server:
        ran = ask(dialect, server)
    failure = failed_as(ran.result.error, MalformedAnswerError, dialect)
    assert (failure.received, failure.status) == ("one", 200)
    assert len(server.asked) == 1


@every_dialect
def test_text_that_is_no_utf_8_is_a_malformed_answer(dialect: Dialect) -> None:
    """Fault 8."""
    events = dialect.events(text("one", "twé"))
    broken = events.open[-1].replace("é".encode(), b"\xc3")
    with FaultServer(streamed(*events.open[:-1], broken, *events.end)) as server:
        ran = ask(dialect, server)
    failed_as(ran.result.error, MalformedAnswerError, dialect)


@every_dialect
def test_an_event_of_another_shape_is_a_malformed_answer_or_passed_over(dialect: Dialect) -> None:
    """Fault 7: no index, key, type or attribute error."""
    for misfit in dialect.misfits:
        events = dialect.events(text("one", "two"))
        broken = framed(dialect, compact(misfit).encode())
        with FaultServer(streamed(*events.open, broken, *events.end)) as server:
            ran = ask(dialect, server)
        if ran.result.ok:
            assert ran.result.output == "onetwo", misfit
        else:
            failure = failed_as(ran.result.error, ProviderError, dialect)
            assert (type(failure), failure.received) == (MalformedAnswerError, "onetwo"), misfit


@every_dialect
@every_door
@pytest.mark.parametrize("content_type", ["application/json", "text/event-stream"])
def test_an_empty_body_is_an_error(dialect: Dialect, door: str, content_type: str) -> None:
    """Fault 21."""
    with FaultServer(whole(200, b"", content_type)) as server:
        ran = ask(dialect, server, door)
    failure = failed_as(ran.result.error, ProviderError, dialect)
    assert isinstance(failure, (MalformedAnswerError, StreamTruncatedError))
    assert len(server.asked) == 3


PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Welcome to the hotel</body></html>\n"


@every_dialect
@pytest.mark.parametrize("content_type", ["text/html", "text/event-stream", "application/json"])
def test_a_web_page_is_no_answer(dialect: Dialect, content_type: str) -> None:
    """Fault 22."""
    with FaultServer(whole(200, PAGE, content_type)) as server:
        ran = ask(dialect, server, model={"retries": ONCE})
    failure = failed_as(ran.result.error, MalformedAnswerError, dialect)
    assert failure.status == 200
    assert "html" in str(failure).lower()


@every_dialect
@pytest.mark.parametrize("content_type", ["text/html", "application/octet-stream", "application/json", ""])
def test_a_wrong_content_type_makes_a_good_answer_no_worse(dialect: Dialect, content_type: str) -> None:
    """Fault 22: proxies lie."""
    events = dialect.events(text("one"))
    with FaultServer([head(200, content_type), *streamed(*events.all)[1:]]) as server:
        assert ask(dialect, server).result.output == "one"


@every_dialect
def test_an_answer_with_nothing_in_it_is_an_error(dialect: Dialect) -> None:
    """Faults 23 and 24."""
    for hollow in dialect.hollow:
        with FaultServer(whole(200, hollow)) as server:
            ran = ask(dialect, server, model={"retries": ONCE})
            failed_as(ran.result.error, ProviderError, dialect)
            assert type(ran.result.error) is not ProviderError, hollow
            assert len(server.asked) <= 2


@every_dialect
@pytest.mark.parametrize("body", [b"{}", b"[]", b"null"])
def test_an_empty_object_is_no_answer(dialect: Dialect, body: bytes) -> None:
    """Fault 23."""
    with FaultServer(whole(200, body)) as server:
        ran = ask(dialect, server, model={"retries": ONCE})
    failed_as(ran.result.error, MalformedAnswerError, dialect)


# --- answers without end (37) ---

PIECE = 64_000


@every_dialect
@pytest.mark.parametrize("shape", ["many events", "one event", "one line", "one object", "arguments", "junk"])
def test_an_answer_without_end_is_cut_off(dialect: Dialect, shape: str) -> None:
    """Fault 37."""
    start = [head(200, "application/json" if shape == "one object" else "text/event-stream")]
    events = dialect.events(text("one", "x" * PIECE))
    arguments = dialect.events(Call("echo", ("x" * PIECE,)))
    steps = {
        "many events": [*map(chunked, events.open), forever(chunked(events.open[-1]))],
        "one event": [*map(chunked, events.open), forever(chunked(b"data: " + b"x" * PIECE + b"\n"))],
        "one line": [*map(chunked, events.open), forever(chunked(b"x" * PIECE))],
        "one object": [chunked(b'{"x": "'), forever(chunked(b"x" * PIECE))],
        "arguments": [*map(chunked, arguments.open), forever(chunked(arguments.open[-1]))],
        "junk": [forever(chunked(b":" + b" " * PIECE + b"\n\n"))],
    }
    with FaultServer([*start, *steps[shape]]) as server:
        ran = ask(dialect, server, model={"retries": ONCE}, tools=Tools().all)
        assert server.is_left(1.0)
    failed_as(ran.result.error, MalformedAnswerError, dialect)
    assert server.sent < 30_000_000
    assert sum(len(event.delta) for event in ran.of(TextDeltaEvent)) <= 10_000_000
    assert len(str(ran.result.error)) < 2000


# --- bytes that were packed ---


def packed(data: bytes) -> Answer:
    """A stream that is packed, although no request allows it."""
    sent = gzip.compress(data)
    pieces = [chunked(sent[start : start + PIECE]) for start in range(0, len(sent), PIECE)]
    return [head(content_encoding="gzip"), *pieces, END]


@every_dialect
def test_an_answer_that_was_packed_is_unpacked(dialect: Dialect) -> None:
    with FaultServer(packed(b"".join(dialect.events(text("one ", "two")).all))) as server:
        assert ask(dialect, server).result.output == "one two"
    assert server.asked[0].headers["accept-encoding"] == "identity"


@every_dialect
@pytest.mark.parametrize("filler", [b": \n\n", b" "], ids=["keep-alives", "blanks"])
def test_an_answer_that_unpacks_without_end_is_cut_off(dialect: Dialect, filler: bytes) -> None:
    """Fault 37: a gzip bomb."""
    with FaultServer(packed(filler * 11_000_000)) as server:
        ran = ask(dialect, server, model={"retries": ONCE})
    failed_as(ran.result.error, MalformedAnswerError, dialect)


@every_dialect
def test_an_answer_whose_packing_is_broken_is_an_error(dialect: Dialect) -> None:
    with FaultServer([head(content_encoding="gzip"), chunked(b"\x1f\x8bnonsense" * 20), END]) as server:
        failed_as(failed(Agent(dialect.provider(server.url, ONCE))), ProviderError, dialect)


# --- another target ---


@every_dialect
@every_door
def test_a_policy_may_ask_another_target_only_if_nothing_was_shown(dialect: Dialect, door: str) -> None:
    """Faults 1 and 3: no text is told twice. (That answers begin anew is proven in `tests/failover`.)"""
    policy = FailoverPolicy(after_first_delta="fail")
    shown = streamed(*dialect.events(text("one", "two")).open, pause(0.02), reset)
    for broken, expected in ([reset], "well"), (shown, None):
        with FaultServer(broken) as server, FaultServer(said(dialect, "well")) as other:
            models = [dialect.provider(server.url, ONCE), dialect.provider(other.url)]
            ran = through(door, Agent(models, failover=policy))
        told = "".join(event.delta for event in ran.of(TextDeltaEvent))
        if expected:
            assert (ran.result.output, told, len(other.asked)) == ("well", "well", 1)
            continue
        assert failed_as(ran.result.error, ProviderConnectionError, dialect).received == "onetwo"
        assert (told, other.asked) == ("onetwo", [])
