"""Bedrock's frames: whatever is in them is read as if it had come without."""

import json
from binascii import crc32
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wires.anthropic.frames import chunk, exception, framed, raw
from voxagent.errors import (
    BadRequestError,
    MalformedAnswerError,
    ModelNotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProviderError,
    ProviderTimeoutError,
    RateLimitError,
    ServerError,
    StreamTruncatedError,
)
from voxagent.providers import StreamChunk
from voxagent.providers.anthropic import MessagesWire
from voxagent.providers.http.wire import Decoder

FRAMED = "application/vnd.amazon.eventstream"
DATA = Path(__file__).parents[2] / "data" / "anthropic"
(RECORDING,) = DATA.glob("pai-test-anthropic-code-execution-tool-stream*.json")
STREAM: str = json.loads(RECORDING.read_text("utf-8"))["exchanges"][0]["response"]["body"]
EVENTS = [json.loads(line[6:]) for line in STREAM.splitlines() if line.startswith("data: ")]
FRAMES = b"".join(chunk(event) for event in EVENTS)
TEXT = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "half"}}
BEGUN: list[Any] = [
    {"type": "message_start", "message": {"id": "msg_1", "model": "m", "usage": {}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    TEXT,
]


def decoder(content_type: str = FRAMED) -> Decoder:
    return MessagesWire().decoder(content_type)


def read(reader: Decoder, *pieces: bytes) -> list[StreamChunk]:
    chunks: list[StreamChunk] = []
    for piece in pieces:
        chunks += reader.feed(piece)
    return [*chunks, *reader.end()]


def failure(*pieces: bytes) -> ProviderError:
    """The error at the end of frames; what was ahead of it is handed over first."""
    given: list[StreamChunk] = []
    reader = decoder()

    def rest() -> None:
        given.extend(reader.feed(b"".join(pieces)))
        given.extend(reader.feed(b""))
        given.extend(reader.end())

    with pytest.raises(ProviderError) as caught:
        rest()
    assert bool(given) == (len(pieces) > 1)
    return caught.value


def test_frames_are_read_like_plain_events() -> None:
    assert read(decoder(), FRAMES) == read(decoder("text/event-stream"), STREAM.encode())


@given(st.lists(st.integers(0, len(FRAMES)), max_size=6))
def test_frames_may_be_cut_anywhere(places: list[int]) -> None:
    ends = [0, *sorted(places), len(FRAMES)]
    pieces = [FRAMES[begin:end] for begin, end in pairwise(ends)]
    assert read(decoder(), *pieces) == read(decoder(), FRAMES)


def test_amazon_own_reader_finds_the_same_in_our_frames() -> None:
    reader = pytest.importorskip(
        "botocore.eventstream", reason="botocore is not installed"
    ).EventStreamBuffer()
    reader.add_data(FRAMES + exception("throttlingException", "slow down"))
    found = [(each.headers[":message-type"], json.loads(each.payload)) for each in reader]
    assert [kind for kind, _ in found] == ["event"] * len(EVENTS) + ["exception"]
    assert found[-1][1] == {"message": "slow down"}


def test_a_stream_of_frames_that_ends_early_was_cut() -> None:
    reader = decoder()
    reader.feed(FRAMES[: len(FRAMES) // 2])
    with pytest.raises(StreamTruncatedError):
        reader.end()


EXCEPTIONS: list[tuple[str, type[ProviderError]]] = [
    ("throttlingException", RateLimitError),
    ("serviceUnavailableException", OverloadedError),
    ("modelTimeoutException", ProviderTimeoutError),
    ("validationException", BadRequestError),
    ("accessDeniedException", PermissionDeniedError),
    ("resourceNotFoundException", ModelNotFoundError),
    ("modelStreamErrorException", ServerError),
    ("internalServerException", ServerError),
]


@pytest.mark.parametrize(("name", "kind"), EXCEPTIONS)
def test_an_exception_in_the_stream_is_an_error_of_its_kind(name: str, kind: type[ProviderError]) -> None:
    error = failure(b"".join(map(chunk, BEGUN)), exception(name, "as you wished"))
    assert (type(error), error.received) == (kind, "half")
    assert f"{name}: as you wished" in str(error)


def test_an_error_frame_is_an_error_though_it_says_little() -> None:
    told = framed(b"", error_code="InternalFailure", error_message="gone", message_type="error")
    assert "InternalFailure: gone" in str(failure(told))
    assert "no reason given: no reason given" in str(failure(framed(b"{}", message_type="error")))


def test_events_and_headers_of_other_kinds_are_passed_over() -> None:
    headers = b"".join(
        [
            b"\x01a\x00\x01b\x01\x01c\x02\x00\x01d\x03\x00\x00\x01e\x04" + bytes(4),
            b"\x01f\x05" + bytes(8) + b"\x01g\x06\x00\x02hi\x01h\x08" + bytes(8) + b"\x01i\x09" + bytes(16),
            b"\x0d:message-type\x07\x00\x05event\x0b:event-type\x07\x00\x05later",
        ]
    )
    assert read(decoder(), raw(b"{}", headers), FRAMES) == read(decoder(), FRAMES)


def wrong(frame: bytes, place: int) -> bytes:
    """The frame with one byte changed."""
    return frame[:place] + bytes([frame[place] ^ 1]) + frame[place + 1 :]


LAST = chunk(TEXT)
HUGE = (30_000_000).to_bytes(4) + bytes(4)
BROKEN: dict[str, bytes] = {
    "length": wrong(LAST, 3),
    "prelude": wrong(LAST, 9),
    "payload": wrong(LAST, 60),
    "checksum": wrong(LAST, len(LAST) - 1),
    "huge": HUGE + crc32(HUGE).to_bytes(4),
    "payload that is no JSON": framed(b"{", event_type="chunk", message_type="event"),
    "payload without bytes": framed(b"{}", event_type="chunk", message_type="event"),
    "payload that is no object": framed(b"7", message_type="exception"),
    "no message type": framed(b"{}", event_type="chunk"),
    "headers that end early": raw(b"{}", b"\x05ab"),
    "a web page": b"<html>" + bytes(20),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_frame_is_a_typed_error(name: str) -> None:
    for ahead in ([], [b"".join(map(chunk, BEGUN))]):
        error = failure(*ahead, BROKEN[name])
        assert type(error) is MalformedAnswerError
        assert "a frame of the stream is broken" in str(error)
