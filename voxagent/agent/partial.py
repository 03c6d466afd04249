"""An output while it is still being written.

The JSON that is there is closed and read, and whatever of it fits the type is shown. A model or dataclass
whose required fields have not all arrived is made without them: they are None.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, cast

from ..streaming.events import (
    BaseEvent,
    RunEndEvent,
    StreamResetEvent,
    TextDeltaEvent,
    ToolCallDeltaEvent,
    TurnStartEvent,
)
from .output import WRAPPED, Alternative, OutputPlan


class PartialText:
    """The text of a run, which grows, but for what a failover takes back."""

    def __init__(self) -> None:
        self._whole: list[str] = []
        self._since = 0

    def taken(self, event: BaseEvent) -> Sequence[str]:
        """The pieces that an event brings; an empty one takes back all that came before."""
        match event:
            case TextDeltaEvent():
                self._whole.append(event.delta)
                return (event.delta,)
            case TurnStartEvent():
                self._since = len(self._whole)
            case StreamResetEvent() if len(self._whole) > self._since:
                del self._whole[self._since :]
                return ("", "".join(self._whole)) if self._whole else ("",)
            case _:
                pass
        return ()


class PartialOutput:
    """Gathers the pieces of an output.

    Args:
        plan: The output's types.
    """

    def __init__(self, plan: OutputPlan) -> None:
        self._plan = plan
        self.reset()

    def reset(self) -> None:
        """Begin anew: another answer of the model begins."""
        self._text: list[str] = []
        self._arguments: list[str] = []
        self._call = ""
        self._alternative: Alternative | None = None
        self._shown: Any = None
        self._final: Any = None

    def take(self, event: BaseEvent) -> None:
        """Read what an event adds."""
        match event:
            case TurnStartEvent() | StreamResetEvent():
                self.reset()
            case TextDeltaEvent():
                self._text.append(event.delta)
            case ToolCallDeltaEvent() if event.tool_name in self._plan.by_tool:
                self._add_arguments(event)
            case RunEndEvent() if event.result is not None and event.result.has_output:
                self._final = event.result.value
            case _:
                pass

    def _add_arguments(self, event: ToolCallDeltaEvent) -> None:
        if self._call and event.tool_call_id != self._call:
            return  # of several output calls, the first counts
        self._call = event.tool_call_id
        self._alternative = self._plan.by_tool[event.tool_name]
        self._arguments.append(event.delta)

    def value(self) -> Any:
        """What there is so far; None if that is nothing, or nothing new."""
        value = self._read()
        if value is None or value == self._shown:
            return None
        self._shown = value
        return value

    def _read(self) -> Any:
        if self._final is not None:
            return self._final
        if self._alternative is not None:
            return _fitting(self._alternative, _open_json("".join(self._arguments)))
        text = "".join(self._text)
        if self._plan.takes_text:
            return text or None
        start = text.find("{")
        return _fitting(self._plan.whole, _open_json(text[start:])) if start >= 0 else None


def _open_json(text: str) -> Any:
    from pydantic_core import from_json

    try:
        return from_json(_without_open_number(text), allow_partial="trailing-strings")
    except ValueError:
        return None


def _without_open_number(text: str) -> str:
    """The JSON without a number at its end: more digits may follow, and what was shown shall stay true."""
    rest = text.rstrip("+-.0123456789eE")
    return rest if rest.rstrip()[-1:] in (":", ",", "[") else text


def _fitting(alternative: Alternative, data: Any) -> Any:
    from pydantic import ValidationError

    if alternative.wrapped and isinstance(data, dict):
        data = cast("dict[str, Any]", data).get(WRAPPED)
    if data is None:
        return None
    try:
        return alternative.adapter.validate_python(data, experimental_allow_partial="trailing-strings")
    except ValidationError:
        return _made(alternative.kind, data)


def _made(kind: Any, data: Any) -> Any:
    """A model or dataclass from what fits of its fields."""
    if not isinstance(data, dict) or not isinstance(kind, type):
        return None
    given = cast("dict[str, Any]", data)
    if (fields := getattr(kind, "__pydantic_fields__", None)) is not None and hasattr(
        kind, "model_construct"
    ):
        fitting = {
            name: _piece(each.annotation, given.get(each.alias or name)) for name, each in fields.items()
        }
        known = {
            name: value for name, value in fitting.items() if value is not None or fields[name].is_required()
        }
        return cast("Any", kind).model_construct(**known)
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, given)
    return None


def _dataclass(kind: Any, given: dict[str, Any]) -> Any:
    from typing import get_type_hints

    hints = get_type_hints(kind, include_extras=True)
    made: Any = object.__new__(kind)
    for each in dataclasses.fields(kind):
        value = _piece(hints[each.name], given.get(each.name))
        if value is None and each.default is not dataclasses.MISSING:
            value = each.default
        if value is None and each.default_factory is not dataclasses.MISSING:
            value = each.default_factory()
        object.__setattr__(made, each.name, value)
    return made


def _piece(kind: Any, data: Any) -> Any:
    from pydantic import TypeAdapter, ValidationError

    if data is None:
        return None
    try:
        return TypeAdapter(kind).validate_python(data, experimental_allow_partial="trailing-strings")
    except ValidationError:
        return _made(kind, data)
