"""Tools and output schemas as bytes, built once for each.

Chat Completions wraps a function in an object of its own, Responses does not; in Responses a function is
strict unless it says otherwise, so it always says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ...types.config import OutputSpec, ToolSpec
from ..http.jsontext import dumped
from .schema import CannotBeStrictError, is_strict, lowered, rooted

KEPT = 1_000
"""Tools whose bytes are kept; an agent has 200 at most, but one wire may serve many agents."""


@dataclass(slots=True, frozen=True)
class Built:
    """Tools as the API takes them, and what got lost on the way."""

    data: bytes = b""
    warnings: list[str] = field(default_factory=list[str])


class Tools:
    """Tools in one API's form.

    Args:
        wrapped: Whether a function is wrapped in an object (Chat Completions).
        strict: Whether the service takes `strict`.
    """

    def __init__(self, *, wrapped: bool, strict: bool) -> None:
        self._wrapped = wrapped
        self._strict = strict
        self._last: tuple[Sequence[ToolSpec], Built] = ((), Built())
        self._each: dict[int, tuple[ToolSpec, Built]] = {}
        self._output: tuple[OutputSpec, dict[str, Any], list[str]] | None = None

    def of(self, specs: Sequence[ToolSpec]) -> Built:
        """The tools, parted by commas."""
        known, built = self._last
        if known is not specs:
            each = [self._built(spec) for spec in specs]
            lost = [warning for one in each for warning in one.warnings]
            built = Built(b",".join([one.data for one in each]), lost)
            self._last = (specs, built)
        return built

    def _built(self, spec: ToolSpec) -> Built:
        kept = self._each.get(id(spec))
        if kept is None or kept[0] is not spec:
            if len(self._each) >= KEPT:
                self._each.clear()
            warnings: list[str] = []
            kept = self._each[id(spec)] = (spec, Built(dumped(self._told(spec, warnings)), warnings))
        return kept[1]

    def _told(self, spec: ToolSpec, warnings: list[str]) -> dict[str, Any]:
        strict, parameters = self._parameters(spec, warnings)
        function: dict[str, Any] = {"name": spec.name, "parameters": parameters}
        if spec.description:
            function["description"] = spec.description
        if self._strict and (strict or not self._wrapped):
            function["strict"] = strict
        return (
            {"type": "function", "function": function} if self._wrapped else {"type": "function", **function}
        )

    def _parameters(self, spec: ToolSpec, warnings: list[str]) -> tuple[bool, dict[str, Any]]:
        schema = rooted(spec.parameters)
        if not self._strict or spec.strict is False:
            return False, schema
        if spec.strict is None:
            return is_strict(schema), schema
        try:
            strict, dropped = lowered(schema, nullable=True)
        except CannotBeStrictError as error:
            warnings.append(f"tool {spec.name!r} cannot be strict: {error}")
            return False, schema
        if dropped:
            lost = ", ".join(sorted(dropped))
            warnings.append(f"tool {spec.name!r}: strict mode does not know {lost}; the model is not told")
        return True, strict

    def output(self, spec: OutputSpec) -> tuple[dict[str, Any], list[str]]:
        """Name, schema and strictness of an output, in the fields that both APIs share; and what got lost."""
        if self._output is None or self._output[0] is not spec:
            warnings: list[str] = []
            self._output = (spec, self._format(spec, warnings), warnings)
        return self._output[1], self._output[2]

    def _format(self, spec: OutputSpec, warnings: list[str]) -> dict[str, Any]:
        strict, schema = False, rooted(spec.schema)
        if self._strict:
            try:
                (schema, _), strict = lowered(schema, nullable=False), True
            except CannotBeStrictError as error:
                warnings.append(f"the output {spec.name!r} is asked for, but not enforced: {error}")
        told: dict[str, Any] = {"name": _name(spec.name), "schema": schema}
        if spec.description:
            told["description"] = spec.description
        return {**told, "strict": strict} if self._strict else told


def _name(name: str) -> str:
    """The name in the letters that the service allows, 64 of them at most."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_")[:64] or "output"
