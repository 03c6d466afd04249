"""What a server has besides tools."""

import asyncio
import json
from typing import Any

import pytest
from mcp.server import Server
from mcp.types import ListResourcesResult, ListToolsResult, Tool
from mcp.types import Resource as Listed

from tests.mcp.asking.places import WAIT, asker, everywhere
from tests.mcp.servers import results
from voxagent import Agent, Message
from voxagent.errors import ConfigError, ToolsetError, ToolsetTimeoutError
from voxagent.mcp import (
    MCPServer,
    MCPServerInProcess,
    MCPServerStdio,
    PromptArgument,
    PromptDescription,
    Resource,
    ResourceTemplate,
)
from voxagent.mcp import resources as module
from voxagent.streaming import ToolsetErrorEvent, WarningEvent
from voxagent.testing import ScriptedProvider, text, tool_call
from voxagent.types import DocumentBlock, ImageBlock, TextBlock

HERE = ("here", "auto")


@everywhere
async def test_resources_and_templates_are_listed_and_read(place: tuple[str, str]) -> None:
    """R-A17"""
    with asker(place) as server:
        async with server, asyncio.timeout(WAIT):
            listed = await server.list_resources()
            assert listed[0] == Resource("memo://today", "today", "Today", "What is on", "text/plain")
            assert [each.uri for each in listed] == [
                "memo://today",
                "memo://picture",
                "memo://paper",
                "memo://broken",
            ]
            assert await server.list_resource_templates() == [
                ResourceTemplate("memo://day/{day}", "day", media_type="text/plain")
            ]
            assert await server.read_resource("memo://today") == [TextBlock("nothing")]
            assert await server.read_resource("memo://day/monday") == [TextBlock("on monday")]
            assert await server.read_resource("memo://picture") == [ImageBlock("image/png", b"pixel")]
            (paper,) = await server.read_resource("memo://paper")
            assert isinstance(paper, DocumentBlock)
            assert (paper.media_type, paper.name) == ("application/pdf", "paper")


@everywhere
async def test_a_prompt_is_a_history_to_go_on_from(place: tuple[str, str]) -> None:
    """R-A17"""
    with asker(place) as server:
        async with server, asyncio.timeout(WAIT):
            described = await server.list_prompts()
            messages = await server.get_prompt("greet", {"name": "Al"})
    arguments = (PromptArgument("name", required=True), PromptArgument("mood"))
    assert described == [PromptDescription("greet", "Greet", "Say hello", arguments)]
    assert messages == [
        Message("user", [TextBlock("I am Al, in a good mood")]),
        Message("assistant", [TextBlock("Hello!")]),
        Message("user", [ImageBlock("image/png", b"pixel")]),
    ]
    model = ScriptedProvider(text("a pixel"))
    result = await Agent(model).run(None, message_history=messages)
    assert result.output == "a pixel"
    assert model.requests[0].messages == tuple(messages)


def test_what_is_listed_is_data() -> None:
    for value in (
        Resource("memo://a", "a", size=5, annotations={"priority": 1}),
        ResourceTemplate("memo://{a}", "a", meta={"x": [1]}),
        PromptDescription("p", arguments=(PromptArgument("a", "first", True),)),
    ):
        assert type(value).model_validate_json(value.model_dump_json()) == value


@pytest.mark.parametrize("place", [HERE, ("here", "legacy")], ids=["2026", "2025"])
async def test_what_cannot_be_read_is_an_error_that_names_the_server(place: tuple[str, str]) -> None:
    with asker(place) as server:
        async with server, asyncio.timeout(WAIT):
            with pytest.raises(ToolsetError, match="'asker' could not do 'resources/read': Unknown resource"):
                await server.read_resource("memo://none")
            with pytest.raises(ToolsetError, match="Error reading resource memo://broken"):
                await server.read_resource("memo://broken")
            with pytest.raises(ToolsetError, match="'asker' could not do 'prompts/get'"):
                await server.get_prompt("greet")
            with pytest.raises(ToolsetError, match="'asker' could not do 'prompts/get'"):
                await server.get_prompt("none", {})


async def test_arguments_of_a_prompt_are_texts() -> None:
    with asker(HERE) as server, pytest.raises(ConfigError, match=r"'greet' takes texts, and name=5 is none"):
        await server.get_prompt("greet", {"name": 5})  # type: ignore[dict-item]  # it is the point


async def test_a_server_that_cannot_be_connected_has_nothing() -> None:
    with pytest.raises(ToolsetError, match="'gone' cannot be connected"):
        await MCPServerStdio("/no/such/program", name="gone").list_resources()


