"""What every public value can do: be compared, shown, dumped to JSON and loaded again.

Messages, results and events are data, made by the thousand while a model streams, and public,
so they must travel as JSON. A dataclass with slots costs a fifth of a pydantic model to make;
pydantic's validation and serialisation are attached when a value is first dumped or loaded, so
that neither pydantic nor a schema is paid for by `import voxagent`. Equality and `repr` live in
the base class: generated per class they would double the cost of the import.

Unknown fields in loaded data are ignored, so that a newer version's data never breaks an older.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeVar, cast, dataclass_transform

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, TypeAdapter
    from pydantic_core import CoreSchema

T = TypeVar("T")


@dataclass_transform(field_specifiers=(field,))
def record(cls: type[T]) -> type[T]:
    """A mutable record: what is made per streamed piece, where each tenth of a microsecond counts."""
    return dataclass(slots=True, eq=False, repr=False)(cls)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """A record that never changes: what a history is made of."""
    return dataclass(slots=True, eq=False, repr=False, frozen=True)(cls)


class Record:
    """The base of all public values."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    _sparse: ClassVar[bool] = True
    """Whether fields that are None are left out of a dump; not where None means more than "not given"."""

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__dataclass_fields__)

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleMethodOverride] - lists have no hash

    def __repr__(self) -> str:
        told = [
            f"{spec.name}={getattr(self, spec.name)!r}"
            for spec in self.__dataclass_fields__.values()
            if spec.repr and not _is_default(spec, getattr(self, spec.name))
        ]
        return f"{type(self).__name__}({', '.join(told)})"

    def model_dump(self, *, mode: Literal["json", "python"] = "json") -> dict[str, Any]:
        """This value as plain JSON data (`mode="python"` leaves values that JSON does not know)."""
        dumped = adapter(type(self)).dump_python(self, mode=mode, exclude_none=self._sparse)
        return cast("dict[str, Any]", dumped)

    def model_dump_json(self, *, indent: int | None = None) -> str:
        """This value as JSON text."""
        return adapter(type(self)).dump_json(self, indent=indent, exclude_none=self._sparse).decode()

    @classmethod
    def model_validate(cls, value: Mapping[str, Any]) -> Self:
        """The value that `model_dump` gave; raises `pydantic.ValidationError`, a `ValueError`."""
        return adapter(cls).validate_python(value)

    @classmethod
    def model_validate_json(cls, text: str | bytes) -> Self:
        """The value that `model_dump_json` gave; raises `pydantic.ValidationError`, a `ValueError`."""
        return adapter(cls).validate_json(text)


def _is_default(spec: Field[Any], value: object) -> bool:
    default = spec.default if spec.default_factory is MISSING else spec.default_factory()
    return bool(value == default)


_adapters: dict[Any, TypeAdapter[Any]] = {}


def adapter(kind: type[T]) -> TypeAdapter[T]:
    """Pydantic's reader and writer of a type, built at its first use and kept."""
    found = _adapters.get(kind)
    if found is None:
        from pydantic import TypeAdapter

        found = _adapters[kind] = TypeAdapter(kind)
    return cast("TypeAdapter[T]", found)


class Tagged:
    """Marks a union whose members are told apart by one field; pydantic asks it for the schema.

    Args:
        members: The classes of the union, each with a literal default in `field`.
        field: Name of the field that tells them apart.
        other: The class that takes what no member knows; without one it is an error.
    """

    __slots__ = ("field", "members", "other")

    def __init__(
        self, members: Sequence[type[Record]], field: str, other: type[Record] | None = None
    ) -> None:
        self.members: Sequence[type[Record]] = members
        self.field: str = field
        self.other: type[Record] | None = other

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        choices = {str(_tag(member, self.field)): handler.generate_schema(member) for member in self.members}
        if self.other is not None:
            choices["*"] = handler.generate_schema(self.other)
        return core_schema.tagged_union_schema(choices, self._tag_in(frozenset(choices)))

    def _tag_in(self, known: frozenset[str]) -> Callable[[Any], str | None]:
        def tag(value: Any) -> str | None:
            found: object
            if isinstance(value, Mapping):
                found = cast("Mapping[str, object]", value).get(self.field)
            else:
                found = getattr(value, self.field, None)
            name = str(found)
            if self.other is not None and name not in known and found is not None:
                return "*"
            return name if found is not None else None

        return tag


def _tag(member: type[Record], name: str) -> object:
    return member.__dataclass_fields__[name].default
