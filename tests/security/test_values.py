"""Real values: put in for those who declared them, and found in deps."""

import logging
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from types import SimpleNamespace
from typing import ClassVar

import pydantic
import pytest
from pydantic import BaseModel, SecretBytes, SecretStr

import voxagent.security
from voxagent.security import SecretRegistry, found_secrets, reveal


@pytest.fixture
def registry() -> SecretRegistry:
    registry = SecretRegistry()
    registry.register_value("db", "db-password-1")
    registry.register_value("api", "[REDACTED:db] is my value")
    registry.register_value("raw", b"\xff\xfe\xfd\xfc\xfb\xfa\xf9")
    return registry


def test_only_the_declared_names_are_put_in(registry: SecretRegistry) -> None:
    arguments = {"dsn": "pg://u:[REDACTED:db]@h", "rest": ["[REDACTED:api]", 1], "[REDACTED:db]": None}
    assert reveal(arguments, ["db"], registry) == {
        "dsn": "pg://u:db-password-1@h",
        "rest": ["[REDACTED:api]", 1],
        "db-password-1": None,
    }
    assert arguments["dsn"] == "pg://u:[REDACTED:db]@h"


def test_a_value_that_was_put_in_is_not_looked_through_again(registry: SecretRegistry) -> None:
    assert reveal("[REDACTED:api] [REDACTED:db]", ["api", "db"], registry) == (
        "[REDACTED:db] is my value db-password-1"
    )


def test_nothing_is_put_in_for_unknown_names_and_raw_bytes(registry: SecretRegistry) -> None:
    arguments = {"a": "[REDACTED:raw] [REDACTED:nobody] [REDACTED]"}
    assert reveal(arguments, ["raw", "nobody"], registry) is arguments
    assert reveal(arguments, ["db"], registry) is arguments


def test_a_sealed_placeholder_is_sealed_again_with_the_real_value(registry: SecretRegistry) -> None:
    given = [SecretStr("[REDACTED:db]"), SecretStr("other"), SecretBytes(b"[REDACTED:db]")]
    found = reveal(given, ["db"], registry)
    assert found == [SecretStr("db-password-1"), *given[1:]]


def test_a_field_that_was_never_set_is_not_changed(registry: SecretRegistry) -> None:
    @dataclass(slots=True)
    class Half:
        key: str
        other: str = field(init=False)

    assert reveal(Half("[REDACTED:db]"), ["db"], registry).key == "db-password-1"


class Fourth(BaseModel):
    key: SecretStr = SecretStr("fourth-level")


class Third(BaseModel):
    key: SecretStr = SecretStr("third-level")
    below: Fourth = Fourth()


@dataclass(slots=True, frozen=True)
class Second:
    third: Third
    key: SecretBytes
    number: pydantic.Secret[int]


