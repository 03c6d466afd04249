"""Secrets leave exceptions, wherever these keep them, and whatever they refer to. `R-A13`."""

import argparse
import time
import traceback
from collections import ChainMap, UserDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from voxagent.security import NAMED_PLACEHOLDER, RedactionFilter, SecretRegistry
from voxagent.security.failures import RedactedError, redact_error

KEY = "swordfish-4711"
SHOWN = "[REDACTED:door]"


class Number(BaseModel):
    number: int


class Fixed(Exception):
    """Says it in a way that cannot be changed."""

    def __str__(self) -> str:
        return f"fixed {KEY}"


class ReadOnly(Exception):
    @property
    def reason(self) -> str:
        return KEY


class Keeps(Exception):
    def __init__(self) -> None:
        super().__init__("kept")
        self.pair = (KEY, 1)
        self.named = {KEY: [KEY]}
        self.count = 7


def redaction(*more: str) -> RedactionFilter:
    registry = SecretRegistry()
    registry.register_value("door", KEY)
    for value in more:
        registry.register_value("other", value)
    return RedactionFilter(registry, NAMED_PLACEHOLDER)


def raised(act: Callable[[], object]) -> BaseException:
    try:
        act()
    except BaseException as error:
        return error
    raise AssertionError("it did not raise")


def invalid() -> BaseException:
    return raised(lambda: Number.model_validate({"number": KEY}))


def shown(error: BaseException) -> str:
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(told.format()) + repr(error) + repr(vars(error))


def syntax() -> BaseException:
    return SyntaxError(f"bad {KEY}", (f"/{KEY}", 1, 1, f"x = {KEY}"))


@pytest.mark.parametrize(
    "made",
    [
        lambda: ValueError(f"bad {KEY}", [KEY], {KEY: KEY}),
        lambda: KeyError(KEY),
        lambda: OSError(2, f"no {KEY}", f"/{KEY}", None, f"/other/{KEY}"),
        syntax,
        lambda: ImportError(f"no {KEY}", name=KEY, path=f"/{KEY}"),
        lambda: UnicodeDecodeError("utf-8", f"x{KEY}\xff".encode("latin-1"), 15, 16, f"bad {KEY}"),
        lambda: UnicodeEncodeError("ascii", f"{KEY}é", 14, 15, "bad"),
        lambda: SystemExit(KEY),
        lambda: StopIteration(KEY),
        lambda: AttributeError("no", name="a", obj=KEY),
        Keeps,
    ],
)
def test_an_exception_is_changed_where_it_is(made: Callable[[], BaseException]) -> None:
    error = made()
    assert redact_error(error, redaction()) is error
    assert KEY not in f"{shown(error)}{error!s}"
    for name in (
        "strerror",
        "filename",
        "filename2",
        "msg",
        "text",
        "object",
        "obj",
        "value",
        "code",
        "reason",
    ):
        kept = getattr(error, name, "")
        assert KEY not in (kept.decode("latin-1") if isinstance(kept, bytes) else str(kept))


def test_what_has_no_secret_is_left_as_it_is() -> None:
    error = raised(lambda: {}["nothing"])
    before, args = error.__traceback__, error.args
    assert redact_error(error, redaction()) is error
    assert (error.__traceback__, error.args is args) == (before, True)


@pytest.mark.parametrize("made", [invalid, Fixed])
def test_one_that_cannot_be_changed_is_replaced(made: Callable[[], BaseException]) -> None:
    fixed = made()
    stand_in = redact_error(fixed, redaction())
    assert type(stand_in) is RedactedError
    assert str(stand_in).startswith(f"{type(fixed).__name__}: ")
    assert SHOWN in str(stand_in)
    assert KEY not in shown(stand_in)


def test_a_read_only_place_is_left_alone_where_no_text_shows_it() -> None:
    error = ReadOnly("fine")
    assert redact_error(error, redaction()) is error


def test_links_are_kept_and_lead_to_what_may_be_shown() -> None:
    def fail(code: str) -> None:
        try:
            raise Fixed
        except Fixed as fixed:
            try:
                raise ValueError(f"bad {code}") from fixed
            except ValueError:
                raise KeyError(code)  # noqa: B904  # the context is what is tested

    error = raised(lambda: fail(KEY))
    assert redact_error(error, redaction()) is error
    context = error.__context__
    assert isinstance(context, ValueError)
    assert (context.args, context.__suppress_context__, error.__suppress_context__) == (
        (f"bad {SHOWN}",),
        True,
        False,
    )
    assert (type(context.__cause__), str(context.__cause__)) == (RedactedError, f"Fixed: fixed {SHOWN}")
    assert KEY not in shown(error)
    assert "in fail" in shown(error)


