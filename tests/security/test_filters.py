"""Redaction of values and messages, and the events that tell of it."""

import logging
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import pytest
from pydantic import BaseModel

from voxagent.security import (
    RedactionFilter,
    SecretRegistry,
    SecurityEvent,
    SecurityEventEmitter,
    StreamFilter,
)

SECRET = "hunter2hunter2"


class Colour(StrEnum):
    RED = "red"


class Pair(NamedTuple):
    left: str
    right: object


@dataclass(frozen=True, slots=True)
class Block:
    text: str
    extra: object = None


@dataclass
class Note:
    role: str
    content: list[Block] = field(default_factory=list)


class Model(BaseModel):
    name: str
    inner: dict[str, str]


@pytest.fixture
def registry() -> SecretRegistry:
    registry = SecretRegistry()
    registry.register_value("password", SECRET)
    registry.register_pattern("tok_[0-9]{4}", name="token")
    return registry


def test_the_placeholder_is_plain_unless_it_asks_for_the_name(registry: SecretRegistry) -> None:
    text = f"{SECRET} tok_1234"
    assert RedactionFilter(registry).redact(text) == "[REDACTED] [REDACTED]"
    assert RedactionFilter(registry, "<{name}>").redact(text) == "<password> <token>"
    assert RedactionFilter(SecretRegistry()).redact(text) == text


def test_every_string_in_a_value_is_redacted_keys_too(registry: SecretRegistry) -> None:
    redact = RedactionFilter(registry, "#").redact_value
    assert redact({SECRET: [f"a {SECRET}", 1, None], "b": (SECRET, {SECRET})}) == {
        "#": ["a #", 1, None],
        "b": ("#", {"#"}),
    }
    assert redact(Pair(SECRET, frozenset({SECRET}))) == Pair("#", frozenset({"#"}))
    assert redact(OrderedDict(a=SECRET)) == OrderedDict(a="#")
    assert type(redact(OrderedDict(a=SECRET))) is OrderedDict
    assert redact({SECRET: 1, "tok_1234": 2}) == {"#": 2}
    assert redact(Model(name=SECRET, inner={"a": SECRET})) == Model(name="#", inner={"a": "#"})


def test_a_message_is_redacted_in_a_copy(registry: SecretRegistry) -> None:
    message = Note("user", [Block(f"it is {SECRET}", {"path": SECRET}), Block("clean")])
    redacted = RedactionFilter(registry, "#").redact_message(message)
    assert redacted == Note("user", [Block("it is #", {"path": "#"}), Block("clean")])
    assert message.content[0].text == f"it is {SECRET}"
    assert redacted.content[1] is message.content[1]


def test_what_is_clean_comes_back_as_it_is(registry: SecretRegistry) -> None:
    for redact in (RedactionFilter(registry).redact_value, RedactionFilter(SecretRegistry()).redact_value):
        for value in (
            {"a": ["b", (1, "c")]},
            Note("user", [Block("x")]),
            Colour.RED,
            object(),
            3,
            b"hunter2",
        ):
            assert redact(value) is value


def test_events_carry_name_count_and_place_and_never_the_secret(registry: SecretRegistry) -> None:
    emitter = SecurityEventEmitter()
    told: list[tuple[SecurityEvent, Mapping[str, object]]] = []
    for event in SecurityEvent:
        emitter.on(event, lambda *args: told.append(args))
    RedactionFilter(registry, event_emitter=emitter, where="tool 'shell'").redact(
        f"{SECRET} {SECRET} tok_1234 and more"
    )
    stream = StreamFilter(registry, event_emitter=emitter)
    stream.process_chunk(f"{SECRET[:5]}")
    stream.process_chunk(f"{SECRET[5:]}")
    assert told == [
        (SecurityEvent.SECRET_REDACTED, {"name": "password", "count": 2, "where": "tool 'shell'"}),
        (SecurityEvent.PATTERN_MATCHED, {"name": "token", "count": 1, "where": "tool 'shell'"}),
        (SecurityEvent.SECRET_REDACTED, {"name": "password", "count": 1, "where": "stream"}),
    ]
    assert SECRET not in repr(told)


def test_a_listener_may_leave_and_one_that_fails_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    emitter = SecurityEventEmitter()
    told: list[str] = []

    def fail(event: SecurityEvent, data: Mapping[str, object]) -> None:
        raise RuntimeError("broken listener")

    emitter.on("secret_redacted", fail)
    leave = emitter.on(SecurityEvent.SECRET_REDACTED, lambda event, data: told.append(event))
    with caplog.at_level(logging.WARNING, "voxagent"):
        emitter.emit("secret_redacted", name="a")
    leave()
    leave()
    emitter.off(SecurityEvent.PATTERN_MATCHED, fail)
    emitter.off("secret_redacted", fail)
    emitter.emit(SecurityEvent.SECRET_REDACTED, name="a")
    assert told == ["secret_redacted"]
    assert [record.getMessage() for record in caplog.records] == ["a listener to security events failed"]


def test_an_unknown_event_is_an_error() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        SecurityEventEmitter().on("nonsense", lambda event, data: None)


def test_values_that_hold_themselves_are_redacted_and_cut_only_if_they_must_be_copied() -> None:
    registry = SecretRegistry()
    registry.register_value("key", "hunter2hunter2")
    redaction = RedactionFilter(registry)
    clean: dict[str, object] = {"a": ["b"]}
    clean["me"] = clean
    assert redaction.redact_value(clean) is clean
    dirty: list[object] = ["hunter2hunter2", {"a": 1}]
    dirty.append((dirty,))
    assert redaction.redact_value(dirty) == ["[REDACTED]", {"a": 1}, ("...",)]


def test_what_is_too_deep_is_withheld() -> None:
    registry = SecretRegistry()
    registry.register_value("key", "hunter2hunter2")
    deep: list[object] = ["hunter2hunter2"]
    for _ in range(5000):
        deep = [deep]
    found = repr(RedactionFilter(registry).redact_value(deep))
    assert found == "[" * 100 + "'...'" + "]" * 100
