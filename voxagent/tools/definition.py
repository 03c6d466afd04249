"""What a tool is: a function, what the model is told of it, and how it may be run.

A `ToolDefinition` never changes once an agent has it; `changed` gives a copy with other words or
options. A `FunctionTool` is the one that a decorator makes: it stays callable with its own signature.
"""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeAlias, cast, overload

from typing_extensions import TypedDict, TypeVar, Unpack

from ..errors import ConfigError
from ..fanout.threads import in_thread
from ..types.config import ToolSpec
from .context import RunContext, ToolContext
from .signature import Arguments, Signature

DepsT = TypeVar("DepsT", contravariant=True, default=object)
CallDepsT = TypeVar("CallDepsT", contravariant=True)
D = TypeVar("D")
P = ParamSpec("P")
R = TypeVar("R")
ReturnT = TypeVar("ReturnT", covariant=True)

NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
DEFAULT_TIMEOUT = 60.0

NeedsApproval: TypeAlias = Callable[[ToolContext[Any], Mapping[str, Any]], bool | Awaitable[bool]]
Prepare: TypeAlias = Callable[
    [RunContext[Any], "ToolDefinition[Any]"],
    "ToolDefinition[Any] | Awaitable[ToolDefinition[Any] | None] | None",
]


class ToolOptions(TypedDict, total=False):
    """How a tool may be run.

    Args (all optional):
        timeout: Seconds for one call; None for no limit. 60 by default.
        retries: How often wrong arguments go back to the model; the agent's `retries` by default.
        sequential: Whether it runs alone, after the calls before it and ahead of those behind it.
        strict: Whether the provider shall hold the model to the schema.
        requires_approval: Whether somebody must approve each call; a function of the context and the
            arguments tells for which calls.
        idempotent: Whether a call may be made again if the program ended during it. A resumed run tells the
            model of such calls of other tools.
        secrets: Names of secrets whose real values the function is given where the model wrote a placeholder,
            `[REDACTED:name]`; put in once the arguments are checked.
        prepare: Called with the run's context and the tool ahead of a run; gives back the tool, a changed
            one, or None to hide it from this run.
    """

    timeout: float | None
    retries: int | None
    sequential: bool
    strict: bool | None
    requires_approval: bool | NeedsApproval
    idempotent: bool
    secrets: Sequence[str]
    prepare: Prepare | None


