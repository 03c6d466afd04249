"""Tokens are estimated well enough to keep a budget, for text, messages, tools and whole requests (R-A15)."""

import statistics
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.types.recorded import Counted, counted
from voxagent.session import count_message_tokens, count_tokens
from voxagent.types import (
    AudioBlock,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    Message,
    OutputSpec,
    ProviderBlock,
    RefusalBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolSpec,
    ToolUseBlock,
    UnknownBlock,
    Usage,
)
from voxagent.types.tokens import quick_bound, request_tokens

ROOT = Path(__file__).parents[2]
PART = ROOT / "tests" / "data"
FULL = ROOT.parent / "shared" / "recordings"
MODEL = "gpt-4o"
ADD = ToolSpec("add", "Adds two numbers.", {"type": "object", "properties": {"a": {"type": "integer"}}})

# --- against what services counted ----------------------------------------------------------------


@cache
def _folder(root: Path) -> list[Counted]:
    return list(counted(root))


def _miss(one: Counted) -> float:
    estimate = request_tokens(one.messages, one.system, one.tools, one.output, one.model)
    return abs(estimate / one.tokens - 1)


def _check(requests: Iterable[Counted], median: float, most: float) -> None:
    """The median and the ninth decile of what the estimates are off."""
    misses = sorted(map(_miss, requests))
    assert statistics.median(misses) <= median
    assert misses[int(len(misses) * 0.9)] <= most


def test_recorded_requests_are_estimated_near_what_their_services_counted() -> None:
    requests = _folder(PART)
    assert len(requests) > 15
    _check(requests, 0.15, 0.35)


def test_the_quick_bound_holds_for_recorded_requests() -> None:
    bounds = [quick_bound(one.messages, one.system, len(one.tools)) for one in _folder(PART)]
    assert all(bound > one.tokens for bound, one in zip(bounds, _folder(PART), strict=True))


needs_full = pytest.mark.skipif(not FULL.is_dir(), reason="the whole collection of recordings is not here")


def _is_held_out(one: Counted) -> bool:
    """Half of the recordings: the tools' weights in the table were fitted on the other half."""
    return sha256(one.file.encode()).digest()[-1] % 2 == 1


@needs_full
@pytest.mark.parametrize("held_out", [False, True])
def test_all_recorded_requests_are_and_those_that_nothing_was_fitted_on_as_well(held_out: bool) -> None:
    requests = [one for one in _folder(FULL) if _is_held_out(one) == held_out]
    assert len(requests) > 100
    _check(requests, 0.15, 0.35)


@needs_full
def test_every_provider_family_with_enough_recordings_is_estimated_well() -> None:
    requests = _folder(FULL)
    families = {one.family for one in requests}
    for family in families:
        own = [one for one in requests if one.family == family]
        if len(own) >= 15:
            _check(own, 0.15, 0.35)


# --- by itself ------------------------------------------------------------------------------------


def test_the_names_of_voxagent_0_1_count_text_and_messages() -> None:
    assert count_tokens("", MODEL) == 0
    assert count_tokens("Hello, how are you today?", MODEL) == 6
    assert count_message_tokens([], MODEL) == 0
    assert count_message_tokens([Message("user", "Hello, how are you today?")] * 2, MODEL) == 19


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("The quick brown fox jumps over the lazy dog. " * 20, 160, 230),
        ("def add(a: int, b: int) -> int:\n    return a + b\n" * 20, 250, 500),
        ("12345678901234567890 " * 20, 140, 400),
        ("私は毎日日本語を勉強します。" * 20, 180, 360),
        ("Сегодня хорошая погода, и мы идём гулять. " * 20, 160, 420),
        ("🎉🎊🥳" * 20, 60, 180),
        ("\n\n\n\n" * 20, 10, 90),
    ],
)
def test_an_estimate_follows_what_a_text_is_made_of(text: str, least: int, most: int) -> None:
    assert least <= count_tokens(text, MODEL) <= most


