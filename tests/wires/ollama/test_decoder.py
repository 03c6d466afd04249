"""Lines of JSON become an answer, or an error that says what came."""

import json
from typing import Any

import pytest

from tests.wires.openai.answers import chunks_of, decoded
from voxagent.errors import MalformedAnswerError, ProviderError, StreamTruncatedError
from voxagent.providers import (
    MessageEndChunk,
    MessageStartChunk,
    StreamChunk,
    TextDeltaChunk,
    ThinkingDeltaChunk,
    ToolCallDeltaChunk,
    ToolUseChunk,
)
from voxagent.providers.ollama import OllamaWire
from voxagent.types import ToolCall, Usage

END = {"model": "m", "message": {"content": ""}, "done": True, "done_reason": "stop"}


def told(*messages: Any, **end: Any) -> bytes:
    values = [{"model": "m", "message": message, "done": False} for message in messages]
    return "".join(json.dumps(value) + "\n" for value in [*values, {**END, **end}]).encode()


def read(data: bytes) -> list[StreamChunk]:
    return chunks_of(OllamaWire().decoder("application/x-ndjson"), data)


def test_thinking_text_and_calls_are_told_in_their_order_and_calls_completed_at_the_end() -> None:
    call = {"function": {"index": 0, "name": "add", "arguments": {"a": 1, "b": [None, "é"]}}}
    data = told(
        {"thinking": "hm"}, {"content": "so "}, {"tool_calls": [call]}, prompt_eval_count=9, eval_count=4
    )
    written = '{"a":1,"b":[null,"é"]}'
    assert read(data) == [
        MessageStartChunk("", "m"),
        ThinkingDeltaChunk("hm"),
        TextDeltaChunk("so "),
        ToolCallDeltaChunk("call_1", "add", written),
        ToolUseChunk(ToolCall("call_1", "add", {"a": 1, "b": [None, "é"]}, written)),
        MessageEndChunk("tool_use", Usage(input_tokens=9, output_tokens=4)),
    ]


def test_ids_are_made_where_none_are_told_and_kept_where_they_are() -> None:
    calls = [{"id": id, "function": {"name": "f"}} for id in ("x", "", "x", None)]
    ids = [
        chunk.tool_call.id for chunk in read(told({"tool_calls": calls})) if isinstance(chunk, ToolUseChunk)
    ]
    assert ids[0] == "x"
    assert len(set(ids)) == 4
    assert all(ids)


@pytest.mark.parametrize(
    ("arguments", "params", "written"),
    [
        ({}, {}, "{}"),
        (None, {}, "{}"),
        ('{"a": 1}', {"a": 1}, '{"a": 1}'),
        ('{"a": ', {}, '{"a": '),
        ([1], {}, "[1]"),
        ("", {}, "{}"),
    ],
)
def test_arguments_that_are_no_object_are_told_as_they_were_written(
    arguments: Any, params: Any, written: str
) -> None:
    data = told({"tool_calls": [{"function": {"name": "f", "arguments": arguments}}]})
    [use] = [chunk for chunk in read(data) if isinstance(chunk, ToolUseChunk)]
    assert use.tool_call == ToolCall("call_1", "f", params, written)


