"""Another model or other deps, for a while and in this context only."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tests.agent.doors import every_door
from voxagent import Agent, Message, RunContext
from voxagent.providers import ModelRequest
from voxagent.testing import FunctionProvider, ScriptedProvider, fails, text


def named(name: str) -> FunctionProvider:
    def say(messages: Sequence[Message], request: ModelRequest) -> str:
        return name

    return FunctionProvider(say, name=name)


def with_deps() -> Agent[str, str]:
    agent: Agent[str, str] = Agent(named("base"), deps_type=str)

    @agent.output_validator
    def tell(ctx: RunContext[str], output: str) -> str:
        return f"{output} {ctx.deps}"

    return agent


@every_door
async def test_it_holds_for_every_door_and_ends_with_the_block(door: Any) -> None:
    agent = Agent(named("base"))
    with agent.override(model=named("other")):
        assert (await door(agent, "?")).output == "other"
        assert (await door(agent, "?", model=named("asked"))).output == "other"
    assert (await door(agent, "?")).output == "base"


async def test_blocks_within_blocks_add_what_they_say() -> None:
    agent = with_deps()
    with agent.override(deps="outer"):
        assert (await agent.run("?", deps="own")).output == "base outer"
        with agent.override(model=named("inner")):
            assert (await agent.run("?", deps="own")).output == "inner outer"
            with agent.override(model=[named("deep")], deps="deep"):
                assert (await agent.run("?", deps="own")).output == "deep deep"
            assert (await agent.run("?", deps="own")).output == "inner outer"
        assert (await agent.run("?", deps="own")).output == "base outer"
    assert (await agent.run("?", deps="own")).output == "base own"


async def test_it_ends_with_an_exception_too() -> None:
    agent = Agent(named("base"))
    with pytest.raises(ZeroDivisionError), agent.override(model=named("other")):
        raise ZeroDivisionError
    assert (await agent.run("?")).output == "base"


async def test_it_holds_in_this_context_only() -> None:
    agent, other = Agent(named("base")), Agent(named("second"))
    inside, outside = asyncio.Event(), asyncio.Event()

    async def within() -> str:
        with agent.override(model=named("mine")):
            inside.set()
            await outside.wait()
            return (await agent.run("?")).output

    task = asyncio.create_task(within())
    await inside.wait()
    assert (await agent.run("?")).output == "base"
    assert (await other.run("?")).output == "second"
    outside.set()
    assert await task == "mine"


async def test_a_script_that_was_not_used_up_fails_the_block() -> None:
    agent = Agent("openai:gpt-5")
    with agent.override(model=ScriptedProvider(text("hi"))):
        await agent.run("?")
    with (
        pytest.raises(AssertionError, match="was asked 0 times"),
        agent.override(model=ScriptedProvider(text("hi"))),
    ):
        pass


async def test_every_script_of_a_chain_is_checked() -> None:
    agent = Agent("openai:gpt-5")
    from voxagent.errors import ServerError

    chain = [ScriptedProvider(fails(ServerError("down")), name="one"), ScriptedProvider(text("two"))]
    with agent.override(model=chain):
        assert (await agent.run("?")).output == "two"
    with (
        pytest.raises(AssertionError, match="was asked 0 times"),
        agent.override(model=[ScriptedProvider(text("one")), ScriptedProvider(text("two"))]),
    ):
        await agent.run("?")


async def test_the_children_of_an_agent_are_overridden_by_themselves() -> None:
    from voxagent.testing import tool_call

    child = Agent("openai:gpt-5", name="child")
    agent = Agent("openai:gpt-5", sub_agents=[child])
    provider = ScriptedProvider(tool_call("child", prompt="go"), text("done"))
    with agent.override(model=provider), child.override(model=ScriptedProvider(text("below"))):
        result = await agent.run("?")
    assert result.messages[2].tool_results[0].text == "below"


def test_run_sync_sees_the_override_of_its_caller() -> None:
    agent = with_deps()
    with agent.override(model=named("other"), deps="over"):
        assert agent.run_sync("?", deps="own").output == "other over"


@pytest.mark.parametrize("deps", [None, "", 0])
async def test_deps_may_be_overridden_with_nothing(deps: Any) -> None:
    agent: Agent[Any, str] = Agent(named("base"), deps_type=object)
    seen: list[object] = []

    @agent.output_validator
    def look(ctx: RunContext[Any], output: str) -> str:
        seen.append(ctx.deps)
        return output

    with agent.override(deps=deps):
        await agent.run("?", deps="own")
    assert seen == [deps]
