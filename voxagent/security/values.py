"""Walk through plain values: change their strings, put secrets in, find secrets."""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from itertools import islice
from operator import is_
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType, MethodType, ModuleType
from typing import Any, TypeAlias, TypeVar, cast

from .registry import MIN_LENGTH, SecretRegistry, placeholder_of

T = TypeVar("T")
Change: TypeAlias = Callable[[object], object]

logger: logging.Logger = logging.getLogger("voxagent")

SEARCH_DEPTH = 6
"""How many fields and items lead to the deepest secret that is found."""
SEARCHED = 500
"""How many objects are looked into."""
SEARCHED_OF_ONE = 100
"""How many items of one container, or fields of one object, are looked at."""
CHANGED_DEPTH = 100
"""How deep containers may be in each other; what is deeper is withheld."""
WITHHELD = "..."
"""What stands in place of what is too deep, and of a container that holds itself, where secrets were."""

ATOMS = frozenset((str, bytes, bytearray, int, float, complex, bool, type(None)))
SEQUENCES: tuple[Any, ...] = (list, tuple, set, frozenset, deque)
CONTAINERS: tuple[type, ...] = (dict, *SEQUENCES)
_PAIRS: Callable[[object], Iterable[tuple[object, object]]] = vars(dict)["items"]
NOT_SEARCHED = (
    type, ModuleType, FunctionType, MethodType, logging.Logger, logging.Manager, logging.Handler,
)  # fmt: skip
"""What is not looked into: it leads to all that there is, as one logger does to all loggers."""
OF_EXTRAS = ("__pydantic_extra__", "__pydantic_fields_set__")
"""Where a pydantic model keeps fields that it does not declare, and names of fields, those included."""
LABEL = re.compile(r"[\w.-]{1,64}")
"""What a key of a dict must be to be part of a name that may be shown; its place stands for another one."""
MAX_TOLD = 256

_told: set[str] = set()


def with_strings(value: T, change: Callable[[str], str], *, digits: int = 0) -> T:
    """Return the value with every string in it changed: nothing that is unchanged is copied.

    Goes through dicts (with their keys), lists, tuples, sets, deques, dataclass instances and pydantic
    models (with fields that they do not declare); leaves anything else, bytes included, as it is. In the
    changed copy of a container that holds itself, and where containers are more than 100 deep in each
    other, "..." stands for the rest. With `digits`, a number of so many characters and more whose
    text changes becomes that text.
    """
    return cast(T, _changed(value, change, digits=digits))


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
    """Yield each `SecretStr` and `SecretBytes` in `deps`, or `deps` itself, as `(name, real value)`.

    Looks at fields of dataclasses and pydantic models, attributes and slots of other objects, items of
    dicts, lists, tuples and sets: six levels deep, at 100 of each and into 500 objects; each object once.
    What can hold nothing, such as numbers and dates, is not counted; loggers are not looked into. No property
    or other code of a class is run. The name is the path, such as `db.password` or `keys.0`. One that is too
    short to be looked for is told to the log, by its name, once.
    """
    waiting: deque[tuple[str, object, int]] = deque()
    if _may_hold(type(deps)):
        waiting.append(("", deps, SEARCH_DEPTH))
    kinds: dict[type, bool] = {}
    seen: set[int] = set()
    while waiting and len(seen) < SEARCHED:
        path, value, depth = waiting.popleft()
        if id(value) in seen:
            continue
        seen.add(id(value))
        opened = getattr(type(value), "get_secret_value", None)
        if opened is None:
            if depth > 0:
                for name, item in _items(value):
                    kind = type(item)
                    holds = kinds.get(kind)
                    if holds is None:
                        holds = kinds[kind] = _may_hold(kind)
                    if holds:
                        waiting.append((_path(path, name), item, depth - 1))
            continue
        real = opened(value)
        if isinstance(real, (str, bytes)):
            _tell_if_short(path or "deps", real)
            yield path or "deps", real


def _may_hold(kind: type[object]) -> bool:
    """Tell whether objects of a type may be or hold a secret: many are plain values written in C."""
    if issubclass(kind, NOT_SEARCHED):
        return False
    if issubclass(kind, CONTAINERS) or hasattr(kind, "get_secret_value"):
        return True
    return any("__slots__" in cls.__dict__ or "__dict__" in cls.__dict__ for cls in kind.__mro__)


def _path(path: str, name: str) -> str:
    if name == "__dict__" or name.startswith("__pydantic_"):
        return path
    return f"{path}.{name}" if path else name


