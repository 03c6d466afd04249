"""Tools and output schemas as bytes, built once for each.

Chat Completions wraps a function in an object of its own, Responses does not; in Responses a function is
strict unless it says otherwise, so it always says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ...types.config import OutputSpec, ToolSpec
from .jsontext import dumped
from .models import Warn
from .schema import CannotBeStrictError, is_strict, lowered, rooted

KEPT = 1_000
"""Tools whose bytes are kept; an agent has 200 at most, but one wire may serve many agents."""


class Tools:
    """Tools in one API's form.

    Args:
        wrapped: Whether a function is wrapped in an object (Chat Completions).
        strict: Whether the service takes `strict`.
        warn: Is told what got lost.
    """

    def __init__(self, *, wrapped: bool, strict: bool, warn: Warn) -> None:
        self._wrapped = wrapped
        self._strict = strict
        self._warn = warn
        self._last: tuple[Sequence[ToolSpec], bytes] = ((), b"")
        self._each: dict[int, tuple[ToolSpec, bytes]] = {}
        self._output: tuple[OutputSpec, dict[str, Any]] | None = None

    def joined(self, specs: Sequence[ToolSpec]) -> bytes:
        """The tools, parted by commas."""
        known, data = self._last
        if known is not specs:
            data = b",".join([self._bytes(spec) for spec in specs])
            self._last = (specs, data)
        return data

    def _bytes(self, spec: ToolSpec) -> bytes:
        kept = self._each.get(id(spec))
        if kept is None or kept[0] is not spec:
            if len(self._each) >= KEPT:
                self._each.clear()
            kept = self._each[id(spec)] = (spec, dumped(self._told(spec)))
        return kept[1]

    def _told(self, spec: ToolSpec) -> dict[str, Any]:
        strict, parameters = self._parameters(spec)
        function: dict[str, Any] = {"name": spec.name, "parameters": parameters}
        if spec.description:
            function["description"] = spec.description
        if self._strict and (strict or not self._wrapped):
            function["strict"] = strict
        return (
            {"type": "function", "function": function} if self._wrapped else {"type": "function", **function}
        )

    def _parameters(self, spec: ToolSpec) -> tuple[bool, dict[str, Any]]:
        schema = rooted(spec.parameters)
        if not self._strict or spec.strict is False:
            return False, schema
        if spec.strict is None:
            return is_strict(schema), schema
        try:
            strict, dropped = lowered(schema, nullable=True)
        except CannotBeStrictError as error:
            self._warn(f"tool {spec.name!r} cannot be strict: {error}")
            return False, schema
        if dropped:
            lost = ", ".join(sorted(dropped))
            self._warn(f"tool {spec.name!r}: strict mode does not know {lost}; the model is not told")
        return True, strict

    def output(self, spec: OutputSpec) -> dict[str, Any]:
        """Name, schema and strictness of an output, in the fields that both APIs share."""
        if self._output is None or self._output[0] is not spec:
            self._output = (spec, self._format(spec))
        return self._output[1]

    def _format(self, spec: OutputSpec) -> dict[str, Any]:
        strict, schema = False, rooted(spec.schema)
        if self._strict:
            try:
                (schema, _), strict = lowered(schema, nullable=False), True
            except CannotBeStrictError as error:
                self._warn(f"the output {spec.name!r} is asked for, but not enforced: {error}")
        told: dict[str, Any] = {"name": _name(spec.name), "schema": schema}
        if spec.description:
            told["description"] = spec.description
        return {**told, "strict": strict} if self._strict else told


def _name(name: str) -> str:
    """The name in the letters that the service allows, 64 of them at most."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_")[:64] or "output"
