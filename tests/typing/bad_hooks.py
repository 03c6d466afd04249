"""Hooks, guardrails and decorated functions are held to what they are given and may give back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from voxagent import Agent, Answer, Guardrail, Hooks, RunContext, ToolCall, ToolContext
from voxagent.agent import Prompt
from voxagent.streaming import TextDeltaEvent


@dataclass
class Deps:
    url: str


@dataclass
class OtherDeps:
    path: str


@dataclass
class Weather:
    celsius: float


def before_run(ctx: RunContext[Deps], prompt: Prompt) -> None: ...


def other_before_run(ctx: RunContext[OtherDeps], prompt: Prompt) -> None: ...


def returns_number(ctx: RunContext[Deps], prompt: Prompt) -> int:
    return 1


def takes_too_little(ctx: RunContext[Deps]) -> None: ...


async def returns_call_later(ctx: ToolContext[Deps], call: ToolCall) -> list[ToolCall]:
    return [call]


def after_tool(ctx: ToolContext[Deps], call: ToolCall, value: Any) -> str:
    return str(value)


def other_instructions(ctx: RunContext[OtherDeps]) -> str:
    return ctx.deps.path


def many_instructions(ctx: RunContext[Deps], more: str) -> str:
    return more


def number_instructions() -> int:
    return 1


def other_validator(ctx: RunContext[OtherDeps], output: Weather) -> Weather:
    return output


def text_validator(ctx: RunContext[Deps], output: str) -> str:
    return output


def lossy_validator(output: Weather) -> None: ...


def sees_text_only(event: TextDeltaEvent) -> None: ...


def sees_nothing() -> None: ...


hooks = Hooks(before_run=before_run)
agent = Agent("offline:demo", deps_type=Deps, output_type=Weather)

Hooks(before_run=returns_number)  # E: a hook that gives back a number
Hooks(before_run=takes_too_little)  # E: a hook that takes too little
Hooks(before_tool=before_run)  # E: a hook in a wrong place
Hooks(before_tool=returns_call_later)  # E: an async hook that gives back a list
Hooks(after_tool=after_tool)  # E: a changed result without Answer
Hooks(on_start=before_run)  # E: a hook of a wrong name
Guardrail(on_prompt=returns_number)  # E: a guardrail that gives back a number
Guardrail(on_output=takes_too_little)  # E: a guardrail that takes too little
other: Hooks[OtherDeps] = hooks  # E: hooks as those of other deps
answer: Answer[int] = Answer("text")  # E: an answer of another value

Agent("offline:demo", deps_type=OtherDeps, hooks=hooks)  # E: hooks of other deps
Agent("offline:demo", deps_type=OtherDeps, hooks=[hooks])  # E: hooks of other deps in a list
other_rails = [Guardrail(other_before_run)]
Agent("offline:demo", deps_type=Deps, guardrails=other_rails)  # E: a guardrail of other deps
Agent("offline:demo", hooks=before_run)  # E: a function instead of hooks
Agent("offline:demo", guardrails=Guardrail(before_run))  # E: a guardrail instead of a list

agent.instructions("Be brief.")  # E: instructions that are a text
agent.instructions(other_instructions)  # E: instructions of other deps
agent.instructions(many_instructions)  # E: instructions that take too much
agent.instructions(number_instructions)  # E: instructions that give a number
agent.output_validator(other_validator)  # E: a validator of other deps
agent.output_validator(text_validator)  # E: a validator of another output
agent.output_validator(lossy_validator)  # E: a validator that gives nothing back
agent.subscribe(sees_text_only)  # E: an observer of one event only
agent.subscribe(sees_nothing)  # E: an observer of nothing
