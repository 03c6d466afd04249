"""A model that cannot call tools calls them in words, behind a provider like any other (R-B03)."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from voxagent import Agent, ConfigError, tool
from voxagent.providers import (
    BlockChunk,
    MessageEndChunk,
    MessageStartChunk,
    ModelFacts,
    ModelRequest,
    OpenAIProvider,
    StreamChunk,
    StreamResetChunk,
    TextDeltaChunk,
    ThinkingDeltaChunk,
    ToolUseChunk,
    facts_of,
    tokens_of,
    with_text_tools,
)
from voxagent.testing import ScriptedProvider, answer, text
from voxagent.types import (
    ImageBlock,
    Message,
    TextBlock,
    ThinkingBlock,
    ToolCall,
    ToolResultBlock,
    ToolSpec,
    ToolUseBlock,
)
from voxagent.types.native import WebSearch
from voxagent.types.tokens import request_tokens

CALL = '[[call: add]]\n{"a": 1, "b": 2}\n[[/call]]'
ADD = ToolSpec("add", "Adds.", {"type": "object"})
ASKED = Message("user", "1 + 2?")
NO_TOOLS = ModelFacts(context_window=9_000, tools=False, native_output=True, native_beside_tools=True)


class Chunks:
    """Gives these chunks, and keeps what it was asked."""

    name = "chunks"

    def __init__(self, *chunks: StreamChunk) -> None:
        self.chunks = chunks
        self.asked: list[ModelRequest] = []
        self.closed = 0

    @asynccontextmanager
    async def open(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[StreamChunk]]:
        self.asked.append(request)
        try:
            yield self.given()
        finally:
            self.closed += 1

    async def given(self) -> AsyncGenerator[StreamChunk]:
        for chunk in self.chunks:
            yield chunk


async def answered(*chunks: StreamChunk, **options: Any) -> list[StreamChunk]:
    provider = Chunks(*chunks)
    request = ModelRequest(
        "m", options.pop("messages", [ASKED]), tools=options.pop("tools", [ADD]), **options
    )
    async with with_text_tools(provider).open(request) as stream:
        found = [chunk async for chunk in stream]
    assert provider.closed == 1
    return found


def called(id: str = "call_1") -> ToolUseChunk:
    return ToolUseChunk(ToolCall(id, "add", {"a": 1, "b": 2}, '{"a": 1, "b": 2}'))


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


# --- in an agent ----------------------------------------------------------------------------------


async def test_an_agent_runs_the_tools_that_a_model_without_tools_names_in_words() -> None:
    model = ScriptedProvider(
        answer(text(f"Let me see.\n{CALL}"), chunk_size=3), text("It is 3."), facts=NO_TOOLS
    )
    result = await Agent(with_text_tools(model), tools=[add]).run("1 + 2?")
    assert result.output == "It is 3."
    assert [meta.tool_name for meta in result.tool_metas] == ["add"]
    assert result.messages[1].content == [
        TextBlock("Let me see.\n"),
        ToolUseBlock("call_1", "add", {"a": 1, "b": 2}),
    ]
    assert result.messages[1].finish_reason == "tool_use"
    first, second = model.requests
    assert "- add: Add two numbers." in first.system
    assert first.tools == second.tools == ()
    assert [message.content for message in second.messages] == [
        "1 + 2?",
        [TextBlock('Let me see.\n[[call: add]]\n{"a":1,"b":2}\n[[/call]]')],
        [TextBlock("[[result: add]]\n3")],
    ]


async def test_what_is_text_in_the_history_is_the_same_message_in_every_request() -> None:
    model = ScriptedProvider(text(CALL), text(CALL), text("3"), facts=NO_TOOLS)
    await Agent(with_text_tools(model), tools=[add]).run("?")
    second, third = model.requests[1:]
    assert [id(message) for message in third.messages[:3]] == [id(message) for message in second.messages]


async def test_many_messages_are_told_anew_when_too_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voxagent.providers.spoken.provider.KEPT", 1)
    blocks = [Message("user", [TextBlock(str(number))]) for number in range(3)]
    provider = Chunks(MessageEndChunk("stop"))
    async with with_text_tools(provider).open(ModelRequest("m", blocks)) as stream:
        assert [chunk async for chunk in stream] == [MessageEndChunk("stop")]
    assert list(provider.asked[0].messages) == blocks


async def test_an_output_type_is_asked_for_by_a_call_in_words() -> None:
    model = ScriptedProvider(text('[[call: final_result]]\n{"result": 3}\n[[/call]]'), facts=NO_TOOLS)
    assert (await Agent(with_text_tools(model), output_type=int).run("?")).output == 3


# --- the request ----------------------------------------------------------------------------------


async def test_settings_that_are_about_tools_become_words() -> None:
    provider = Chunks(MessageEndChunk("stop"))
    wrapped = with_text_tools(provider)
    for choice in ("required", "none", "auto"):
        settings: Any = {"tool_choice": choice, "parallel_tool_calls": False, "max_tokens": 5}
        request = ModelRequest("m", [ASKED], system="Be brief.", tools=[ADD], settings=settings)
        async with wrapped.open(request) as stream:
            assert [chunk async for chunk in stream]
    required, none, auto = provider.asked
    assert required.settings == none.settings == auto.settings == {"max_tokens": 5}
    assert "You must call a tool now." in required.system
    assert none.system == "Be brief."
    assert auto.system.startswith("Be brief.\n\nYou can call tools.")


async def test_a_model_that_may_call_nothing_calls_nothing() -> None:
    chunks = [TextDeltaChunk(CALL), MessageEndChunk("stop")]
    assert await answered(*chunks, settings={"tool_choice": "none"}) == chunks
    assert await answered(*chunks, tools=[]) == chunks


async def test_results_are_told_with_all_that_is_in_them_and_failures_as_failures() -> None:
    picture = ImageBlock("image/png", b"0")
    thought = ThinkingBlock("hm", signature="s", provider="chunks")
    provider = Chunks(MessageEndChunk("stop"))
    history: Sequence[Message] = [
        ASKED,
        Message(
            "assistant",
            [thought, ToolUseBlock("1", "add", {"a": 1}), ToolUseBlock("2", "add", {}, "{broken")],
        ),
        Message(
            "user",
            [
                ToolResultBlock("1", "add", [TextBlock("see:"), picture]),
                ToolResultBlock("2", "add", "no JSON", is_error=True),
            ],
        ),
    ]
    async with with_text_tools(provider).open(ModelRequest("m", history)) as stream:
        assert [chunk async for chunk in stream]
    assert [message.content for message in provider.asked[0].messages] == [
        "1 + 2?",
        [thought, TextBlock('[[call: add]]\n{"a":1}\n[[/call]]\n[[call: add]]\n{broken\n[[/call]]')],
        [TextBlock("[[result: add]]\nsee:"), picture, TextBlock("[[error: add]]\nno JSON")],
    ]


# --- the answer -----------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["stop", None, "tool_use"])
async def test_an_answer_with_a_call_ends_with_it(reason: Any) -> None:
    found = await answered(TextDeltaChunk(CALL), MessageEndChunk(reason))
    assert found == [called(), MessageEndChunk("tool_use")]


async def test_an_answer_that_was_cut_does_not_call_what_it_did_not_close() -> None:
    cut = CALL.removesuffix("\n[[/call]]")
    assert await answered(TextDeltaChunk(cut), MessageEndChunk("length")) == [
        TextDeltaChunk(cut),
        MessageEndChunk("length"),
    ]
    assert await answered(TextDeltaChunk(cut)) == [TextDeltaChunk(cut)]
    assert await answered(TextDeltaChunk(CALL), MessageEndChunk("length")) == [
        called(),
        MessageEndChunk("length"),
    ]


async def test_calls_get_ids_that_the_history_does_not_have() -> None:
    before = Message("assistant", [ToolUseBlock("call_2", "add", {})])
    found = await answered(
        TextDeltaChunk(f"{CALL}\n{CALL}"), MessageEndChunk("stop"), messages=[ASKED, before]
    )
    assert found == [called("call_3"), called("call_4"), MessageEndChunk("tool_use")]


async def test_everything_else_in_the_stream_passes_in_its_place() -> None:
    chunks = [
        MessageStartChunk("chunks", "m"),
        ThinkingDeltaChunk("hm"),
        TextDeltaChunk("Hi.\n"),
        TextDeltaChunk(CALL),
        MessageEndChunk("stop"),
    ]
    assert await answered(*chunks) == [*chunks[:3], called(), MessageEndChunk("tool_use")]


async def test_a_block_that_completes_a_text_does_not_bring_its_calls_again() -> None:
    said = BlockChunk(TextBlock("Hi [[c", ({"url": "x"},)))
    assert await answered(TextDeltaChunk("Hi\n[[c"), said, MessageEndChunk("stop")) == [
        TextDeltaChunk("Hi\n"),
        TextDeltaChunk("[[c"),
        said,
        MessageEndChunk("stop"),
    ]
    with_call = BlockChunk(TextBlock(CALL, ({"url": "x"},)))
    assert await answered(TextDeltaChunk(CALL), with_call, MessageEndChunk("stop")) == [
        called(),
        MessageEndChunk("tool_use"),
    ]


async def test_an_answer_that_begins_anew_forgets_the_call_that_was_begun() -> None:
    found = await answered(
        TextDeltaChunk("[[call: add]]\n{"),
        StreamResetChunk("server"),
        TextDeltaChunk("3"),
        MessageEndChunk("stop"),
    )
    assert found == [StreamResetChunk("server"), TextDeltaChunk("3"), MessageEndChunk("stop")]
    found = await answered(
        TextDeltaChunk(f"{CALL}\n"), StreamResetChunk("server"), TextDeltaChunk("3"), MessageEndChunk("stop")
    )
    assert found == [called(), StreamResetChunk("server"), TextDeltaChunk("3"), MessageEndChunk("stop")]


# --- as a provider --------------------------------------------------------------------------------


def test_the_wrapped_model_can_call_tools_and_is_otherwise_what_it_was() -> None:
    model = ScriptedProvider(facts=NO_TOOLS, name="own", model="big")
    wrapped = with_text_tools(model)
    assert (wrapped.name, facts_of(wrapped, "big")) == ("own", ModelFacts(context_window=9_000))
    assert Agent(wrapped).model_string == "own:big"
    assert Agent(with_text_tools("offline:demo")).model_string == "offline:demo"


async def test_a_missing_key_is_told_ahead_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(ConfigError, match="openai needs a key"):
        await Agent(with_text_tools(OpenAIProvider("gpt-4"))).run("?")


async def test_its_tools_count_as_a_part_of_the_system_prompt() -> None:
    model = ScriptedProvider(answer(text("hi")))
    request = ModelRequest("m", [ASKED], tools=[ADD])
    provider = Chunks(MessageEndChunk("stop"))
    async with with_text_tools(provider).open(request):
        pass
    asked = provider.asked[0]
    assert await tokens_of(with_text_tools(model), request) == request_tokens(
        asked.messages, asked.system, model="m"
    )


def test_tools_that_the_service_runs_itself_are_the_providers_business() -> None:
    wrapped: Any = with_text_tools(Chunks())
    assert wrapped.native_refusal(WebSearch(), "m").startswith("this provider runs no tools")
