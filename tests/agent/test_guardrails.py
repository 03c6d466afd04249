"""Checks of prompts and outputs, ahead of the model or beside its first answer."""

import asyncio
from typing import Any

import pytest

from tests.agent.doors import every_door
from tests.agent.seen import WAIT
from voxagent import Agent, Answer, Guardrail, Hooks, Message, Refuse, RunContext, tool
from voxagent.agent import OneOf
from voxagent.errors import CallbackError, RefusedError, ServerError
from voxagent.streaming import BaseEvent, TextDeltaEvent
from voxagent.testing import ScriptedProvider, answer, fails, text, tool_call, waits

called: list[int] = []


@tool
async def add(a: int, b: int) -> int:
    called.append(a)
    return a + b


@pytest.fixture(autouse=True)
def _nothing_called() -> None:
    called.clear()


@every_door
async def test_a_check_ahead_of_the_model_may_change_answer_or_refuse(door: Any) -> None:
    def check(ctx: RunContext[Any], prompt: str) -> str | Answer[str] | Refuse | None:
        if "bomb" in prompt:
            return Refuse("no bombs")
        if prompt == "time?":
            return Answer("noon")
        return prompt.upper() if prompt == "loud" else None

    agent = Agent("a:b", guardrails=[Guardrail(on_prompt=check)])
    provider = ScriptedProvider(text("1"), text("2"))
    assert (await door(agent, "loud", model=provider)).messages[0].text == "LOUD"
    assert (await door(agent, "fine", model=provider)).messages[0].text == "fine"
    assert (await door(agent, "time?", model=ScriptedProvider())).output == "noon"
    assert isinstance((await door(agent, "bomb", model=ScriptedProvider())).error, RefusedError)


@every_door
async def test_a_check_of_the_output_may_change_or_refuse(door: Any) -> None:
    def check(ctx: RunContext[Any], output: str) -> Answer[str] | Refuse | None:
        if output == "secret":
            return Refuse("not for you")
        return Answer(output.upper()) if output == "loud" else None

    agent = Agent("a:b", guardrails=[Guardrail(on_output=check), Guardrail()])
    assert (await door(agent, "?", model=ScriptedProvider(text("loud")))).output == "LOUD"
    assert (await door(agent, "?", model=ScriptedProvider(text("fine")))).output == "fine"
    result = await door(agent, "?", model=ScriptedProvider(text("secret")))
    assert (type(result.error), result.value) == (RefusedError, None)


async def test_hooks_are_asked_before_guardrails() -> None:
    hooks = Hooks(
        before_run=lambda ctx, prompt: f"{prompt}1", after_output=lambda ctx, out: Answer(f"{out}1")
    )
    rail = Guardrail[Any](
        on_prompt=lambda ctx, prompt: f"{prompt}2", on_output=lambda ctx, out: Answer(f"{out}2")
    )
    result = await Agent(ScriptedProvider(text("hi")), hooks=hooks, guardrails=[rail]).run("?")
    assert (result.messages[0].text, result.output) == ("?12", "hi12")


def beside(verdict: Any, release: asyncio.Event) -> Guardrail[Any]:
    async def check(ctx: RunContext[Any], prompt: object) -> Any:
        await release.wait()
        if isinstance(verdict, Exception):
            raise verdict
        return verdict

    return Guardrail(on_prompt=check, beside=True)


async def streamed(agent: Agent[None, Any], release: asyncio.Event) -> Any:
    """Release the check once the model's text has been shown, which proves that they run together."""
    shown: list[str] = []

    def watch(event: BaseEvent) -> None:
        if isinstance(event, TextDeltaEvent) and not release.is_set():
            shown.append(event.delta)
            assert called == []
            release.set()

    agent.subscribe(watch)
    result = await asyncio.wait_for(agent.run("?"), WAIT)
    assert shown == ["Let me add."]
    return result


def adding() -> ScriptedProvider:
    return ScriptedProvider(answer(text("Let me add."), tool_call("add", a=1, b=2)), text("3"))


async def test_a_check_beside_the_answer_that_has_nothing_to_say_lets_the_tools_run() -> None:
    release = asyncio.Event()
    result = await streamed(Agent(adding(), tools=[add], guardrails=[beside(None, release)]), release)
    assert (result.output, called) == ("3", [1])


