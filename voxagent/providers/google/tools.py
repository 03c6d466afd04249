"""Functions and the output's schema in the form that the API takes, built once for each description."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ...types.config import OutputSpec, ToolSpec
from ..http.jsontext import dumped
from ..http.names import wire_name
from .schemas import lowered, rooted

KEPT = 1_000
"""Tools whose bytes are kept; an agent has 200 at most, but one wire may serve many agents."""


@dataclass(slots=True, frozen=True)
class Built:
    """Functions as the API takes them, parted by commas, and what of them only stands in descriptions."""

    data: bytes = b""
    warnings: list[str] = field(default_factory=list[str])


@dataclass(slots=True, frozen=True)
class Held:
    """An output's schema, and what of it only stands in descriptions."""

    schema: dict[str, Any]
    warnings: list[str]

    @property
    def prompt(self) -> str:
        """The schema in words, for a model that cannot be held to it."""
        return (
            "Answer with one JSON value and nothing else, no code fence around it. "
            f"It must follow this JSON Schema:\n{dumped(self.schema).decode()}"
        )


class Tools:
    """Keeps the bytes of functions, and of lists of them."""

    def __init__(self) -> None:
        self._last: tuple[Sequence[ToolSpec], Built] = ((), Built())
        self._each: dict[int, tuple[ToolSpec, Built]] = {}
        self._output: tuple[OutputSpec, Held] | None = None

    def of(self, specs: Sequence[ToolSpec]) -> Built:
        """The functions, parted by commas."""
        known, built = self._last
        if known is not specs:
            each = [self._kept(spec) for spec in specs]
            lost = [warning for one in each for warning in one.warnings]
            built = Built(b",".join([one.data for one in each]), lost)
            self._last = (specs, built)
        return built

    def output(self, spec: OutputSpec) -> Held:
        """An output's schema."""
        if self._output is None or self._output[0] is not spec:
            schema, lost = lowered(spec.schema)
            self._output = (spec, Held(schema, _told(f"the output {spec.name!r}", lost)))
        return self._output[1]

    def _kept(self, spec: ToolSpec) -> Built:
        kept = self._each.get(id(spec))
        if kept is None or kept[0] is not spec:
            if len(self._each) >= KEPT:
                self._each.clear()
            kept = self._each[id(spec)] = (spec, _built(spec))
        return kept[1]


def _built(spec: ToolSpec) -> Built:
    schema, lost = lowered(rooted(spec.parameters))
    told = {"name": wire_name(spec.name), "description": spec.description, "parametersJsonSchema": schema}
    return Built(dumped(told), _told(f"tool {spec.name!r}", lost))


def _told(whose: str, lost: Sequence[str]) -> list[str]:
    return [f"{whose}: this API does not know {', '.join(lost)}; the model is told in words"] if lost else []
