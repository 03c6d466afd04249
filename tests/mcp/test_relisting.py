"""Tools that are listed again: when they change meanwhile, when that fails, and when a server dies of it."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.mcp.servers import eventually, results, script
from tests.mcp.test_corners import session
from voxagent import Agent
from voxagent.errors import ToolsChangedError, ToolsetError
from voxagent.mcp import MCPServerStdio
from voxagent.mcp.listing import Listed
from voxagent.streaming import ToolsetErrorEvent
from voxagent.testing import tool_call

PROGRAM = """
import json, os, sys
how, mark = sys.argv[1:]
lists = 0
def told(**message):
    return json.dumps({"jsonrpc": "2.0", **message}) + "\\n"
changed = told(method="notifications/tools/list_changed")
for line in sys.stdin:
    message = json.loads(line)
    id, method = message.get("id"), message.get("method")
    said = told(id=id, error={"code": -32601, "message": "Method not found"})
    if method == "initialize":
        info = {"name": "raw", "version": "1"}
        tools = {"tools": {"listChanged": True}}
        found = {"protocolVersion": "2025-06-18", "capabilities": tools, "serverInfo": info}
        said = told(id=id, result=found)
    elif method == "tools/list":
        lists += 1
        names = ["old"] if lists == 1 and how != "dies" else ["old", "new"]
        found = [{"name": name, "inputSchema": {"type": "object"}} for name in names]
        said = told(id=id, result={"tools": found})
        if lists == 1:
            said = {"meanwhile": changed + said, "behind": said + changed}.get(how, said)
        elif how == "fails":
            said = told(id=id, error={"code": -32603, "message": "the database is down"})
        elif how == "dies" and not os.path.exists(mark):
            open(mark, "w").close()
            os._exit(3)
    elif method == "tools/call":
        said = told(id=id, result={"content": [{"type": "text", "text": "well"}]})
        said = said if how in ("meanwhile", "behind") else changed + said
    if id is not None:
        sys.stdout.write(said)
        sys.stdout.flush()
"""


def raw(how: str, folder: Path, **options: Any) -> MCPServerStdio:
    return MCPServerStdio(sys.executable, ["-c", PROGRAM, how, str(folder / "mark")], name="raw", **options)


def names(model: Any) -> list[list[str]]:
    return [[spec.name for spec in request.tools] for request in model.requests]


@pytest.mark.parametrize("how", ["meanwhile", "behind"])
async def test_a_change_that_is_told_while_tools_are_listed_is_seen_by_the_same_run(
    how: str, tmp_path: Path
) -> None:
    model = script(tool_call("old"), tool_call("old"))
    await Agent(model, toolsets=[raw(how, tmp_path)]).run("?")
    assert names(model)[-1] == ["old", "new"]


async def test_a_server_that_dies_while_it_is_listed_again_is_started_anew(tmp_path: Path) -> None:
    model = script(tool_call("old"), tool_call("new"))
    result = await Agent(model, toolsets=[raw("dies", tmp_path)]).run("?")
    assert results(result) == [("well", False), ("well", False)]
    assert (tmp_path / "mark").exists()


async def test_tools_that_cannot_be_listed_again_end_a_run_that_needs_them(tmp_path: Path) -> None:
    result = await Agent(script(tool_call("old")), toolsets=[raw("fails", tmp_path)]).run("?")
    assert isinstance(result.error, ToolsetError)
    assert str(result.error) == "the tools of the MCP server 'raw' cannot be listed: the database is down"


async def test_a_run_goes_on_without_tools_that_cannot_be_listed_again_and_are_not_required(
    tmp_path: Path,
) -> None:
    events: list[Any] = []
    model = script(tool_call("old"), tool_call("mine"))

    agent = Agent(model, toolsets=[raw("fails", tmp_path, required=False)], observers=[events.append])

    @agent.tool
    async def mine() -> str:
        return "mine"

    result = await agent.run("?")
    assert results(result) == [("well", False), ("mine", False)]
    assert names(model) == [["mine", "old"], ["mine"], ["mine"]]
    [event] = [event for event in events if isinstance(event, ToolsetErrorEvent)]
    assert (event.toolset, str(event.error)) == (
        "raw",
        "the tools of the MCP server 'raw' cannot be listed: the database is down",
    )


async def test_pinned_tools_that_change_are_left_out_where_they_are_not_required(tmp_path: Path) -> None:
    events: list[Any] = []
    server = raw("grows", tmp_path, required=False, pin_tools=tmp_path / "pins")
    model = script(tool_call("old"))
    result = await Agent(model, toolsets=[server], observers=[events.append]).run("?")
    assert (result.output, names(model)) == ("done", [["old"], []])
    [event] = [event for event in events if isinstance(event, ToolsetErrorEvent)]
    assert event.error.kind == ToolsChangedError.kind


async def test_who_asks_after_a_change_does_not_get_what_was_listed_ahead_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And who asked ahead of it gets the newer tools, if those were there sooner."""
    here, asked = session(), list[asyncio.Future[None]]()

    async def found() -> Listed:
        version = here.version
        asked.append(asyncio.get_running_loop().create_future())
        await asked[-1]
        return Listed(version=version)

    async def client() -> None: ...

    monkeypatch.setattr(here, "_found", found)
    monkeypatch.setattr(here, "client", client)
    first, beside = asyncio.create_task(here.tools()), asyncio.create_task(here.tools())
    await eventually(lambda: len(asked) == 1)
    here._changed()
    second = asyncio.create_task(here.tools())
    await eventually(lambda: len(asked) == 2)
    asked[1].set_result(None)
    assert await second == Listed(version=1)
    asked[0].set_result(None)
    assert [await first, await beside] == [Listed(version=1)] * 2
    assert await here.tools() == Listed(version=1)
    assert len(asked) == 2


async def test_listings_that_nobody_waits_for_any_more_end_with_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here, asked = session(), list[asyncio.Future[None]]()

    async def found() -> Listed:
        asked.append(asyncio.get_running_loop().create_future())
        await asked[-1]
        raise AssertionError("it was cancelled")

    async def client() -> None: ...

    monkeypatch.setattr(here, "_found", found)
    monkeypatch.setattr(here, "client", client)
    waiting: list[asyncio.Task[Listed]] = []
    for count in (1, 2):
        waiting.append(asyncio.create_task(here.tools()))
        await eventually(lambda count=count: len(asked) == count)
        here._changed()
    await here.close()
    assert [future.cancelled() for future in asked] == [True, True]
    await asyncio.wait(waiting)
    assert all(task.cancelled() for task in waiting)