class ToolDefinition(Generic[DepsT]):
    """A tool that a model may call.

    Args:
        name: What the model calls it: letters, digits and underscores, no digit first.
        description: What it is for.
        execute: The function: called with the arguments by name, after the context if its first
            parameter is one.
        parameters: JSON Schema of the arguments; read from the function's type hints where it is
            None. Arguments are checked against the hints only, a schema that is handed in is just told.
        is_async: Whether `execute` is a coroutine function; found out by itself.
        **options: `ToolOptions`.
    """

    def __init__(
        self,
        name: str,
        description: str,
        execute: Callable[..., Any],
        parameters: Mapping[str, Any] | None = None,
        is_async: bool = False,
        **options: Unpack[ToolOptions],
    ) -> None:
        self.name: str = _checked(name)
        self.description = description
        self.execute = execute
        self._given = parameters
        self.signature: Signature = Signature(execute)
        self.is_async: bool = is_async or self.signature.is_async
        self._set(options)

    def _set(self, options: ToolOptions) -> None:
        unknown = [name for name in options if name not in ToolOptions.__annotations__]
        if unknown:
            known = ", ".join(NamedOptions.__annotations__ | ToolOptions.__annotations__)
            raise ConfigError(f"tool {self.name!r} takes no {unknown[0]!r}; it takes {known}")
        self.timeout: float | None = options.get("timeout", DEFAULT_TIMEOUT)
        self.retries: int | None = options.get("retries")
        self.sequential: bool = options.get("sequential", False)
        self.strict: bool | None = options.get("strict")
        self.requires_approval: bool | NeedsApproval = options.get("requires_approval", False)
        self.idempotent: bool = options.get("idempotent", False)
        self.prepare: Prepare | None = options.get("prepare")
        secrets: object = options.get("secrets", ())
        if isinstance(secrets, str) or not _is_names(secrets):
            raise ConfigError(f"tool {self.name!r}: secrets={secrets!r} is not a list of names")
        self.secrets: tuple[str, ...] = tuple(cast("Collection[str]", secrets))
        if not (isinstance(self.requires_approval, bool) or callable(self.requires_approval)):
            wanted = self.requires_approval
            raise ConfigError(
                f"tool {self.name!r}: requires_approval={wanted!r} is neither a bool nor a function"
            )
        if self.timeout is not None and not (_is_number(self.timeout) and self.timeout > 0):
            raise ConfigError(
                f"tool {self.name!r}: timeout={self.timeout!r} is not a positive number of seconds"
            )
        if self.retries is not None and not (_is_number(self.retries) and self.retries >= 0):
            raise ConfigError(f"tool {self.name!r}: retries={self.retries!r} is no number from 0")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r})"

    @property
    def takes_context(self) -> bool:
        """Whether the function's first parameter is the context."""
        return self.signature.takes_context

    @property
    def parameters(self) -> Mapping[str, Any]:
        """JSON Schema of the arguments."""
        return self.signature.schema if self._given is None else self._given

    @cached_property
    def spec(self) -> ToolSpec:
        """What a model is told."""
        return ToolSpec(self.name, self.description, self.parameters, self.strict)

    def changed(
        self,
        *,
        name: str | None = None,
        description: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        requires_approval: bool | NeedsApproval | None = None,
    ) -> Self:
        """A copy with other words or options."""
        other = copy.copy(self)
        other.__dict__.pop("spec", None)
        if name is not None:
            other.name = _checked(name)
        if description is not None:
            other.description = description
        if parameters is not None:
            other._given = parameters
        if requires_approval is not None:
            other.requires_approval = requires_approval
        return other

    def to_openai_schema(self) -> dict[str, Any]:
        """The form that OpenAI's Chat Completions take."""
        return self.spec.to_openai_schema()

    def to_anthropic_schema(self) -> dict[str, Any]:
        """The form that Anthropic's Messages take."""
        return self.spec.to_anthropic_schema()

    def arguments(self, given: str | Mapping[str, Any]) -> Arguments:
        """Check and convert arguments; raises `ModelRetry` with what is wrong."""
        return self.signature.arguments(given)

    async def call(self, arguments: Arguments, context: ToolContext[DepsT]) -> Any:
        """Call the function with checked arguments; one that blocks runs in a thread."""
        placed, named = arguments
        if self.takes_context:
            placed = [context, *placed]
        if self.is_async:
            return await self.execute(*placed, **named)
        value = await in_thread(lambda: self.execute(*placed, **named), leave=True)
        return await value if inspect.isawaitable(value) else value

    async def run(self, params: Mapping[str, Any], context: ToolContext[DepsT] | None = None) -> Any:
        """Check the arguments and call the function, outside of any run."""
        return await self.call(self.arguments(params), context or cast("ToolContext[DepsT]", ToolContext()))


class FunctionTool(ToolDefinition[CallDepsT], Generic[CallDepsT, P, ReturnT]):
    """A decorated function: a tool, and still callable as the function it is, context included."""

    def __init__(
        self,
        function: Callable[P, ReturnT],
        name: str | None = None,
        description: str | None = None,
        signature: Signature | None = None,
        **options: Unpack[ToolOptions],
    ) -> None:
        self.signature: Signature = signature or Signature(function)
        self.name: str = _checked(name if name is not None else self.signature.name)
        self.execute = function
        self._given = None
        self._told = description
        self.is_async: bool = self.signature.is_async
        self.__doc__ = function.__doc__
        self.__wrapped__ = function
        self._set(options)

    @property
    def description(self) -> str:
        """What the tool is for: what was given, else what the docstring says."""
        return self.signature.description if self._told is None else self._told

    @description.setter
    def description(self, told: str) -> None:
        self._told = told

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> ReturnT:
        returned: ReturnT = self.execute(*args, **kwargs)
        return returned


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float))


