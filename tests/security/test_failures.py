"""Secrets leave exceptions, wherever these keep them, and whatever they refer to. `R-A13`."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
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


def redaction() -> RedactionFilter:
    registry = SecretRegistry()
    registry.register_value("door", KEY)
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


def test_frames_of_what_sends_requests_are_emptied() -> None:
    space: dict[str, Any] = {"__name__": "httpx2._client"}
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
