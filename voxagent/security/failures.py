"""Take secrets out of exceptions: out of their texts, what they keep besides, and what caused them.

An exception is changed where it is, so that whoever has it already sees the same. One whose text cannot be
changed (some are written in C, or make it anew each time) is replaced by a `RedactedError` wherever another
one refers to it. Where a secret stands in the local variables of a traceback's frame, an empty frame takes
its place: tools that report errors show them, as `repr` does. So each variable is asked for its `repr`, in
which any object may have its say; what is too large to be looked at, or comes too late, counts as showing a
secret.

An exception is a stranger's object, and anything may be wrong with it: it is frozen, has a property in place
of `args`, cannot say what it is. So Python's own places are read and written past its class, by the
descriptors of `BaseException`; what else it is asked may fail; and what fails counts as showing a secret.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from operator import is_not
from time import monotonic
from types import FrameType, MemberDescriptorType, TracebackType
from typing import Any, TypeAlias, TypeVar, cast

from .filters import RedactionFilter

T = TypeVar("T")
Group: TypeAlias = BaseExceptionGroup[BaseException]

IN_SLOTS = ("msg", "text", "strerror", "filename", "filename2", "reason", "object", "obj", "value", "code")
"""Where Python's own exceptions keep texts, outside of `args` and `vars`."""
SENDERS = frozenset((
    "anthropic", "h11", "httpcore", "httpcore2", "httpx", "httpx2", "mcp", "openai", "psycopg",
    "psycopg_pool", "redis",
))  # fmt: skip
"""Packages whose frames hold requests and connections, with what lets them in."""
LARGEST = 500_000
"""Characters of a variable, and of its `repr`, up to which it is looked at."""
LOOKED_AT = 4_000_000
"""Characters of all variables of an exception, and of what caused it, that are looked at."""
SECONDS = 0.2
"""How long they are looked at: an object's `repr` may ask a database, and all else waits meanwhile."""
ITEM = 20
"""Characters that an item of a container counts for, whatever it is."""

_PLACES: dict[str, Any] = {**vars(BaseException), "exceptions": vars(BaseExceptionGroup)["exceptions"]}


class RedactedError(Exception):
    """Stands for an exception that shows a secret and cannot be changed."""


def redact_error(error: BaseException, redaction: RedactionFilter) -> BaseException:
    """Return the exception without secrets: the same one, if it could be changed.

    Never raises. Everything it refers to is redacted as well: causes, contexts, members of groups, notes,
    and the local variables of tracebacks. What cannot be changed gives way to a `RedactedError`.
    """
    found = list(_linked(error))
    stand_ins: dict[int, BaseException] = {}
    for each in reversed(found):
        if not _tried(partial(_changed, each, redaction), False):
            stand_ins[id(each)] = _stand_in(each, redaction)
    variables = _Variables(redaction)
    for each in found:  # once their texts are clean, as exceptions are variables too
        _put(each, "__traceback__", _without_locals(_own(each, "__traceback__"), variables))
    _regroup([cast("Group", each) for each in found if _is_group(each)], stand_ins, redaction)
    for each in found:
        _link(each, stand_ins.get(id(each), each), stand_ins)
    return stand_ins.get(id(error), error)


def _own(error: BaseException, name: str) -> Any:
    """What Python itself keeps in an exception, whatever its class has under that name."""
    return _PLACES[name].__get__(error)


def _put(error: BaseException, name: str, value: object) -> None:
    _PLACES[name].__set__(error, value)


def _tried(act: Callable[[], T], otherwise: T) -> T:
    """What a stranger's code returns; `otherwise` if it raises, be it `SystemExit`."""
    try:
        return act()
    except KeyboardInterrupt:
        raise
    except BaseException:  # whatever an exception does when it is asked, the run's error is another
        return otherwise


def _stand_in(error: BaseException, redaction: RedactionFilter) -> BaseException:
    said = _tried(lambda: redaction.redact(str(error)), "")
    name = _tried(lambda: type(error).__name__, "an exception")
    return RedactedError(redaction.redact(f"{name}: {said}"))


