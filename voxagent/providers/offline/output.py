"""The answer as the agent wants it: in text, or as the arguments of an output tool."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic_core import from_json, to_json

from ...types.config import ToolSpec
from ..base import ModelRequest
from .answer import introduced, plain_lines, quotes, remembered, worded
from .conversation import Turn
from .data import fields_of
from .fill import Filler, Offer
from .mentions import mentions
from .scalars import Schema
from .schemas import Document
from .words import stems

GONE_WRONG = stems("fail failure error problem missing unknown refusal unable")


def output_tool(tools: Sequence[ToolSpec], turn: Turn) -> ToolSpec:
    """The output that suits: one for what went wrong if nothing went well, else the first that is not."""
    failed = bool(turn.exchanges) and not turn.good
    suiting = [tool for tool in tools if bool(stems(tool.name) & GONE_WRONG) == failed]
    return (suiting or tools)[0]


def output_arguments(schema: Schema, turn: Turn) -> dict[str, Any]:
    """The output, filled with what was found; the smallest that fits if that was refused."""
    if turn.refused:
        smallest: dict[str, Any] = Document(schema).smallest(schema)
        return smallest
    return Filler(schema, _offer(turn)).arguments()


def _offer(turn: Turn) -> Offer:
    chosen = quotes(turn)
    found = mentions(turn.prompt)
    found["number"] = [*mentions("\n".join(each.line for each in chosen))["number"], *found["number"]]
    called = {name: value for each in turn.good for name, value in each.call.input.items()}
    fitting = [each.line for each in chosen if each.weight]
    every = [line for each in turn.good for line in plain_lines(each.value)]
    return Offer(
        found,
        {**called, **turn.known()},
        turn.rows(),
        worded(turn, chosen) or remembered(turn) or introduced(()),
        fitting or every,
        list(dict.fromkeys(each.source for each in chosen if each.source)),
    )


def output_text(request: ModelRequest, turn: Turn) -> str:
    """The answer in text: JSON where the request, or its system prompt, brings a schema for it."""
    schema = request.output.schema if request.output else _prompted(request.system)
    if schema is not None:
        return to_json(output_arguments(schema, turn)).decode()
    names = [tool.name for tool in request.tools]
    return worded(turn, quotes(turn)) or remembered(turn) or introduced(names)


def _prompted(system: str) -> Schema | None:
    _, found, schema = system.rpartition("JSON Schema:\n")
    try:
        return fields_of(from_json(schema)) if found else None
    except ValueError:
        return None
