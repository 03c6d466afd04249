"""What a registry knows, and that it never shows it."""

import copy
import json
import pickle
import re
import threading
import time
from typing import Any

import pytest
from pydantic import Secret, SecretBytes, SecretStr

from voxagent.errors import ConfigError
from voxagent.security import (
    DEFAULT_SECRET_PATTERNS,
    NAMED_PLACEHOLDER,
    RedactionFilter,
    SecretPattern,
    SecretRegistry,
    StreamFilter,
)
from voxagent.security.shapes import stands_in


def test_a_registry_says_where_its_secrets_stand() -> None:
    registry = SecretRegistry()
    registry.register_value("key", "hunter2hunter2")
    registry.register_pattern("tok_[0-9]{3}")
    text = "a hunter2hunter2, tok_12, tok_123"
    assert registry.find_secrets(text) == [("hunter2hunter2", 2, 16), ("tok_123", 26, 33)]
    assert (registry.contains_secret(text), registry.contains_secret("hunter2")) == (True, False)


def test_an_empty_registry_finds_nothing() -> None:
    registry = SecretRegistry()
    assert (registry.empty, registry.find_secrets("anything"), registry.names) == (True, [], ())


def test_repr_shows_names_and_never_a_value() -> None:
    registry = SecretRegistry()
    registry.register_value("key", "hunter2hunter2")
    registry.register_pattern("tok_[0-9]{3}", name="token")
    assert repr(registry) == "SecretRegistry(values=['key'], patterns=['token'])"
    assert registry.masked() == {"key": "[REDACTED:key]"}
    assert not hasattr(registry, "__dict__")


def test_a_registry_cannot_be_pickled_since_the_pickle_would_hold_the_values() -> None:
    registry = SecretRegistry()
    registry.register_value("key", "hunter2hunter2")
    for dump in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="pickle"):
            dump(registry)


def test_a_short_value_is_refused_by_name_and_ignored_when_found() -> None:
    registry = SecretRegistry()
    for short in ("abcde", "  abc  ", b"xyz", ""):
        with pytest.raises(ConfigError, match="secret 'pin' is shorter than 6 characters") as caught:
            registry.register_value("pin", short)
        assert not short or repr(short) not in str(caught.value)
        registry.register_value("pin", short, found=True)
    assert registry.empty


def test_a_name_that_shows_the_value_is_refused_without_repeating_it() -> None:
    registry = SecretRegistry()
    with pytest.raises(ConfigError) as caught:
        registry.register_value("the hunter2 key", "hunter2")
    registry.register_value("hunter2", "hunter2", found=True)
    assert "hunter2" not in str(caught.value)
    assert registry.empty


@pytest.mark.parametrize("value", ["REDACTED", "[REDACTED:", b"[REDACTED:", "EDACTED:do", "REDACTED]"])
def test_a_value_that_its_own_placeholder_shows_is_refused_and_ignored_when_found(value: str | bytes) -> None:
    registry = SecretRegistry()
    said = "a placeholder contains its secret's value: choose another name or do not register it"
    with pytest.raises(ConfigError, match=f"^{re.escape(said)}$"):
        registry.register_value("door", value)
    registry.register_value("door", value, found=True)
    assert registry.extended([("door", value)]) is registry
    assert registry.empty


def test_a_found_name_has_nothing_that_ends_a_placeholder_or_is_escaped_in_json() -> None:
    registry = SecretRegistry()
    registry.register_value('a"b\\c]d\ne\udc80', "hunter2hunter2", found=True)
    assert registry.names == ("a_b_c_d_e_",)
    assert json.loads(RedactionFilter(registry, NAMED_PLACEHOLDER).redact('["hunter2hunter2"]')) == [
        "[REDACTED:a_b_c_d_e_]"
    ]


def test_white_space_around_a_value_is_not_looked_for() -> None:
    registry = SecretRegistry()
    registry.register_value("key", "hunter2hunter2\n")
    assert registry.find_secrets("<hunter2hunter2>") == [("hunter2hunter2", 1, 15)]
    assert registry.value_of("key") == "hunter2hunter2\n"


def test_a_second_value_of_a_name_is_returned_and_the_first_is_still_looked_for() -> None:
    registry = SecretRegistry()
    registry.register_value("key", "first-value")
    registry.register_value("key", "second-value")
    assert registry.value_of("key") == "second-value"
    assert [match for match, _, _ in registry.find_secrets("first-value second-value")] == [
        "first-value",
        "second-value",
    ]


