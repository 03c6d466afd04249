"""What a run may use is never exceeded where it is counted ahead, and stops the next request elsewhere."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tests.agent.doors import every_door
from voxagent import AbortSignal, Agent, ConfigError, Message, Usage, UsageLimits, tool
from voxagent.errors import ServerError, UsageLimitError
from voxagent.providers import ModelFacts, ModelRequest, ProviderRegistry
from voxagent.testing import FunctionProvider, ScriptedProvider, answer, fails, text, tool_call
from voxagent.types import AgentConfig, RunParams, ToolPolicy

PRICED = ModelFacts(input_price=2.0, output_price=10.0)
called: list[int] = []


@tool
async def add(a: int, b: int) -> int:
    called.append(a)
    return a + b


@pytest.fixture(autouse=True)
def _nothing_called() -> None:
    called.clear()


ADD = tool_call("add", a=1, b=2)
USED = Usage(input_tokens=100, output_tokens=10, requests=1)


def endless(**options: Any) -> ScriptedProvider:
    return ScriptedProvider(*[answer(ADD, usage=USED)] * 100, **options)


@every_door
@pytest.mark.parametrize(
    ("limits", "requests", "said"),
    [
        (UsageLimits(), 50, "the limit of 50 requests is reached"),
        (UsageLimits(requests=3), 3, "the limit of 3 requests is reached"),
        (UsageLimits(requests=0), 0, "the limit of 0 requests is reached"),
        (UsageLimits(tool_calls=2), 3, "the limit of 2 tool calls is reached"),
        (UsageLimits(tool_calls=0), 1, "the limit of 0 tool calls is reached"),
        (UsageLimits(input_tokens=150), 2, "the limit of 150 input tokens is reached (200 used)"),
        (UsageLimits(input_tokens=200), 2, "the limit of 200 input tokens is reached (200 used)"),
        (UsageLimits(output_tokens=25), 3, "the limit of 25 output tokens is reached (30 used)"),
        (UsageLimits(total_tokens=111), 2, "the limit of 111 total tokens is reached (220 used)"),
        (UsageLimits(cost=0.0007), 3, "the limit of 0.0007 cost is reached (0.0009 used)"),
    ],
)
async def test_a_limit_ends_the_run_with_a_valid_history(
    door: Any, limits: UsageLimits, requests: int, said: str
) -> None:
    provider = endless(facts=PRICED)
    result = await door(Agent(provider, tools=[add]), "?", limits=limits)
    assert isinstance(result.error, UsageLimitError)
    assert str(result.error) == said
    assert (len(provider.requests), result.usage.requests) == (requests, requests)
    assert result.usage.tool_calls == len(called)
    if limits.tool_calls is not None:
        assert len(called) == limits.tool_calls
    assert [len(message.tool_results) for message in result.messages[2::2]] == [1] * requests


async def test_calls_of_one_answer_are_reserved_together_or_not_at_all() -> None:
    provider = ScriptedProvider(answer(ADD, ADD), answer(ADD, ADD), text("done"))
    result = await Agent(provider, tools=[add]).run("?", limits=UsageLimits(tool_calls=3))
    assert (len(called), result.usage.tool_calls) == (2, 2)
    assert [each.text for each in result.messages[4].tool_results] == [
        "not executed: the run has failed",
        "not executed: the run has failed",
    ]


async def test_an_output_is_no_tool_call() -> None:
    provider = ScriptedProvider(tool_call("final_result", result=1))
    assert (await Agent(provider, output_type=int).run("?", limits=UsageLimits(tool_calls=0))).output == 1


async def test_the_limits_of_a_run_replace_those_of_its_agent() -> None:
    agent = Agent("a:b", tools=[add], limits=UsageLimits(requests=1))
    script = [ADD, ADD, text("done")]
    assert isinstance((await agent.run("?", model=ScriptedProvider(*script))).error, UsageLimitError)
    limits = UsageLimits(requests=3)
    assert (await agent.run("?", model=ScriptedProvider(*script), limits=limits)).output == "done"


async def test_a_cost_limit_needs_a_price() -> None:
    for facts in (ModelFacts(), ModelFacts(input_price=1.0), ModelFacts(output_price=1.0)):
        agent = Agent(ScriptedProvider(facts=facts, model="big"))
        with pytest.raises(
            ConfigError,
            match=r"^UsageLimits\(cost=\.\.\.\) needs the price of 'scripted:big', which is not known$",
        ):
            await agent.run("?", limits=UsageLimits(cost=1))


async def test_failed_requests_count_against_limits_and_not_in_usage() -> None:
    provider = ScriptedProvider(fails(ServerError("down")), text("hi"))
    result = await Agent(provider).run("?", limits=UsageLimits(requests=1))
    assert (result.usage.requests, len(result.attempts)) == (0, 1)


@pytest.mark.parametrize(
    "limits", [UsageLimits(input_tokens=1500), UsageLimits(total_tokens=1500), UsageLimits(cost=0.0024)]
)
async def test_what_children_in_flight_will_read_counts_with_an_estimate(limits: UsageLimits) -> None:
    """Three children read about 650 tokens each at the same time: the third is not even asked."""
    asked: list[str] = []
    two = asyncio.Event()

    async def reading(messages: Sequence[Message], request: ModelRequest) -> str:
        asked.append(request.run_id)
        if len(asked) == 2:
            asyncio.get_running_loop().call_later(0, two.set)
        await two.wait()
        return "read"

    child = Agent(FunctionProvider(reading, facts=PRICED), name="child", system_prompt="")
    call = tool_call("child", prompt="word " * 700)
    facts = ModelFacts(input_price=2.0, output_price=10.0)
    provider = ScriptedProvider(answer(call, call, call), text("done"), facts=facts)
    result = await Agent(provider, sub_agents=[child]).run("?", limits=limits)
    assert len(asked) == 2
    told = [each.text for each in result.messages[2].tool_results]
    assert [each.startswith("UsageLimitError: the limit of") for each in told].count(True) == 1


async def test_run_params_of_voxagent_0_1_are_a_run() -> None:
    asked: list[tuple[str, list[str]]] = []

    def say(messages: Sequence[Message], request: ModelRequest) -> str:
        asked.append((request.model, [spec.name for spec in request.tools]))
        return "hi"

    registry = ProviderRegistry()
    registry.register("own", lambda model: FunctionProvider(say, name="own", model=model))
    agent = Agent("own:demo", tools=[add], registry=registry)
    params = RunParams(
        session_key="k",
        prompt="hello",
        model="own:other",
        config=AgentConfig(max_turns=1),
        timeout_ms=10_000,
        workspace_dir="/tmp/x",
        channel="web",
        policies=[ToolPolicy(deny_list=["add"])],
        abort_signal=AbortSignal(),
    )
    result = await agent.run_params(params)
    assert (result.ok, result.model, result.metadata) == (
        True,
        "other",
        {"workspace_dir": "/tmp/x", "channel": "web"},
    )
    again = await agent.run_params(RunParams(session_key="k", prompt="again"))
    assert ([message.text for message in again.messages[::2]], again.model) == (["hello", "again"], "demo")
    aborted = AbortSignal()
    aborted.abort("no")
    assert (await agent.run_params(RunParams(prompt="x", abort_signal=aborted))).aborted
    assert asked == [("other", []), ("demo", ["add"])]
    limited = await agent.run_params(RunParams(prompt="x", config=AgentConfig(max_turns=0)))
    assert isinstance(limited.error, UsageLimitError)
