"""Agents: a model that works with tools until it has an answer of the type you want."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..abort import AbortController, TimeoutHandler
from ..errors import FailoverError, FailoverReason
from ..errors import FailoverExhaustedError as AllProfilesExhausted
from .agent import Agent
from .hooks import Answer, Guardrail, Hooks, Prompt, Refuse
from .output import OneOf, OutputMode, one_of
from .plan import AgentOptions, RunOptions
from .sink import Observer
from .stream import RunStream

if TYPE_CHECKING:
    from .overflow import handle_context_overflow

_LATER = {"handle_context_overflow": ".overflow"}

if not TYPE_CHECKING:  # what no run needs is loaded when it is first named

    def __getattr__(name: str) -> Any:
        module = _LATER.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(module, __name__), name)


__all__ = [
    "AbortController",
    "Agent",
    "AgentOptions",
    "AllProfilesExhausted",
    "Answer",
    "FailoverError",
    "FailoverReason",
    "Guardrail",
    "Hooks",
    "Observer",
    "OneOf",
    "OutputMode",
    "Prompt",
    "Refuse",
    "RunOptions",
    "RunStream",
    "TimeoutHandler",
    "handle_context_overflow",
    "one_of",
]