def test_models_that_cut_finer_need_more_tokens_for_the_same_text() -> None:
    text = "The quick brown fox jumps over the lazy dog. " * 20
    names = ("gpt-5.4", "claude-sonnet-4-5", "claude-opus-4-8")
    counts = [count_tokens(text, name) for name in names]
    assert counts == sorted(set(counts))
    assert count_tokens(text, "claude-fable-5-2") == count_tokens(text, "anthropic/claude-opus-4.8")


def test_what_no_text_can_be_made_of_is_counted_all_the_same() -> None:
    assert count_tokens("half a character: \ud800", MODEL) > 0


BLOCKS: list[tuple[ContentBlock, int]] = [
    (TextBlock("one two three"), 7),
    (RefusalBlock("one two three"), 7),
    (ThinkingBlock("one two three"), 7),
    (ToolResultBlock("1", "add", "one two three"), 7),
    (ToolResultBlock("1", "add", [TextBlock("one two three"), ImageBlock(url="https://x/y.png")]), 1007),
    (ToolUseBlock("1", "add", {"a": 1}), 24),
    (ToolUseBlock("1", "add", {}, arguments='{"a": 1'), 24),
    (ImageBlock("image/png", b"0"), 1004),
    (AudioBlock("audio/wav", b"0"), 1504),
    (DocumentBlock("application/pdf", url="https://x/y.pdf"), 1504),
    (DocumentBlock("text/plain", b"0" * 30_000), 8004),
    (ProviderBlock("openai", {"type": "web_search"}), 13),
    (UnknownBlock("new", {"some": "thing"}), 11),
]


@pytest.mark.parametrize(("block", "tokens"), BLOCKS, ids=lambda value: type(value).__name__)
def test_every_kind_of_block_counts(block: ContentBlock, tokens: int) -> None:
    assert abs(count_message_tokens([Message("assistant", [block])], MODEL) - tokens) <= 2


def test_tools_the_system_prompt_and_a_schema_count() -> None:
    asked = [Message("user", "What is 1 + 1?")]
    plain = request_tokens(asked, model=MODEL)
    assert request_tokens(asked, "Be brief and friendly.", model=MODEL) > plain
    assert request_tokens(asked, tools=[ADD], model=MODEL) > plain + 20
    assert request_tokens(asked, tools=[ADD, ADD], model=MODEL) > request_tokens(
        asked, tools=[ADD], model=MODEL
    )
    output = OutputSpec("sum", ADD.parameters)
    assert request_tokens(asked, output=output, model=MODEL) > plain + 20


def test_what_the_service_counted_of_a_conversation_is_not_estimated_again() -> None:
    asked, result = Message("user", "word " * 10_000), Message("user", "one two three")
    said = Message("assistant", "yes", usage=Usage(input_tokens=70, output_tokens=5))
    uncounted = Message("assistant", "yes", usage=Usage())
    assert request_tokens([asked, said, result], "system", [ADD], model=MODEL) == 75 + count_message_tokens(
        [result], MODEL
    )
    assert request_tokens([asked, uncounted, result], model=MODEL) > 7_000


@pytest.mark.parametrize(("block", "tokens"), BLOCKS, ids=lambda value: type(value).__name__)
def test_the_quick_bound_is_one_for_every_kind_of_block(block: ContentBlock, tokens: int) -> None:
    assert quick_bound([Message("assistant", [block])]) >= tokens


def test_the_quick_bound_counts_tools_the_system_prompt_and_what_was_reported() -> None:
    asked, result = Message("user", "word " * 10_000), Message("user", "one two three")
    said = Message("assistant", "yes", usage=Usage(input_tokens=70, output_tokens=5))
    assert request_tokens([asked], "system", [ADD]) < quick_bound([asked], "system", 1)
    assert 75 < quick_bound([asked, said, result]) < 200


@given(st.text(), st.text())
def test_a_text_never_has_much_fewer_tokens_than_its_parts(one: str, other: str) -> None:
    parts = count_tokens(one, MODEL) + count_tokens(other, MODEL)
    assert abs(count_tokens(one + other, MODEL) - parts) <= 2
