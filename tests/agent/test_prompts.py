"""What the model is asked: instructions, the history, and the prompt, in whatever form."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.agent.doors import every_door
from voxagent import Agent, ConfigError, Message, RunContext
from voxagent.errors import CallbackError
from voxagent.streaming import BaseEvent, RetryEvent, UserMessageEvent
from voxagent.testing import ScriptedProvider, answer, text, thinking, tool_call
from voxagent.types import ImageBlock, TextBlock, ToolResultBlock, ToolUseBlock

PICTURE = ImageBlock("image/png", b"\x89PNG")


@dataclass
class Deps:
    name: str


async def test_instructions_are_computed_for_each_run_and_added_to_the_system_prompt() -> None:
    agent: Agent[Deps, str] = Agent("a:b", deps_type=Deps, system_prompt="Be brief.")

    @agent.instructions
    def who(ctx: RunContext[Deps]) -> str:
        return f"The user is {ctx.deps.name}."

    @agent.instructions
    async def again(ctx: RunContext[Deps]) -> str | None:
        return None if ctx.deps.name == "Bob" else "She is a friend."

    @agent.instructions
    def plain() -> str:
        return "Be kind."

    systems: list[str] = []
    for name in ("Ada", "Bob"):
        provider = ScriptedProvider(text("hi"))
        await agent.run("?", deps=Deps(name), model=provider)
        systems.append(provider.requests[0].system)
    assert systems == [
        "Be brief.\n\nThe user is Ada.\n\nShe is a friend.\n\nBe kind.",
        "Be brief.\n\nThe user is Bob.\n\nBe kind.",
    ]


async def test_instructions_that_raise_end_the_run_and_are_named() -> None:
    agent = Agent(ScriptedProvider())

    @agent.instructions
    def careless() -> str:
        raise KeyError("oops")

    result = await agent.run("?")
    assert isinstance(result.error, CallbackError)
    assert str(result.error) == "the instructions careless() raised KeyError: 'oops'"
    assert isinstance(result.error.__cause__, KeyError)


@every_door
async def test_a_history_is_continued_and_left_as_it_was(door: Any) -> None:
    history = [Message("user", "I am Ada."), Message("assistant", "Hello Ada.")]
    provider = ScriptedProvider(text("Ada."))
    result = await door(Agent(provider), "Who am I?", message_history=history)
    assert [message.text for message in provider.requests[0].messages] == [
        "I am Ada.",
        "Hello Ada.",
        "Who am I?",
    ]
    assert result.messages == [*history, *result.new_messages]
    assert [message.text for message in result.new_messages] == ["Who am I?", "Ada."]
    assert len(history) == 2


async def test_system_messages_of_a_history_move_into_the_system_prompt() -> None:
    history = [Message("system", "Speak English."), Message("user", "Hi."), Message("system", "Be kind.")]
    provider = ScriptedProvider(text("Hello."))
    result = await Agent(provider, system_prompt="Be brief.").run("?", message_history=history)
    assert provider.requests[0].system == "Be brief.\n\nSpeak English.\n\nBe kind."
    assert [message.role for message in result.messages] == ["user", "user", "assistant"]


async def test_no_prompt_continues_a_history() -> None:
    events: list[BaseEvent] = []
    agent = Agent(ScriptedProvider(text("Hello.")), observers=[events.append])
    result = await agent.run(None, message_history=[Message("user", "Hi.")])
    assert [message.text for message in result.messages] == ["Hi.", "Hello."]
    assert not any(isinstance(event, UserMessageEvent) for event in events)


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("", "the prompt is empty; prompt=None continues a history without one"),
        ([], "the prompt is empty; prompt=None continues a history without one"),
        (None, "prompt=None continues a history, but there is none"),
    ],
)
async def test_a_prompt_that_says_nothing_is_refused(prompt: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        await Agent(ScriptedProvider()).run(prompt)


@pytest.mark.parametrize("prompt", [3, [3], b"bytes", ["text", {"type": "image"}]])
async def test_a_prompt_that_is_neither_text_nor_content_is_refused(prompt: Any) -> None:
    with pytest.raises(ConfigError, match="is neither text nor content"):
        await Agent(ScriptedProvider()).run(prompt)


@pytest.mark.parametrize("history", ["hello", [3], [{"role": "user"}]])
async def test_a_history_that_is_not_made_of_messages_is_refused(history: Any) -> None:
    with pytest.raises(ConfigError, match=r"message_history(='hello' is not a list| holds .* no Message$)"):
        await Agent(ScriptedProvider()).run("?", message_history=history)


@every_door
async def test_a_prompt_may_have_text_and_pictures(door: Any) -> None:
    provider = ScriptedProvider(text("a cat"))
    result = await door(Agent(provider), ["What is this?", PICTURE])
    asked = Message("user", [TextBlock("What is this?"), PICTURE])
    assert provider.requests[0].messages == (asked,)
    assert result.messages[0] == asked


async def test_calls_that_a_history_leaves_open_are_answered_before_the_prompt() -> None:
    history = [
        Message("user", "go"),
        Message("assistant", [ToolUseBlock("c1", "add", {}), ToolUseBlock("c2", "add", {})]),
    ]
    provider = ScriptedProvider(text("ok"))
    await Agent(provider).run("?", message_history=history)
    said = (
        "interrupted: the program ended while this call was to be made, and it is not known whether it was;"
        " find out before you call it again"
    )
    assert provider.requests[0].messages[2] == Message(
        "user", [ToolResultBlock("c1", "add", said, True), ToolResultBlock("c2", "add", said, True)]
    )


async def test_calls_get_ids_that_the_history_does_not_have() -> None:
    history = [
        Message("user", "go"),
        Message("assistant", [ToolUseBlock("c1", "nosuch", {})]),
        Message("user", [ToolResultBlock("c1", "nosuch", "3")]),
        Message("assistant", "3"),
    ]
    provider = ScriptedProvider(answer(tool_call("nosuch", id="c1"), tool_call("nosuch", id="")), text("ok"))
    result = await Agent(provider).run("?", message_history=history)
    ids = [call.id for call in result.tool_calls]
    assert len({"c1", "", *ids}) == 4
    assert [given.tool_use_id for given in result.messages[6].tool_results] == ids


async def test_results_that_are_too_long_are_cut_for_the_model_only() -> None:
    long = ToolResultBlock("c1", "read", "x" * 300_000)
    history = [
        Message("user", "go"),
        Message("assistant", [ToolUseBlock("c1", "read", {})]),
        Message("user", [long, TextBlock("and?")]),
    ]
    provider = ScriptedProvider(text("ok"))
    result = await Agent(provider).run(None, message_history=history)
    [shown] = provider.requests[0].messages[2].tool_results
    assert shown.text.endswith("[cut: the first 256,000 of 300,000 characters are shown]")
    assert result.messages[2].tool_results == [long]


async def test_an_empty_answer_is_asked_for_once_more() -> None:
    events: list[BaseEvent] = []
    provider = ScriptedProvider(answer(thinking("hm")), text("hi"))
    result = await Agent(provider, observers=[events.append]).run("?")
    assert (result.output, len(provider.requests), len(result.messages)) == ("hi", 2, 2)
    assert [each.reason for each in events if isinstance(each, RetryEvent)] == [
        "the model gave an empty answer"
    ]


PER_RUN: list[tuple[dict[str, Any], Callable[[Any], Any], Any]] = [
    ({"settings": {"seed": 2}}, lambda request: request.settings, {"temperature": 0.5, "seed": 2}),
    ({"output_type": int}, lambda request: [spec.name for spec in request.tools], ["final_result"]),
    ({"timeout_ms": 60_000}, lambda request: request.deadline > 0, True),
    ({}, lambda request: (request.deadline, request.output, request.tools), (None, None, ())),
]


@pytest.mark.parametrize(("options", "look", "seen"), PER_RUN)
async def test_what_one_run_is_told_is_in_its_request(
    options: dict[str, Any], look: Callable[[Any], Any], seen: Any
) -> None:
    provider = ScriptedProvider(text("hi"), model="m7")
    agent = Agent("a:b", settings={"temperature": 0.5})
    result = await agent.run("?", model=provider, **options)
    request = provider.requests[0]
    assert (look(request), request.model, request.run_id) == (seen, "m7", result.run_id)
