"""Server-sent events come out the same, wherever their bytes were cut (WHATWG HTML, section 9.2.6)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxagent.providers.http.sse import Event, EventSplitter

ENDS = (b"\n", b"\r", b"\r\n")


def split(*pieces: bytes) -> list[Event]:
    splitter = EventSplitter()
    return [event for piece in pieces for event in splitter.feed(piece)] + splitter.end()


def by_the_book(stream: bytes) -> list[Event]:
    """The specification, line by line, on the whole stream; an open event is dispatched at the end."""
    lines = stream.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    events, name, data = list[Event](), "", list[bytes]()
    for line in [*lines, b""]:
        if not line:
            if data:
                events.append(Event(name, b"\n".join(data)))
            name, data = "", []
            continue
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        if field == b"event":
            name = value.decode("utf-8", "replace")
    return events


words = st.sampled_from([b"", b" ", b"x", b" x", b'{"a": 1}', "ü€😀".encode(), b":", b"\xff", b"data: no"])
fields = st.sampled_from(
    [b"data:", b"data: ", b"data", b"event: ", b"event:", b": ", b":", b"id: ", b"other: "]
)
line = st.builds(lambda field, value: field + value, fields, words)
streams = st.builds(
    lambda mark, lines: mark + b"".join(text + end for text, end in lines),
    st.sampled_from([b"", b"\xef\xbb\xbf", b"\xef", b"\xef\xbb"]),
    st.lists(st.tuples(line | st.just(b""), st.sampled_from(ENDS)), max_size=12),
)


@st.composite
def cut_streams(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    stream = draw(streams | st.binary(max_size=40))
    places = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    return stream, [
        stream[begin:end] for begin, end in zip([0, *places], [*places, len(stream)], strict=True)
    ]


@given(cut_streams())
def test_any_split_gives_what_the_specification_gives_for_the_whole(cut: tuple[bytes, list[bytes]]) -> None:
    stream, pieces = cut
    assert split(*pieces) == by_the_book(stream)


@given(streams)
def test_byte_by_byte_gives_what_the_specification_gives_for_the_whole(stream: bytes) -> None:
    assert split(*[stream[place : place + 1] for place in range(len(stream))]) == by_the_book(stream)


@pytest.mark.parametrize("end", ENDS)
def test_lines_end_with_lf_cr_or_both(end: bytes) -> None:
    assert split(end.join([b"event: a", b"data: 1", b"", b"data: 2", b"", b""])) == [
        Event("a", b"1"),
        Event("", b"2"),
    ]


def test_an_lf_after_a_cut_crlf_is_a_line_of_its_own() -> None:
    assert split(b"data: 1\r", b"", b"\n", b"\n", b"data: 2") == [Event("", b"1"), Event("", b"2")]


def test_an_event_is_given_as_soon_as_its_blank_line_is_there() -> None:
    splitter = EventSplitter()
    assert splitter.feed(b"data: 1\n") == []
    assert splitter.feed(b"\n") == [Event("", b"1")]
    assert splitter.feed(b"data: 2\r\n\r") == [Event("", b"2")]
    assert splitter.feed(b"\n") == []
    assert splitter.end() == []


def test_a_byte_order_mark_is_dropped_at_the_beginning_only_and_may_be_cut() -> None:
    mark = b"\xef\xbb\xbf"
    assert split(b"", mark[:1], mark[1:2], b"", mark[2:], b"data: 1\n\n", mark + b"data: 2\n\n") == [
        Event("", b"1")
    ]
    assert split(mark[:2]) == []


def test_comments_ids_and_unknown_fields_are_no_events() -> None:
    assert split(b": ping\n\nid: 7\nretry: 5\nother\n\ndata: 1\n:x\n\n") == [Event("", b"1")]


def test_data_of_several_lines_is_joined_and_empty_data_is_an_event() -> None:
    assert split(b"data: a\ndata:b\ndata\ndata:  c\n\ndata\n\n") == [
        Event("", b"a\nb\n\n c"),
        Event("", b""),
    ]


def test_a_name_is_for_one_event_and_an_event_without_data_is_none() -> None:
    assert split(b"event: a\n\nevent: b\nevent: c\ndata: 1\n\ndata: 2\n\n") == [
        Event("c", b"1"),
        Event("", b"2"),
    ]


def test_a_name_that_is_not_utf8_does_no_harm() -> None:
    assert split(b"event: \xff\ndata: 1\n\n") == [Event("\ufffd", b"1")]


def test_the_last_event_needs_no_blank_line() -> None:
    assert split(b"data: 1\n\ndata: 2") == [Event("", b"1"), Event("", b"2")]
    assert split(b"event: a\ndata: 2\n") == [Event("a", b"2")]


def seconds(size: int) -> float:
    """CPU seconds for one event of that size in reads of 16 bytes."""
    stream = b"data: " + b"x" * size + b"\n\n"
    splitter, events, began = EventSplitter(), list[Event](), time.process_time()
    for place in range(0, len(stream), 16):
        events += splitter.feed(stream[place : place + 16])
    took = time.process_time() - began
    assert events == [Event("", b"x" * size)]
    return took


def test_a_huge_event_in_tiny_reads_costs_what_its_size_does() -> None:
    """Four times the size costs four times the time; copying at each read would make it sixteen."""
    assert min(seconds(2_000_000) for _ in range(3)) < 9 * min(seconds(500_000) for _ in range(3))
