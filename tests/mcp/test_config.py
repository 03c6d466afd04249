"""The files of desktop programs and editors, and many servers at once."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.mcp.servers import FAULTY, WAIT, called, eventually, faulty, results, script
from voxagent import Agent, ConfigError
from voxagent.errors import ToolsetError
from voxagent.mcp import (
    MCPServer,
    MCPServerHTTP,
    MCPServerManager,
    MCPServerSSE,
    MCPServerStdio,
    load_mcp_servers,
)
from voxagent.testing import tool_call

CLAUDE = {"mcpServers": {"files": {"command": "npx", "args": ["-y", "server"], "env": {"A": "${HERE}"}}}}
CURSOR = {
    "mcpServers": {
        "remote": {"url": "https://${HOST:-host}/mcp", "headers": {"Authorization": "Bearer ${env:HERE}"}},
        "old": {"type": "sse", "url": "https://host/sse"},
        "off": {"command": "x", "disabled": True},
    }
}
VSCODE = {
    "inputs": [],
    "servers": {
        "local": {
            "type": "stdio",
            "command": "${workspaceFolder}/run",
            "envFile": ".env",
            "cwd": "${userHome}",
        },
        "web": {"type": "http", "url": "https://host/mcp"},
    },
}


def loaded(path: Path, content: Any, **options: Any) -> list[MCPServer]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return load_mcp_servers(path, **options)


def target(server: MCPServer) -> Any:
    return server._target


def test_a_file_of_claude_desktop_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERE", "value")
    (server,) = loaded(tmp_path / "mcp.json", CLAUDE)
    assert (type(server), server.name) == (MCPServerStdio, "files")
    found = target(server)
    assert (found.command, list(found.args), found.env) == ("npx", ["-y", "server"], {"A": "value"})


def test_a_file_of_cursor_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERE", "value")
    remote, old = loaded(tmp_path / ".cursor/mcp.json", CURSOR)
    assert (type(remote), target(remote).url) == (MCPServerHTTP, "https://host/mcp")
    assert target(remote).headers() == {"Authorization": "Bearer value"}
    assert (type(old), target(old).url) == (MCPServerSSE, "https://host/sse")
    monkeypatch.setenv("HOST", "other")
    assert target(loaded(tmp_path / "mcp.json", CURSOR)[0]).url == "https://other/mcp"


def test_a_file_of_vs_code_is_read(tmp_path: Path) -> None:
    (tmp_path / ".vscode").mkdir()
    (tmp_path / ".vscode/.env").write_text("# said\nexport A=1\nB='two'\nnothing\n")
    local, web = loaded(tmp_path / ".vscode/mcp.json", VSCODE)
    found = target(local)
    assert (found.command, found.cwd) == (f"{tmp_path}/run", str(Path.home()))
    assert found.env == {"A": "1", "B": "two"}
    assert type(web) is MCPServerHTTP


COMMENTED = r"""// servers of this folder
{
    "servers": {
        /* over HTTP, "quoted",
           and long */
        "web": {"url": "http://host//mcp?a=/*b*/", "headers": {"x": "a\"// b, }"},}, // last, ]
    },
}
"""


def test_comments_and_last_commas_are_passed_over(tmp_path: Path) -> None:
    (server,) = loaded(tmp_path / "mcp.json", "\ufeff" + COMMENTED)
    assert (target(server).url, target(server).headers()) == (
        "http://host//mcp?a=/*b*/",
        {"x": 'a"// b, }'},
    )
    with pytest.raises(ConfigError, match="line 6 column 17 "):
        loaded(tmp_path / "mcp.json", COMMENTED.replace('{"url', "{url"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "cannot be read as JSON"),
        ([], "an object is expected, not list"),
        ({}, "'mcpServers': an object is expected, not NoneType"),
        ({"mcpServers": {"a": 3}}, "server 'a': an object is expected, not int"),
        ({"mcpServers": {"a": {"command": ""}}}, "server 'a': 'command' is missing"),
        ({"mcpServers": {"a": {}}}, "server 'a': 'url' is missing"),
        ({"mcpServers": {"a": {"type": "pigeon"}}}, "server 'a': type 'pigeon' is not one of http, sse,"),
        ({"mcpServers": {"a": {"command": "x", "args": "-y"}}}, "'args' is '-y'; a list is expected"),
        ({"mcpServers": {"a": {"command": "x", "env": [1]}}}, "'env': an object is expected, not list"),
        ({"mcpServers": {"a": {"command": "x", "envFile": "none"}}}, "envFile 'none' cannot be read"),
        ({"mcpServers": {"a": {"command": "${NO_SUCH}"}}}, "the environment variable NO_SUCH is not set"),
        ({"mcpServers": {"a": {"url": "${input:key}"}}}, "nobody can say here what ${input:key} is"),
    ],
)
def test_a_file_that_is_wrong_is_an_error_that_names_the_place(
    tmp_path: Path, content: Any, said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path / "mcp.json", content)
    assert said in str(caught.value)
    assert "mcp.json" in str(caught.value)


def test_a_file_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ConfigError, match="cannot be read as JSON"):
        load_mcp_servers("/no/such/mcp.json")


async def test_tools_of_a_file_are_prefixed_so_that_none_can_clash(tmp_path: Path) -> None:
    both = {name: {"command": sys.executable, "args": [FAULTY, "stdio"]} for name in ("one", "two")}
    servers = loaded(tmp_path / "mcp.json", {"mcpServers": both}, idle_timeout=5.0)
    model = script(tool_call("one_echo", text="a"), tool_call("two_echo", text="b"))
    result = await Agent(model, toolsets=servers).run("?")
    assert results(result) == [("a", False), ("b", False)]


async def test_tools_of_one_name_from_two_servers_are_an_error_that_names_both() -> None:
    with (
        faulty("stdio", name="one") as one,
        faulty("stdio", name="two") as two,
        pytest.raises(ConfigError) as caught,
    ):
        await Agent(script(), toolsets=[one, two]).run("?")
    assert str(caught.value) == (
        "two tools are named 'echo' (the MCP server 'one' and the MCP server 'two'): rename one, or use"
        " prefixed(...)"
    )


# --- the manager --------------------------------------------------------------------------------------


async def test_a_manager_connects_all_servers_at_once_and_gives_all_their_tools() -> None:
    with (
        faulty("stdio", "slow", name="a", prefix=True) as a,
        faulty("stdio", "slow", name="b", prefix=True) as b,
    ):
        manager = MCPServerManager([a])
        await manager.add_servers([b])
        assert (repr(manager), dict(manager.servers)) == ("MCPServerManager(a, b)", {"a": a, "b": b})
        async with asyncio.timeout(WAIT):
            tools = await manager.connect_all()
        assert {"a_echo", "b_echo"} <= {tool.name for tool in tools}
        assert dict(manager.states) == {"a": "connected", "b": "connected"}
        assert dict(manager.errors) == {}
        model = script(tool_call("a_echo", text="a"), tool_call("b_echo", text="b"))
        assert results(await Agent(model, toolsets=[manager]).run("?")) == [("a", False), ("b", False)]
        assert dict(manager.states) == {"a": "connected", "b": "connected"}
        assert {tool.name for tool in await manager.connect_all()} == {tool.name for tool in tools}
        await manager.disconnect_all()
        assert dict(manager.states) == {"a": "idle", "b": "idle"}


async def test_a_manager_whose_required_server_fails_connects_nothing_and_says_which() -> None:
    gone = MCPServerStdio("no-such-program", name="gone")
    with faulty("stdio", name="a") as a:
        manager = MCPServerManager([a, gone])
        with pytest.raises(ToolsetError, match="'gone'"):
            async with manager:
                pass
        assert dict(manager.states) == {"a": "idle", "gone": "failed"}
        assert list(manager.errors) == ["gone"]
        with pytest.raises(ToolsetError, match="'gone'"):
            await Agent(script(), toolsets=[manager]).run("?")
        assert a.state == "idle"


async def test_a_manager_goes_on_without_a_server_that_is_not_required() -> None:
    gone = MCPServerStdio("no-such-program", name="gone", required=False)
    with faulty("stdio", name="a") as a:
        async with MCPServerManager([gone, a]) as manager:
            assert list(manager.errors) == ["gone"]
            model = script(tool_call("echo", text="a"))
            assert results(await Agent(model, toolsets=[manager]).run("?")) == [("a", False)]
            assert await called(a, "echo", text="b") == "b"


async def test_a_manager_that_is_cancelled_while_it_connects_leaves_nothing_connected() -> None:
    with faulty("stdio", name="a") as a, faulty("stdio", "mute", name="mute") as mute:
        manager = MCPServerManager([a, mute])
        connecting = asyncio.create_task(manager.connect_all())
        await eventually(lambda: a.state == "connected")
        connecting.cancel()
        await asyncio.wait([connecting])
        assert dict(manager.states) == {"a": "idle", "mute": "idle"}


def test_two_servers_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="two MCP servers are named 'a': name one with name="):
        MCPServerManager([MCPServerStdio("x", name="a"), MCPServerStdio("y", name="a")])
