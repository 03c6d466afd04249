"""User patterns: what is refused, what they mean, and that none can stop the program."""

import random
import re
import time

import pytest

from voxagent.errors import ConfigError
from voxagent.security import RedactionFilter, SecretPattern, SecretRegistry, StreamFilter
from voxagent.security.matcher import matcher_of
from voxagent.security.scanner import Hit, Scanner


def redacted(pattern: str, text: str) -> str:
    registry = SecretRegistry()
    registry.register_pattern(pattern)
    return RedactionFilter(registry, "#").redact(text)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("^sk-a", "anchor"),
        ("sk-a$", "anchor"),
        (r"\bsk-a", "anchor"),
        (r"\Ask-a\Z", "anchor"),
        ("sk(?=-)", "look-around"),
        ("sk(?!-)", "look-around"),
        ("(?<=k)sk", "look-around"),
        ("(?<!k)sk", "look-around"),
        ("sk(?!)", "look-around"),
        (r"(a)\1", "back-reference"),
        ("(a)?(?(1)b|c)", "conditional"),
        ("(?>a)b", "atomic"),
        ("a++b", "possessive"),
        ("a*", "empty text"),
        ("(a|)", "empty text"),
        ("", "empty text"),
        ("sk-[a-", "unterminated character set"),
        ("a{99999999999999999999}", "repetition number is too large"),
        ("((a{100}){100}){100}", "more than 5000 states"),
        ("(" * 3000 + "a" + ")" * 3000, "nested too deeply"),
    ],
)
def test_what_cannot_be_decided_in_a_stream_is_refused_with_the_reason(pattern: str, reason: str) -> None:
    registry = SecretRegistry()
    with pytest.raises(ConfigError) as caught:
        registry.register_pattern(pattern)
    assert repr(pattern) in str(caught.value)
    assert reason in str(caught.value)
    assert registry.empty


@pytest.mark.parametrize(
    "pattern",
    [
        r"[\w.]+@corp\.example",
        r"(?i)straße-[k-m]{2}",
        r"(?ai:\w\d)x",
        r"(?s:a.b)",
        r"a.b",
        r"[^a\n]z",
        r"[\D]7[\S]",
        r"[^\W\d]{3}-",
        r"x[\u0400-\u04ff]+",
        r"tok_(?:[a-f0-9]{4}|Z{2,3})+?",
        "(?x: a b # a comment\n c )",
        r"(?P<all>q{2,4})",
    ],
)
def test_classes_flags_and_repeats_mean_what_they_mean_in_re(pattern: str) -> None:
    source = random.Random(7)
    letters = "abckKlmqzZx7_-.@ corpexampleß\u212a\u0416S\u017f\nteo"
    texts = ["".join(source.choices(letters, k=12)) for _ in range(200)]
    texts += ["me.x@corp.example", "STRASSE-kl straße-\u212aM", "a\nb a7b", "xЖЖж", "tok_12efZZZ", "qqqqqabc"]
    registry = SecretRegistry()
    registry.register_pattern(pattern)
    for text in texts:
        for match, start, end in registry.find_secrets(text):
            assert re.fullmatch(pattern, match)
            longer = range(end + 1, len(text) + 1)
            assert not any(re.compile(pattern).fullmatch(text, start, stop) for stop in longer)
        assert registry.contains_secret(text) == (re.search(pattern, text) is not None)


@pytest.mark.slow
@pytest.mark.parametrize("pattern", ["(a+)+", "(a+)+b", "(a|a)*b", "(a|b)*a(a|b){6}c", "(.*)*x", "b(b*c)?"])
def test_no_pattern_is_catastrophic(pattern: str) -> None:
    registry = SecretRegistry()
    registry.register_pattern(pattern)
    text = "a" * 4500 + "b" * 4500 + "ab" * 3000
    begin = time.monotonic()
    registry.find_secrets(text)
    assert time.monotonic() - begin < 20


@pytest.mark.parametrize(
    "pattern",
    [
        "a{1,1000}b",
        "[a-z]{1,1000}[0-9]",
        "[A-Za-z0-9+/]{20,2000}=",
        "a{800}b",
        "(a|b)*a(a|b){14}c",
        "(?:a{211})+b|(?:a{223})+b",
        "(?:a{1,20}){1,20}b",
    ],
)
def test_a_pattern_that_some_text_would_make_slow_is_refused(pattern: str) -> None:
    registry = SecretRegistry()
    with pytest.raises(ConfigError, match=r"which is slow; write a minimum in place of a range"):
        registry.register_pattern(pattern)
    assert registry.empty


def test_patterns_that_are_slow_together_only_are_refused_together() -> None:
    registry = SecretRegistry()
    registry.register_defaults()
    for number in (7, 11):
        registry.register_pattern(f"(?:a{{{number}}})+b")
    with pytest.raises(ConfigError, match="or at all patterns"):
        registry.register_pattern("(?:a{13})+b")


