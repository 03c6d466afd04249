"""Functions of the program may change a run, answer in its place, or end it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.agent.seen import WAIT, kinds
from voxagent import Agent, Answer, Hooks, Message, ModelRetry, Refuse, RunContext, ToolContext, tool
from voxagent.errors import CallbackError, OutputError, RefusedError
from voxagent.providers import ModelRequest
from voxagent.streaming import BaseEvent
from voxagent.testing import ScriptedProvider, answer, text, tool_call
from voxagent.types import ToolCall, ToolResultBlock, ToolUseBlock

Given = Callable[..., Any]


def as_is(function: Given) -> Given:
    return function


def as_async(function: Given) -> Given:
    async def later(*arguments: Any) -> Any:
        await asyncio.sleep(0)
        return function(*arguments)

    return later


sync_and_async = pytest.mark.parametrize("form", [as_is, as_async])


@tool
async def add(a: int, b: int) -> int:
    return a + b


def calling() -> ScriptedProvider:
    return ScriptedProvider(tool_call("add", a=1, b=2), text("done"))


def results(messages: list[Message]) -> list[tuple[str, bool]]:
    return [(each.text, each.is_error) for message in messages for each in message.tool_results]


@sync_and_async
async def test_before_run_may_change_the_prompt(form: Any) -> None:
    provider = ScriptedProvider(text("hi"))
    hooks = Hooks(before_run=form(lambda ctx, prompt: f"{prompt}!"))
    result = await Agent(provider, hooks=hooks).run("hello")
    assert provider.requests[0].messages[0].text == result.messages[0].text == "hello!"


@sync_and_async
async def test_before_run_may_answer_without_the_model_and_without_the_tools(form: Any) -> None:
    events: list[BaseEvent] = []
    provider = ScriptedProvider()
    hooks = Hooks(before_run=form(lambda ctx, prompt: Answer(7)))
    agent = Agent(provider, output_type=int, hooks=hooks, observers=[events.append])
    result = await agent.run("hello")
    assert (result.output, result.iterations, provider.requests) == (7, 0, [])
    assert [(message.role, message.text) for message in result.messages] == [
        ("user", "hello"),
        ("assistant", "7"),
    ]
    assert kinds(events) == ["run_start", "user_message", "run_end"]


@sync_and_async
async def test_before_run_may_end_the_run(form: Any) -> None:
    provider = ScriptedProvider()
    hooks = Hooks(before_run=form(lambda ctx, prompt: Refuse("not today")))
    result = await Agent(provider, hooks=hooks).run("hello")
    with pytest.raises(RefusedError, match=r"^not today$"):
        result.raise_for_error()
    assert provider.requests == []


@sync_and_async
async def test_before_model_may_change_the_request(form: Any) -> None:
    def shorter(ctx: RunContext[Any], request: ModelRequest) -> ModelRequest:
        return replace(request, messages=request.messages[-1:], system="Be brief.")

    provider = ScriptedProvider(text("hi"))
    history = [Message("user", "a"), Message("assistant", "b")]
    result = await Agent(provider, hooks=Hooks(before_model=form(shorter))).run("c", message_history=history)
    [request] = provider.requests
    assert (request.system, [message.text for message in request.messages]) == ("Be brief.", ["c"])
    assert [message.text for message in result.messages] == ["a", "b", "c", "hi"]


@sync_and_async
@pytest.mark.parametrize(
    "given", ["from the cache", Message("assistant", "from the cache", finish_reason="stop")]
)
async def test_before_model_may_answer_in_its_place(form: Any, given: Any) -> None:
    events: list[BaseEvent] = []
    hooks = Hooks(before_model=form(lambda ctx, request: Answer(given)))
    result = await Agent(ScriptedProvider(), hooks=hooks, observers=[events.append]).run("?")
    assert (result.output, result.usage.requests, result.attempts) == ("from the cache", 0, [])
    assert kinds(events)[2:-2] == ["turn_start", "assistant_start", "assistant_end"]


async def test_before_model_may_call_tools_in_its_place() -> None:
    def first(ctx: RunContext[Any], request: ModelRequest) -> Answer[Message] | None:
        if len(request.messages) > 1:
            return None
        return Answer(Message("assistant", [ToolUseBlock("mine", "add", {"a": 2, "b": 2})]))

    agent = Agent(ScriptedProvider(text("4")), tools=[add], hooks=Hooks(before_model=first))
    result = await agent.run("?")
    assert (results(result.messages), result.output) == ([("4", False)], "4")


@sync_and_async
async def test_before_model_may_end_the_run(form: Any) -> None:
    hooks = Hooks(before_model=form(lambda ctx, request: Refuse("too dear") if ctx.usage.requests else None))
    result = await Agent(calling(), tools=[add], hooks=hooks).run("?")
    assert isinstance(result.error, RefusedError)
    assert (result.error.message, results(result.messages)) == ("too dear", [("3", False)])


@sync_and_async
@pytest.mark.parametrize(
    "change",
    [
        lambda ctx, call: {**call.params, "b": 40},
        lambda ctx, call: ToolCall(call.id, call.name, {**call.params, "b": 40}),
        lambda ctx, call: ToolCall(call.id, call.name, {}, '{"a": 1, "b": 40}'),
    ],
)
async def test_before_tool_may_change_the_arguments(form: Any, change: Given) -> None:
    result = await Agent(calling(), tools=[add], hooks=Hooks(before_tool=form(change))).run("?")
    assert results(result.messages) == [("41", False)]
    assert result.tool_args == {"a": 1, "b": 2}


@sync_and_async
async def test_before_tool_may_answer_in_its_place(form: Any) -> None:
    hooks = Hooks(before_tool=form(lambda ctx, call: Answer({"sum": "unknown"})))
    result = await Agent(calling(), tools=[add], hooks=hooks).run("?")
    assert results(result.messages) == [('{"sum":"unknown"}', False)]


@sync_and_async
@pytest.mark.parametrize("which", ["before_tool", "after_tool"])
async def test_a_hook_of_a_tool_may_end_the_run_with_a_valid_history(form: Any, which: str) -> None:
    provider = ScriptedProvider(answer(tool_call("add", a=1, b=2), tool_call("add", a=3, b=4)))
    hooks = Hooks(
        **{which: form(lambda ctx, call, *value: Refuse("no adding") if call.params["a"] == 1 else None)}
    )
    result = await Agent(provider, tools=[add], parallel_tools=False, hooks=hooks).run("?")
    assert isinstance(result.error, RefusedError)
    assert (result.error.message, len(provider.requests)) == ("no adding", 1)
    assert [block.tool_use_id for block in result.messages[-1].tool_results] == ["call_1", "call_2"]


@sync_and_async
async def test_after_tool_may_give_another_result(form: Any) -> None:
    seen: list[tuple[str, dict[str, Any], object]] = []

    def after(ctx: ToolContext[Any], call: ToolCall, value: object) -> Answer[str] | None:
        seen.append((ctx.tool_name, call.params, value))
        return Answer("three") if value == 3 else None

    provider = ScriptedProvider(answer(tool_call("add", a=1, b=2), tool_call("add", a=2, b=2)), text("done"))
    result = await Agent(provider, tools=[add], hooks=Hooks(after_tool=form(after))).run("?")
    assert results(result.messages) == [("three", False), ("4", False)]
    assert sorted(seen, key=str) == [("add", {"a": 1, "b": 2}, 3), ("add", {"a": 2, "b": 2}, 4)]


@sync_and_async
async def test_after_output_may_change_it_end_the_run_or_send_the_model_back(form: Any) -> None:
    def after(ctx: RunContext[Any], output: str) -> Answer[str] | Refuse | None:
        if output == "rude":
            return Refuse("not polite")
        if output == "short":
            raise ModelRetry("longer, please")
        return Answer("HI") if output == "hi" else None

    agent = Agent("a:b", hooks=Hooks(after_output=form(after)))
    assert (await agent.run("?", model=ScriptedProvider(text("hi")))).output == "HI"
    assert (await agent.run("?", model=ScriptedProvider(text("as it is")))).output == "as it is"
    assert (await agent.run("?", model=ScriptedProvider(text("short"), text("hi")))).output == "HI"
    refused = await agent.run("?", model=ScriptedProvider(text("rude")))
    assert (type(refused.error), refused.has_output, refused.value) == (RefusedError, False, None)
    failed = await agent.run("?", model=ScriptedProvider(*[text("short")] * 2))
    assert isinstance(failed.error, OutputError)


@sync_and_async
@pytest.mark.parametrize("which", ["before_run", "before_model", "before_tool", "after_tool", "after_output"])
async def test_a_hook_that_raises_ends_the_run_and_is_named(form: Any, which: str) -> None:
    def careless(*arguments: object) -> None:
        raise KeyError("oops")

    hooks = Hooks(**{which: form(careless)})
    result = await Agent(calling(), tools=[add], hooks=hooks).run("?")
    assert isinstance(result.error, CallbackError)
    assert isinstance(result.error.__cause__, KeyError)
    name = "careless" if form is as_is else "later"
    assert str(result.error) == f"the hook {which} {name}() raised KeyError: 'oops'"
    assert not any(message.tool_calls for message in result.messages[-1:])


async def test_several_hooks_are_asked_in_their_order_each_with_what_the_one_before_made() -> None:
    hooks = [
        Hooks(
            before_run=lambda ctx, prompt: f"{prompt}1",
            before_model=lambda ctx, request: replace(request, system=request.system + "1"),
            before_tool=lambda ctx, call: {**call.params, "a": call.params["a"] * 10},
            after_tool=lambda ctx, call, value: Answer(value * 2),
            after_output=lambda ctx, output: Answer(output + "1"),
        ),
        Hooks(),
        Hooks(
            before_run=lambda ctx, prompt: f"{prompt}2",
            before_model=lambda ctx, request: replace(request, system=request.system + "2"),
            before_tool=lambda ctx, call: {**call.params, "a": call.params["a"] + 1},
            after_tool=lambda ctx, call, value: Answer(value + 1),
            after_output=lambda ctx, output: Answer(output + "2"),
        ),
    ]
    provider = calling()
    result = await Agent(provider, tools=[add], hooks=hooks).run("?")
    assert (
        result.messages[0].text,
        provider.requests[0].system,
        results(result.messages),
        result.output,
    ) == (
        "?12",
        "12",
        [("27", False)],
        "done12",
    )


async def test_the_first_answer_keeps_later_hooks_out() -> None:
    def never(*arguments: object) -> None:
        raise AssertionError("it must not be asked")

    hooks = [Hooks(before_run=lambda ctx, prompt: Answer("first")), Hooks(before_run=never)]
    assert (await Agent(ScriptedProvider(), hooks=hooks).run("?")).output == "first"
    tools = [Hooks(before_tool=lambda ctx, call: Answer(5)), Hooks(before_tool=never)]
    assert results((await Agent(calling(), tools=[add], hooks=tools).run("?")).messages) == [("5", False)]


async def test_a_hook_sees_the_run_in_its_context() -> None:
    seen: list[tuple[Any, ...]] = []

    async def look(ctx: RunContext[str], request: ModelRequest) -> None:
        seen.append(
            (ctx.deps, ctx.session_id, ctx.depth, ctx.metadata, len(ctx.messages), ctx.usage.requests)
        )
        await ctx.emit("looked", 1)
        assert ctx.remaining_time is not None
        assert 0 < ctx.remaining_time <= WAIT
        assert not ctx.is_aborted()
        ctx.check_abort()

    agent: Agent[str, str] = Agent(calling(), deps_type=str, tools=[add], hooks=Hooks(before_model=look))
    await agent.run("?", deps="d", session_key="k", metadata={"m": 1}, timeout_ms=WAIT * 1000)
    assert seen == [("d", "k", 0, {"m": 1}, 1, 0), ("d", "k", 0, {"m": 1}, 3, 1)]


def test_hooks_of_a_tool_that_does_not_exist_are_not_asked() -> None:
    asked: list[str] = []
    hooks = Hooks(before_tool=lambda ctx, call: asked.append(call.name))
    provider = ScriptedProvider(tool_call("nosuch"), text("sorry"))
    result = Agent(provider, tools=[add], hooks=hooks).run_sync("?")
    assert (asked, result.output) == ([], "sorry")
    assert result.messages[2].content == [
        ToolResultBlock("call_1", "nosuch", "there is no tool 'nosuch': there are add", True)
    ]