def test_a_value_is_called_by_the_name_that_was_given_last_and_a_found_one_keeps_its_name() -> None:
    registry = SecretRegistry()
    registry.register_value("found", "some-value", found=True)
    registry.register_value("named", "some-value")
    registry.register_value("again", "some-value", found=True)
    assert registry.names == ("found", "named")
    shown = StreamFilter(registry, placeholder="{name}")
    assert shown.process_chunk("some-value") + shown.flush() == "named"


def test_found_values_of_one_name_are_numbered() -> None:
    registry = SecretRegistry()
    for value in ("some-value", "other-value", "third-value"):
        registry.register_value("key", value, found=True)
    assert {name: registry.value_of(name) for name in registry.names} == {
        "key": "some-value",
        "key-2": "other-value",
        "key-3": "third-value",
    }


def test_only_text_is_returned_as_a_value() -> None:
    registry = SecretRegistry()
    registry.register_value("raw", b"\xff\xfe\xfd\xfc\xfb\xfa")
    assert (registry.value_of("raw"), registry.value_of("unknown")) == (None, None)
    assert registry.contains_secret("key=fffefdfcfbfa")


def test_a_copy_goes_its_own_way() -> None:
    registry = SecretRegistry()
    registry.register_value("key", "some-value")
    registry.register_pattern("tok_[0-9]{3}")
    other = registry.copy()
    other.register_value("more", "other-value")
    assert (registry.names, other.names) == (("key",), ("key", "more"))
    assert (registry.contains_secret("other-value"), other.contains_secret("tok_123 other-value")) == (
        False,
        True,
    )


def test_an_extended_registry_is_the_same_one_when_nothing_is_new() -> None:
    registry = SecretRegistry()
    registry.register_value("key", "some-value")
    assert registry.extended([("key", "some-value")]) is registry
    run = registry.extended([("key", "some-value"), ("token", "fresh-value"), ("pin", "1234")])
    assert (registry.names, run.names) == (("key",), ("key", "token"))
    assert run.matcher.automaton is registry.matcher.automaton


def test_what_was_made_ready_is_kept_until_the_registry_changes() -> None:
    registry = SecretRegistry()
    registry.register_value("key", "some-value")
    ready = registry.matcher
    assert registry.matcher is ready
    registry.register_defaults()
    registry.register_defaults()
    changed = registry.matcher
    assert changed is not ready
    assert len(changed.automaton.patterns) == len(DEFAULT_SECRET_PATTERNS)
    assert registry.contains_secret("some-value")


def test_threads_may_register_and_search_at_once() -> None:
    registry = SecretRegistry()
    failures: list[str] = []

    def work(number: int) -> None:
        for turn in range(30):
            value = f"secret-{number}-{turn}-value"
            registry.register_value(f"{number}.{turn}", value)
            registry.register_pattern(f"tok_{number}_{turn % 3}[a-z]")
            if not registry.contains_secret(f"... {value} ...") or not registry.contains_secret(
                f"tok_{number}_0x"
            ):
                failures.append(value)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert len(registry.names) == 180


def test_extensions_are_kept_until_the_registry_changes() -> None:
    registry = SecretRegistry()
    registry.register_value("key", "hunter2hunter2")
    values = (("other", "zebra-zebra"), ("short", "abc"), ("zebra-name", "zebra-name"))
    other = registry.extended(values)
    assert registry.extended(values) is other
    assert (other.names, registry.names) == (("key", "other"), ("key",))
    assert registry.extended([("key", "hunter2hunter2"), ("short", "abc")]) is registry
    registry.register_value("more", "giraffe-giraffe")
    fresh = registry.extended(values)
    assert fresh is not other
    assert fresh.names == ("key", "more", "other")
    registry.register_pattern("tok_[0-9]{3}")
    assert registry.extended(values).contains_secret("tok_123")


def test_only_some_extensions_are_kept() -> None:
    registry = SecretRegistry()
    first = registry.extended([("key", "value-number-0")])
    for number in range(1, 40):
        registry.extended([("key", f"value-number-{number}")])
    last = registry.extended([("key", "value-number-39")])
    assert registry.extended([("key", "value-number-39")]) is last
    assert registry.extended([("key", "value-number-0")]) is not first


