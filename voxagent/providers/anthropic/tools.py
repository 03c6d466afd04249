"""Tools and the output's schema in the form that the API takes, built once for each description.

A tool or an output that asks to be held to its schema gets it lowered; where that would change what it
means, the tool is sent without being held, and the output's schema is put into the system prompt instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from ...types.config import OutputSpec, ToolSpec
from .content import encoded
from .schemas import UnsuitableSchemaError, lowered, object_schema

ValueT = TypeVar("ValueT")
MadeT = TypeVar("MadeT")


class Kept(Generic[ValueT, MadeT]):
    """What was made of values that never change, told apart by identity; forgets all when it is full."""

    def __init__(self, make: Callable[[ValueT], MadeT], size: int) -> None:
        self._make = make
        self._size = size
        self._made: dict[int, tuple[ValueT, MadeT]] = {}

    def of(self, value: ValueT) -> MadeT:
        """What is made of a value."""
        found = self._made.get(id(value))
        if found is not None:
            return found[1]
        if len(self._made) >= self._size:
            self._made = {}
        made = self._make(value)
        self._made[id(value)] = (value, made)  # the value is held, so its id is nobody else's
        return made


@dataclass(slots=True, frozen=True)
class ToolList:
    """Tools as JSON, with commas between them, and what had to be weakened."""

    data: bytes
    warnings: list[str]


class Tools:
    """Keeps the bytes of tools and of lists of tools."""

    def __init__(self) -> None:
        self._one = Kept(_tool, size=4_096)
        self._lists = Kept(self._listed, size=64)

    def of(self, specs: Sequence[ToolSpec]) -> ToolList:
        """Tools as the API takes them."""
        return self._lists.of(specs if isinstance(specs, tuple) else tuple(specs))

    def _listed(self, specs: tuple[ToolSpec, ...]) -> ToolList:
        told = [self._one.of(spec) for spec in specs]
        return ToolList(b",".join(data for data, _ in told), [warning for _, warning in told if warning])


def _tool(spec: ToolSpec) -> tuple[bytes, str]:
    schema, warning = object_schema(spec.parameters), ""
    told: dict[str, Any] = {"name": spec.name, "description": spec.description}
    if spec.strict:
        try:
            schema = lowered(schema)
            told["strict"] = True
        except UnsuitableSchemaError as error:
            warning = f"tool {spec.name!r} cannot be held to its schema, for it has {error} in it"
    if not spec.description:
        del told["description"]
    return encoded({**told, "input_schema": schema}), warning


@dataclass(slots=True, frozen=True)
class HeldOutput:
    """How the output's schema is asked for: as a format, or in the system prompt."""

    format: Mapping[str, Any] | None
    prompt: str
    warnings: list[str]


def _held(spec: OutputSpec) -> HeldOutput:
    try:
        return HeldOutput({"type": "json_schema", "schema": lowered(spec.schema)}, "", [])
    except UnsuitableSchemaError as error:
        schema = encoded(cast("object", spec.schema)).decode()
        prompt = (
            "Answer with one JSON value and nothing else, no code fence around it. "
            f"It must follow this JSON Schema:\n{schema}"
        )
        warning = f"the output {spec.name!r} cannot be held to its schema, for it has {error} in it"
        return HeldOutput(None, prompt, [warning])


_outputs = Kept(_held, size=256)


def held_output(spec: OutputSpec) -> HeldOutput:
    """How an output's schema is asked for."""
    return _outputs.of(spec)
