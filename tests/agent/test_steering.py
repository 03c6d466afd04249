"""Messages that are queued while a run is busy (R-C03)."""

import asyncio
from collections.abc import Sequence

import pytest

from tests.agent.seen import WAIT
from voxagent import (
    Agent,
    Answer,
    ConfigError,
    Guardrail,
    Hooks,
    Message,
    Refuse,
    RunContext,
    RunStream,
    tool,
)
from voxagent.agent import Prompt
from voxagent.errors import RefusedError
from voxagent.session import InMemorySessionStorage
from voxagent.streaming import BaseEvent, TextDeltaEvent, ToolStartEvent
from voxagent.testing import ScriptedProvider, stalls, text, tool_call
from voxagent.types import ToolResultBlock

CALL = tool_call("look")


@tool
async def look() -> str:
    return "seen"


def said(messages: Sequence[Message]) -> list[str]:
    """Who said what; results by their content."""
    return [f"{message.role}: {message.text or _results(message) or 'a call'}" for message in messages]


def _results(message: Message) -> list[object]:
    return [block.content for block in message.of(ToolResultBlock)]


async def steered(stream: RunStream[str], *prompts: Prompt) -> None:
    """Steer as soon as the tool starts, and read on to the end."""
    async for event in stream:
        if isinstance(event, ToolStartEvent):
            assert [stream.steer(prompt) for prompt in prompts] == [True] * len(prompts)


async def test_steering_is_read_ahead_of_the_next_model_call() -> None:
    provider = ScriptedProvider(CALL, text("a window seat"))
    stream = Agent(provider, tools=[look]).run_stream("Book a seat")
    async with stream:
        await steered(stream, "at the window", ["please"])
        result = await stream.result()
    assert said(provider.requests[1].messages) == [
        "user: Book a seat",
        "assistant: a call",
        "user: ['seen']",
        "user: at the window",
        "user: please",
    ]
    assert (result.output, stream.unread) == ("a window seat", [])


async def test_steering_during_the_last_answer_is_answered_too() -> None:
    provider = ScriptedProvider(text("first"), text("second"))
    agent = Agent(provider)

    def ask_more(event: BaseEvent) -> None:
        if isinstance(event, TextDeltaEvent) and len(provider.requests) == 1:
            stream.steer("and?")

    agent.subscribe(ask_more)
    stream = agent.run_stream("?")
    result = await stream.result()
    assert said(result.messages) == ["user: ?", "assistant: first", "user: and?", "assistant: second"]
    assert (result.output, result.assistant_texts) == ("second", ["first", "second"])


async def test_follow_ups_wait_for_the_stop_and_are_answered_one_by_one() -> None:
    provider = ScriptedProvider(CALL, text("one"), text("two"), text("three"))
    stream = Agent(provider, tools=[look]).run_stream("1")
    assert stream.follow_up("3")
    assert stream.follow_up("4")
    async with stream:
        await steered(stream, "2")
        result = await stream.result()
    assert said(result.messages) == [
        "user: 1",
        "assistant: a call",
        "user: ['seen']",
        "user: 2",
        "assistant: one",
        "user: 3",
        "assistant: two",
        "user: 4",
        "assistant: three",
    ]
    assert result.output == "three"


async def test_messages_may_come_from_other_threads() -> None:
    provider = ScriptedProvider(CALL, text("done"))
    async with Agent(provider, tools=[look]).run_stream("?") as stream:
        async for event in stream:
            if isinstance(event, ToolStartEvent):
                assert await asyncio.to_thread(stream.steer, "from a thread")
    assert provider.requests[1].messages[-1].text == "from a thread"


async def test_a_run_that_has_ended_takes_nothing_and_says_so() -> None:
    async with Agent(ScriptedProvider(text("done"))).run_stream("?") as stream:
        await stream.result()
        assert (stream.steer("late"), stream.follow_up("late")) == (False, False)
        assert stream.unread == []


async def test_what_an_aborted_run_has_not_read_can_be_had_back() -> None:
    async with Agent(ScriptedProvider(stalls())).run_stream("?") as stream:
        stream.follow_up("then this")
        stream.steer("first that")
        stream.abort("enough")
        result = await asyncio.wait_for(stream.result(), WAIT)
        assert result.aborted
        assert stream.unread == ["first that", "then this"]


async def test_a_graceful_stop_leaves_follow_ups_unread() -> None:
    stream = Agent(ScriptedProvider(text("done"))).run_stream("?")
    stream.follow_up("more")
    stream.abort(after="turn")
    assert (await stream.result()).output == "done"
    assert stream.unread == ["more"]


async def test_a_run_that_only_routes_reads_no_follow_up() -> None:
    stream = Agent(ScriptedProvider(CALL), tools=[look]).run_stream("?", routing_only=True)
    stream.follow_up("more")
    assert (await stream.result()).tool_name == "look"
    assert stream.unread == ["more"]


async def test_what_is_said_passes_the_guardrails() -> None:
    """R-A22: a guardrail that only the first prompt passed would be none."""

    def no_swearing(ctx: RunContext[None], prompt: Prompt) -> Refuse | None:
        return Refuse("mind your language") if prompt == "damn" else None

    agent = Agent(ScriptedProvider(CALL), tools=[look], guardrails=[Guardrail(on_prompt=no_swearing)])
    async with agent.run_stream("?") as stream:
        await steered(stream, "damn")
        result = await stream.result()
    assert isinstance(result.error, RefusedError)


async def test_a_hook_may_answer_what_is_said() -> None:
    def known(ctx: RunContext[None], prompt: Prompt) -> Answer[str] | None:
        return Answer("42") if prompt == "and the answer?" else None

    agent = Agent(ScriptedProvider(CALL), tools=[look], hooks=Hooks(before_run=known))
    async with agent.run_stream("?") as stream:
        await steered(stream, "and the answer?", "unread")
        assert ((await stream.result()).output, stream.unread) == ("42", ["unread"])


async def test_a_hook_may_answer_a_follow_up() -> None:
    def known(ctx: RunContext[None], prompt: Prompt) -> Answer[str] | None:
        return Answer("42") if prompt == "and the answer?" else None

    stream = Agent(ScriptedProvider(text("hi")), hooks=Hooks(before_run=known)).run_stream("?")
    stream.follow_up("and the answer?")
    assert (await stream.result()).output == "42"


async def test_what_is_said_is_stored_and_its_secrets_are_not() -> None:
    """R-A13, R-A14."""
    storage = InMemorySessionStorage()
    agent = Agent(
        ScriptedProvider(text("one"), text("two")),
        session_storage=storage,
        secrets_to_redact={"pin": "secret-4711"},
    )
    stream = agent.run_stream("?", session_key="k")
    stream.follow_up("it is secret-4711")
    await stream.result()
    stored = await storage.load("k")
    assert stored is not None
    assert said(stored.messages) == [
        "user: ?",
        "assistant: one",
        "user: it is [REDACTED:pin]",
        "assistant: two",
    ]


@pytest.mark.parametrize("nothing", ["", []])
async def test_saying_nothing_is_refused(nothing: Prompt) -> None:
    stream = Agent(ScriptedProvider(text("hi"))).run_stream("?")
    for say in (stream.steer, stream.follow_up):
        with pytest.raises(ConfigError, match="the prompt is empty"):
            say(nothing)
    await stream.result()