def test_two_registries_joined_know_what_either_knows() -> None:
    one, other, none = SecretRegistry(), SecretRegistry(), SecretRegistry()
    one.register_value("key", "hunter2hunter2")
    other.register_value("key", "zebra-zebra")
    other.register_value("again", "hunter2hunter2")
    other.register_pattern("tok_[0-9]{3}", name="token")
    both = one.joined(other)
    assert repr(both) == "SecretRegistry(values=['key', 'again'], patterns=['token'])"
    assert [both.contains_secret(text) for text in ("hunter2hunter2", "zebra-zebra", "tok_123")] == [True] * 3
    assert both.value_of("key") == "hunter2hunter2"
    assert (one.joined(none), none.joined(one), one.joined(one)) == (one, one, one)


def test_what_stands_in_for_a_key_is_none() -> None:
    registry = SecretRegistry()
    assert registry.extended([("local_api_key", "not-needed"), ("local_api_key", "lm-studio")]) is registry
    registry.register_value("word", "not-needed")
    assert registry.contains_secret("a key is not-needed here")


@pytest.mark.parametrize(
    "value",
    [
        "ollama", "unused", "placeholder", "anything", "no-key", "fake-key", "test-key", "api-key", "secret",
        "NOT_NEEDED", "your_api_key_here", "sk-1234", "sk-xxxx", "xxxxxx", "123456", "sk-test", b"no-key",
    ],
)  # fmt: skip
def test_a_word_in_the_place_of_a_key_may_stand_in_any_text(value: str | bytes) -> None:
    for name in ("openai_api_key", "OPENAI_API_KEY", "gateway_x-api-key"):
        assert stands_in(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("openai_api_key", "orange-tree"),
        ("openai_api_key", "sesame9"),
        ("openai_api_key", "Swordfish"),
        ("openai_api_key", "sk-4711-4712"),
        ("openai_api_key", "sixteenlettersab"),
        ("openai_api_key", "test-a8f3e9"),
        ("password", "swordfish"),
        ("api_key", "swordfish"),
        ("db.api_key", "swordfish"),
        ("token", "test-key"),
        ("door_key", "111111"),
    ],
)
def test_what_may_be_a_key_is_kept_out_of_texts(name: str, value: str) -> None:
    assert not stands_in(name, value)
    registry = SecretRegistry().extended([(name, value)])
    assert RedactionFilter(registry, NAMED_PLACEHOLDER).redact(f"<{value}>") == f"<[REDACTED:{name}]>"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("n", None, "secret 'n' is of type NoneType: give a str, bytes or SecretStr"),
        ("n", 31415926, "secret 'n' is of type int"),
        ("n", Secret[int](31415926), "secret 'n' is of type int"),
        (31415926, "a-value", "the name of a secret is of type int: give a str"),
        ("", "a-value", "secret name '' cannot stand in a placeholder"),
        *(
            (name, "a-value", 'give one that is not empty and has no ], ", \\, line end or other control')
            for name in ("a]", "a\nb", "a\u2028b", 'a"b', "a\\b", "a\tb", "\udc80")
        ),
        ("n", SecretStr("31415"), "shorter than 6 characters"),
    ],
)
def test_what_is_no_name_or_value_is_told_by_its_type(name: Any, value: Any, said: str) -> None:
    registry = SecretRegistry()
    with pytest.raises(ConfigError, match=re.escape(said)) as caught:
        registry.register_value(name, value)
    assert "31415" not in str(caught.value)
    assert registry.empty


def test_a_pattern_that_is_none_is_told_by_its_type() -> None:
    pattern: Any = 3
    with pytest.raises(ConfigError, match="a secret pattern is of type int: give a str or SecretPattern"):
        SecretRegistry().register_pattern(pattern)
    with pytest.raises(ConfigError, match="secret name 'a]' cannot stand"):
        SecretRegistry().register_pattern("abc", name="a]")
    with pytest.raises(ConfigError, match="secret name 'a\"' cannot stand"):
        SecretRegistry().register_pattern(SecretPattern('a"', "abc"))


def test_a_sealed_value_is_opened() -> None:
    registry = SecretRegistry()
    registry.register_value("n", SecretStr("a-sealed-value"))
    registry.register_value("b", SecretBytes(b"a-sealed-other"))
    assert (registry.value_of("n"), registry.contains_secret("a-sealed-other")) == ("a-sealed-value", True)


def test_thousands_of_values_are_registered_and_looked_for_quickly() -> None:
    registry = SecretRegistry()
    begin = time.process_time()
    for number in range(5_000):
        registry.register_value(f"n{number}", f"value-{number:08d}-{number * 7919}")
    redaction = RedactionFilter(registry, NAMED_PLACEHOLDER)
    assert redaction.redact("value-" * 20_000 + "value-00004999-39587081") == (
        "value-" * 20_000 + "[REDACTED:n4999]"
    )
    assert time.process_time() - begin < 3
