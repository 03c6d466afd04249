"""Take secrets out of exceptions: out of their texts, what they keep besides, and what caused them.

An exception is changed where it is, so that whoever has it already sees the same. One whose text cannot be
changed (some are written in C, or make it anew each time) is replaced by a `RedactedError` wherever another
one refers to it. Where a secret stands in the local variables of a traceback's frame, an empty frame takes
its place: tools that report errors show them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from inspect import currentframe
from operator import is_not
from types import FrameType, TracebackType
from typing import Any, TypeAlias, cast

from ..errors import said_by
from .filters import RedactionFilter

Group: TypeAlias = BaseExceptionGroup[BaseException]

IN_SLOTS = ("msg", "text", "strerror", "filename", "filename2", "reason", "object", "obj", "value", "code")
"""Where Python's own exceptions keep texts, outside of `args` and `vars`."""
SENDERS = frozenset(("httpx", "httpx2", "httpcore", "httpcore2", "openai", "anthropic", "h11", "mcp"))
"""Packages whose frames hold requests, with what lets them in."""


class RedactedError(Exception):
    """Stands for an exception that shows a secret and cannot be changed."""


def redact_error(error: BaseException, redaction: RedactionFilter) -> BaseException:
    """Return the exception without secrets: the same one, if it could be changed."""
    found = list(_linked(error))
    stand_ins: dict[int, BaseException] = {}
    for each in reversed(found):
        each.__traceback__ = _without_locals(each.__traceback__, redaction)
        if not _changed(each, redaction):
            text = redaction.redact(said_by(each))
            stand_ins[id(each)] = RedactedError(f"{type(each).__name__}: {text}")
    groups = [cast("Group", each) for each in found if isinstance(each, BaseExceptionGroup)]
    while fresh := [each for each in groups if _is_outdated(each, stand_ins)]:
        for group in fresh:
            stand_ins[id(group)] = group.derive([stand_ins.get(id(each), each) for each in _members(group)])
    for each in found:
        _link(each, stand_ins.get(id(each), each), stand_ins)
    return stand_ins.get(id(error), error)


def _linked(error: BaseException) -> Iterator[BaseException]:
    """The exception and all that it refers to, each once; a group ahead of its members."""
    done: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in done:
            continue
        done.add(id(each))
        waiting += [each.__cause__, each.__context__, *_members(each)]
        yield each


def _is_outdated(group: Group, stand_ins: dict[int, BaseException]) -> bool:
    return id(group) not in stand_ins and any(id(each) in stand_ins for each in _members(group))


def _members(error: BaseException) -> Sequence[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return cast("Group", error).exceptions
    return ()


def _changed(error: BaseException, redaction: RedactionFilter) -> bool:
    """Take secrets out of an exception's own texts; false if its text still shows one."""
    args = tuple(_shown(each, redaction) for each in error.args)
    if any(map(is_not, args, error.args)):
        error.args = args
    kept = vars(error)
    for name, value in list(kept.items()):
        if isinstance(value, (str, bytes, list, tuple, dict)):
            kept[name] = _shown(cast("object", value), redaction)
    for name in IN_SLOTS:
        value = getattr(error, name, None)
        if isinstance(value, (str, bytes)) and (fresh := _shown(value, redaction)) is not value:
            _put(error, name, fresh)
    said = said_by(error)
    return redaction.redact(said) == said


def _put(error: BaseException, name: str, value: object) -> None:
    try:
        setattr(error, name, value)
    except (AttributeError, TypeError):  # it is read-only: the text tells whether that matters
        return


def _shown(value: object, redaction: RedactionFilter) -> object:
    """The value with placeholders; bytes that show a secret have question marks."""
    if isinstance(value, (bytes, bytearray)):
        text = value.decode("utf-8", "replace")
        return value if redaction.redact(text) == text else b"?" * len(value)
    return redaction.redact_value(value)


def _link(error: BaseException, shown: BaseException, stand_ins: dict[int, BaseException]) -> None:
    """Give what is shown of an exception the links that it had, to what is shown of those."""
    suppressed = error.__suppress_context__
    cause, context = error.__cause__, error.__context__
    if shown is not error:
        shown.__traceback__ = error.__traceback__
    if shown is not error or id(cause) in stand_ins or id(context) in stand_ins:
        shown.__cause__ = stand_ins.get(id(cause), cause)
        shown.__context__ = stand_ins.get(id(context), context)
        shown.__suppress_context__ = suppressed


def _without_locals(traceback: TracebackType | None, redaction: RedactionFilter) -> TracebackType | None:
    """The traceback, with an empty frame in the place of each that shows a secret."""
    entries: list[TracebackType] = []
    while traceback is not None:
        entries.append(traceback)
        traceback = traceback.tb_next
    if not any(_shows_secret(each.tb_frame, redaction) for each in entries):
        return entries[0] if entries else None
    rebuilt: TracebackType | None = None
    for each in reversed(entries):
        if _shows_secret(each.tb_frame, redaction):
            rebuilt = TracebackType(rebuilt, _empty(each.tb_frame), -1, each.tb_lineno)
        else:
            rebuilt = TracebackType(rebuilt, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return rebuilt


def _shows_secret(frame: FrameType, redaction: RedactionFilter) -> bool:
    package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    return package in SENDERS or _has_secret(frame.f_locals, redaction)


def _empty(frame: FrameType) -> FrameType:
    """A frame of the same function without variables; the real one may still be at work."""
    told = frame.f_code
    code = compile("made = currentframe()", told.co_filename, "exec")
    code = code.replace(co_name=told.co_name, co_qualname=told.co_qualname)
    variables: dict[str, Any] = {"__name__": frame.f_globals.get("__name__"), "currentframe": currentframe}
    exec(code, variables)  # noqa: S102  # the three words above; a frame can be had in no other way
    made: FrameType = variables["made"]
    variables.clear()
    return made


def _has_secret(variables: dict[str, Any], redaction: RedactionFilter) -> bool:
    """Tell whether a secret stands in plain values among variables; nothing is called to find out."""
    return any(_shown(value, redaction) is not value for value in variables.values())
