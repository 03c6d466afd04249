"""A server asks the model of the run that it works for."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pytest
from mcp.server import Server
from mcp.types import (
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    SamplingMessage,
    TextContent,
)

from tests.mcp.asking.places import WAIT, asker, everywhere
from tests.mcp.servers import results
from voxagent import Agent, Message, UsageLimits
from voxagent.abort import AbortController
from voxagent.errors import RateLimitError, ToolError, ToolsetError, UsageLimitError
from voxagent.mcp import MCPServer, MCPServerInProcess
from voxagent.providers import ModelRequest
from voxagent.streaming import AssistantStartEvent, BaseEvent
from voxagent.testing import (
    FunctionProvider,
    ScriptedProvider,
    answer,
    fails,
    refusal,
    text,
    tool_call,
)
from voxagent.tools import ToolContext
from voxagent.types import AudioBlock, ImageBlock, TextBlock, Usage

HERE = ("here", "auto")
OLD = ("here", "legacy")


def agent_of(server: MCPServer, *steps: Any, **options: Any) -> tuple[Agent[None, str], ScriptedProvider]:
    model = ScriptedProvider(*steps)
    return Agent(model, toolsets=[server], **options), model


@everywhere
async def test_a_server_is_answered_by_the_model_of_the_run_and_nobody_else_notices(
    place: tuple[str, str],
) -> None:
    """R-A17: outside the history and the events, inside the usage."""
    events: list[BaseEvent] = []
    steps = (
        tool_call("think", question="why?"),
        answer(text("because"), usage=Usage(input_tokens=7, output_tokens=2)),
        text("done"),
    )
    with asker(place, sampling=True) as server:
        agent, model = agent_of(server, *steps, settings={"max_tokens": 20, "thinking": "low", "seed": 3})
        agent.subscribe(events.append)
        result = await asyncio.wait_for(agent.run("go"), WAIT)
    assert results(result) == [("because|scripted|endTurn", False)]
    asked = model.requests[1]
    assert asked.messages == (
        Message("user", [TextBlock("Hello")]),
        Message("assistant", [TextBlock("Hi")]),
        Message("user", [TextBlock("why?")]),
    )
    assert (asked.system, asked.tools, asked.run_id) == ("Be brief.", (), result.run_id)
    assert asked.settings == {"max_tokens": 20, "temperature": 0.5, "stop": ["END"]}
    assert [message.text for message in result.messages if message.role == "assistant"] == ["", "done"]
    assert sum(isinstance(event, AssistantStartEvent) for event in events) == 2
    assert (result.usage.requests, len(result.attempts)) == (3, 3)
    assert result.usage.input_tokens >= 7


@everywhere
async def test_a_server_may_show_the_model_pictures_and_sounds(place: tuple[str, str]) -> None:
    with asker(place, sampling=True) as server:
        agent, model = agent_of(server, tool_call("look"), text("a cat"), text("done"))
        result = await asyncio.wait_for(agent.run("go"), WAIT)
    assert results(result) == [("a cat|scripted|endTurn", False)]
    assert model.requests[1].messages == (
        Message(
            "user",
            [
                TextBlock("What is this?"),
                ImageBlock("image/png", b"pixel"),
                AudioBlock("audio/wav", b"sound"),
            ],
        ),
    )
    assert model.requests[1].settings == {"max_tokens": 5}


@everywhere
async def test_a_server_that_may_not_ask_is_not_told_that_it_could(place: tuple[str, str]) -> None:
    with asker(place) as server:
        agent, model = agent_of(server, tool_call("think", question="?"), text("done"))
        result = await asyncio.wait_for(agent.run("go"), WAIT)
    ((said, is_error),) = results(result)
    assert is_error
    assert "sampling" in said
    assert len(model.requests) == 2


@pytest.mark.parametrize("place", [HERE, OLD], ids=["2026", "2025"])
async def test_a_question_that_the_limits_forbid_is_not_asked(place: tuple[str, str]) -> None:
    with asker(place, sampling=True) as server:
        agent, model = agent_of(
            server, tool_call("think", question="?"), text("never"), limits=UsageLimits(requests=1)
        )
        result = await asyncio.wait_for(agent.run("go"), WAIT)
    assert isinstance(result.error, UsageLimitError)
    ((said, is_error),) = results(result)
    assert (is_error, "the model could not be asked" in said) == (True, True)
    assert len(model.requests) == 1
    assert result.usage.requests == 1


async def test_tokens_that_a_server_used_count_against_the_limits() -> None:
    with asker(HERE, sampling=True) as server:
        used = answer(text("because"), usage=Usage(output_tokens=50))
        agent, _ = agent_of(
            server, tool_call("think", question="?"), used, text("no"), limits=UsageLimits(output_tokens=40)
        )
        result = await asyncio.wait_for(agent.run("go"), WAIT)
    assert isinstance(result.error, UsageLimitError)


@pytest.mark.parametrize("place", [HERE, OLD, ("stdio", "legacy")], ids=["2026", "2025", "2025-stdio"])
async def test_an_abort_stops_the_question_too(place: tuple[str, str]) -> None:
    stop = AbortController()
    asked = asyncio.Event()
    stopped = asyncio.Event()

    async def reply(messages: Sequence[Message], request: ModelRequest) -> Any:
        if request.system != "Be brief.":
            return tool_call("think", question="?")
        asked.set()
        try:
            await asyncio.sleep(WAIT)
        finally:
            stopped.set()

    with asker(place, sampling=True) as server:
        agent = Agent(FunctionProvider(reply), toolsets=[server])
        running = asyncio.create_task(agent.run("go", abort_signal=stop.signal))
        await asyncio.wait_for(asked.wait(), WAIT)
        stop.abort()
        result = await asyncio.wait_for(running, WAIT)
    assert result.aborted
    assert stopped.is_set()


async def test_a_silent_model_is_not_a_silent_server() -> None:
    """The clock of the call stands still while the server waits for us."""
    with asker(OLD, sampling=True, idle_timeout=0.2) as server:

        async def reply(messages: Sequence[Message], request: ModelRequest) -> Any:
            if request.system == "Be brief.":
                await asyncio.sleep(0.6)
                return text("because")
            return text("done") if messages[-1].tool_results else tool_call("think", question="?")

        result = await asyncio.wait_for(Agent(FunctionProvider(reply), toolsets=[server]).run("go"), WAIT)
    assert [is_error for _, is_error in results(result)] == [False]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (fails(RateLimitError("slow down")), "the model could not be asked"),
        (refusal("I will not."), "no answer"),
    ],
    ids=["failure", "refusal"],
)
async def test_a_server_is_told_no_more_of_a_failure_than_it_needs(
    step: Any, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with asker(HERE, sampling=True) as server, caplog.at_level(logging.WARNING, "voxagent.mcp"):
        agent, _ = agent_of(server, tool_call("think", question="?"), step, text("done"))
        result = await asyncio.wait_for(agent.run("go"), WAIT)
    assert result.output == "done"
    ((told, is_error),) = results(result)
    assert is_error
    assert said in told
    assert "slow down" not in told
    assert "sampling failed for the MCP server 'asker'" in caplog.text


async def test_a_failed_question_is_an_attempt_of_the_run() -> None:
    with asker(HERE, sampling=True) as server:
        failing = fails(RateLimitError("slow down"))
        agent, _ = agent_of(server, tool_call("think", question="?"), failing, text("done"))
        result = await asyncio.wait_for(agent.run("go"), WAIT)
    assert [attempt.reason for attempt in result.attempts] == [None, "rate_limit", None]


async def test_an_answer_that_was_cut_says_so() -> None:
    with asker(HERE, sampling=True) as server:
        cut = answer(text("beca"), finish_reason="length")
        agent, _ = agent_of(server, tool_call("think", question="?"), cut, text("done"))
        result = await asyncio.wait_for(agent.run("go"), WAIT)
    assert results(result) == [("beca|scripted|maxTokens", False)]


@pytest.mark.parametrize("place", [OLD, ("stdio", "legacy")], ids=["here", "stdio"])
async def test_tools_in_a_question_are_declined(place: tuple[str, str]) -> None:
    with asker(place, sampling=True) as server:
        agent, model = agent_of(server, tool_call("push", wanted="tools"), text("done"))
        result = await asyncio.wait_for(agent.run("go"), WAIT)
    ((said, is_error),) = results(result)
    assert (is_error, said.endswith("tools in sampling are not supported")) == (True, True)
    assert len(model.requests) == 2


async def test_what_a_server_does_not_get_is_told_with_the_reason(caplog: pytest.LogCaptureFixture) -> None:
    steps = (
        tool_call("push", wanted="conversation"),
        text("x"),
        tool_call("think", question="?"),
        text("y"),
        text("done"),
    )
    with asker(OLD, sampling=True) as server, caplog.at_level(logging.DEBUG, "voxagent.mcp"):
        agent, model = agent_of(server, *steps)
        result = await asyncio.wait_for(agent.run("a private question"), WAIT)
    assert result.output == "done"
    assert model.requests[1].messages == (Message("user", [TextBlock("?")]),)
    assert "it wants the conversation, which no server is shown" in caplog.text
    assert "it prefers other models, and the run's model answers" in caplog.text


async def test_outside_of_a_run_there_is_no_model_to_ask() -> None:
    with asker(HERE, sampling=True) as server, pytest.raises(ToolError, match="could not be asked"):
        await asyncio.wait_for(server.call_tool("think", {"question": "?"}, ToolContext()), WAIT)


async def test_a_secret_of_the_run_does_not_reach_the_server() -> None:
    with asker(HERE, sampling=True) as server:
        told = text("the word is swordfish-4711")
        agent, _ = agent_of(
            server,
            tool_call("think", question="?"),
            told,
            text("done"),
            secrets_to_redact={"word": "swordfish-4711"},
        )
        result = await asyncio.wait_for(agent.run("go"), WAIT)
    ((said, _),) = results(result)
    assert "swordfish" not in said


@everywhere
async def test_each_run_pays_for_its_own_questions_where_that_is_known(place: tuple[str, str]) -> None:
    """Two runs share a server, and both ask at the same time."""
    together = asyncio.Barrier(2)

    def model(name: str) -> FunctionProvider:
        async def reply(messages: Sequence[Message], request: ModelRequest) -> Any:
            if request.system == "Be brief.":
                return text(f"{name} heard {messages[-1].text}")
            if messages[-1].tool_results:
                return text("done")
            await together.wait()
            return tool_call("think", question=name)

        return FunctionProvider(reply)

    with asker(place, sampling=True) as server:
        async with server, asyncio.timeout(WAIT):
            runs = [Agent(model(name), toolsets=[server]).run("go") for name in ("one", "two")]
            found = [results(result)[0][0].partition("|")[0] for result in await asyncio.gather(*runs)]
    if place in (
        ("stdio", "legacy"),
        ("sse", "legacy"),
    ):  # an older server does not say for which call it asks
        assert {each.partition(" heard ")[0] for each in found} == {"one", "two"}
        assert {each.partition(" heard ")[2] for each in found} == {"one", "two"}
    else:
        assert found == ["one heard one", "two heard two"]


def test_a_run_sync_answers_as_well() -> None:
    with asker(HERE, sampling=True) as server:
        agent, _ = agent_of(server, tool_call("think", question="?"), text("because"), text("done"))
        assert results(agent.run_sync("go")) == [("because|scripted|endTurn", False)]


async def test_nobody_is_asked_for_a_request_that_no_run_has_made() -> None:
    async def on_list(context: Any, params: Any) -> Any:
        message = SamplingMessage(role="user", content=TextContent(type="text", text="?"))
        asked = CreateMessageRequestParams(messages=[message], max_tokens=5)
        return await context.session.send_request(CreateMessageRequest(params=asked), CreateMessageResult)

    server = MCPServerInProcess(
        Server("asking", on_list_resources=on_list), sampling=True, mode="legacy", idle_timeout=None
    )
    with pytest.raises(ToolsetError, match="no run is waiting for the server"):
        await asyncio.wait_for(server.list_resources(), WAIT)
