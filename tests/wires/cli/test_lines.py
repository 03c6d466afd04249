"""Output is cut into lines wherever the pieces of it are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxagent.errors import MalformedAnswerError
from voxagent.providers.cli.lines import MAX_LINE, MAX_OUTPUT, LineSplitter


@given(st.lists(st.binary(max_size=8)), st.binary(max_size=8))
def test_lines_do_not_depend_on_how_their_bytes_are_cut(pieces: list[bytes], last: bytes) -> None:
    splitter = LineSplitter()
    lines = [line for piece in [*pieces, last] for line in splitter.feed(piece)]
    assert b"\n".join([*lines, splitter.rest()]) == b"".join([*pieces, last])
    assert all(b"\n" not in line for line in [*lines, splitter.rest()])


def test_a_line_may_be_as_long_as_the_limit_and_no_longer() -> None:
    splitter = LineSplitter()
    half = b"x" * (MAX_LINE // 2)
    assert [splitter.feed(piece) for piece in (half, half, b"\n")] == [[], [], [half + half]]
    splitter.feed(half + half)
    with pytest.raises(MalformedAnswerError, match=f"a line of more than {MAX_LINE:,} bytes"):
        splitter.feed(b"x")


def test_all_lines_may_be_as_long_as_the_limit_and_no_longer() -> None:
    splitter = LineSplitter()
    piece = b"x" * 999_999 + b"\n"
    for _ in range(MAX_OUTPUT // len(piece)):
        splitter.feed(piece)
    with pytest.raises(MalformedAnswerError, match=f"more than {MAX_OUTPUT:,} bytes"):
        splitter.feed(b"x")
