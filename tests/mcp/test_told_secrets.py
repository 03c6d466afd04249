"""What a server knows of us is not shown, whatever it says it in: `docs/mcp.md`, Secrets."""

import json
from pathlib import Path
from typing import Any

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