SLOWEST = [
    "[a-z]+[0-9]",
    "[a-z]{20,}[0-9]",
    "[a-z]{1,200}[0-9]",
    r"[\w.+-]{1,64}@[\w-]{1,63}\.[a-z]{2,10}",
    "[a-f0-9]{64}",
    "[A-Za-z0-9+/]{20,}=",
    "(?:[a-z]+[.])+x",
    ".*x",
    "a.*x",
    "(.*)*x",
    "(a+)+b",
    "(x+x+)+y",
    "[ab]*a[ab]{4}c",
    "[ab]{30}c",
    "(?:a{2})+b|(?:a{3})+b|(?:a{5})+b",
    "(?:a{2})+b|(?:a{3})+b|(?:a{5})+b|(?:a{7})+b",
    "a(?:(?:aa)*b|(?:aaa)*b)?",
    "b(b*c)?",
    "a?a?a?a?a?a?aaaaaab",
    "(?:ab?c?d?e?)+f",
    "token=[a-z]{1,1000}",
    "eyJ[A-Za-z0-9_-]{10,}\\.eyJ[A-Za-z0-9_-]{10,}",
    "[A-Za-z0-9_]{32}:[A-Za-z0-9_]{32}",
    "[^ ]+ [^ ]+ [^ ]+!",
]


@pytest.mark.slow
@pytest.mark.parametrize("pattern", SLOWEST)
def test_no_text_makes_an_accepted_pattern_slow(pattern: str) -> None:
    registry = SecretRegistry()
    registry.register_pattern(pattern)
    mixed = "".join(random.Random(1).choices("abcdefx0189=.@-_ \n", k=8_000))
    for unit in (
        "a",
        "x",
        "ab",
        "hello",
        "Zm9v",
        "a" * 63 + " ",
        "a" * 6000 + "b",
        "abc.",
        "token=",
        "eyJ",
        mixed,
    ):
        text = (unit * 8_000)[:8_000]
        begin = time.process_time()
        whole = RedactionFilter(registry).redact(text)
        assert time.process_time() - begin < 5
        stream = StreamFilter(registry)
        begin = time.process_time()
        pieces = [stream.process_chunk(text[place : place + 5]) for place in range(0, len(text), 5)]
        assert "".join([*pieces, stream.flush()]) == whole
        assert time.process_time() - begin < 5


def test_an_attempt_that_stays_open_too_long_is_given_up_and_a_later_one_still_matches() -> None:
    assert redacted("a+b", "a" * 5000 + "b") == "a" * 905 + "#"
    assert redacted("x.*secret", "x" + "-" * 5000 + "xx secret") == "x" + "-" * 5000 + "#"


def test_a_match_may_go_on_for_ever_since_swallowing_holds_nothing() -> None:
    assert redacted("k[a-z]{3,}", "k" + "a" * 20_000 + "!") == "#!"


@pytest.mark.slow
def test_ways_through_the_states_are_forgotten_and_found_again() -> None:
    source = random.Random(3)
    text = "".join(source.choices("ab", k=25_000))
    matcher = matcher_of((SecretPattern("many", "(a|b)*a(a|b){14}c"),))
    Scanner(matcher).feed(text, final=True)
    found = Scanner(matcher).feed("a" * 15 + "c", final=True)
    assert [(hit.start, hit.end) for hit in found if isinstance(hit, Hit)] == [(0, 16)]


def test_a_pattern_is_shown_by_its_name_or_as_a_pattern() -> None:
    registry = SecretRegistry()
    registry.register_pattern("abc+")
    registry.register_pattern("xyz+", name="letters")
    registry.register_pattern("xyz+", name="letters")
    shown = RedactionFilter(registry, "[{name}]").redact("abccc xyzz")
    assert (shown, repr(registry)) == (
        "[pattern] [letters]",
        "SecretRegistry(values=[], patterns=['pattern', 'letters'])",
    )


def test_a_check_is_asked_with_the_match_and_what_stands_ahead_until_it_says_yes() -> None:
    asked: list[tuple[str, str]] = []

    def check(match: str, before: str) -> bool:
        asked.append((match, before))
        return len(match) > 4

    registry = SecretRegistry()
    registry.register_pattern(SecretPattern("odd", "x[a-z]{2,}", check))
    assert registry.find_secrets("hello xabcdef") == [("xabcdef", 6, 13)]
    assert asked == [("xab", "hello "), ("xabc", "hello "), ("xabcd", "hello ")]


def test_a_check_that_never_says_yes_is_asked_a_bounded_number_of_times() -> None:
    asked: list[str] = []
    registry = SecretRegistry()
    registry.register_pattern(SecretPattern("never", "x[a-z]+", lambda match, _: bool(asked.append(match))))
    assert registry.find_secrets("x" + "a" * 3000) == []
    assert len(asked) == 64


def test_a_check_that_says_no_does_not_stop_a_pattern_without_one() -> None:
    registry = SecretRegistry()
    registry.register_pattern(SecretPattern("never", "x[a-z]+", lambda match, before: False))
    registry.register_pattern("x[a-z]+!", name="call")
    text = "x" + "a" * 300 + "!"
    assert registry.find_secrets(text) == [(text, 0, 302)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit", ["task-", "xoxb-", "eyJ", "-----BEGIN PRIVATE KEY-----", "ghp_a", "SG.", "sk-ant-"]
)
def test_no_text_is_catastrophic_for_the_default_patterns(unit: str) -> None:
    registry = SecretRegistry()
    registry.register_defaults()
    begin = time.process_time()
    registry.find_secrets(unit * (50_000 // len(unit)))
    assert time.process_time() - begin < 20
