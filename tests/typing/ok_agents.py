"""What an agent is, told from its arguments, and what its three doors give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_type

from voxagent import AbortController, Agent, Message, ModelSettings, RunResult, RunStream, UsageLimits, one_of
from voxagent.types import AgentConfig, ImageBlock, RunParams


@dataclass
class Deps:
    url: str


@dataclass
class Weather:
    celsius: float


@dataclass
class Failure:
    reason: str


async def taken_up(text: Agent[None, str], weather: Agent[Deps, Weather]) -> None:
    assert_type(await text.resume("k"), RunResult[str])
    assert_type(await text.resume("k", timeout_ms=1_000), RunResult[str])
    assert_type(await weather.resume("k", deps=Deps("x")), RunResult[Weather])
    assert_type(text.run_sync(None, session_key="k", resume=True), RunResult[str])


# Made of a model alone, an agent needs no deps and answers with text.
plain = Agent("offline:demo")
assert_type(plain, Agent[None, str])
assert_type(Agent(["openai:gpt-5", "offline:demo"]), Agent[None, str])
assert_type(Agent("offline:demo", name="a", retries=2, limits=UsageLimits(requests=3)), Agent[None, str])

# Deps and outputs come from the two types that it is given.
typed = Agent("offline:demo", deps_type=Deps, output_type=Weather)
assert_type(typed, Agent[Deps, Weather])
assert_type(Agent("offline:demo", deps_type=Deps), Agent[Deps, str])
assert_type(Agent("offline:demo", output_type=int), Agent[None, int])
assert_type(Agent("offline:demo", output_type=list[Weather]), Agent[None, list[Weather]])
assert_type(Agent("offline:demo", deps_type=dict[str, int]), Agent[dict[str, int], str])

# Several outputs: `one_of` is inferred everywhere; a list and a union are where they are spelled out.
either = Agent("offline:demo", deps_type=Deps, output_type=one_of(Weather, Failure))
assert_type(either, Agent[Deps, Weather | Failure])
listed = Agent[Deps, Weather | Failure]("offline:demo", deps_type=Deps, output_type=[Weather, Failure])
assert_type(listed, Agent[Deps, Weather | Failure])
kinds = Agent("offline:demo", output_type=[Weather, Failure])  # OK: a list of types
assert_type(kinds, Agent[None, Weather | Failure])  # OK: what a list of types gives
united: Agent[Deps, Weather | Failure] = Agent(
    "offline:demo", deps_type=Deps, output_type=one_of(Weather, Failure)
)

# Deps that may be left out.
optional = Agent[Deps | None, str]("offline:demo", deps_type=Deps)
assert_type(optional, Agent[Deps | None, str])

# An agent that needs less, or gives more, can stand where another is asked for.
needs_nothing: Agent[Deps, str] = Agent[object, str]("offline:demo")
gives_more: Agent[Deps, Weather | Failure] = typed

# What it was made with.
assert_type(typed.name, str | None)
assert_type(typed.models, tuple[str, ...])
assert_type(typed.max_sub_agent_depth, int)
assert_type(typed.has_tools, bool)


async def run() -> None:
    assert_type(await plain.run("hello"), RunResult[str])
    assert_type(await plain.run("hello", deps=None), RunResult[str])
    assert_type(await plain.run(["see", ImageBlock(url="https://example.org/a.png")]), RunResult[str])
    assert_type(await plain.run(None, message_history=[Message("user", "hello")]), RunResult[str])
    assert_type(await typed.run("hello", deps=Deps("")), RunResult[Weather])
    assert_type(await either.run("hello", deps=Deps("")), RunResult[Weather | Failure])
    assert_type(await listed.run("hello", deps=Deps("")), RunResult[Weather | Failure])
    assert_type(await optional.run("hello"), RunResult[str])
    assert_type(await optional.run("hello", deps=Deps("")), RunResult[str])
    assert_type(await optional.run("hello", deps=None), RunResult[str])


async def run_with_another_output() -> None:
    assert_type(await plain.run("hello", output_type=Weather), RunResult[Weather])
    assert_type(await plain.run("hello", output_type=one_of(Weather, Failure)), RunResult[Weather | Failure])
    assert_type(await typed.run("hello", deps=Deps(""), output_type=Failure), RunResult[Failure])
    assert_type(await typed.run("hello", deps=Deps(""), output_type=list[int]), RunResult[list[int]])
    assert_type(
        await typed.run("hello", deps=Deps(""), output_type=one_of(str, Failure)), RunResult[str | Failure]
    )
    assert_type(await optional.run("hello", output_type=Weather), RunResult[Weather])


async def run_with_options() -> None:
    abort = AbortController()
    settings: ModelSettings = {"temperature": 0.2, "thinking": "low", "stop": ["END"]}
    result = await typed.run(
        "hello",
        deps=Deps(""),
        model=["openai:gpt-5", "offline:demo"],
        settings=settings,
        limits=UsageLimits(total_tokens=1_000),
        session_key="user:42",
        timeout_ms=30_000,
        abort_signal=abort.signal,
        metadata={"trace": 1},
    )
    assert_type(result, RunResult[Weather])


def run_sync() -> None:
    assert_type(plain.run_sync("hello"), RunResult[str])
    assert_type(typed.run_sync("hello", deps=Deps("")), RunResult[Weather])
    assert_type(typed.run_sync("hello", deps=Deps("")).output, Weather)
    assert_type(plain.run_sync("hello", output_type=Weather).output, Weather)
    assert_type(typed.run_sync("hello", deps=Deps(""), output_type=Failure, timeout_ms=5), RunResult[Failure])
    assert_type(optional.run_sync("hello"), RunResult[str])


def run_stream() -> None:
    assert_type(plain.run_stream("hello"), RunStream[str])
    assert_type(typed.run_stream("hello", deps=Deps("")), RunStream[Weather])
    assert_type(plain.run_stream("hello", output_type=Weather), RunStream[Weather])
    assert_type(
        typed.run_stream("hello", deps=Deps(""), output_type=one_of(str, Failure)), RunStream[str | Failure]
    )


async def run_params() -> None:
    params = RunParams(session_key="user:42", prompt="hello", config=AgentConfig(max_turns=3))
    assert_type(await plain.run_params(params), RunResult[str])
    assert_type(await typed.run_params(params, deps=Deps("")), RunResult[Weather])
    assert_type(await optional.run_params(params), RunResult[str])


async def opened() -> None:
    async with typed as same:
        assert_type(same, Agent[Deps, Weather])


def overridden() -> None:
    with typed.override(model="offline:demo", deps=Deps("")):
        assert_type(typed.run_sync("hello", deps=Deps("")), RunResult[Weather])
    with plain.override(model=["offline:demo"]) as nothing:
        assert_type(nothing, None)