@pytest.mark.parametrize(
    ("told_reason", "calls", "reason", "metadata"),
    [
        ("stop", False, "stop", None),
        ("length", False, "length", None),
        ("length", True, "length", None),
        ("stop", True, "tool_use", None),
        (None, True, "tool_use", None),
        (None, False, None, None),
        ("load", False, None, {"done_reason": "load"}),
        ("unload", False, None, {"done_reason": "unload"}),
    ],
)
def test_how_an_answer_ended_is_told_and_never_made_up(
    told_reason: str | None, calls: bool, reason: str | None, metadata: Any
) -> None:
    message = {"tool_calls": [{"function": {"name": "f"}}]} if calls else {"content": "x"}
    end = read(told(message, done_reason=told_reason))[-1]
    assert end == MessageEndChunk(reason, None, metadata)  # type: ignore[arg-type]  # a reason of the table


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        ({}, None),
        ({"eval_count": 3}, Usage(output_tokens=3)),
        ({"prompt_eval_count": 3}, Usage(input_tokens=3)),
        ({"prompt_eval_count": -1, "eval_count": "x"}, None),
    ],
)
def test_usage_is_what_the_last_line_counts(counts: Any, usage: Usage | None) -> None:
    end = read(told({"content": "x"}, **counts))[-1]
    assert isinstance(end, MessageEndChunk)
    assert end.usage == usage


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("end", ["", "\n"])
def test_an_answer_that_was_not_streamed_is_one_object_on_however_many_lines(indent: Any, end: str) -> None:
    whole = {**END, "message": {"role": "assistant", "content": "hello"}}
    data = (json.dumps(whole, indent=indent) + end).encode()
    for pieces in [data], [data[at : at + 1] for at in range(len(data))]:
        assert decoded(OllamaWire().decoder(""), pieces).text == "hello"


@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r", b"\n\n", b" \n"])
def test_blank_lines_and_any_line_end_are_read(ends: bytes) -> None:
    data = b"\xef\xbb\xbf" + told({"content": "a"}, {"content": "b"}).replace(b"\n", ends)
    assert decoded(OllamaWire().decoder(""), [data]).text == "ab"


def read_on(data: bytes) -> None:
    decoder = OllamaWire().decoder("")
    decoder.feed(data)
    decoder.feed(b"")
    decoder.end()


def failed(data: bytes) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        read_on(data)
    return caught.value


def test_an_error_line_voids_the_answer_after_what_came_ahead_of_it() -> None:
    data = told({"content": "half"})[:-1].rpartition(b"\n")[0] + b'\n{"error": "unexpected EOF"}\n'
    decoder = OllamaWire().decoder("")
    assert [type(chunk) for chunk in decoder.feed(data)] == [MessageStartChunk, TextDeltaChunk]
    with pytest.raises(ProviderError, match="unexpected EOF") as caught:
        decoder.end()
    assert (caught.value.kind, caught.value.received) == ("server", "half")


def test_a_stream_without_its_last_line_is_truncated() -> None:
    data = told({"content": "half "}, {"content": "an answer"})
    for at in range(1, data.rindex(b'{"model"') + 30):
        error = failed(data[:at])
        assert isinstance(error, StreamTruncatedError), data[:at]
        assert "half an answer".startswith(error.received)


JUNK = (
    b"",
    b"\n\n",
    b"<html>",
    b"data: {}\n\n",
    b"[]",
    b"null\n",
    b"7",
    b"{}",
    b'{"message": 7}',
    b'{"message": {"content": 7}}',
    b'{"message": {"thinking": ["x"]}}',
    b'{"message": {"tool_calls": [{}]}}',
    b'{"a": 1} x\n',
    b"{'a': 1}\n",
    b'{"x": ' + b"[" * 9_000 + b"\n",
    b'{"x": ' + b"[" * 9_000,
    b'{"message": {"content": "\xff"}}\n',
)


@pytest.mark.parametrize("junk", JUNK)
def test_what_is_not_of_the_protocol_is_malformed(junk: bytes) -> None:
    assert isinstance(failed(junk), MalformedAnswerError)


def test_what_is_malformed_in_the_middle_tells_what_came_before() -> None:
    begun = told({"content": "half"}).splitlines(keepends=True)[0]
    error = failed(begun + b"junk\n")
    assert (error.kind, error.received) == ("malformed", "half")


def test_an_end_without_a_message_is_an_end() -> None:
    assert read(b'{"done": true, "done_reason": "load"}') == [
        MessageEndChunk(None, None, {"done_reason": "load"})
    ]


def test_what_follows_the_last_line_does_not_matter() -> None:
    assert decoded(OllamaWire().decoder(""), [told({"content": "x"}) + b"junk\n", b"more"]).text == "x"
