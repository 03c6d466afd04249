"""Recorded answers are read as a second, independent reading reads them, wherever their bytes are cut.

What is argued here, one by one, are the places where the reading itself needs a decision:

* Two answers of Gemini have a call with the id "": it is given one, because a result must name its call.
* `pai-test-invalid-response` is a JSON object without choices, and `pai-test-background-mode` holds responses
  that are queued only: both are a `MalformedAnswerError`, for neither is an answer.
* Four answers of Snowflake and one of OpenRouter have no finish reason, or an empty one. They are complete
  JSON objects, so they were not cut; their reason stays None, because none is invented.
* `mcp-list-tools-stream-backfills-missing` never sends the end of two items; they are told at the end, after
  the message that follows them in the final object.
* The seals of `mcp-server-tool-stream` differ between an item's event and the final object; the event counts.
* `pai-test-openrouter-stream-error` tells a finish reason, twice, and then an error: the error counts.
* A stream that a broken connection ends (`made-*-cut-abort`) never comes to `end()`: what HTTP reports is the
  error then, and the decoder has only to have shown what came.
"""

from collections.abc import Iterator

import pytest

from voxagent.errors import ProviderError
from voxagent.providers.http.wire import Decoder

from . import judge
from .answers import Answer, decoded
from .recordings import FULL, Exchange, answering, full, part, splits

STATUS_KINDS = {
    400: "bad_request",
    401: "authentication",
    404: "not_found",
    429: "rate_limit",
    500: "server",
    502: "server",
    503: "overloaded",
}
CODE_KINDS = {"insufficient_quota": "quota", "model_not_found": "not_found"}
TOO_LONG = ("context length", "too long")


def read(decoder: Decoder, data: bytes) -> None:
    decoder.feed(data)
    decoder.end()


def walk(exchanges: list[Exchange]) -> Iterator[tuple[Exchange, Answer]]:
    for exchange in exchanges:
        if exchange.status == 200:
            yield exchange, judge.expected(exchange)


def with_ids_as_given(answer: Answer, expected: Answer) -> Answer:
    """The answer with an empty id again where none was given; ids that we give are unique and not empty."""
    ids = [call[0] for call in answer.calls]
    assert len(set(ids)) == len(ids)
    assert all(ids)
    given = [call[0] for call in expected.calls]
    if "" in given and len(given) == len(ids):
        answer.calls = [(id and call[0], *call[1:]) for id, call in zip(given, answer.calls, strict=True)]
    return answer


def check(exchanges: list[Exchange]) -> int:
    number = 0
    for number, (exchange, expected) in enumerate(walk(exchanges), 1):
        for pieces in splits(exchange.data, number):
            decoder = answering(exchange).decoder(exchange.headers.get("content-type", ""))
            answer = decoded(decoder, pieces, broken_off=exchange.broken_off)
            assert with_ids_as_given(answer, expected) == expected, exchange.name
    return number


@pytest.mark.parametrize("exchange", part(), ids=lambda exchange: exchange.name)
def test_a_recorded_answer_is_read_right_wherever_it_is_cut(exchange: Exchange) -> None:
    check([exchange])


@pytest.mark.slow
@pytest.mark.skipif(not FULL.is_dir(), reason="the folder with all recordings is not beside the project")
def test_every_recorded_answer_is_read_right_wherever_it_is_cut() -> None:
    assert check(full()) > 700


@pytest.mark.parametrize("exchange", part(), ids=lambda exchange: exchange.name)
def test_a_recorded_error_has_the_right_kind(exchange: Exchange) -> None:
    check_error(exchange)


@pytest.mark.skipif(not FULL.is_dir(), reason="the folder with all recordings is not beside the project")
def test_every_recorded_error_has_the_right_kind() -> None:
    assert sum(check_error(exchange) for exchange in full()) > 30


def check_error(exchange: Exchange) -> bool:
    if exchange.status == 200:
        return False
    error = answering(exchange).error(exchange.status, exchange.headers, exchange.data)
    told = exchange.answer["error"] if exchange.kind == "json" else {}
    kind = CODE_KINDS.get(told.get("code"), STATUS_KINDS[exchange.status])
    if any(words in told.get("message", "") for words in TOO_LONG):
        kind = "context_length"
    wait = exchange.headers.get("retry-after")
    assert (error.kind, error.status) == (kind, exchange.status)
    assert error.request_id == exchange.headers.get("x-request-id")
    assert error.retry_after == (float(wait) if wait else None)
    return True


@pytest.mark.parametrize("exchange", part(), ids=lambda exchange: exchange.name)
def test_an_answer_cut_anywhere_never_ends_well(exchange: Exchange) -> None:
    """Law: of the beginnings of an answer, only those end well that have its end mark in them."""
    expected = judge.expected(exchange) if exchange.status == 200 else Answer(error="none")
    if expected.error or expected.reason is None:
        return
    data = exchange.data
    for at in range(0, len(data) - 1, max(1, len(data) // 200)):
        decoder = answering(exchange).decoder("")
        error = None
        try:
            read(decoder, data[:at])
        except ProviderError as caught:
            error = caught
        if error is not None:
            assert error.retryable
            assert expected.text.startswith(error.received)
            continue
        assert b'"finish_reason":"' in data[:at] or b"response.completed" in data[:at] or at > len(data) - 200
