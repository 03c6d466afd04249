"""Functions of the program that may change a run, answer in its place, or end it.

Every hook may return None ("go on"), `Answer(value)` (this instead), or `Refuse(reason)` (end the run).
What it may be given back to go on changed is said at each. To watch only, observe.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Generic, TypeAlias, TypeGuard

from typing_extensions import TypeVar

from ..abort import stops_task
from ..errors import CallbackError, ModelRetry, RefusedError, VoxAgentError, said_by
from ..providers.base import ModelRequest
from ..tools.context import RunContext, ToolContext
from ..types.approval import Approval, ApprovalRequest
from ..types.blocks import ContentBlock, ToolCall

D = TypeVar("D", contravariant=True, default=object)
T = TypeVar("T", default=Any)

Prompt: TypeAlias = str | Sequence[str | ContentBlock]


@dataclass(frozen=True)  # no slots: Python 3.11 could not call Answer[X](...)
class Answer(Generic[T]):
    """Take this value; what would have made it is left out."""

    value: T


@dataclass(slots=True, frozen=True)
class Refuse:
    """End the run; its error is a `RefusedError` with this reason."""

    reason: str


def is_answer(value: object) -> TypeGuard[Answer[Any]]:
    """Whether a hook answered in place of what it was asked about."""
    return isinstance(value, Answer)


Maybe: TypeAlias = T | Awaitable[T]
Reply: TypeAlias = Answer[Any] | Refuse | None
BeforeRun: TypeAlias = Callable[[RunContext[D], Prompt], Maybe[Prompt | Reply]]
BeforeModel: TypeAlias = Callable[[RunContext[D], ModelRequest], Maybe[ModelRequest | Reply]]
BeforeTool: TypeAlias = Callable[[ToolContext[D], ToolCall], Maybe[ToolCall | dict[str, Any] | Reply]]
AfterTool: TypeAlias = Callable[[ToolContext[D], ToolCall, Any], Maybe[Reply]]
AfterOutput: TypeAlias = Callable[[RunContext[D], Any], Maybe[Reply]]
Approver: TypeAlias = Callable[[ApprovalRequest], Maybe[Approval]]
Instruct: TypeAlias = Callable[[RunContext[D]], T]
Check: TypeAlias = Callable[[RunContext[D], T], T]
AsyncCheck: TypeAlias = Callable[[RunContext[D], T], Coroutine[Any, Any, T]]
Filter: TypeAlias = Callable[[T], T]
AsyncFilter: TypeAlias = Callable[[T], Coroutine[Any, Any, T]]


@dataclass(frozen=True)  # no slots: Python 3.11 could not call Hooks[X](...)
class Hooks(Generic[D]):
    """Hooks of an agent; several `Hooks` are asked in their order.

    Args:
        before_run: Gets the prompt; may return another. `Answer` is the run's output, unvalidated.
        before_model: Gets the request; may return another (`dataclasses.replace`). `Answer` is the
            model's answer, a text or a `Message`.
        before_tool: Gets the call; may return another call or other arguments. `Answer` is the tool's
            result.
        after_tool: Gets the call and what the tool returned; `Answer` is the result instead.
        after_output: Gets the validated output; `Answer` is the output instead. It may raise
            `ModelRetry`.
    """

    before_run: BeforeRun[D] | None = None
    before_model: BeforeModel[D] | None = None
    before_tool: BeforeTool[D] | None = None
    after_tool: AfterTool[D] | None = None
    after_output: AfterOutput[D] | None = None


@dataclass(frozen=True)  # no slots: Python 3.11 could not call Guardrail[X](...)
class Guardrail(Generic[D]):
    """A check of the prompt or of the output.

    Args:
        on_prompt: Like `Hooks.before_run`.
        on_output: Like `Hooks.after_output`.
        beside: Check the prompt while the model already answers, which costs no time: no tool runs and
            no output is given before the check is over, but text may have been streamed. Such a check
            cannot change the prompt.
    """

    on_prompt: BeforeRun[D] | None = None
    on_output: AfterOutput[D] | None = None
    beside: bool = False


def taking_context(function: Callable[..., Any], arguments: int) -> Callable[..., Any]:
    """The function, called with the context and `arguments` more, though it may not take the context."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    if sum(each.kind in kinds for each in parameters) > arguments:
        return function

    @wraps(function)
    def without_context(context: object, *given: object) -> object:
        return function(*given)

    return without_context


async def called(what: str, function: Callable[..., Any], *arguments: object) -> Any:
    """Call a function of the program and await it if need be.

    `Refuse` becomes a `RefusedError`, any exception that is not ours a `CallbackError` that says where
    it came from; `ModelRetry` goes through.
    """
    try:
        value = function(*arguments)
        if inspect.isawaitable(value):
            value = await value
    except (ModelRetry, VoxAgentError):
        raise
    except (
        Exception,
        asyncio.CancelledError,
    ) as error:  # becomes a CallbackError: it is the program's function
        if stops_task(error):
            raise
        name = getattr(function, "__name__", type(function).__name__)
        raise CallbackError(f"{what} {name}() raised {type(error).__name__}: {said_by(error)}") from error
    if isinstance(value, Refuse):
        raise RefusedError(value.reason)
    return value
