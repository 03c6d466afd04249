"""Walk through plain values: change their strings, put secrets in, find secrets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from operator import is_
from types import MemberDescriptorType
from typing import TypeAlias, TypeVar, cast

from .registry import SecretRegistry, placeholder_of

T = TypeVar("T")
Change: TypeAlias = Callable[[object], object]

SEARCH_DEPTH = 3


def with_strings(value: T, change: Callable[[str], str]) -> T:
    """Return the value with every string in it changed: nothing that is unchanged is copied.

    Goes through dicts (with their keys), lists, tuples, sets, dataclass instances and pydantic
    models; leaves anything else, bytes included, as it is.
    """
    return cast(T, _changed(value, change))


def reveal(value: T, names: Iterable[str], registry: SecretRegistry) -> T:
    """Return the value with `[REDACTED:name]` replaced by the real one, for these names only.

    To be used just before a tool runs that declared `secrets=[...]`: what comes back holds real
    values and must go to the tool's function and nowhere else. Looks into `SecretStr` as well.
    """
    values: dict[str, str] = {}
    for name in names:
        real = registry.value_of(name)
        if real is not None:
            values[placeholder_of(name)] = real
    if not values:
        return value
    placeholders = re.compile("|".join(map(re.escape, values)))
    return cast(
        T, _changed(value, lambda text: placeholders.sub(lambda found: values[found[0]], text), sealed=True)
    )


def found_secrets(deps: object) -> Iterator[tuple[str, str | bytes]]:
    """Yield each `SecretStr` and `SecretBytes` in `deps` as `(name, real value)`.

    Looks at the fields of dataclasses and pydantic models, three levels deep, and never at a
    property. The name is the path of fields, such as `db.password`.
    """
    return _found(deps, "", SEARCH_DEPTH)


def _found(owner: object, path: str, depth: int) -> Iterator[tuple[str, str | bytes]]:
    if depth == 0:
        return
    for name, value in _fields(owner).items():
        inner = f"{path}{name}"
        opened = getattr(type(value), "get_secret_value", None)
        if opened is None:
            yield from _found(value, f"{inner}.", depth - 1)
            continue
        real = opened(value)
        if isinstance(real, (str, bytes)):
            yield inner, real


def _fields(owner: object) -> dict[str, object]:
    cls = type(owner)
    names = getattr(cls, "__dataclass_fields__", None) or getattr(cls, "__pydantic_fields__", None) or ()
    stored: Mapping[str, object] = getattr(owner, "__dict__", {})
    fields: dict[str, object] = {}
    for name in names:
        if name in stored:
            fields[name] = stored[name]
        elif isinstance(getattr(cls, name, None), MemberDescriptorType) and hasattr(owner, name):
            fields[name] = getattr(owner, name)
    return fields


def _changed(value: object, change: Callable[[str], str], *, sealed: bool = False) -> object:
    """The value with every string in it changed; with `sealed` also those in a `SecretStr`."""

    def inner(value: object) -> object:
        match value:
            case str():
                text = change(value)
                return value if text == value else text
            case dict():
                return _changed_dict(cast("dict[object, object]", value), inner)
            case list() | tuple() | set() | frozenset():
                return _changed_items(cast("list[object]", value), inner)
            case _:
                opened = getattr(type(value), "get_secret_value", None) if sealed else None
                return _changed_fields(value, inner) if opened is None else _resealed(value, opened, inner)

    return inner(value)


def _resealed(value: object, opened: Callable[[object], object], change: Change) -> object:
    text = opened(value)
    fresh = change(text) if isinstance(text, str) else text
    return value if fresh is text else cast("Callable[[object], object]", type(value))(fresh)


def _changed_dict(value: dict[object, object], change: Change) -> object:
    items = {change(key): change(item) for key, item in value.items()}
    if len(items) == len(value) and _same(items, value) and _same(items.values(), value.values()):
        return value
    other = copy(value)
    other.clear()
    other.update(items)
    return other


def _changed_items(value: list[object], change: Change) -> object:
    items = [change(item) for item in value]
    if _same(items, value):
        return value
    made: Callable[[list[object]], object] = getattr(value, "_make", type(value))  # _make: a NamedTuple
    return made(items)


def _changed_fields(value: object, change: Change) -> object:
    fields = _fields(value)
    fresh = {name: change(item) for name, item in fields.items()}
    fresh = {name: item for name, item in fresh.items() if item is not fields[name]}
    if not fresh:
        return value
    other = copy(value)
    for name, item in fresh.items():
        object.__setattr__(other, name, item)  # the copy may be frozen
    return other


def _same(items: Iterable[object], others: Iterable[object]) -> bool:
    return all(map(is_, items, others))
