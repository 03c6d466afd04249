"""What a server knows of us is not shown, whatever it says it in: `docs/mcp.md`, Secrets."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from mcp.server import MCPServer as SdkServer
from mcp.server.mcpserver import Context

from tests.mcp.servers import SECRET, results, script
from voxagent import Agent, RunContext
from voxagent.errors import ToolsChangedError
from voxagent.mcp import MCPServerInProcess
from voxagent.mcp.tool import MCPToolDefinition
from voxagent.streaming import SecurityWarningEvent
from voxagent.testing import tool_call
from voxagent.types import TextBlock

SHOWN = "[REDACTED:key]"


def telling(said: str = "at first") -> SdkServer:
    """A server that tells its secret wherever it can."""
    server = SdkServer("teller")

    def use(text: str = SECRET) -> str:
        return text

    def tool(said: str) -> None:
        title, meta = f"With {SECRET}", {"key": SECRET}
        server.add_tool(use, title=title, description=f"{SECRET} {said}", meta=meta, structured_output=False)

    tool(said)

    @server.tool(structured_output=False)
    async def change(context: Context) -> str:
        server.remove_tool("use")
        tool("later")
        await context.session.send_tool_list_changed()
        return "changed"

    @server.resource(f"memo://{SECRET}", name=f"name {SECRET}", description=f"of {SECRET}")
    def memo() -> str:
        return f"key={SECRET}"

    @server.resource("memo://{name}/{value}", description=f"of {SECRET}")
    def memos(name: str, value: str) -> str:
        return f"{name}={value}"

    @server.prompt(description=f"with {SECRET}")
    def ask() -> str:
        return f"use {SECRET}"

    return server


def made(said: str = "at first", **options: Any) -> MCPServerInProcess:
    server = MCPServerInProcess(telling(said), mode="legacy", **options)
    server.hide("key", SECRET)
    return server


async def test_no_resource_prompt_or_list_of_them_shows_a_secret() -> None:
    server = made()
    async with server:
        assert await server.read_resource(f"memo://{SECRET}") == [TextBlock(f"key={SHOWN}")]
        [prompt] = await server.get_prompt("ask")
        assert prompt.text == f"use {SHOWN}"
        [described] = await server.list_prompts()
        assert described.description == f"with {SHOWN}"
        [resource] = await server.list_resources()
        assert (resource.uri, resource.name) == (f"memo://{SHOWN}", f"name {SHOWN}")
        [template] = await server.list_resource_templates()
        assert template.description == f"of {SHOWN}"


async def test_neither_the_model_nor_an_event_is_told_a_secret_of_a_description() -> None:
    events: list[Any] = []
    server = made()
    calls = [
        tool_call("teller_list_resources"),
        tool_call("teller_read_resource", uri="memo://a/" + SECRET),
        tool_call("change"),
        tool_call("use", text="x"),
    ]
    model = script(*calls)
    agent = Agent(model, toolsets=[server, server.as_resource_tools()], observers=[events.append])
    result = await agent.run("?")
    assert results(result)[1] == (f"a={SHOWN}", False)
    assert results(result)[3] == ("x", False)
    [told] = [event.message for event in events if isinstance(event, SecurityWarningEvent)]
    assert told.endswith(f'its description changed from "{SHOWN} at first" to "{SHOWN} later"')
    assert SECRET not in repr([request.tools for request in model.requests])
    assert SECRET not in repr([message.tool_results for message in result.messages])


async def test_a_tool_holds_no_secret_in_any_of_its_parts() -> None:
    server = made()
    async with server.joined(RunContext()) as found:
        assert found is not None
        [tool] = [each for each in found.tools if each.name == "use"]
    assert isinstance(tool, MCPToolDefinition)
    assert (tool.title, tool.description) == (f"With {SHOWN}", f"{SHOWN} at first")
    assert tool.parameters["properties"]["text"]["default"] == SHOWN
    assert tool.input_schema["properties"]["text"]["default"] == SHOWN
    assert tool.meta["key"] == SHOWN


INDEX = "ab12cd34ef56ab78"
"""What looks like a secret, and is none."""


def searching(word: str = "Searches", schema: Any = None) -> SdkServer:
    """A server that has a tool of which the model has to repeat what it reads."""
    server = SdkServer("searcher")

    @server.tool(description=f"{word} {INDEX} for tenant-1 in eu-west-1.", structured_output=False)
    def search(index: Literal["ab12cd34ef56ab78"] = "ab12cd34ef56ab78", enum: str = "") -> str:
        return f"found {index == INDEX}"

    tool = server._tool_manager.get_tool("search")
    assert tool is not None
    tool.parameters |= schema or {}
    return server


def searcher(hidden: str = "", **options: Any) -> MCPServerInProcess:
    server = MCPServerInProcess(searching(**options.pop("how", {})), mode="legacy", **options)
    server._secrets.add_environment({"INDEX": INDEX})
    if hidden:
        server.hide("region", hidden)
    return server


async def test_a_value_that_only_looks_like_a_secret_can_be_given_back_by_the_model() -> None:
    server = searcher()
    model = script(tool_call("search", index=INDEX))
    result = await Agent(model, toolsets=[server]).run("?")
    assert results(result) == [("found True", False)]
    [spec] = model.requests[0].tools
    assert spec.description == "Searches [REDACTED:INDEX] for tenant-1 in eu-west-1."
    told = spec.parameters["properties"]["index"]
    assert (told["const"], told["default"]) == (INDEX, INDEX)


async def test_what_only_looks_like_a_secret_is_hidden_in_the_words_of_a_schema() -> None:
    deep: dict[str, Any] = {"description": INDEX, "enum": [INDEX]}
    for _ in range(60):
        deep = {"items": deep}
    odd = {
        "description": INDEX,
        "properties": {
            "enum": {"description": INDEX, "enum": [INDEX]},
            INDEX: {"anyOf": [{"title": INDEX, "const": INDEX}]},
            "deep": deep,
        },
        "required": [INDEX],
        "$defs": [INDEX],
    }
    async with searcher(how={"schema": odd}).joined(RunContext()) as found:
        assert found is not None
        [tool] = found.tools
    shown = "[REDACTED:INDEX]"
    schema: Any = tool.parameters
    assert (schema["description"], schema["required"], schema["$defs"]) == (shown, [INDEX], [shown])
    assert schema["properties"]["enum"] == {"description": shown, "enum": [INDEX]}
    assert schema["properties"][INDEX] == {"anyOf": [{"title": shown, "const": INDEX}]}
    inner = schema["properties"]["deep"]
    while "items" in inner:
        inner = inner["items"]
    assert inner["description"] == shown


async def test_a_tool_has_not_changed_because_more_is_known_to_be_a_secret(tmp_path: Path) -> None:
    """A warning or an error tells what the server has changed, not what has been learned of its words."""
    pins = tmp_path / "pins"
    for hidden in ("", "eu-west-1", "tenant-1", ""):
        async with searcher(hidden, pin_tools=pins):
            pass
    assert INDEX not in pins.read_text()
    server = searcher()
    events: list[Any] = []
    agent = Agent(script(runs=2), toolsets=[server], observers=[events.append])
    await agent.run("?")
    server.hide("tenant", "tenant-1")
    await agent.run("?")
    assert not [event for event in events if isinstance(event, SecurityWarningEvent)]
    with pytest.raises(ToolsChangedError) as caught:
        async with searcher("eu-west-1", pin_tools=pins, how={"word": "Finds"}):
            pass
    said = 'changed from "Searches [REDACTED:INDEX] for tenant-1 in [REDACTED:region]." to "Finds [REDACTED:'
    assert said in str(caught.value)


async def test_what_differs_in_the_name_of_a_secret_alone_is_not_told_as_the_change(tmp_path: Path) -> None:
    pins = tmp_path / "pins"
    async with searcher("eu-west-1", pin_tools=pins):
        pass
    pins.write_text(pins.read_text().replace('"hash": "', '"hash": "0').replace(":region]", ":place]"))
    with pytest.raises(ToolsChangedError, match="has changed: its title, output or annotations, or a secret"):
        async with searcher("eu-west-1", pin_tools=pins):
            pass


async def test_neither_a_file_of_pins_nor_its_error_holds_a_secret(tmp_path: Path) -> None:
    """Nor is one shown that the file was written with, ahead of its being known as one."""
    pins = tmp_path / "pins"

    async with made(pin_tools=pins):
        pass
    assert SECRET not in pins.read_text()
    written = json.loads(pins.read_text())
    written["teller"]["use"] = {"hash": "", "description": f"{SECRET} before"}
    pins.write_text(json.dumps(written))
    with pytest.raises(ToolsChangedError) as caught:
        async with made("now", pin_tools=pins):
            pass
    assert f'from "{SHOWN} before" to "{SHOWN} now"' in str(caught.value)
