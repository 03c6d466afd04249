"""The files of desktop programs and editors, and many servers at once."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp.server import MCPServer as Server

from tests.mcp.servers import FAULTY, WAIT, called, eventually, faulty, results, script
from voxagent import Agent, ConfigError
from voxagent.errors import ToolsetError
from voxagent.mcp import (
    MCPServer,
    MCPServerHTTP,
    MCPServerInProcess,
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
    (tmp_path / ".vscode/.env").write_text("# said\nexport A=1\nB='two'\n\nC = \"x='y'\" \n")
    local, web = loaded(tmp_path / ".vscode/mcp.json", VSCODE)
    found = target(local)
    assert (found.command, found.cwd) == (f"{tmp_path}/run", Path.home())
    assert found.env == {"A": "1", "B": "two", "C": "x='y'"}
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
        pytest.param("[" * 100_000 + "]" * 100_000, "cannot be read as JSON", id="nested without end"),
        ([], "an object is expected, not list"),
        ({}, "neither 'mcpServers' nor 'servers' is there"),
        ({"servers": None}, "'servers': an object is expected, not null"),
        ({"mcpServers": {"a": 3}}, "server 'a': an object is expected, not int"),
        ({"mcpServers": {"a": {"command": ""}}}, "server 'a': 'command' is missing"),
        ({"mcpServers": {"a": {}}}, "server 'a': 'command' or 'url' is missing"),
        ({"mcpServers": {"a": {"type": "sse"}}}, "server 'a': 'url' is missing"),
        ({"mcpServers": {"a": {"command": ["x", "-y"]}}}, "'command': a text is expected, not list"),
        ({"mcpServers": {"a": {"command": "x", "url": "y"}}}, "'command' and 'url' exclude each other"),
        ({"mcpServers": {"a": {"command": "x", "disabled": "no"}}}, "'disabled' is 'no'; true or false"),
        ({"mcpServers": {"a": {"type": ["http"], "url": "x"}}}, "type ['http'] is not one of http, sse,"),
        ({"mcpServers": {"a": {"url": "host/mcp"}}}, "server 'a': url='host/mcp': an address that begins"),
        (
            {"mcpServers": {"a": {"command": "x", "args": [None]}}},
            "'args', at 0: a text is expected, not null",
        ),
        (
            {"mcpServers": {"a": {"command": "x", "env": {"A": []}}}},
            "'env', 'A': a text is expected, not list",
        ),
        (
            {"mcpServers": {"a": {"url": "u", "headers": {"A": None}}}},
            "'headers', 'A': a text is expected, not",
        ),
        ({"mcpServers": {"a": {"command": "${HERE"}}}, "'${HERE' is not closed: a '}' is missing"),
        ({"mcpServers": {"a": {"command": "${A:-${B}"}}}, "'${A:-${B}' is not closed"),
        ({"mcpServers": {"a": {"type": "pigeon"}}}, "server 'a': type 'pigeon' is not one of http, sse,"),
        ({"mcpServers": {"a": {"command": "x", "args": "-y"}}}, "'args' is '-y'; a list is expected"),
        ({"mcpServers": {"a": {"command": "x", "env": [1]}}}, "'env': an object is expected, not list"),
        ({"mcpServers": {"a": {"command": "x", "envFile": "none"}}}, "none' cannot be read: No such file"),
        ({"mcpServers": {"a": {"command": "${NO_SUCH}"}}}, "the environment variable NO_SUCH is not set"),
        (
            {"mcpServers": {"a": {"url": "${input:key}"}}},
            "the input 'key' is asked for: give it with inputs={'key': ...}",
        ),
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
    with pytest.raises(ConfigError, match=r"^'/no/such/mcp.json' cannot be read: No such file or directory$"):
        load_mcp_servers("/no/such/mcp.json")
    given: Any = CLAUDE
    with pytest.raises(ConfigError, match="file= is of type dict: the path of a file is expected"):
        load_mcp_servers(given)


def test_a_variable_that_only_editors_know_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nobody can say here what \$\{command:x\} is; use \$\{NAME\}"):
        loaded(tmp_path / "mcp.json", {"servers": {"a": {"command": "${command:x}"}}})


def test_what_editors_ask_for_is_given_by_the_program(tmp_path: Path) -> None:
    content = {"servers": {"a": {"command": "x", "args": ["${input:tok}", "${input:no:-${env:NO_SUCH:-d}}"]}}}
    (server,) = loaded(tmp_path / "mcp.json", content, inputs={"tok": "value"})
    assert target(server).args == ("value", "d")
    with pytest.raises(ConfigError, match=r"^inputs\['tok'\] is of type int: a text is expected$"):
        loaded(tmp_path / "mcp.json", content, inputs={"tok": 3})


def test_defaults_may_hold_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERE", "value")
    args = ["${NO_SUCH:-${HERE}}", "${HERE:-${NO_SUCH}}", "a${NO_SUCH:-b${NO_SUCH:-}c}d", "$HERE }"]
    (server,) = loaded(tmp_path / "mcp.json", {"servers": {"a": {"command": "x", "args": args}}})
    assert target(server).args == ("value", "value", "abcd", "$HERE }")


def test_numbers_and_truths_are_texts_as_they_stand_in_the_file(tmp_path: Path) -> None:
    entry = """{"servers": {
        "a": {"command": "x", "args": [true, 8080, 1.10, ""], "env": {"A": false, "B": 1e3, "C": null}},
        "b": {"url": "http://h", "headers": {"n": 5}, "type": null}
    }}"""
    local, web = loaded(tmp_path / "mcp.json", entry)
    assert target(local).args == ("true", "8080", "1.10", "")
    assert target(local).env == {"A": "false", "B": "1e3"}
    assert target(web).headers() == {"n": "5"}


def test_paths_count_from_the_file_and_from_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "vars").write_text("A=1")
    entry = {"command": "~/bin/x", "cwd": "sub", "envFile": "~/vars", "args": ["~"]}
    loaded(tmp_path / "in/mcp.json", {"servers": {"a": entry, "b": {"command": "x", "cwd": "~/sub"}}})
    first, second = load_mcp_servers("~/in/mcp.json")
    found = target(first)
    assert (found.command, found.cwd) == (f"{tmp_path}/bin/x", tmp_path / "in/sub")
    assert (found.env, found.args) == ({"A": "1"}, ("~",))
    assert target(second).cwd == tmp_path / "sub"


@pytest.mark.parametrize("line", ["hunter2-alone", "=hunter2", "my name=hunter2"])
def test_a_line_of_a_file_of_variables_that_is_none_is_an_error_that_does_not_quote_it(
    tmp_path: Path, line: str
) -> None:
    (tmp_path / ".env").write_text(f"# said\n\nA=1\n{line}\n")
    with pytest.raises(ConfigError, match=r"\.env', line 4: NAME=value is expected$"):
        loaded(tmp_path / "mcp.json", {"servers": {"a": {"command": "x", "envFile": ".env"}}})


def test_a_file_of_variables_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xff")
    with pytest.raises(ConfigError, match=r"\.env' cannot be read: 'utf-8' codec"):
        loaded(tmp_path / "mcp.json", {"servers": {"a": {"command": "x", "envFile": ".env"}}})


def test_keys_that_are_not_read_are_logged_once_a_server(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    entries = {"a": {"command": "x", "timeout": 3, "alwaysAllow": []}, "b": {"url": "http://h", "env": {}}}
    loaded(tmp_path / "mcp.json", {"servers": entries})
    where = repr(str(tmp_path / "mcp.json"))
    assert [(each.name, each.levelname, each.getMessage()) for each in caplog.records] == [
        (
            "voxagent",
            "WARNING",
            f"{where}, server 'a': 'alwaysAllow', 'timeout' not read for a server by 'command'",
        ),
        ("voxagent", "WARNING", f"{where}, server 'b': 'env' not read for a server by 'url'"),
    ]


@pytest.mark.parametrize(
    "entry",
    [
        {"command": "x", "args": ["say ${A_TOKEN} and ${PLAIN} and ${LOOKS}"]},
        {"command": "${A_TOKEN}-${PLAIN}-${LOOKS}"},
        {"url": "http://h/${A_TOKEN}/${PLAIN}/${LOOKS}"},
        {"url": "http://h", "headers": {"user-agent": "${input:A_TOKEN} ${PLAIN} ${LOOKS}"}},
    ],
)
def test_variables_that_are_secrets_are_so_wherever_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: Any
) -> None:
    for name, value in {"A_TOKEN": "open sesame", "PLAIN": "nothing", "LOOKS": "ab12cd34ef56ab78"}.items():
        monkeypatch.setenv(name, value)
    content = {"servers": {"a": entry}}
    (server,) = loaded(tmp_path / "mcp.json", content, inputs={"A_TOKEN": "open sesame"})
    said = server._secrets.text("open sesame nothing ab12cd34ef56ab78")
    assert said.replace(":path]", ":LOOKS]") == "[REDACTED:A_TOKEN] nothing [REDACTED:LOOKS]"


def test_an_error_does_not_show_variables_that_are_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_TOKEN", "open sesame")
    for entry in (
        {"url": "${A_TOKEN}"},
        {"command": "x", "args": "${A_TOKEN}"},
        {"type": "${A_TOKEN}", "url": "x"},
    ):
        with pytest.raises(ConfigError, match=r"server 'a': .*\[REDACTED:A_TOKEN\]") as caught:
            loaded(tmp_path / "mcp.json", {"servers": {"a": entry}})
        assert "sesame" not in str(caught.value)


def test_options_for_all_of_a_file_are_checked_whatever_is_in_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^required='no': True or False is expected$"):
        loaded(tmp_path / "mcp.json", {"servers": {}}, required="no")


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


async def test_with_a_prefix_no_names_clash() -> None:
    def made(name: str, tool: str) -> MCPServerInProcess:
        inner: Server[None] = Server("inner")
        inner.add_tool(lambda: "hi", tool)
        return MCPServerInProcess(inner, name=name, prefix=True)

    provider = script()
    servers = [made("a", "b_c"), made("a_b", "c"), made("日本", "x"), made("中国", "x")]
    result = await Agent(provider, toolsets=servers).run("?")
    assert result.output == "done"
    names = [tool.name for tool in provider.requests[0].tools]
    assert (len(names), len({*names}), names[0], names[2]) == (4, 4, "a_b_c", "x")
    result = await Agent(script(tool_call(names[3])), toolsets=servers).run("?")
    assert results(result) == [("hi", False)]


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
