"""Bytes that are no answer become typed errors, whatever they are and wherever they are cut."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxagent.errors import ProviderError
from voxagent.providers.chunks import MessageEndChunk, TextDeltaChunk
from voxagent.providers.http.wire import Wire
from voxagent.providers.openai import ChatDialect, ChatWire, ResponsesWire

from .streams import chat, delta, failure_of, read, sse
from .test_responses_answers import CREATED, completed, text_delta

WIRES = pytest.mark.parametrize("wire", [ChatWire(), ResponsesWire()], ids=["chat", "responses"])
GOOD = {ChatWire: delta(content="Hi"), ResponsesWire: text_delta("Hi")}
NESTED = b'{"choices":' + b"[" * 100_000

NO_ANSWERS = {
    "nothing": (b"", "malformed"),
    "blanks": (b" \r\n\n", "malformed"),
    "a web page": (b"<html><body>Bad Gateway</body></html>", "malformed"),
    "a word": (b"OK", "malformed"),
    "an empty object": (b"{}", "malformed"),
    "a list": (b"[]", "malformed"),
    "a list with an error": (b'[{"error": {"message": "no"}}]', "malformed"),
    "half an object": (b'{"choices": [{"me', "malformed"),
    "no choices": (b'{"choices": []}', "malformed"),
    "choices that are none": (b'{"choices": null}', "malformed"),
    "an error": (b'{"error": {"message": "overloaded"}}', "overloaded"),
    "an error in words": (b'{"error": "overloaded"}', "overloaded"),
    "nested without end": (NESTED, "malformed"),
    "an event of nothing": (b"data: {}\n\n", "malformed"),
    "an event that is a list": (b"data: []\n\n", "malformed"),
    "an event that is a number": (b"data: 1\n\n", "malformed"),
    "an event that is a text": (b'data: "x"\n\n', "malformed"),
    "nothing but comments": (b": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n", "truncated"),
    "the beginning of an event": (b"data: {", "truncated"),
    "an end in blanks without a beginning": (b"data: [DONE] \n\n", "truncated"),
    "an end without a beginning": (b"data: [DONE]\n\n", "truncated"),
    "an event nested without end": (b"data: " + NESTED + b"\n\n", "malformed"),
    "deep surrogates": (b'data: "\\ud83d' + b"[" * 200_000 + b"\n\n", "malformed"),
    "lists of surrogates without end": (b'data: ["\\ud83d",' + b"[" * 200_000 + b"\n\n", "malformed"),
}


@WIRES
@pytest.mark.parametrize("name", NO_ANSWERS)
def test_what_is_no_answer_is_a_typed_error(wire: Wire, name: str) -> None:
    data, kind = NO_ANSWERS[name]
    error = failure_of(wire, data)
    assert error.kind == kind
    assert len(error.message) < 300
    assert failure_of(wire, [data[at : at + 1] for at in range(min(len(data), 300))]).kind in (
        kind,
        "malformed",
        "truncated",
    )


@WIRES
@pytest.mark.parametrize(
    "bad", ["{", "nope", "{'a': 1}", '{"a": "\x01"}', '"\\x"', "[DONE", '{"a": 1}}', "\x00"]
)
def test_an_event_that_is_no_json_is_a_typed_error_with_what_came_before(wire: Wire, bad: str) -> None:
    error = failure_of(wire, sse(GOOD[type(wire)], bad, GOOD[type(wire)]))
    assert (error.kind, error.received, error.retryable) == ("malformed", "Hi", True)


@WIRES
def test_invalid_utf_8_is_a_typed_error(wire: Wire) -> None:
    data = sse(GOOD[type(wire)], done=False) + b'data: {"a": "\xff"}\n\n'
    assert failure_of(wire, data).kind == "malformed"


@pytest.mark.parametrize(
    "odd",
    [
        {"choices": [None]},
        {"choices": [1]},
        {"choices": ["x"]},
        {"choices": {"a": 1}},
        {"choices": "ab"},
        {"choices": 1},
        {"choices": [{"delta": "x"}]},
        {"choices": [{"delta": {"content": {"a": 1}}}]},
        {"choices": [{"delta": {"content": [1]}}]},
        {"choices": [{"delta": {"content": [{"type": "text", "text": 1}]}}]},
        {"choices": [{"delta": {"content": [{"type": "thinking"}]}}]},
        {"choices": [{"delta": {"tool_calls": [None]}}]},
        {"choices": [{"delta": {"tool_calls": 1}}]},
        {"choices": [{"delta": {"tool_calls": [{"index": [], "function": {}}]}}]},
        {"choices": [{"delta": {"reasoning": 1, "role": "x"}}]},
        {"choices": [{"delta": {"refusal": ["x"]}}]},
        {"choices": [{"delta": {"audio": {"data": 1}}}]},
        {"choices": [{"delta": {"audio": {"data": "x"}}, "finish_reason": "stop"}]},
        [{"choices": []}],
    ],
)
def test_a_chunk_of_the_wrong_shape_is_a_typed_error(odd: Any) -> None:
    error = failure_of(ChatWire(), sse(delta(content="Hi"), odd))
    assert (error.kind, error.received) == ("malformed", "Hi")


@pytest.mark.parametrize(
    "odd",
    [
        {"type": "response.output_text.delta"},
        {"type": "response.output_text.delta", "delta": 1},
        {"type": "response.reasoning_text.delta", "delta": 1},
        {"type": "response.function_call_arguments.delta", "delta": {}},
        {"type": "response.output_item.done", "item": None},
        {"type": "response.output_item.done", "item": {"type": "message", "content": [None]}},
        {"type": "response.output_item.done", "item": {"type": "reasoning", "summary": [{}]}},
        {"type": "response.completed"},
        {"type": "response.completed", "response": []},
        {"type": []},
        {"type": 1},
        {},
        [],
    ],
)
def test_an_event_of_the_wrong_shape_is_a_typed_error(odd: Any) -> None:
    error = failure_of(ResponsesWire(), sse(CREATED, text_delta("Hi"), odd))
    assert (error.kind, error.received) == ("malformed", "Hi")


@pytest.mark.parametrize("done", [True, False])
def test_without_a_finish_reason_a_stream_was_cut(done: bool) -> None:
    """With `[DONE]` as well: OpenAI always tells the reason."""
    error = failure_of(ChatWire(), sse(delta(content="Hi"), done=done))
    assert (error.kind, error.received) == ("truncated", "Hi")


def test_arguments_that_happen_to_be_complete_do_not_make_an_answer_of_a_cut_stream() -> None:
    function = {"name": "add", "arguments": "{}"}
    data = sse(delta(tool_calls=[{"index": 0, "id": "a", "function": function}]), done=False)
    assert failure_of(ChatWire(), data).kind == "truncated"


def test_done_is_enough_for_a_server_that_tells_no_reason() -> None:
    dialect = ChatDialect(done_ends=True)
    assert chat(delta(content="Hi"), dialect=dialect) == [TextDeltaChunk("Hi"), MessageEndChunk()]
    assert failure_of(ChatWire(dialect), sse(delta(content="Hi"), done=False)).kind == "truncated"


def test_blanks_around_done_do_not_matter() -> None:
    said = [TextDeltaChunk("Hi"), MessageEndChunk("stop")]
    assert chat(delta(content="Hi"), delta("stop"), " [DONE] ", done=False) == said


def test_a_finish_reason_is_enough_where_done_is_left_out() -> None:
    ends = [TextDeltaChunk("Hi"), MessageEndChunk("stop")]
    assert chat(delta("stop", content="Hi"), done=False) == ends
    cut_in_the_usage = sse(delta("stop", content="Hi"), done=False) + b'data: {"choices": [], "usa'
    assert read(ChatWire(), cut_in_the_usage)[1:] == ends
    assert read(ChatWire(), sse(delta("stop", content="Hi"))[:-2])[1:] == ends
    without_last_blank_line = sse(delta("stop", content="Hi"), done=False)[:-2]
    assert read(ChatWire(), without_last_blank_line)[1:] == ends


@WIRES
def test_a_stream_cut_after_its_text_tells_what_came(wire: Wire) -> None:
    error = failure_of(wire, sse(GOOD[type(wire)], done=False))
    assert (error.kind, error.received) == ("truncated", "Hi")


@WIRES
def test_what_follows_the_end_is_not_read(wire: Wire) -> None:
    last = [delta("stop"), "[DONE]"] if isinstance(wire, ChatWire) else [CREATED, completed()]
    data = sse(*last, "{", GOOD[type(wire)])
    decoder = wire.decoder("")
    assert isinstance(decoder.feed(data)[-1], MessageEndChunk)
    assert [*decoder.feed(b"data: {\n\n"), *decoder.feed(b"data: nope\n\n"), *decoder.end()] == []


@pytest.mark.parametrize(
    "error",
    [
        {"error": {"code": 400, "message": "no"}},
        {"code": 400, "message": "no"},
        {"detail": "no", "code": 400},
    ],
)
def test_an_error_object_in_a_stream_is_an_error(error: Any) -> None:
    data = (
        sse(delta(content="Hi"), done=False) + b"event: error\ndata: " + json.dumps(error).encode() + b"\n\n"
    )
    found = failure_of(ChatWire(), data)
    assert (found.kind, found.message, found.received, found.status) == ("bad_request", "no", "Hi", 400)


def test_chunks_that_tell_nothing_are_allowed() -> None:
    filters = {"choices": [], "prompt_filter_results": [], "model": ""}
    usage = {"usage": {"prompt_tokens": 1}, "choices": None}
    assert len(chat(filters, delta("stop"), usage)) == 1


def test_comments_line_ends_and_a_mark_ahead_do_not_matter() -> None:
    plain = sse(delta(content="Hi"), delta("stop"))
    odd = b"\xef\xbb\xbf: hello\n\nretry: 3\nid: 1\n" + plain.replace(b"\n", b"\r\n").replace(
        b"data: ", b"data:"
    )
    for pieces in ([odd], [odd[at : at + 1] for at in range(len(odd))]):
        assert read(ChatWire(), pieces) == read(ChatWire(), plain)


def test_half_characters_become_a_sign_and_no_error() -> None:
    events = [
        '{"choices": [{"delta": {"content": "a\\ud83d"}}]}',
        '{"choices": [{"delta": {"content": "\\uDE00b"}}]}',
    ]
    assert chat(*events, delta("stop"))[0] == TextDeltaChunk("�b")
    assert chat(delta(content="x"), *events, delta("stop"))[1] == TextDeltaChunk("a�")


@WIRES
@given(st.binary(max_size=200), st.data())
def test_any_bytes_are_an_answer_or_a_typed_error(wire: Wire, junk: bytes, data: st.DataObject) -> None:
    good = sse(CREATED, GOOD[type(wire)], completed(), delta("stop"))
    at = data.draw(st.integers(0, len(good)))
    with suppress(ProviderError):
        read(wire, good[:at] + junk + good[at:])


@WIRES
def test_an_error_waits_for_what_came_ahead_of_it_and_stays_the_answer(wire: Wire) -> None:
    decoder = wire.decoder("text/event-stream")
    chunks = decoder.feed(sse(GOOD[type(wire)], done=False) + b"data: {nonsense\n\n")
    assert [chunk.delta for chunk in chunks if isinstance(chunk, TextDeltaChunk)] == ["Hi"]
    for ask in (lambda: decoder.feed(b""), decoder.end, lambda: decoder.feed(b"data: {}\n\n")):
        with pytest.raises(ProviderError, match="no JSON") as caught:
            ask()
        assert caught.value.received == "Hi"
