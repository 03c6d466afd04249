"""How a model may call a function: read from its type hints, checked by pydantic.

The signature and the hints are read when a function becomes a tool, so that mistakes show under the
decorator. Schema and validator are built when first needed and kept. The validator is pydantic's own
for a stand-in function with the same parameters, so everything that pydantic can describe works.
"""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, cast, get_args, get_origin

import typing_extensions

from ..errors import ConfigError, ModelRetry
from .context import RunContext, ToolContext
from .docstring import read_docstring

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError
    from pydantic.errors import PydanticErrorMixin

Arguments: TypeAlias = tuple[list[Any], dict[str, Any]]
CONTEXT_NAMES = ("ctx", "context")
CONTEXTS: Mapping[str, type] = {"RunContext": RunContext, "ToolContext": ToolContext}
UNPACK = (typing.Unpack, typing_extensions.Unpack)


class Signature:
    """A function's parameters, without its context.

    Args:
        function: The function.
        local: Names of the place where it was defined, for hints that are written as strings.
    """

    def __init__(self, function: Callable[..., Any], local: Mapping[str, Any] | None = None) -> None:
        self.function = function
        self.name: str = cast("str", getattr(function, "__name__", type(function).__name__))
        self._written = _written(function)
        self._local = dict(local or {})
        parameters = _parameters(function, self.name)
        hints = [self._hint(parameter, strict=False) for parameter in parameters]
        self.context_type: object = None
        self.takes_context: bool = bool(parameters) and self._is_context(parameters[0], hints[0])
        if self.takes_context:
            self.context_type = hints[0] if hints[0] is not inspect.Parameter.empty else RunContext
            parameters, hints = parameters[1:], hints[1:]
        for parameter, hint in zip(parameters, hints, strict=True):
            if context_of(hint) is not None:
                raise ConfigError(
                    f"{self.name}(): {parameter.name!r} is a {hint},"
                    " but only the first parameter can be the context"
                )
        self.parameters = parameters
        self.is_async: bool = _is_async(function)

    @cached_property
    def _docstring(self) -> tuple[str, dict[str, str]]:
        return read_docstring(self.function if inspect.isroutine(self.function) else self._written)

    @property
    def description(self) -> str:
        """What the docstring says of the function."""
        return self._docstring[0]

    def _is_context(self, parameter: inspect.Parameter, hint: object) -> bool:
        if parameter.annotation is inspect.Parameter.empty:
            return parameter.name in CONTEXT_NAMES
        return context_of(hint) is not None

    def _hint(self, parameter: inspect.Parameter, *, strict: bool) -> Any:
        annotation = parameter.annotation
        if annotation is inspect.Parameter.empty:
            return annotation
        known = {**_globals(self._written), **self._local}
        try:
            return _evaluated(annotation, known)
        except (NameError, AttributeError) as error:
            if strict:
                raise ConfigError(
                    f"{self.name}(): the type {annotation!r} of {parameter.name!r} cannot be found: {error}"
                ) from error
            # defined further down in its module, perhaps: asked again on first use
            return _context_within(annotation, known) or annotation
        except (SyntaxError, TypeError) as error:
            raise ConfigError(
                f"{self.name}(): {annotation!r} of {parameter.name!r} is no type: {error}"
            ) from error

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        from pydantic import PydanticUndefinedAnnotation, PydanticUserError

        try:
            return _finished_adapter(self._stand_in())
        except (PydanticUserError, PydanticUndefinedAnnotation) as error:
            raise self._unusable(error) from error

    def _unusable(self, error: PydanticErrorMixin) -> ConfigError:
        """Names the parameter whose type is the trouble."""
        from pydantic import PydanticUndefinedAnnotation, PydanticUserError

        for parameter in self.parameters:
            hint = self._hint(parameter, strict=True)
            if get_origin(hint) in UNPACK:  # makes sense for a whole function only
                continue
            try:
                _finished_adapter(hint).json_schema()
            except (PydanticUserError, PydanticUndefinedAnnotation) as trouble:
                reason = str(trouble).partition("\n")[0]
                return ConfigError(
                    f"{self.name}(): no JSON Schema for the type {parameter.annotation!r}"
                    f" of {parameter.name!r}: {reason}"
                )
        return ConfigError(f"{self.name}(): {error}")

    def _stand_in(self) -> Callable[..., Arguments]:
        """A function with the same parameters, all by keyword, that gives back what it was called with."""

        def stand_in(*args: Any, **kwargs: Any) -> Arguments:
            return [], kwargs

        standing = [self._by_keyword(parameter) for parameter in self.parameters]
        stand_in.__dict__["__signature__"] = inspect.Signature(standing)
        stand_in.__annotations__ = {each.name: each.annotation for each in standing}
        stand_in.__name__ = stand_in.__qualname__ = self.name
        return stand_in

    def _by_keyword(self, parameter: inspect.Parameter) -> inspect.Parameter:
        hint, by_keyword = self._described(parameter), inspect.Parameter.KEYWORD_ONLY
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            return parameter.replace(annotation=hint)
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            return inspect.Parameter(
                parameter.name, by_keyword, default=(), annotation=types.GenericAlias(list, (hint,))
            )
        return parameter.replace(kind=by_keyword, annotation=hint)

    def _described(self, parameter: inspect.Parameter) -> Any:
        hint = self._hint(parameter, strict=True)
        if hint is inspect.Parameter.empty:
            hint = Any
        told = self._docstring[1].get(parameter.name)
        if not told or get_origin(hint) in UNPACK:
            return hint
        if get_origin(hint) is Annotated and any(_describes(meta) for meta in get_args(hint)[1:]):
            return hint
        from pydantic import Field

        return Annotated[hint, Field(description=told)]

    @cached_property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of the arguments, an object."""
        from pydantic import PydanticUserError

        try:
            schema: dict[str, Any] = untitled(self._adapter.json_schema())
        except PydanticUserError as error:
            raise self._unusable(error) from error
        schema.setdefault("type", "object")
        schema.setdefault("properties", {})
        return schema

    def arguments(self, given: str | Mapping[str, Any]) -> Arguments:
        """Check and convert arguments; raises `ModelRetry` with what is wrong, for the model to read."""
        from pydantic import ValidationError

        validator = self._adapter
        try:
            if isinstance(given, str):
                _, named = validator.validate_json(given)
            else:
                _, named = validator.validate_python(dict(given))
        except ValidationError as error:
            raise ModelRetry(told(error)) from error
        except RecursionError as error:
            raise ModelRetry("the arguments are nested too deep") from error
        return self._placed(named)

    def _placed(self, named: dict[str, Any]) -> Arguments:
        """Put arguments where the function wants them by position."""
        placed: list[Any] = []
        for parameter in self.parameters:
            if parameter.kind is inspect.Parameter.POSITIONAL_ONLY and parameter.name in named:
                placed.append(named.pop(parameter.name))
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL and parameter.name in named:
                before = [each.name for each in self.parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
                placed += [named.pop(name) for name in before if name in named]
                placed += named.pop(parameter.name)
        return placed, named


def _finished_adapter(kind: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    adapter = TypeAdapter[Any](kind)
    adapter.rebuild()  # raises where a name in it is still missing
    return adapter


def _describes(meta: object) -> bool:
    return bool(getattr(meta, "description", None))


def _is_async(function: Callable[..., Any]) -> bool:
    call = getattr(function, "__call__", None)  # noqa: B004 # the method is looked at, not whether there is one
    if any(
        inspect.isasyncgenfunction(each) or inspect.isgeneratorfunction(each) for each in (function, call)
    ):
        raise ConfigError(
            f"{function!r} is a generator; return the result, and report progress by `await ctx.update(...)`"
        )
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


def _written(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as it was written: behind decorators and partials."""
    inner: Callable[..., Any] = inspect.unwrap(function)
    while isinstance(inner, functools.partial):
        inner = inspect.unwrap(inner.func)
    return inner


