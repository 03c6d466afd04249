"""An answer that is cut, broken or no answer is an error of ours, and what had come ahead of it is kept."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic_core import to_json

from tests.wires.anthropic.streams import begun, call, ended, event, grown, run, started, stopped, text
from voxagent.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    ContextLengthError,
    MalformedAnswerError,
    ModelNotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProviderError,
    ProviderTimeoutError,
    QuotaError,
    RateLimitError,
    ServerError,
    StreamTruncatedError,
)
from voxagent.providers.anthropic import MessagesWire
from voxagent.providers.chunks import MessageStartChunk, TextDeltaChunk, ToolUseChunk

HALF = [
    begun(),
    started(0, "text", text=""),
    grown(0, "text_delta", text="Hel"),
    grown(0, "text_delta", text="lo"),
]


def failed(*pieces: bytes, content_type: str = "text/event-stream") -> ProviderError:
    error = run(*pieces, content_type=content_type).error
    assert error is not None
    assert error.provider == "anthropic"
    return error


@pytest.mark.parametrize(
    "rest",
    [
        b"",
        stopped(0),
        stopped(0) + event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 5}),
        b'event: content_block_stop\ndata: {"type":"content',
        b"event: content_bl",
    ],
)
def test_a_stream_without_its_end_mark_was_cut(rest: bytes) -> None:
    error = failed(*HALF, rest)
    assert type(error) is StreamTruncatedError
    assert error.received == "Hello"


def test_a_stream_that_ends_without_a_reason_was_cut() -> None:
    assert type(failed(*HALF, stopped(0), event("message_stop"))) is StreamTruncatedError
    assert type(failed(*HALF, stopped(0), ended(None))) is StreamTruncatedError


def test_a_complete_call_in_a_cut_stream_is_followed_by_the_error() -> None:
    out = run(begun(), call(0, "t1", "pay", '{"amount":1}'))
    assert isinstance(out.chunks[-1], ToolUseChunk)
    assert type(out.error) is StreamTruncatedError


@pytest.mark.parametrize("body", [b"event: mess", b"e", b"data", b": waiting\n\n", b"\n\nevent: ping\n\n"])
def test_a_stream_that_ends_ahead_of_its_first_event_was_cut(body: bytes) -> None:
    assert type(failed(body)) is StreamTruncatedError


@pytest.mark.parametrize(
    "body", [b"", b"  \n", b"<html><body>502</body></html>", b"{}", b'{"a":', b"[]", b"null"]
)
@pytest.mark.parametrize("content_type", ["text/event-stream", "application/json", "text/html", ""])
def test_what_is_no_answer_is_malformed(body: bytes, content_type: str) -> None:
    error = failed(body, content_type=content_type)
    assert type(error) is MalformedAnswerError
    assert error.retryable


@pytest.mark.parametrize(
    "message",
    [
        {"type": "message", "content": [], "usage": {}},
        {"type": "message", "content": None, "stop_reason": "end_turn"},
        {"type": "message", "content": [3], "stop_reason": "end_turn"},
        {"type": "message", "content": [{"type": "text", "text": 3}], "stop_reason": "end_turn"},
        {"type": "message", "content": [], "stop_reason": "end_turn", "usage": "none"},
        {"type": "completion"},
    ],
)
def test_an_object_that_is_no_message_is_an_error(message: Any) -> None:
    error = failed(to_json(message), content_type="application/json")
    assert type(error) in (MalformedAnswerError, StreamTruncatedError)


@pytest.mark.parametrize(
    "broken",
    [
        b"data: {bad\n\n",
        b"data: \xff\xfe\n\n",
        b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\xff"}}\n\n',
        b"data: 3\n\n",
        b"data: null\n\n",
        b'data: "text"\n\n',
        b"data: []\n\n",
        b"data: {}\n\n",
        b'data: {"type":"content_block_delta"}\n\n',
        b"data: " + b'{"a":' * 5_000 + b"1" + b"}" * 5_000 + b"\n\n",
        grown(7, "text_delta", text="of no block"),
        grown(0, "text_delta", text=3),
        grown(0, "text_delta"),
        event("content_block_delta", index=0, delta="x"),
        event("content_block_delta", index=[], delta={"type": "text_delta", "text": "x"}),
        stopped(7),
        started(1, "text", text=3),
        started(1, "thinking", thinking="", signature=3),
        started(1, "thinking", thinking=3, signature=""),
        started(1, "thinking", thinking="") + grown(1, "thinking_delta", thinking=3),
        started(1, "tool_use", id=3, name="n"),
        started(1, "tool_use", id="i", name="n") + grown(1, "input_json_delta", partial_json=3),
        event("content_block_start", index=1, content_block={"type": 3}),
        event("content_block_start", index=1, content_block=None),
        event("message_start", message=None),
        event("message_delta", delta=None),
        event("message_delta", delta={"stop_reason": "end_turn"}, usage=3),
    ],
)
def test_an_event_that_is_not_what_the_protocol_says_is_malformed(broken: bytes) -> None:
    error = failed(*HALF, broken, ended())
    assert type(error) is MalformedAnswerError
    assert error.received == "Hello"
    assert len(str(error)) < 400


def test_thoughts_at_a_blocks_start_must_be_text() -> None:
    assert type(failed(begun(), started(0, "thinking", thinking=["x"]))) is MalformedAnswerError


def test_what_came_ahead_of_an_error_is_given_whatever_the_split() -> None:
    body = b"".join([*HALF, b"data: {bad\n\n", text(1, "never")])
    whole, bytewise = run(body), run(*(body[place : place + 1] for place in range(len(body))))
    assert whole.chunks == bytewise.chunks
    assert whole.chunks == [
        MessageStartChunk("anthropic", "claude-x"),
        TextDeltaChunk("Hel"),
        TextDeltaChunk("lo"),
    ]
    assert str(whole.error) == str(bytewise.error)


def test_an_error_is_raised_again_by_whoever_goes_on() -> None:
    decoder = MessagesWire().decoder("text/event-stream")
    assert len(decoder.feed(b"".join(HALF) + b"data: {bad\n\n")) == 3
    again: list[Callable[[], object]] = [lambda: decoder.feed(b""), decoder.end]
    for each in again:
        with pytest.raises(MalformedAnswerError):
            each()


def test_an_error_within_the_last_unfinished_event_is_raised_at_the_end() -> None:
    decoder = MessagesWire().decoder("text/event-stream")
    unfinished = started(1, "tool_use", id="i", name="n", input={"a": 1}) + event("message_stop").strip()
    decoder.feed(b"".join(HALF) + unfinished)
    with pytest.raises(StreamTruncatedError):
        decoder.end()
    other = MessagesWire().decoder("text/event-stream")
    other.feed(b"".join(HALF) + b'data: {"type":"content_block_delta","index":9,"delta":{}}')
    with pytest.raises(MalformedAnswerError):
        other.end()


def test_an_error_in_the_middle_of_the_last_unfinished_event_is_raised_at_the_end() -> None:
    decoder = MessagesWire().decoder("text/event-stream")
    decoder.feed(b'data: {"type":"message_start","message":{"model":"m","usage":3}}')
    with pytest.raises(MalformedAnswerError):
        decoder.end()


@pytest.mark.parametrize(
    ("type_", "message", "kind"),
    [
        ("overloaded_error", "Overloaded", OverloadedError),
        ("rate_limit_error", "slow", RateLimitError),
        ("api_error", "x", ServerError),
        ("authentication_error", "x", AuthenticationError),
        ("permission_error", "x", PermissionDeniedError),
        ("not_found_error", "x", ModelNotFoundError),
        ("request_too_large", "x", BadRequestError),
        ("timeout_error", "x", ProviderTimeoutError),
        ("billing_error", "x", QuotaError),
        ("conflict_error", "x", ServerError),
        ("invalid_request_error", "x", BadRequestError),
        ("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", ContextLengthError),
        (
            "invalid_request_error",
            "input length and `max_tokens` exceed context limit: 198981 + 21333 > 200000",
            ContextLengthError,
        ),
        ("invalid_request_error", "Your credit balance is too low to access the API", QuotaError),
        ("invalid_request_error", "You have reached your specified API usage limits", QuotaError),
        ("invalid_request_error", "Output blocked by content filtering policy", ContentFilterError),
        ("error_of_next_year", "x", ServerError),
    ],
)
def test_an_error_in_the_stream_has_its_kind(type_: str, message: str, kind: type[ProviderError]) -> None:
    told = event("error", error={"type": type_, "message": message}, request_id="req_1")
    error = failed(*HALF, told)
    assert type(error) is kind
    assert error.received == "Hello"
    assert error.request_id == "req_1"
    assert error.message == f"{type_}: {message}"


def test_an_error_in_words_is_the_services() -> None:
    error = failed(*HALF, b"event: error\ndata: upstream went away\n\n")
    assert type(error) is ServerError
    assert error.message == "upstream went away"


@pytest.mark.parametrize("content_type", ["text/event-stream", "application/json"])
def test_an_error_in_one_object_in_a_good_answer_has_its_kind(content_type: str) -> None:
    body = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
    assert type(failed(body, content_type=content_type)) is OverloadedError


def test_no_error_shows_what_looks_like_a_key() -> None:
    told = event("error", error={"type": "api_error", "message": "bad key sk-ant-api03-abcDEF_123-x"})
    assert "abcDEF" not in str(failed(*HALF, told))
    assert "abcDEF" not in str(failed(*HALF, b"data: {bad sk-ant-api03-abcDEF_123-x\n\n"))
    assert "abcDEF" not in str(failed(b"<html>Authorization: Bearer abcDEF123456</html>"))
