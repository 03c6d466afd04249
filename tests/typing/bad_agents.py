"""Agents and their doors refuse wrong deps, wrong options and wrong readings of outputs."""

from __future__ import annotations

from dataclasses import dataclass

from voxagent import Agent, RunResult, RunStream, Usage, UsageLimits, one_of
from voxagent.types import RunParams


@dataclass
class Deps:
    url: str


@dataclass
class Weather:
    celsius: float


@dataclass
class Failure:
    reason: str


plain = Agent("offline:demo")
typed = Agent("offline:demo", deps_type=Deps, output_type=Weather)
either = Agent("offline:demo", deps_type=Deps, output_type=one_of(Weather, Failure))
params = RunParams(prompt="hello")

Agent()  # E: no model
Agent(42)  # E: a model that is a number
Agent("offline:demo", deps_type=Deps(""))  # E: deps instead of their type
Agent("offline:demo", output_type=Weather(1.0))  # E: an output instead of its type
Agent("offline:demo", systemprompt="hello")  # E: an option of a wrong name
Agent("offline:demo", retries="2")  # E: an option of a wrong type
Agent("offline:demo", tool_errors="ignore")  # E: an option that is none of its words
Agent("offline:demo", settings={"temperature": "hot"})  # E: a setting of a wrong type
Agent("offline:demo", settings={"temprature": 1.0})  # E: a setting of a wrong name
Agent("offline:demo", limits=UsageLimits(request=3))  # E: a limit of a wrong name
Agent("offline:demo", observers=[lambda: None])  # E: an observer that takes no event
one_of(Weather, Failure("no"))  # E: one_of with a value

wrong_deps: Agent[None, Weather] = typed  # E: an agent with deps as one without
wrong_output: Agent[Deps, Failure] = typed  # E: an agent as one of another output


async def run() -> None:
    await plain.run()  # E: no prompt
    await plain.run(42)  # E: a prompt that is a number
    await plain.run("hello", deps=Deps(""))  # E: deps for an agent that has none
    await typed.run("hello")  # E: no deps
    await typed.run("hello", deps=None)  # E: None as deps
    await typed.run("hello", deps=Weather(1.0))  # E: deps of a wrong type
    await typed.run("hello", output_type=Failure)  # E: no deps, with another output
    await typed.run("hello", deps=Deps, output_type=Failure)  # E: the deps' type as deps
    await plain.run("hello", output_type=Failure("no"))  # E: an output instead of its type, per run
    await plain.run("hello", timeout=3)  # E: an option of a wrong name, per run
    await plain.run("hello", timeout_ms="3")  # E: an option of a wrong type, per run
    await plain.run("hello", limits=Usage())  # E: usage as limits
    (await typed.run("hello", deps=Deps(""))).output.fahrenheit  # E: an attribute that no output has
    (await either.run("hello", deps=Deps(""))).output.celsius  # E: an attribute of one output of two
    (await plain.run("hello", output_type=Weather)).output.upper()  # E: the agent's output, not the run's
    text: RunResult[str] = await typed.run("hello", deps=Deps(""))  # E: a result of another output
    await plain.run_params(params, deps=Deps(""))  # E: run_params with deps for an agent that has none
    await typed.run_params(params)  # E: run_params without deps
    await typed.run_params("hello", deps=Deps(""))  # E: run_params with a prompt
    print(typed.run("hello", deps=Deps("")).output)  # E: a run that is not awaited


def run_sync() -> None:
    typed.run_sync("hello")  # E: no deps, sync
    typed.run_sync("hello", deps=Failure("no"))  # E: deps of a wrong type, sync
    number: int = plain.run_sync("hello").output  # E: a text as a number
    plain.run_sync("hello", nope=1)  # E: an option of a wrong name, sync


def run_stream() -> None:
    typed.run_stream("hello")  # E: no deps, streamed
    typed.run_stream("hello", deps=3)  # E: deps of a wrong type, streamed
    plain.run_stream("hello", session=3)  # E: an option of a wrong name, streamed
    stream: RunStream[Failure] = typed.run_stream("hello", deps=Deps(""))  # E: a stream of another output


def overridden() -> None:
    typed.override(model=3)  # E: a model that is a number, in override
    typed.override(deps=Weather(1.0))  # E: deps of a wrong type, in override
    typed.override(retries=3)  # E: an option that override does not know


async def taken_up() -> None:
    await typed.resume("k")  # E: a resumed run without deps
    await plain.resume()  # E: a resumed run without a session
    await plain.resume(session_key="k")  # E: a session by name, where it is the first argument
