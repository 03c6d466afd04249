"""Agents: a model that works with tools until it has an answer of the type you want."""

from ..abort import AbortController, TimeoutHandler
from .agent import Agent
from .hooks import Answer, Guardrail, Hooks, Prompt, Refuse
from .output import OneOf, OutputMode, one_of
from .plan import AgentOptions, RunOptions
from .sink import Observer
from .stream import RunStream

__all__ = [
    "AbortController",
    "Agent",
    "AgentOptions",
    "Answer",
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
    "one_of",
]