def _checked(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ConfigError(
            f"tool name {name!r} is not made of letters, digits and underscores (no digit first);"
            " give it one with name=..."
        )
    return name


class NamedOptions(ToolOptions, total=False, closed=True):
    """`ToolOptions`, and other words for the model.

    Args (all optional):
        name: What the model calls it; the function's name by default.
        description: What it is for; read from the docstring by default.
    """

    name: str | None
    description: str | None


class Anything:
    """Never made: a function whose first parameter takes this takes anything, so that is no context."""


class ToolDecorator:
    """What `tool(...)` with options gives: it makes a function a tool."""

    def __init__(
        self,
        options: NamedOptions,
        local: Mapping[str, Any],
        take: Callable[[ToolDefinition[Any]], object] | None = None,
    ) -> None:
        self._options = options
        self._local = local
        self._take = take

    @overload
    def __call__(
        self, function: Callable[Concatenate[Anything, P], R], /
    ) -> FunctionTool[object, Concatenate[Any, P], R]: ...
    @overload
    def __call__(
        self, function: Callable[Concatenate[RunContext[D], P], R], /
    ) -> FunctionTool[D, Concatenate[RunContext[D], P], R]: ...
    @overload
    def __call__(
        self, function: Callable[Concatenate[ToolContext[D], P], R], /
    ) -> FunctionTool[D, Concatenate[ToolContext[D], P], R]: ...
    @overload
    def __call__(self, function: Callable[P, R], /) -> FunctionTool[object, P, R]: ...
    def __call__(self, function: Callable[..., Any], /) -> FunctionTool[Any, ..., Any]:
        return self.made(function)

    def made(self, function: Callable[..., Any]) -> FunctionTool[Any, ..., Any]:
        """The tool, without a view on the function's type."""
        signature = Signature(function, self._local)
        tool: FunctionTool[Any, ..., Any] = FunctionTool(function, signature=signature, **self._options)
        if self._take is not None:
            self._take(tool)
        return tool


@overload
def tool(
    function: Callable[Concatenate[Anything, P], R], /
) -> FunctionTool[object, Concatenate[Any, P], R]: ...
@overload
def tool(
    function: Callable[Concatenate[RunContext[D], P], R], /
) -> FunctionTool[D, Concatenate[RunContext[D], P], R]: ...
@overload
def tool(
    function: Callable[Concatenate[ToolContext[D], P], R], /
) -> FunctionTool[D, Concatenate[ToolContext[D], P], R]: ...
@overload
def tool(function: Callable[P, R], /) -> FunctionTool[object, P, R]: ...
@overload
def tool(**options: Unpack[NamedOptions]) -> ToolDecorator: ...
def tool(function: Callable[..., Any] | None = None, /, **options: Unpack[NamedOptions]) -> Any:
    """Make a function a tool: `@tool`, or `@tool(name=..., timeout=...)`.

    The model is told the function's name, its docstring, and a JSON Schema of its parameters. If the
    first parameter is a `ToolContext` or `RunContext`, the function gets the context of its call there.
    """
    decorator = ToolDecorator(options, locals_of_caller())
    return decorator if function is None else decorator.made(function)


def locals_of_caller() -> Mapping[str, Any]:
    """The names of the place where the decorator stands, for hints that are written as strings."""
    here = inspect.currentframe()
    caller = here.f_back.f_back if here and here.f_back else None
    if caller is None or caller.f_locals is caller.f_globals:
        return {}
    return dict(caller.f_locals)


def _is_names(value: object) -> bool:
    return isinstance(value, Collection) and all(isinstance(each, str) for each in cast("Any", value))
