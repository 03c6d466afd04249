"""A scripted provider plays its script, and fails the test if the script does not fit."""

from __future__ import annotations

import asyncio
import re

import pytest

from voxagent import Agent, ProviderError
from voxagent.providers import ModelFacts, ModelRequest, facts_of
from voxagent.testing import ScriptedProvider, answer, fails, text, tool_call
from voxagent.types import Message, ToolResultBlock

agent = Agent("openai:gpt-5", system_prompt="Be brief.")


@agent.tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


async def test_an_agent_plays_a_script_with_tools() -> None:
    provider = ScriptedProvider(
        answer(text("Let me see."), tool_call("add", a=1, b=2), tool_call("add", a=3, b=4)), text("3 and 7")
    )
    with agent.override(model=provider):
        result = await agent.run("Add.")
    assert (result.output, result.usage.requests, result.usage.tool_calls) == ("3 and 7", 2, 2)
    assert [request.system for request in provider.requests] == ["Be brief."] * 2
    assert provider.requests[1].messages[-1] == Message(
        "user", [ToolResultBlock("call_1", "add", "3"), ToolResultBlock("call_2", "add", "7")]
    )
    assert len(provider.requests[0].messages) == 1


async def test_answers_that_nobody_asks_for_fail_the_test() -> None:
    async def run() -> None:
        with agent.override(model=ScriptedProvider(text("a"), text("b"))):
            await agent.run("Hi")

    with pytest.raises(AssertionError, match=r"was asked 1 times; the next answer .* \(Text\(text='b'\),\)"):
        await run()


async def test_a_request_without_an_answer_fails_the_test_although_the_run_caught_it() -> None:
    provider = ScriptedProvider(tool_call("add", a=1, b=2), name="fake", model="small")
    missing = r"fake:small, 1 answers\) was asked a 2\. time, for: add gave '3'"
    errors: list[Exception] = []

    async def run() -> None:
        with agent.override(model=provider):
            result = await agent.run("Add 1 and 2.")
            assert isinstance(result.error, Exception)
            errors.append(result.error)

    with pytest.raises(AssertionError, match=missing):
        await run()
    assert re.search(missing, str(errors[0]))


async def test_an_empty_script_names_what_it_was_asked() -> None:
    provider = ScriptedProvider()
    with pytest.raises(ProviderError, match=r"was asked a 1\. time, for: 'Hi'"):
        (await Agent(provider).run("Hi")).raise_for_error()
    with pytest.raises(AssertionError, match=r"was asked a 2\. time, for: ''"):
        async with provider.open(ModelRequest("", [])):
            pytest.fail("there is no answer")


async def test_a_test_that_fails_by_itself_shows_its_own_error() -> None:
    with pytest.raises(ZeroDivisionError), agent.override(model=ScriptedProvider(text("a"))):
        raise ZeroDivisionError


async def test_a_failure_of_the_provider_ends_the_run() -> None:
    with agent.override(model=ScriptedProvider(fails(ValueError("odd")))):
        result = await agent.run("Hi")
    assert "odd" in str(result.error)


async def test_requests_are_kept_as_they_were_made() -> None:
    history = [Message("user", "Hi")]
    provider = ScriptedProvider(text("a"))
    async with provider.open(ModelRequest("m", history)):
        history.append(Message("user", "more"))
    assert [request.messages for request in provider.requests] == [(Message("user", "Hi"),)]


async def test_runs_at_the_same_time_share_the_script_without_using_an_answer_twice() -> None:
    provider = ScriptedProvider(*[text(str(number)) for number in range(50)])
    results = await asyncio.gather(*[Agent(provider).run("Hi") for _ in range(50)])
    assert sorted(int(result.output) for result in results) == list(range(50))
    assert provider.unused == 0
    provider.check()


def test_it_tells_facts_of_its_model() -> None:
    facts = ModelFacts(context_window=10)
    assert facts_of(ScriptedProvider(facts=facts), "") == facts
    assert facts_of(ScriptedProvider(), "") == ModelFacts()
