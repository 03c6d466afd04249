"""Functions that may change a run are given its context with its deps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, assert_type

from voxagent import Agent, Answer, Guardrail, Hooks, Refuse, RunContext, RunResult, ToolCall, ToolContext
from voxagent.agent import Observer, Prompt
from voxagent.providers import ModelRequest
from voxagent.streaming import StreamEventData, TextDeltaEvent


@dataclass
class Deps:
    url: str


@dataclass
class Weather:
    celsius: float


def before_run(ctx: RunContext[Deps], prompt: Prompt) -> Prompt:
    return f"{ctx.deps.url}: {prompt}"


async def before_model(ctx: RunContext[Deps], request: ModelRequest) -> ModelRequest | Refuse:
    return replace(request, system=ctx.deps.url) if request.system else Refuse("no system prompt")


def before_tool(ctx: ToolContext[Deps], call: ToolCall) -> ToolCall | dict[str, Any] | Answer[int] | None:
    return Answer(len(ctx.deps.url)) if call.name == "count" else None


async def after_tool(ctx: ToolContext[Deps], call: ToolCall, value: Any) -> Answer[str] | None:
    return Answer(f"{ctx.tool_name}: {value}")


def after_output(ctx: RunContext[Deps], output: Any) -> Refuse | None:
    return Refuse(ctx.run_id) if output is None else None


hooks = Hooks(before_run, before_model, before_tool, after_tool, after_output)
assert_type(hooks, Hooks[Deps])
assert_type(Hooks(before_tool=before_tool), Hooks[Deps])
assert_type(Guardrail(on_prompt=before_run, beside=True), Guardrail[Deps])
assert_type(Guardrail(on_output=after_output), Guardrail[Deps])
assert_type(Answer(1), Answer[int])
assert_type(Answer([Weather(1.0)]).value, list[Weather])
assert_type(Refuse("no").reason, str)


def watch(ctx: RunContext[object], prompt: Prompt) -> None:
    print(ctx.run_id, prompt)


for_all = Hooks(before_run=watch)
assert_type(for_all, Hooks[object])

agent = Agent("offline:demo", deps_type=Deps, output_type=Weather, hooks=hooks)
assert_type(agent, Agent[Deps, Weather])
guarded = Agent("offline:demo", deps_type=Deps, hooks=[hooks, for_all], guardrails=[Guardrail(before_run)])
assert_type(guarded, Agent[Deps, str])
without: Agent[None, str] = Agent("offline:demo", hooks=for_all)
assert_type(without.run_sync("hello"), RunResult[str])

# A lambda is given the agent's context.
short = Agent("offline:demo", deps_type=Deps, hooks=Hooks(before_run=lambda ctx, prompt: ctx.deps.url))
assert_type(short, Agent[Deps, str])

# --- decorators of an agent -----------------------------------------------------------------------------


@agent.instructions
def who(ctx: RunContext[Deps]) -> str:
    return ctx.deps.url


assert_type(who(RunContext(deps=Deps(""))), str)


@agent.instructions
async def when() -> str | None:
    return None


@agent.instructions
async def where(ctx: RunContext[Deps]) -> str:
    return ctx.deps.url


@agent.output_validator
async def plausible(ctx: RunContext[Deps], output: Weather) -> Weather:
    return Weather(output.celsius + len(ctx.deps.url))


@agent.output_validator
def cold(output: Weather) -> Weather:
    return output


assert_type(cold(Weather(1.0)), Weather)


async def called() -> None:
    assert_type(await when(), str | None)
    assert_type(await where(RunContext(deps=Deps(""))), str)
    assert_type(await plausible(RunContext(deps=Deps("")), Weather(1.0)), Weather)


# --- observers ------------------------------------------------------------------------------------------


def see(event: StreamEventData) -> None:
    if isinstance(event, TextDeltaEvent):
        assert_type(event.delta, str)


async def see_later(event: StreamEventData) -> None:
    assert_type(event.path, tuple[str, ...])


assert_type(agent.subscribe(see), Callable[[], None])
agent.subscribe(see_later)
observers: list[Observer] = [see, see_later]
observed = Agent("offline:demo", observers=observers)
assert_type(observed, Agent[None, str])