class Open(BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    key: str = ""


def opened(**fields: object) -> Open:
    return Open.model_validate(fields)


@pytest.mark.parametrize(
    ("made", "shown"),
    [
        (lambda word: opened(more={"keys": [word]}), opened(more={"keys": ["db-password-1"]})),
        (
            lambda word: opened(key="x", more=word, other=[1]),
            opened(key="x", more="db-password-1", other=[1]),
        ),
        (lambda word: opened(**{word: 1}), opened(**{"db-password-1": 1})),
        (lambda word: deque([1, word], 2), deque([1, "db-password-1"], 2)),
        (lambda word: [deque([deque([word])])], [deque([deque(["db-password-1"])])]),
    ],
)
def test_fields_that_a_model_does_not_declare_and_deques_are_gone_through(
    made: Callable[[str], object], shown: object, registry: SecretRegistry
) -> None:
    given = made("[REDACTED:db]")
    found = reveal(given, ["db"], registry)
    assert (found, repr(found)) == (shown, repr(shown))
    assert given == made("[REDACTED:db]")
    clean = made("clean")
    assert reveal(clean, ["db"], registry) is clean


def test_a_field_that_a_model_does_not_declare_is_still_one_that_was_set(registry: SecretRegistry) -> None:
    found = reveal(opened(**{"[REDACTED:db]": 1}), ["db"], registry)
    assert found.model_dump(exclude_unset=True) == {"db-password-1": 1}


SECOND = Second(Third(), SecretBytes(b"second-level"), pydantic.Secret[int](1234567))


@dataclass
class Deps:
    second: Second
    token: SecretStr
    plain: str = "not-a-secret"
    missing: SecretStr | None = None
    owner: "Deps | None" = None
    shared: ClassVar[SecretStr] = SecretStr("of-the-class")
    late: SecretStr = field(init=False)

    @property
    def computed(self) -> SecretStr:
        raise AssertionError("a property was read")


def test_secrets_in_the_fields_of_deps_are_found() -> None:
    deps = Deps(SECOND, SecretStr("first-level"))
    assert list(found_secrets(deps)) == [
        ("token", "first-level"),
        ("second.key", b"second-level"),
        ("second.third.key", "third-level"),
        ("second.third.below.key", "fourth-level"),
    ]


def test_deps_that_hold_themselves_end() -> None:
    deps = Deps(SECOND, SecretStr("first-level"))
    deps.owner = deps
    registry = SecretRegistry().extended(found_secrets(deps))
    assert registry.names == ("token", "second.key", "second.third.key", "second.third.below.key")


def test_a_field_that_is_a_property_or_was_never_set_is_not_read() -> None:
    @dataclass(slots=True)
    class Half:
        key: SecretStr
        other: int = field(init=False)

    half = Half(SecretStr("half-of-it"))
    assert list(found_secrets(half)) == [("key", "half-of-it")]
    for nothing in (None, "text", {"key": "in-a-dict"}, 3, Half, open):
        assert list(found_secrets(nothing)) == []


class Plain:
    __slots__ = ("__dict__", "_closed", "unset")

    def __init__(self) -> None:
        self.key = SecretStr("in-an-attribute")
        self._closed = [SecretStr("in-a-slot")]
        self.act = print

    @property
    def computed(self) -> SecretStr:
        raise SystemExit

    def __getattr__(self, name: str) -> object:
        raise SystemExit


def logged(secret: str) -> logging.Logger:
    """An object that leads to all of its kind."""
    made = logging.Logger("apart")
    made.key = SecretStr(secret)  # type: ignore[attr-defined]  # that it is no field is what this is about
    return made


def of_module(name: str, secret: str) -> object:
    """An object of a class in a module of that name, as if a program had one that is called so."""
    made: object = type("Own", (), {"__module__": name})()
    vars(made)["key"] = SecretStr(secret)
    return made


class Proxy:
    @property
    def __class__(self) -> type:
        raise SystemExit


class Private(BaseModel):
    _key: SecretStr = pydantic.PrivateAttr(SecretStr("a-private-one"))


@pytest.mark.parametrize(
    ("made", "found"),
    [
        (lambda: SecretStr("the-deps"), [("deps", "the-deps")]),
        (lambda: {"a": {"b": SecretStr("in-dicts")}}, [("a.b", "in-dicts")]),
        (
            lambda: {"a]\n": SecretStr("odd-key"), 5: SecretStr("number")},
            [("0", "odd-key"), ("1", "number")],
        ),
        (lambda: ([SecretStr("in-a-tuple")],), [("0.0", "in-a-tuple")]),
        (lambda: {SecretStr("in-a-set")}, [("0", "in-a-set")]),
        (Plain, [("key", "in-an-attribute"), ("_closed.0", "in-a-slot")]),
        (Private, [("_key", "a-private-one")]),
        (lambda: [Proxy(), SecretStr("behind-it")], [("1", "behind-it")]),
        (lambda: [[[[[[[SecretStr("too-deep")]]]]]]], []),
        (lambda: [*([0] * 100), SecretStr("too-far")], []),
        (lambda: SimpleNamespace(key=SecretStr("plain-object")), [("key", "plain-object")]),
        (lambda: partial(print, SecretStr("in-a-call")), [("args.0", "in-a-call")]),
        (lambda: [logged("of-python"), SecretStr("behind-it")], [("1", "behind-it")]),
        (lambda: logged("of-python"), []),
        (lambda: [datetime.fromtimestamp(0, UTC), SecretStr("behind-it")], [("1", "behind-it")]),
        (lambda: of_module("profile", "of-a-program"), [("key", "of-a-program")]),
        (lambda: of_module("builtins", "made-by-exec"), [("key", "made-by-exec")]),
    ],
)
def test_secrets_are_found_in_whatever_the_deps_are(
    made: Callable[[], object], found: list[tuple[str, str]]
) -> None:
    assert sorted(found_secrets(made())) == sorted(found)


def test_a_search_ends_after_a_bounded_number_of_objects() -> None:
    wide = [[[SecretStr(f"{a}-{b}-{c}") for a in range(9)] for b in range(9)] for c in range(40)]
    assert 90 < len(list(found_secrets(wide))) < 500


def test_what_can_hold_nothing_is_not_counted() -> None:
    days = [[datetime.fromtimestamp(1e5 * a + b, UTC) for b in range(100)] for a in range(90)]
    prices = [[Decimal(a * 100 + b) for b in range(100)] for a in range(90)]
    deps = {"days": days, "prices": prices, "settings": {"below": {"key": SecretStr("behind-them")}}}
    assert list(found_secrets(deps)) == [("settings.below.key", "behind-them")]


def test_a_secret_that_is_too_short_is_told_once_by_where_it_was_found(
    caplog: pytest.LogCaptureFixture,
) -> None:
    deps = {"pin-of-the-door": SecretStr("12345"), "nothing": SecretStr("")}
    assert list(found_secrets(deps)) == list(found_secrets(deps))
    assert [record.getMessage() for record in caplog.records] == [
        "the secret 'pin-of-the-door' in deps has fewer than 6 characters: it is not kept out of texts"
    ]


def test_the_package_is_imported_without_pydantic_asyncio_and_dataclasses() -> None:
    code = (
        "import sys, voxagent.errors; before = set(sys.modules); import voxagent.security;"
        "heavy = {'pydantic', 'asyncio', 'dataclasses', 'inspect', 'urllib.parse', 'html'};"
        "print(sorted(heavy & (set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == "[]\n"


def test_the_facade_lists_what_it_has() -> None:
    assert all(hasattr(voxagent.security, name) for name in voxagent.security.__all__)
