"""Laws that hold for every stream, every history and every id."""

import re
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import from_json, to_json

from tests.wires.anthropic.streams import begun, call, ended, grown, run, started, stopped, text
from voxagent.errors import ProviderError, StreamTruncatedError
from voxagent.providers.anthropic import MessagesOptions, MessagesWire
from voxagent.providers.anthropic.content import call_id
from voxagent.providers.base import ModelRequest
from voxagent.types.blocks import TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from voxagent.types.message import Message

WORDS = st.text(st.characters(codec="utf-8"), max_size=8)
ANY = st.text(max_size=8)  # surrogates too


def thought(index: int, words: str) -> bytes:
    start = started(index, "thinking", thinking="", signature="")
    return start + grown(index, "thinking_delta", thinking=words) + stopped(index)


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, str]:
    """A complete stream, and its text."""
    parts, told = [begun()], ""
    for index in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(["text", "call", "thinking"]))
        words = draw(WORDS)
        if kind == "text":
            parts.append(text(index, words, "ü"))
            told += words + "ü"
        elif kind == "call":
            parts.append(call(index, f"t{index}", "add", *to_json({"a": words}).decode()))
        else:
            parts.append(thought(index, words))
    body = b"".join([*parts, ended()])
    return (body.replace(b"\n", b"\r\n") if draw(st.booleans()) else body), told


@settings(max_examples=60, deadline=None)
@given(streams(), st.data())
def test_the_result_does_not_depend_on_where_the_bytes_are_cut(
    stream: tuple[bytes, str], data: st.DataObject
) -> None:
    body, told = stream
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=30)))
    pieces = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    whole, split = run(body), run(*pieces)
    assert whole.error is None
    assert split == whole
    assert (
        "".join(getattr(chunk, "delta", "") for chunk in whole.chunks if "Text" in type(chunk).__name__)
        == told
    )


@settings(max_examples=60, deadline=None)
@given(streams(), st.data())
def test_a_stream_that_is_cut_anywhere_is_never_an_answer(
    stream: tuple[bytes, str], data: st.DataObject
) -> None:
    body, told = stream
    place = data.draw(st.integers(1, body.rindex(b"message_stop")))
    out = run(body[:place])
    assert type(out.error) is StreamTruncatedError
    assert told.startswith(out.error.received)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["text", "tool_use", "thinking", "x", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["type", "index", "delta", "content_block", "message", "text", "citations", "usage", "error", "input",
         "stop_reason", "partial_json", "citation", "signature", "thinking", "content", "details"]
    ), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
TYPES = st.sampled_from(
    ["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta",
     "message_stop", "error", "ping", "message", "odd"]
)  # fmt: skip


FIELDS = st.sampled_from(
    ["index", "delta", "content_block", "message", "usage", "error", "content", "stop_reason"]
)
EVENTS = st.lists(st.tuples(TYPES, st.dictionaries(FIELDS, JSON, max_size=3)), max_size=5)


@settings(max_examples=300, deadline=None)
@given(EVENTS)
def test_no_event_raises_anything_but_an_error_of_ours(events: list[tuple[str, dict[str, Any]]]) -> None:
    bodies = [to_json({**fields, "type": type_}) for type_, fields in events]
    out = run(begun(), *(b"data: %s\n\n" % each for each in bodies))
    assert out.error is None or isinstance(out.error, ProviderError)
    for each in bodies:
        out = run(each)
        assert out.error is None or isinstance(out.error, ProviderError)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.integers(100, 599), st.booleans())
def test_no_bytes_raise_anything_but_an_error_of_ours(data: bytes, status: int, late: bool) -> None:
    out = run((begun() if late else b"") + data)
    assert isinstance(out.error, ProviderError)
    assert isinstance(MessagesWire().error(status, {}, data), ProviderError)


@given(st.lists(ANY, max_size=6, unique=True))
def test_ids_fit_the_apis_pattern_and_stay_different(ids: list[str]) -> None:
    mapped = [call_id(id) for id in ids]
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]+", id) for id in mapped)
    assert len(set(mapped)) == len(ids)
    assert [call_id(id) for id in mapped] == mapped
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]+", id) for id in mapped)


BLOCKS = st.one_of(
    ANY.map(TextBlock),
    st.builds(
        ThinkingBlock, ANY, st.sampled_from([None, "SIG"]), provider=st.sampled_from(["anthropic", None])
    ),
    st.builds(ToolUseBlock, ANY, ANY, st.dictionaries(ANY, st.floats() | ANY, max_size=2)),
    st.builds(ToolResultBlock, ANY, ANY, ANY | st.lists(ANY.map(TextBlock), max_size=2), st.booleans()),
)
MESSAGES = st.lists(
    st.builds(Message, st.sampled_from(["user", "assistant"]), ANY | st.lists(BLOCKS, max_size=4)), max_size=8
)


@settings(max_examples=200, deadline=None)
@given(MESSAGES, st.text(max_size=4))
def test_every_history_becomes_a_body_that_the_api_takes(messages: list[Message], system: str) -> None:
    wire = MessagesWire()
    data = wire.body(ModelRequest("m", messages, system=system))
    assert wire.body(ModelRequest("m", messages, system=system)) == data
    turns = from_json(data)["messages"]
    for turn, following in pairwise(turns):
        assert turn["role"] != following["role"]
    for turn in turns:
        kinds = [block["type"] == "tool_result" for block in turn["content"]]
        assert kinds
        assert kinds == sorted(kinds, reverse=True)
        assert all(block["text"].strip() for block in turn["content"] if block["type"] == "text")
    marked = from_json(MessagesWire(MessagesOptions(cache="5m")).body(ModelRequest("m", messages)))[
        "messages"
    ]
    for turn in marked:
        for block in turn["content"]:
            block.pop("cache_control", None)
    assert marked == turns