def _regrouped(
    group: Group, stand_ins: dict[int, BaseException], redaction: RedactionFilter
) -> BaseException:
    """The group with other members: what it derives itself, or else a plain one."""
    members = [stand_ins.get(id(each), each) for each in _members(group)]
    made: object = _tried(lambda: group.derive(members), None)
    if isinstance(made, BaseExceptionGroup) and list(map(id, _members(made))) == list(map(id, members)):
        return made
    return BaseExceptionGroup(_tried(lambda: redaction.redact(str(group.message)), ""), members)


def _linked(error: BaseException) -> Iterator[BaseException]:
    """The exception and all that it refers to, each once; a group ahead of its members."""
    done: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in done:
            continue
        done.add(id(each))
        waiting += [_own(each, "__cause__"), _own(each, "__context__"), *_members(each)]
        yield each


def _regroup(groups: list[Group], stand_ins: dict[int, BaseException], redaction: RedactionFilter) -> None:
    """Replace the groups that have a member with a stand-in, from the innermost outwards."""
    outdated = set(stand_ins)
    while more := {id(each) for each in groups if outdated & _ids(each)} - outdated:
        outdated |= more
    while left := [each for each in groups if id(each) in outdated and id(each) not in stand_ins]:
        for group in left:
            if outdated & _ids(group) <= stand_ins.keys():
                stand_ins[id(group)] = _regrouped(group, stand_ins, redaction)


def _ids(group: Group) -> set[int]:
    return set(map(id, _members(group)))


def _is_group(error: BaseException) -> bool:
    return issubclass(type(error), BaseExceptionGroup)


def _members(error: BaseException) -> Sequence[BaseException]:
    if _is_group(error):
        members: Sequence[BaseException] = _own(error, "exceptions")
        return members
    return ()


def _changed(error: BaseException, redaction: RedactionFilter) -> bool:
    """Take secrets out of an exception's own texts; false if it still shows one."""
    own = _own(error, "args")
    args = tuple(_shown(each, redaction) for each in own)
    if any(map(is_not, args, own)):
        _put(error, "args", args)
    kept = cast("dict[str, object]", _own(error, "__dict__"))
    for name, value in list(kept.items()):
        if isinstance(value, (str, bytes, list, tuple, dict)):
            kept[name] = _shown(cast("object", value), redaction)
    for name, put in _slots(error):
        value = getattr(error, name, None)
        if isinstance(value, (str, bytes, list, tuple, dict)):
            fresh = _shown(cast("object", value), redaction)
            if fresh is not value:
                _tried(partial(put, error, fresh), None)
    return _is_clean(error, redaction)


def _slots(error: BaseException) -> Iterator[tuple[str, Callable[[object, object], None]]]:
    """The places outside of `args` and `vars`, each with what puts a value there."""
    for name in IN_SLOTS:
        yield name, partial(_set, name)
    for cls in type(error).__mro__:
        for name, member in vars(cls).items() if "__slots__" in vars(cls) else ():
            if isinstance(member, MemberDescriptorType):
                yield name, member.__set__


def _set(name: str, error: object, value: object) -> None:
    object.__setattr__(error, name, value)


def _is_clean(error: BaseException, redaction: RedactionFilter) -> bool:
    """Tell whether no text of an exception shows a secret; one that it fails to make shows none."""
    args: object = _tried(lambda: error.args, ())
    asked: list[Callable[[], str]] = [lambda: str(error), lambda: repr(error), lambda: repr(args)]
    if _is_group(error):
        del asked[1:]  # they tell of its members, which are looked at one by one
    texts = [_tried(each, "") for each in asked]
    return all(redaction.redact(text) == text for text in texts)


def _shown(value: object, redaction: RedactionFilter) -> object:
    """The value with placeholders; bytes that show a secret have question marks."""
    if isinstance(value, (bytes, bytearray)):
        text = value.decode("utf-8", "replace")
        return value if redaction.redact(text) == text else b"?" * len(value)
    return redaction.redact_value(value)


