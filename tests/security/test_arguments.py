"""Secrets leave the arguments of a call, texts and numbers, and the rest can still be read."""

import json
from typing import Any

import pytest

from voxagent.security import NAMED_PLACEHOLDER, RedactionFilter, SecretRegistry
from voxagent.security.arguments import redacted_arguments, redacted_params

KEY, PIN = "swordfish-4711", 48151623
DOOR, SAFE = "[REDACTED:door]", "[REDACTED:safe]"


def redaction(*patterns: str) -> RedactionFilter:
    registry = SecretRegistry()
    registry.register_value("door", KEY)
    registry.register_value("safe", str(PIN))
    for pattern in patterns:
        registry.register_pattern(pattern, "found")
    return RedactionFilter(registry, NAMED_PLACEHOLDER)


HELD: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"key": KEY, KEY: 1}, {"key": DOOR, DOOR: 1}),
    ({"pin": PIN}, {"pin": SAFE}),
    ({"pins": [1, -PIN, {"of": [PIN + 0.5]}]}, {"pins": [1, f"-{SAFE}", {"of": [f"{SAFE}.5"]}]}),
    ({"flag": True, "no": None, "pin": PIN}, {"flag": True, "no": None, "pin": SAFE}),
]


@pytest.mark.parametrize(("params", "shown"), HELD)
def test_texts_and_numbers_are_hidden_whether_or_not_it_is_known_what_was_written(
    params: dict[str, Any], shown: dict[str, Any]
) -> None:
    assert redacted_params(params, redaction()) == shown
    assert redacted_arguments(params, None, redaction()) == (shown, None)
    found, text = redacted_arguments(params, json.dumps(params), redaction())
    assert (found, json.loads(text or "")) == (shown, shown)


def test_a_secret_behind_escapes_is_hidden_though_the_text_does_not_show_it() -> None:
    text = '{"key": "\\u0073wordfish-4711", "more": "ö"}'
    found = redacted_arguments(json.loads(text), text, redaction())
    assert found == ({"key": DOOR, "more": "ö"}, f'{{"key": "{DOOR}", "more": "ö"}}')


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"[{PIN}]", f'["{SAFE}"]'),
        (f'"{PIN}"', f'"{SAFE}"'),
        (f"{PIN}", f'"{SAFE}"'),
        ('["\\u0073wordfish-4711", 1]', f'["{DOOR}", 1]'),
        (f'{{"pin": {PIN}', f'{{"pin": {SAFE}'),
        ("[" * 100_000 + f'"{KEY}"', "[" * 100_000 + f'"{DOOR}"'),
    ],
    ids=lambda each: each[:20],
)
def test_arguments_that_are_no_object_can_still_be_read_if_they_could_before(text: str, shown: str) -> None:
    assert redacted_arguments({}, text, redaction()) == ({}, shown)


@pytest.mark.parametrize(
    "text", ["", "{}", " [1,  2]", '"a"', "1234567", "{broken", '{"a":1.50, "b":12345678,"c":"\\u0061"}']
)
def test_what_shows_no_secret_stays_as_it_was_written(text: str) -> None:
    params: dict[str, Any] = json.loads(text) if text.startswith('{"') else {}
    found, written = redacted_arguments(params, text, redaction())
    assert (found is params, written) == (True, text)


def test_clean_arguments_are_not_copied() -> None:
    params: dict[str, Any] = {"a": [1, 123456789, 1.123456, {"b": None}], "c": "text", "d": 10**5000}
    assert redacted_params(params, redaction()) is params


def test_a_short_number_is_hidden_where_a_pattern_matches_it_in_the_text() -> None:
    known = redaction(r"\d{4}")
    assert redacted_arguments({"pin": 1234}, '{"pin": 1234}', known) == (
        {"pin": "[REDACTED:found]"},
        '{"pin": "[REDACTED:found]"}',
    )


def test_an_object_that_holds_itself_is_cut() -> None:
    params: dict[str, Any] = {"pin": PIN}
    params["self"] = params
    assert redacted_params(params, redaction()) == {"pin": SAFE, "self": "..."}
