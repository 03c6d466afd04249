"""Real values: put in for those who declared them, and found in deps."""

import subprocess
import sys
from dataclasses import dataclass, field
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


class Fourth(BaseModel):
    key: SecretStr = SecretStr("too-deep-to-see")


class Third(BaseModel):
    key: SecretStr = SecretStr("third-level")
    below: Fourth = Fourth()


@dataclass(slots=True, frozen=True)
class Second:
    third: Third
    key: SecretBytes
    number: pydantic.Secret[int]


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


def test_secrets_in_the_fields_of_deps_are_found_three_levels_deep() -> None:
    deps = Deps(SECOND, SecretStr("first-level"))
    assert list(found_secrets(deps)) == [
        ("second.third.key", "third-level"),
        ("second.key", b"second-level"),
        ("token", "first-level"),
    ]


def test_deps_that_hold_themselves_end() -> None:
    deps = Deps(SECOND, SecretStr("first-level"))
    deps.owner = deps
    assert ("owner.owner.token", "first-level") in list(found_secrets(deps))
    registry = SecretRegistry().extended(found_secrets(deps))
    assert registry.names == ("second.third.key", "second.key", "token")


def test_a_field_that_is_a_property_or_was_never_set_is_not_read() -> None:
    @dataclass(slots=True)
    class Half:
        key: SecretStr
        other: int = field(init=False)

    half = Half(SecretStr("half-of-it"))
    assert list(found_secrets(half)) == [("key", "half-of-it")]
    for nothing in (None, "text", {"key": SecretStr("in-a-dict")}, 3):
        assert list(found_secrets(nothing)) == []


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