def _items(owner: object) -> list[tuple[str, object]]:
    """What an object holds that is no plain value, by name or place."""
    kind = type(owner)  # not `isinstance`, which asks a proxy for its `__class__`
    if issubclass(kind, dict):
        pairs = enumerate(list(islice(_PAIRS(owner), SEARCHED_OF_ONE)))
        return [
            (key if type(key) is str and LABEL.fullmatch(key) else str(place), value)
            for place, (key, value) in pairs
            if type(value) not in ATOMS
        ]
    for sequence in SEQUENCES:
        if issubclass(kind, sequence):
            items: Iterable[object] = list(islice(sequence.__iter__(owner), SEARCHED_OF_ONE))
            return [(str(place), value) for place, value in enumerate(items) if type(value) not in ATOMS]
    return [(name, value) for name, value in _stored(owner) if type(value) not in ATOMS]


def _stored(owner: object) -> Iterator[tuple[str, object]]:
    """What an object keeps in slots and in its `__dict__`, read without running a line of its class."""
    kind = type(owner)
    for cls in kind.__mro__:
        if "__slots__" not in cls.__dict__ and "__dict__" not in cls.__dict__:
            continue
        for name, member in cls.__dict__.items():
            if isinstance(member, MemberDescriptorType):
                try:
                    yield name, member.__get__(owner)
                except AttributeError:  # it was never set
                    continue
            elif name == "__dict__" and isinstance(member, GetSetDescriptorType):
                kept = cast("dict[str, object]", member.__get__(owner))
                yield from list(islice(kept.items(), SEARCHED_OF_ONE))


def _tell_if_short(name: str, value: str | bytes) -> None:
    if not 0 < len(value.strip()) < MIN_LENGTH or name in _told or len(_told) >= MAX_TOLD:
        return
    _told.add(name)
    logger.warning(
        "the secret %r in deps has fewer than %d characters: it is not kept out of texts", name, MIN_LENGTH
    )


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
    if getattr(cls, OF_EXTRAS[0], None) is not None and getattr(owner, OF_EXTRAS[0], None):
        fields |= {name: getattr(owner, name) for name in OF_EXTRAS}
    return fields


class _Walk:
    """One way through a value that changes its strings; with `sealed` also those in a `SecretStr`."""

    __slots__ = ("_change", "_cut", "_digits", "_path", "_sealed", "met")

    def __init__(self, change: Callable[[str], str], sealed: bool, digits: int, cut: bool) -> None:
        self.met: bool = False
        """Whether a container was met within itself."""
        self._change = change
        self._sealed = sealed
        self._digits = digits
        self._cut = cut
        self._path: set[int] = set()

    def changed(self, value: object) -> object:
        if isinstance(value, str):
            text = self._change(value)
            return value if text == value else text
        if type(value) in ATOMS:
            return self._number(value) if self._digits else value
        if id(value) in self._path:
            self.met = True
            return WITHHELD if self._cut else value
        if len(self._path) >= CHANGED_DEPTH:
            return WITHHELD
        self._path.add(id(value))
        try:
            return self._container(value)
        finally:
            self._path.discard(id(value))

    def _number(self, value: object) -> object:
        if type(value) is not int and type(value) is not float:
            return value
        try:
            written = repr(value)
        except ValueError:  # Python does not write so many digits, and so nobody reads them
            return value
        text = written if len(written) < self._digits else self._change(written)
        return value if text == written else text

    def _container(self, value: object) -> object:
        match value:
            case dict():
                return _changed_dict(cast("dict[object, object]", value), self.changed)
            case deque():
                return _changed_deque(cast("deque[object]", value), self.changed)
            case list() | tuple() | set() | frozenset():
                return _changed_items(cast("list[object]", value), self.changed)
            case _:
                opened = getattr(type(value), "get_secret_value", None) if self._sealed else None
                if opened is None:
                    return _changed_fields(value, self.changed)
                return _resealed(value, opened, self.changed)


def _changed(value: object, change: Callable[[str], str], *, sealed: bool = False, digits: int = 0) -> object:
    """The value with every string in it changed. A container that holds itself is cut if it is copied."""
    walk = _Walk(change, sealed, digits, cut=False)
    fresh = walk.changed(value)
    if walk.met and fresh is not value:
        return _Walk(change, sealed, digits, cut=True).changed(value)
    return fresh


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


def _changed_deque(value: deque[object], change: Change) -> object:
    items = [change(item) for item in value]
    if _same(items, value):
        return value
    other = copy(value)  # it keeps its greatest length
    other.clear()
    other.extend(items)
    return other


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