# --- pages ----------------------------------------------------------------------------------------


def paged(pages: dict[str | None, tuple[list[str], str | None]]) -> Server[Any]:
    """A server that lists resources on pages."""

    async def on_list(context: Any, params: Any) -> ListResourcesResult:
        names, following = pages[params.cursor if params else None]
        found = [Listed(uri=f"memo://{name}", name=name) for name in names]
        return ListResourcesResult(resources=found, next_cursor=following)

    return Server("paged", on_list_resources=on_list)


async def test_all_pages_are_listed() -> None:
    server = MCPServerInProcess(paged({None: (["a"], "2"), "2": (["b"], "3"), "3": (["c"], None)}))
    assert [each.name for each in await server.list_resources()] == ["a", "b", "c"]


async def test_pages_without_end_are_an_error() -> None:
    server = MCPServerInProcess(paged({None: (["a"], "2"), "2": (["b"], "2")}))
    with pytest.raises(ToolsetError, match="lists its resources without end"):
        await server.list_resources()


async def test_of_too_many_the_first_are_taken(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "MAX_LISTED", 2)
    server = MCPServerInProcess(paged({None: (["a", "b", "c"], None)}))
    assert [each.name for each in await server.list_resources()] == ["a", "b"]
    assert "more than 2 resources" in caplog.text


async def test_a_server_that_has_none_lists_none() -> None:
    server = MCPServerInProcess(paged({None: ([], None)}))
    assert await server.list_prompts() == []
    assert await server.list_resource_templates() == []


async def test_a_page_that_fails_fails_the_list() -> None:
    server = MCPServerInProcess(paged({None: (["a"], "none")}))
    with pytest.raises(ToolsetError, match="could not do 'resources/list'"):
        await server.list_resources()


async def test_a_silent_server_is_not_waited_for() -> None:
    async def on_list(context: Any, params: Any) -> ListResourcesResult:
        await asyncio.sleep(WAIT)
        raise AssertionError

    server = MCPServerInProcess(Server("mute", on_list_resources=on_list), idle_timeout=0.2)
    with pytest.raises(ToolsetTimeoutError, match=r"'mute' did not answer 'resources/list' within 0.2 s"):
        await asyncio.wait_for(server.list_resources(), WAIT)


# --- as tools -------------------------------------------------------------------------------------


@everywhere
async def test_a_model_lists_and_reads_resources_by_two_tools(place: tuple[str, str]) -> None:
    steps = (
        tool_call("asker_list_resources"),
        tool_call("asker_list_resources", query="TODAY"),
        tool_call("asker_read_resource", uri="memo://day/1"),
        tool_call("asker_read_resource", uri="memo://none"),
        text("done"),
    )
    with asker(place) as server:
        agent = Agent(ScriptedProvider(*steps), toolsets=[server.as_resource_tools()])
        result = await asyncio.wait_for(agent.run("go"), WAIT)
    (everything, _), (today, _), read, (unknown, failed) = results(result)
    assert len(json.loads(everything)["resources"]) == 5
    assert json.loads(everything)["resources"][-1] == {
        "uri_template": "memo://day/{day}",
        "name": "day",
        "media_type": "text/plain",
    }
    assert json.loads(today) == {
        "resources": [
            {
                "uri": "memo://today",
                "name": "Today",
                "description": "What is on",
                "media_type": "text/plain",
            }
        ]
    }
    assert read == ("on 1", False)
    assert failed
    assert "Unknown resource: memo://none" in unknown


async def test_resource_tools_stand_beside_those_of_the_server_and_of_others() -> None:
    with asker(HERE) as server, asker(HERE, name="other one", prefix="other") as other:
        toolsets = [server, server.as_resource_tools(), other.as_resource_tools()]
        model = ScriptedProvider(text("done"), text("done"))
        agent = Agent(model, toolsets=toolsets)
        async with agent:
            assert server.state == other.state == "connected"
            assert (await agent.run("go")).output == "done"
        assert server.state == other.state == "idle"
    names = {spec.name for spec in model.requests[0].tools}
    assert {"think", "asker_list_resources", "asker_read_resource", "other_read_resource"} <= names
    assert repr(toolsets[1]) == "ResourceTools('asker')"


