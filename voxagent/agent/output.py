"""From what the model gives to the output that the program wants.

Three ways lead there: the model calls an output tool, one per alternative ("tool"); the provider holds
its text to a JSON Schema ("native"); or it is asked in the system prompt for JSON ("prompted"). Plain
`str` needs none of them ("text"). A plan is built once per output type and kept.
"""

from __future__ import annotations

import types
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Literal,
    TypeAlias,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    overload,
)

from typing_extensions import TypeVar as DefaultTypeVar

from ..errors import ConfigError, ModelRetry
from ..providers.base import ModelFacts
from ..tools.signature import rooted, told, untitled
from ..types.config import OutputSpec, ToolSpec

if TYPE_CHECKING:
    from pydantic import TypeAdapter

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
E = TypeVar("E")
OutputT = DefaultTypeVar("OutputT", covariant=True, default=Any)

OutputMode: TypeAlias = Literal["auto", "tool", "native", "prompted"]
OUTPUT_TOOL = "final_result"
WRAPPED = "result"


@dataclass(frozen=True)  # no slots: Python 3.11 could not call OneOf[X](...)
class OneOf(Generic[OutputT]):
    """Alternatives of an output; made by `one_of`."""

    members: tuple[Any, ...]


@overload
def one_of(first: type[A], second: type[B], /) -> OneOf[A | B]: ...
@overload
def one_of(first: type[A], second: type[B], third: type[C], /) -> OneOf[A | B | C]: ...
@overload
def one_of(first: type[A], second: type[B], third: type[C], fourth: type[E], /) -> OneOf[A | B | C | E]: ...
def one_of(first: Any, second: Any, third: Any = None, fourth: Any = None, /) -> OneOf[Any]:
    """Up to four output types of which the model gives one, in a form that every type checker infers."""
    return OneOf(tuple(each for each in (first, second, third, fourth) if each is not None))


@dataclass(slots=True, frozen=True, eq=False)
class Alternative:
    """One type of output, and how a model gives it."""

    name: str
    kind: Any
    description: str
    schema: dict[str, Any]
    wrapped: bool
    adapter: TypeAdapter[Any] = field(repr=False)

    def read(self, given: str | dict[str, Any]) -> Any:
        """The validated value; raises `ModelRetry` with what is wrong."""
        from pydantic import ValidationError

        try:
            if isinstance(given, str) and not self.wrapped:
                return self.adapter.validate_json(given)
            return self.adapter.validate_python(_unwrapped(given) if self.wrapped else given)
        except ValidationError as error:
            raise ModelRetry(told(error)) from error


def _unwrapped(given: str | dict[str, Any]) -> Any:
    data = _json(given) if isinstance(given, str) else given
    if not isinstance(data, dict) or WRAPPED not in data:
        raise ModelRetry(f"invalid arguments: an object with the one key {WRAPPED!r} is expected")
    return cast("dict[str, Any]", data)[WRAPPED]


def _json(text: str) -> Any:
    from pydantic_core import from_json

    try:
        return from_json(text)
    except ValueError as error:
        raise ModelRetry(f"that is no valid JSON: {error}") from error


def flattened(output_type: Any) -> list[Any]:
    """The alternatives of an output type: of a union, a list of types, or a `one_of`."""
    if isinstance(output_type, OneOf):
        return [kind for member in output_type.members for kind in flattened(member)]
    if isinstance(output_type, (list, tuple)):
        return [kind for member in cast("Sequence[Any]", output_type) for kind in flattened(member)]
    if get_origin(output_type) in (Union, types.UnionType):
        return [kind for member in get_args(output_type) for kind in flattened(member)]
    return [output_type]