async def test_a_check_beside_the_answer_cannot_change_the_prompt() -> None:
    release = asyncio.Event()
    result = await streamed(Agent(adding(), tools=[add], guardrails=[beside("other", release)]), release)
    assert (result.messages[0].text, result.output) == ("?", "3")


async def test_a_refusal_beside_the_answer_keeps_the_tools_from_running() -> None:
    release = asyncio.Event()
    result = await streamed(Agent(adding(), tools=[add], guardrails=[beside(Refuse("no"), release)]), release)
    assert (type(result.error), called) == (RefusedError, [])
    [given] = result.messages[-1].tool_results
    assert (given.is_error, given.text) == (True, "not executed: the run has failed")


async def test_an_answer_beside_the_models_is_the_output_and_no_tool_runs() -> None:
    release = asyncio.Event()
    result = await streamed(
        Agent(adding(), tools=[add], guardrails=[beside(Answer("mine"), release)]), release
    )
    assert (result.output, called, result.messages[-1].tool_results[0].is_error) == ("mine", [], True)


async def test_a_check_beside_the_answer_that_raises_ends_the_run() -> None:
    release = asyncio.Event()
    rails = [beside(ZeroDivisionError("oops"), release)]
    result = await streamed(Agent(adding(), tools=[add], guardrails=rails), release)
    assert (type(result.error), called) == (CallbackError, [])
    assert str(result.error) == "the guardrail check() raised ZeroDivisionError: oops"


async def test_of_several_checks_beside_the_answer_a_refusal_wins_over_an_answer() -> None:
    release = asyncio.Event()
    for verdicts in ([Answer("mine"), Refuse("no")], [Refuse("no"), Answer("mine")]):
        release.clear()
        rails = [beside(verdict, release) for verdict in verdicts]
        result = await streamed(Agent(adding(), tools=[add], guardrails=rails), release)
        assert (type(result.error), called) == (RefusedError, [])


async def test_checks_that_nobody_waits_for_any_more_are_ended() -> None:
    ended = asyncio.Event()
    checking = asyncio.Event()

    async def for_ever(ctx: RunContext[Any], prompt: object) -> None:
        checking.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    def broken(ctx: RunContext[Any], prompt: object) -> None:
        raise ZeroDivisionError

    rails = [Guardrail[Any](on_prompt=each, beside=True) for each in (for_ever, broken)]
    provider = ScriptedProvider(answer(waits(checking), fails(ServerError("down"))))
    result = await asyncio.wait_for(Agent(provider, guardrails=rails).run("?"), WAIT)
    assert (type(result.error), ended.is_set()) == (ServerError, True)


async def test_a_run_without_a_prompt_has_no_prompt_to_check() -> None:
    def never(ctx: RunContext[Any], prompt: object) -> None:
        raise AssertionError("there is no prompt")

    agent = Agent(
        ScriptedProvider(text("hi")), hooks=Hooks(before_run=never), guardrails=[Guardrail(on_prompt=never)]
    )
    assert (await agent.run(None, message_history=[Message("user", "go on")])).output == "hi"


async def test_an_answer_ahead_of_the_model_waits_for_the_checks_beside_it() -> None:
    release = asyncio.Event()

    def ahead(ctx: RunContext[Any], prompt: object) -> Answer[str]:
        asyncio.get_running_loop().call_soon(release.set)
        return Answer("mine")

    for verdict, kind in ((Refuse("no"), RefusedError), (None, type(None))):
        release.clear()
        rails = [beside(verdict, release), Guardrail[Any](on_prompt=ahead)]
        result = await asyncio.wait_for(Agent(ScriptedProvider(), guardrails=rails).run("?"), WAIT)
        assert (type(result.error), result.value) == (kind, None if verdict else "mine")


def test_hooks_and_guardrails_may_be_made_with_the_type_of_their_deps() -> None:
    made = [Hooks[int](), Guardrail[int](), Answer[int](1)]
    assert made == [Hooks(), Guardrail(), Answer(1)]
    assert OneOf[int]((int,)) == OneOf((int,))