def _link(error: BaseException, shown: BaseException, stand_ins: dict[int, BaseException]) -> None:
    """Give what is shown of an exception the links that it had, to what is shown of those."""
    suppressed = _own(error, "__suppress_context__")
    cause, context = _own(error, "__cause__"), _own(error, "__context__")
    if shown is not error:
        _put(shown, "__traceback__", _own(error, "__traceback__"))
    if shown is not error or id(cause) in stand_ins or id(context) in stand_ins:
        _put(shown, "__cause__", stand_ins.get(id(cause), cause))
        _put(shown, "__context__", stand_ins.get(id(context), context))
        _put(shown, "__suppress_context__", suppressed)


def _without_locals(traceback: TracebackType | None, variables: _Variables) -> TracebackType | None:
    """The traceback, with an empty frame in the place of each that shows a secret."""
    entries: list[TracebackType] = []
    while traceback is not None:
        entries.append(traceback)
        traceback = traceback.tb_next
    showing = [_tried(partial(_shows_secret, each.tb_frame, variables), True) for each in entries]
    if not any(showing):
        return entries[0] if entries else None
    rebuilt: TracebackType | None = None
    for each, shows in zip(reversed(entries), reversed(showing), strict=True):
        if shows:
            rebuilt = TracebackType(rebuilt, _empty(each.tb_frame), -1, each.tb_lineno)
        else:
            rebuilt = TracebackType(rebuilt, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return rebuilt


def _shows_secret(frame: FrameType, variables: _Variables) -> bool:
    package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    return package in SENDERS or variables.show_secret(frame.f_locals)


def _empty(frame: FrameType) -> FrameType:
    """A frame of the same function without variables; the real one may still be at work."""
    told = frame.f_code
    code = compile("made = own_frame()", told.co_filename, "exec")
    code = code.replace(co_name=told.co_name, co_qualname=told.co_qualname)
    variables: dict[str, Any] = {
        "__name__": frame.f_globals.get("__name__"),
        "own_frame": vars(sys)["_getframe"],
    }
    exec(code, variables)  # noqa: S102  # the three words above; a frame can be had in no other way
    made: FrameType = variables["made"]
    variables.clear()
    return made


class _Variables:
    """Looks for secrets in variables of frames: at each value once, at so many characters, for so long."""

    __slots__ = ("_left", "_looked_at", "_redaction", "_until")

    def __init__(self, redaction: RedactionFilter) -> None:
        self._redaction = redaction
        self._left = LOOKED_AT
        self._until = monotonic() + SECONDS
        self._looked_at: dict[int, tuple[object, bool]] = {}

    def show_secret(self, variables: Mapping[str, object]) -> bool:
        """Tell whether a secret stands in the values, in what they say of themselves, or might."""
        return any(map(self._shows, variables.values()))

    def _shows(self, value: object) -> bool:
        known = self._looked_at.get(id(value))
        if known is None:
            known = value, _tried(partial(self._found, value), True)
            self._looked_at[id(value)] = known
        return known[1]

    def _found(self, value: object) -> bool:
        if not self._may_look(_size(value)):
            return True
        if _shown(value, self._redaction) is not value:
            return True
        text = repr(value)
        return not self._may_look(len(text)) or self._redaction.redact(text) != text

    def _may_look(self, size: int) -> bool:
        self._left -= min(size, LARGEST)
        return size <= LARGEST and self._left >= 0 and monotonic() < self._until


def _size(value: object) -> int:
    """About how many characters there are in plain values; a little more than `LARGEST` if that many."""
    size, waiting = 0, [value]
    while waiting and size <= LARGEST:
        each = waiting.pop()
        size += ITEM
        if isinstance(each, (str, bytes, bytearray)):
            size += len(each)
        elif isinstance(each, (list, tuple, set, frozenset, deque, dict)):
            items = cast("Iterable[object]", each)
            waiting += islice(items, LARGEST // ITEM)
            if isinstance(each, dict):
                waiting += islice(cast("dict[object, object]", each).values(), LARGEST // ITEM)
    return size