class OutputPlan:
    """How a run's output is asked for and read.

    Args:
        output_type: A type, a union, a sequence of types, or a `one_of`.
        mode: How it is asked for; "auto" is by what the model can do (see `OutputPlan.mode`).
    """

    def __init__(self, output_type: Any, mode: OutputMode = "auto") -> None:
        self.output_type = output_type
        self._mode: OutputMode = mode
        if mode not in ("auto", "tool", "native", "prompted"):
            raise ConfigError(f"output_mode={mode!r}: 'auto', 'tool', 'native' or 'prompted' is expected")
        self.kinds: list[Any] = flattened(output_type)
        if not self.kinds:
            raise ConfigError("output_type is an empty list: at least one type is needed")
        for kind in self.kinds:
            if isinstance(kind, str):
                raise ConfigError(f"output_type={kind!r} is a text, where a type is expected")
        self.takes_text: bool = str in self.kinds
        self.is_text: bool = self.kinds == [str]

    def mode(
        self, facts: ModelFacts, *, beside_tools: bool = False, may_move_on: bool = False
    ) -> Literal["text", "tool", "native", "prompted"]:
        """How this output is asked for of a model of which this is known.

        The provider's schema holds the model to one type of known keys, but does not tell alternatives apart
        as tools do, leaves no room for plain text, goes with tools at some services only, and is lost where
        another model may have to answer.
        """
        if self.is_text:
            return "text"
        if self._mode != "auto":
            return self._mode
        alone = len(self.kinds) == 1 and not may_move_on
        possible = facts.native_output and (facts.native_beside_tools or not beside_tools)
        if alone and possible and self._is_closed:
            return "native"
        return "tool" if facts.tools else "prompted"

    @cached_property
    def _is_closed(self) -> bool:
        """Whether services hold a model to this schema: no keys of any name, nothing that contains itself."""
        from pydantic_core import to_json

        kinds: dict[str, Any] = self.whole.schema.get("$defs", {})
        nested = [f'"$ref":"#/$defs/{name}"'.encode() in to_json(kind) for name, kind in kinds.items()]
        told = to_json(self.whole.schema).replace(b'"additionalProperties":false', b"")
        return b'"additionalProperties"' not in told and not any(nested)

    @cached_property
    def alternatives(self) -> list[Alternative]:
        """The types other than plain text."""
        kinds = [kind for kind in self.kinds if kind is not str]
        named: dict[str, Alternative] = {}
        for kind in kinds:
            name = OUTPUT_TOOL if len(kinds) == 1 else f"{OUTPUT_TOOL}_{_name(kind)}"
            while name in named:
                name += "_"
            named[name] = _alternative(name, kind)
        return list(named.values())

    @cached_property
    def tools(self) -> tuple[ToolSpec, ...]:
        """The output tools."""
        return tuple(ToolSpec(each.name, each.description, each.schema) for each in self.alternatives)

    @cached_property
    def by_tool(self) -> dict[str, Alternative]:
        """The alternatives by the names of their tools."""
        return {each.name: each for each in self.alternatives}

    @cached_property
    def whole(self) -> Alternative:
        """All alternatives as one, for a model that answers with JSON text."""
        kinds = tuple(self.kinds)
        if len(kinds) == 1:
            return self.alternatives[0]
        return _alternative(OUTPUT_TOOL, Union[kinds])  # noqa: UP007  # a union of types known at run time only

    @cached_property
    def spec(self) -> OutputSpec:
        """What the provider is told in native mode."""
        return OutputSpec(self.whole.name, self.whole.schema, self.whole.description)

    @cached_property
    def prompt(self) -> str:
        """What the system prompt says in prompted mode."""
        from pydantic_core import to_json

        schema = to_json(self.whole.schema).decode()
        return f"Answer with one JSON value and nothing else. It must follow this JSON Schema:\n{schema}"

    def from_text(self, text: str) -> Any:
        """The output in a model's text."""
        return self.whole.read(_bare(text))


def _name(kind: Any) -> str:
    name = getattr(kind, "__name__", None) or str(kind)
    return "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in name)


def _alternative(name: str, kind: Any) -> Alternative:
    from pydantic import PydanticSchemaGenerationError, PydanticUserError, TypeAdapter

    try:
        adapter: TypeAdapter[Any] = TypeAdapter(kind)
        schema = rooted(untitled(adapter.json_schema()))
    except (PydanticSchemaGenerationError, PydanticUserError, AttributeError) as error:
        reason = str(error).partition("\n")[0]
        raise ConfigError(f"output_type: no JSON Schema for {kind!r}: {reason}") from error
    wrapped = schema.get("type") != "object"
    description = schema.pop("description", "") or "Give the final answer; this ends the conversation."
    if wrapped:
        schema = _wrapped(schema)
    return Alternative(name, kind, description, schema, wrapped, adapter)


def _wrapped(schema: dict[str, Any]) -> dict[str, Any]:
    inner = dict(schema)
    definitions = inner.pop("$defs", None)
    outer: dict[str, Any] = {
        "type": "object",
        "properties": {WRAPPED: inner},
        "required": [WRAPPED],
        "additionalProperties": False,
    }
    return {**outer, "$defs": definitions} if definitions else outer


def _bare(text: str) -> str:
    """The JSON in a text, without the fences and the words that models put around it."""
    text = text.strip()
    if text[:1] in ("{", "["):
        return text
    if "```" in text:
        fenced = text.split("```")[1].removeprefix("json").strip()
        if fenced:
            return fenced
    start, end = text.find("{"), text.rfind("}")
    return text[start : end + 1] if 0 <= start < end else text