def test_members_of_groups_are_redacted_and_replaced_where_they_must_be() -> None:
    inner = ExceptionGroup("inner", [Fixed(), OSError(1, KEY)])
    outer = ExceptionGroup("outer", [ValueError(KEY), inner])
    outer.__context__ = inner.exceptions[0]
    found: Any = redact_error(outer, redaction())
    assert isinstance(found, ExceptionGroup)
    assert [type(each) for each in found.exceptions] == [ValueError, ExceptionGroup]
    assert [type(each) for each in found.exceptions[1].exceptions] == [RedactedError, PermissionError]
    assert type(found.__context__) is RedactedError
    assert KEY not in shown(found)


def test_a_group_whose_own_text_shows_a_secret_is_replaced() -> None:
    found = redact_error(ExceptionGroup(f"several {KEY}", [ValueError("a")]), redaction())
    assert (type(found), str(found)) == (RedactedError, f"ExceptionGroup: several {SHOWN} (1 sub-exception)")


def test_a_circle_of_causes_ends() -> None:
    first, second = ValueError(KEY), KeyError(KEY)
    first.__cause__, second.__cause__ = second, first
    assert redact_error(first, redaction()) is first
    assert (first.args, second.args) == ((SHOWN,), (SHOWN,))


def test_frames_are_emptied_where_a_secret_stands_in_their_variables() -> None:
    def deepest() -> None:
        raise ValueError("bad")

    def secretive(code: str) -> None:
        raw = code.encode()
        deepest()
        raise AssertionError(raw)

    def outer() -> None:
        plain, data = "visible", b"plain bytes"
        secretive(KEY)
        raise AssertionError(plain, data)

    error = raised(outer)
    lines = [each.lineno for each in traceback.extract_tb(error.__traceback__)]
    assert KEY in shown(error)
    redact_error(error, redaction())
    told = traceback.extract_tb(error.__traceback__)
    assert [each.lineno for each in told] == lines
    assert [each.name for each in told] == ["raised", "outer", "secretive", "deepest"]
    assert KEY not in shown(error)
    assert "visible" in shown(error)


def test_the_variables_of_a_frame_that_still_runs_are_its_own() -> None:
    code = KEY
    with pytest.raises(ValueError, match="bad") as caught:
        raise ValueError("bad")
    redact_error(caught.value, redaction())
    assert KEY not in shown(caught.value)
    assert code == KEY