def _globals(function: Callable[..., Any]) -> dict[str, Any]:
    called = function if inspect.isroutine(function) else type(function).__call__
    return cast("dict[str, Any]", getattr(called, "__globals__", {}))


def _parameters(function: Callable[..., Any], name: str) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except ValueError as error:
        raise ConfigError(f"{name}() does not tell its parameters; wrap it in a function: {error}") from error


def _evaluated(annotation: object, known: dict[str, Any]) -> Any:
    owner = types.SimpleNamespace(__annotations__={"it": annotation})
    return typing.get_type_hints(owner, known, known, include_extras=True)["it"]


class _AnyName(type):
    def __getattr__(cls, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return cls

    def __getitem__(cls, key: object) -> type:
        return cls


class _Missing(metaclass=_AnyName):
    """Stands for a name that is not there, with whatever is in it."""


def _context_within(annotation: object, known: Mapping[str, Any]) -> type[RunContext[Any]] | None:
    """The context class in a hint of which names are missing: imported for type checkers only, mostly."""
    filled = dict(known)
    while True:
        try:
            return context_of(_evaluated(annotation, filled))
        except NameError as error:
            if not error.name or error.name in filled:
                return None
            filled[error.name] = CONTEXTS.get(error.name, _Missing)
        except (AttributeError, TypeError):
            return None


def context_of(hint: object) -> type[RunContext[Any]] | None:
    """The context class in a type hint, if there is one: bare, with its deps, annotated, or optional."""
    origin = get_origin(hint)
    if origin is Annotated:
        return context_of(get_args(hint)[0])
    if origin in (typing.Union, types.UnionType):
        return next(filter(None, map(context_of, get_args(hint))), None)
    found = origin or hint
    if isinstance(found, type) and issubclass(found, RunContext):
        return cast("type[RunContext[Any]]", found)  # type: ignore[redundant-cast]  # pyright needs it
    return None


def deps_of(hint: object) -> Any:
    """The deps type that a context hint asks for; `Any` where it does not say."""
    if get_origin(hint) is Annotated:
        return deps_of(get_args(hint)[0])
    if get_origin(hint) in (typing.Union, types.UnionType):
        return next(deps_of(each) for each in get_args(hint) if context_of(each) is not None)
    arguments = get_args(hint)
    return arguments[0] if arguments else Any


def told(error: ValidationError) -> str:
    """A validation error in words that a model can act on."""
    lines: list[str] = []
    for each in error.errors(include_url=False, include_context=False):
        where = ".".join(map(str, each["loc"]))
        given = "" if each["type"].startswith("missing") else f" (given: {_short(each['input'])})"
        lines.append(f"{where + ': ' if where else ''}{each['msg']}{given}")
    return "invalid arguments: " + "; ".join(lines)


def _short(value: object) -> str:
    try:
        text = repr(value)
    except RecursionError:
        return f"a {type(value).__name__}, nested too deep"
    return text if len(text) <= 100 else text[:97] + "..."


def rooted(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON Schema with its type at the root, as providers want it; a recursive type's has a reference."""
    reference = schema.get("$ref")
    if reference is None:
        return schema
    outer = {key: value for key, value in schema.items() if key != "$ref"}
    return {**schema["$defs"][reference.rpartition("/")[2]], **outer}


def untitled(schema: Any) -> Any:
    """A JSON Schema without the titles that pydantic makes of names: they cost tokens and say nothing."""
    if isinstance(schema, list):
        return [untitled(each) for each in cast("list[object]", schema)]
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {}
    for key, value in cast("dict[str, Any]", schema).items():
        if key == "title" and isinstance(value, str):
            continue
        if key in ("properties", "$defs", "patternProperties"):
            kept[key] = {name: untitled(each) for name, each in value.items()}
        elif key in ("default", "const", "enum", "examples", "mapping"):
            kept[key] = value
        else:
            kept[key] = untitled(value)
    return kept