async def test_a_resource_that_is_too_large_is_an_error_that_the_model_reads() -> None:
    steps = (
        tool_call("asker_read_resource", uri="memo://paper"),
        tool_call("asker_read_resource", uri="memo://today"),
        text("done"),
    )
    with asker(HERE) as server:
        agent = Agent(ScriptedProvider(*steps), toolsets=[server.as_resource_tools(max_bytes=4_000)])
        result = await agent.run("go")
        with pytest.raises(ConfigError, match="max_bytes=0 is not a positive number"):
            server.as_resource_tools(max_bytes=0)
    assert results(result) == [
        ("'memo://paper' is too large to be shown: 5,000 bytes of at most 4,000", True),
        ("nothing", False),
    ]


async def test_of_many_resources_the_first_are_shown_and_the_rest_is_counted() -> None:
    server = MCPServerInProcess(paged({None: ([f"n{number:03}" for number in range(250)], None)}))
    steps = (
        tool_call("paged_list_resources"),
        tool_call("paged_list_resources", query="n249"),
        tool_call("paged_read_resource", uri="memo://n1"),
        text("done"),
    )
    result = await Agent(ScriptedProvider(*steps), toolsets=[server.as_resource_tools()]).run("go")
    (first, _), (found, _), (_, failed) = results(result)
    assert len(json.loads(first)["resources"]) == 200
    assert json.loads(first)["more"] == "50 more: narrow the list with a query"
    assert json.loads(found) == {"resources": [{"uri": "memo://n249", "name": "n249"}]}
    assert failed


async def test_a_list_that_fails_is_an_error_that_the_model_reads() -> None:
    server = MCPServerInProcess(paged({None: (["a"], "none")}))
    steps = (tool_call("paged_list_resources"), text("done"))
    result = await Agent(ScriptedProvider(*steps), toolsets=[server.as_resource_tools()]).run("go")
    ((said, failed),) = results(result)
    assert (failed, "could not do 'resources/list'" in said) == (True, True)


async def test_resource_tools_of_a_server_that_is_not_required_are_left_out() -> None:
    events: list[Any] = []
    gone = MCPServerStdio("/no/such/program", name="gone", required=False)
    model = ScriptedProvider(text("done"))
    agent = Agent(model, toolsets=[gone.as_resource_tools()], observers=[events.append])
    assert (await agent.run("go")).output == "done"
    assert model.requests[0].tools == ()
    assert [each.toolset for each in events if isinstance(each, ToolsetErrorEvent)] == ["gone"]


@pytest.mark.parametrize("first", [0, 1])
async def test_a_server_and_its_resources_are_told_of_once(first: int) -> None:
    """What is missing, how many tools there are, what has changed: `[server, server.as_resource_tools()]`."""
    told: list[tuple[str, str]] = []

    def watch(event: Any) -> None:
        if isinstance(event, (ToolsetErrorEvent, WarningEvent)):
            told.append((event.event_type, str(getattr(event, "error", ""))))

    async def on_list(context: Any, params: Any) -> ListToolsResult:
        return ListToolsResult(tools=[Tool(name=f"t{n}", input_schema={"type": "object"}) for n in range(70)])

    gone = MCPServerStdio("/no/such/program", name="gone", required=False)
    many = MCPServerInProcess(Server("many", on_list_tools=on_list))
    model = ScriptedProvider(text("done"))
    toolsets = [pair[place] for place in (first, 1 - first) for pair in pairs(gone, many)]
    assert (await Agent(model, toolsets=toolsets, observers=[watch]).run("go")).output == "done"
    assert len(model.requests[0].tools) == 72
    [(kind, said)] = told
    assert (kind, "'gone' cannot be connected" in said) == ("toolset_error", True)


def pairs(*servers: MCPServer) -> list[tuple[Any, Any]]:
    return [(server, server.as_resource_tools()) for server in servers]


def test_two_tools_of_resources_with_one_name_say_where_they_come_from() -> None:
    servers = [MCPServerInProcess(paged({}), name=name) for name in ("a b", "a-b")]
    toolsets = [server.as_resource_tools() for server in servers]
    with pytest.raises(ConfigError) as caught:
        Agent(ScriptedProvider(text("done")), toolsets=toolsets).run_sync("go")
    sources = "the resources of the MCP server 'a b' and the resources of the MCP server 'a-b'"
    assert f"two tools are named 'a_b_list_resources' ({sources})" in str(caught.value)


async def test_a_server_may_have_no_tools_at_all() -> None:
    server = MCPServerInProcess(paged({None: (["a"], None)}))
    model = ScriptedProvider(text("done"))
    assert (await Agent(model, toolsets=[server]).run("go")).output == "done"
    assert model.requests[0].tools == ()