class Said:
    """Says its secret, as objects of programs do, be it in a list."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __repr__(self) -> str:
        return f"Said({self._key})"


class Mute:
    """Cannot say what it is yet; later it may."""

    def __repr__(self) -> str:
        raise RuntimeError(KEY)


def deepest_of(value: object) -> list[object]:
    for _ in range(7):
        value = [value]
    return [value]


HELD: dict[str, Callable[[str], object]] = {
    "an object that says it": Said,
    "objects that say it": lambda word: deepest_of(Said(word)),
    "namespace": lambda word: SimpleNamespace(token=word),
    "arguments": lambda word: argparse.Namespace(token=word),
    "path": lambda word: Path("/tmp") / word,
    "deque": lambda word: deque([word]),
    "proxy": lambda word: MappingProxyType({"key": word}),
    "user's dict": lambda word: UserDict({"key": word}),
    "chain": lambda word: ChainMap({"key": word}),
    "call": lambda word: partial(print, word),
    "items": lambda word: {"key": word}.items(),
    "exception": ValueError,
    "bytes in a list": lambda word: [f"{word} ö".encode()],
    "number": lambda word: {"number": int(KEY_NUMBER) if word == KEY else 5},
}
KEY_NUMBER = "471147114711"


def failed(value: object) -> BaseException:
    """What a function raises that has the value in a variable, called by one that has none."""

    def holding(held: object) -> None:
        raise ValueError("bad")

    def around(given: Iterator[object]) -> None:
        plain = "visible"
        holding(next(given))
        raise AssertionError(plain)

    return raised(lambda: around(iter([value])))


def variables_of(error: BaseException, name: str) -> dict[str, object]:
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return next(frame.f_locals for frame in frames if frame.f_code.co_name == name)


@pytest.mark.parametrize("kind", HELD)
def test_a_variable_whose_repr_shows_a_secret_is_taken_away(kind: str) -> None:
    known = redaction(KEY_NUMBER)
    error, clean = failed(HELD[kind](KEY)), failed(HELD[kind]("harmless"))
    told = shown(error)
    assert KEY in told or KEY_NUMBER in told
    for each in (error, clean):
        redact_error(each, known)
        assert variables_of(each, "around")["plain"] == "visible"
    assert KEY not in shown(error)
    assert KEY_NUMBER not in shown(error)
    assert ("held" in variables_of(error, "holding"), "held" in variables_of(clean, "holding")) == (
        False,
        True,
    )


def test_a_variable_that_cannot_say_what_it_is_is_taken_away() -> None:
    error = failed(Mute())
    redact_error(error, redaction())
    assert variables_of(error, "holding") == {}


@pytest.mark.parametrize(
    "large",
    [
        "x" * 500_001,
        b"x" * 500_001,
        list(range(30_000)),
        dict.fromkeys(range(30_000)),
        [["x" * 1000] * 30] * 30,
        dict.fromkeys(range(100), "x" * 5_000),
        SimpleNamespace(text="x" * 600_000),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_variable_that_is_too_large_is_taken_away_and_others_are_left(large: object) -> None:
    error = failed(large)
    redact_error(error, redaction())
    assert "held" not in variables_of(error, "holding")
    assert variables_of(error, "around")["plain"] == "visible"


def test_what_is_held_by_many_frames_is_looked_at_once() -> None:
    asked: list[int] = []

    class Asked:
        def __repr__(self) -> str:
            asked.append(1)
            return "Asked()"

    def deep(held: Asked, left: int) -> None:
        if left == 0:
            raise ValueError("bad")
        deep(held, left - 1)

    error = raised(lambda: deep(Asked(), 100))
    redact_error(error, redaction())
    assert (len(asked), "held" in variables_of(error, "deep")) == (1, True)


def frames_kept(kind: Callable[[], object]) -> int:
    """Of fifty frames that hold such a thing, how many do so once their error is redacted."""

    def deep(left: int) -> None:
        held = kind()
        if left == 0:
            raise ValueError("bad", id(held))
        deep(left - 1)

    error = raised(lambda: deep(50))
    redact_error(error, redaction())
    return sum("held" in frame.f_locals for frame, _ in traceback.walk_tb(error.__traceback__))


def test_no_more_than_so_many_characters_are_looked_at() -> None:
    asked: list[int] = []

    class Asked:
        def __repr__(self) -> str:
            asked.append(1)
            return "x" * 400_000

    assert 5 < frames_kept(Asked) <= len(asked) <= 10


def test_variables_are_looked_at_for_a_limited_time() -> None:
    asked: list[int] = []

    class Slow:
        def __repr__(self) -> str:
            asked.append(1)
            time.sleep(0.3)
            return "Slow()"

    assert (frames_kept(Slow), len(asked)) == (0, 1)


def test_an_exception_that_was_cleaned_may_stand_in_a_variable() -> None:
    def failing() -> None:
        try:
            raise ValueError("bad")
        except ValueError as error:
            kept = error
            kept.args = (f"bad {KEY}",)
            raise

    error = raised(failing)
    redact_error(error, redaction())
    assert variables_of(error, "failing")["kept"] is error


@pytest.mark.parametrize("module", ["httpx2._client", "psycopg.connection", "redis.connection"])
def test_frames_of_what_sends_requests_are_emptied(module: str) -> None:
    space: dict[str, Any] = {"__name__": module}
    exec("def send():\n    sent = 'request'\n    raise ValueError('bad')", space)
    error = raised(space["send"])
    assert "sent = 'request'" in shown(error)
    redact_error(error, redaction())
    assert "sent = 'request'" not in shown(error)


@dataclass(frozen=True)
class Frozen(Exception):
    code: str


@dataclass(frozen=True, slots=True)
class FrozenSlots(Exception):
    code: str


class OwnArgs(Exception):
    @property
    def args(self) -> Any:
        return (KEY,)


class Locked(Exception):
    def __setattr__(self, name: str, value: object) -> None:
        raise TypeError("locked")

    def __getattribute__(self, name: str) -> Any:
        raise SystemExit(name)


class Speechless(Exception):
    def __str__(self) -> str:
        raise SystemExit(KEY)

    __repr__ = __str__


class NoMetaName(type):
    @property
    def __name__(cls) -> str:
        raise RuntimeError(KEY)


class Nameless(Exception, metaclass=NoMetaName):
    def __str__(self) -> str:
        return KEY


class Unhashable(Exception):
    __hash__ = None  # type: ignore[assignment]  # what is tested

    def __eq__(self, other: object) -> bool:
        raise RuntimeError


class Strings(list[str]):
    def __iter__(self) -> Any:
        raise RuntimeError("not to be read")


class Underivable(ExceptionGroup[Exception]):
    def derive(self, excs: Any) -> Any:
        raise RuntimeError("no")


NASTY: list[Callable[[], Exception]] = [
    lambda: Frozen(KEY),
    lambda: FrozenSlots(KEY),
    lambda: OwnArgs(KEY),
    lambda: Locked(KEY),
    lambda: Speechless(KEY),
    lambda: Nameless(KEY),
    lambda: Unhashable(KEY),
    lambda: ValueError(Strings([KEY])),
    lambda: Fixed(KEY),
    lambda: ValueError(KEY),
]


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(NASTY), min_size=1, max_size=5), st.data())
def test_no_exception_makes_it_raise_wherever_it_stands(
    made: list[Callable[[], Exception]], data: st.DataObject
) -> None:
    place: dict[str, Any] = dict(vars(BaseException))
    error: BaseException = made[0]()
    for make in made[1:]:
        above = make()
        match data.draw(st.sampled_from(["cause", "context", "group", "odd group", "circle"])):
            case "group":
                above = ExceptionGroup("several", [above, cast(Exception, error)])
            case "odd group":
                above = Underivable("several", [above, cast(Exception, error)])
            case "cause":
                place["__cause__"].__set__(above, error)
            case "context":
                place["__context__"].__set__(above, error)
            case _:
                place["__cause__"].__set__(above, error)
                place["__context__"].__set__(error, above)
        error = above
    found = redact_error(error, redaction())
    for each in linked(found):
        assert not any(KEY in said(act, each) for act in (str, repr, lambda error: str(error.args)))


def said(act: Callable[[BaseException], str], error: BaseException) -> str:
    try:
        return act(error)
    except (SystemExit, RuntimeError):
        return ""


def linked(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if each is None or any(each is other for other in found):
            continue
        found.append(each)
        for name in ("__cause__", "__context__"):
            waiting.append(vars(BaseException)[name].__get__(each))
        if issubclass(type(each), BaseExceptionGroup):
            waiting += each.exceptions  # type: ignore[attr-defined]  # it is a group
    return found


def test_groups_within_groups_are_replaced_from_the_innermost_outwards() -> None:
    inner = ExceptionGroup("inner", [OwnArgs(KEY)])
    outer = ExceptionGroup("outer", [ExceptionGroup("middle", [inner]), OwnArgs(KEY), inner])
    found: Any = redact_error(outer, redaction())
    middle, own, other = found.exceptions
    assert (type(own), middle.exceptions[0] is other) == (RedactedError, True)
    assert type(other.exceptions[0]) is RedactedError


def test_a_frozen_exception_stays_itself_without_its_secret() -> None:
    for error in (Frozen(KEY), FrozenSlots(KEY)):
        assert redact_error(error, redaction()) is error
        assert (error.code, KEY in repr(error)) == (SHOWN, False)


def test_what_can_neither_be_read_nor_changed_gives_way() -> None:
    assert type(redact_error(OwnArgs("x"), redaction())) is RedactedError
    assert str(redact_error(Nameless(KEY), redaction())) == f"an exception: {SHOWN}"


def test_a_chain_of_thousands_ends() -> None:
    error = ValueError(KEY)
    for _ in range(20_000):
        above = ValueError(KEY)
        above.__cause__ = error
        error = above
    assert redact_error(error, redaction()) is error
    assert all(each.args == (SHOWN,) for each in [error, error.__cause__] if each)


def test_an_interrupt_by_the_user_is_not_taken_for_a_fault() -> None:
    class Interrupted(Exception):
        def __str__(self) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        redact_error(Interrupted(), redaction())


def test_what_python_says_of_a_validation_is_not_shown() -> None:
    with pytest.raises(ValidationError, match=KEY):
        Number.model_validate({"number": KEY})
