"""What servers are given: anything else than what is expected is refused where it is given.

What a function of the program gives later is the program's as well: if it is not as expected, the run ends,
and the model reads nothing of it.
"""

import sys
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.server import MCPServer as Served

from tests.mcp.asking.places import asker
from tests.mcp.servers import (
    DEMO,
    SECRET,
    agent_with,
    called,
    faulty,
    faulty_process,
    logged,
    opened,
    results,
    script,
)
from voxagent import Agent, ConfigError, RunContext
from voxagent.errors import CallbackError, ToolError, ToolsetError
from voxagent.mcp import (
    MCPServer,
    MCPServerHTTP,
    MCPServerInProcess,
    MCPServerManager,
    MCPServerSSE,
    MCPServerStdio,
)
from voxagent.testing import tool_call
from voxagent.tools import ToolContext

SECONDS = "a positive number of seconds"
LEVELS = "'debug', 'info', 'notice', 'warning' or 'error' is expected"
FOLDERS = "a folder or 'file://' URI, a list of them, or a function that gives one is expected"
URL = "an address that begins with 'http://' or 'https://' is expected"


async def later(*_: object) -> Any:
    return {"a": "b"}


class AwaitableOnly:
    def __await__(self) -> Any:
        raise AssertionError("nobody awaits it")


class Later:
    async def __call__(self, *_: object) -> Any:
        return {"a": "b"}


OPTIONS: list[tuple[str, Any, str]] = [
    ("name", 5, "name=5: a text is expected"),
    ("prefix", 5, "prefix=5: True, False or a text is expected"),
    ("required", "no", "required='no': True or False is expected"),
    ("connect_timeout", "5", f"connect_timeout='5': {SECONDS} is expected"),
    ("connect_timeout", float("nan"), f"connect_timeout=nan: {SECONDS} is expected"),
    ("connect_timeout", 0, f"connect_timeout=0: {SECONDS} is expected"),
    ("connect_timeout", -1.5, f"connect_timeout=-1.5: {SECONDS} is expected"),
    ("connect_timeout", True, f"connect_timeout=True: {SECONDS} is expected"),
    ("connect_timeout", None, f"connect_timeout=None: {SECONDS} is expected"),
    ("idle_timeout", "5", f"idle_timeout='5': {SECONDS} or None is expected"),
    ("call_timeout", -1, f"call_timeout=-1: {SECONDS} or None is expected"),
    ("tool_timeouts", 5, f"tool_timeouts=5: a mapping of tools' names to {SECONDS} is expected"),
    ("tool_timeouts", {1: 5}, f"tool_timeouts={{1: 5}}: a mapping of tools' names to {SECONDS} is expected"),
    ("max_tools", 0, "max_tools=0: a positive whole number is expected"),
    ("max_tools", True, "max_tools=True: a positive whole number is expected"),
    ("max_tools", 2.5, "max_tools=2.5: a positive whole number is expected"),
    ("pin_tools", True, "pin_tools=True: the path of a file, or None is expected"),
    ("mode", [], "mode=[]: 'auto', 'legacy' or '2026-07-28' is expected"),
    ("sampling", "yes", "sampling='yes': True or False is expected"),
    ("elicit", True, "elicit= is of type bool: a function of the question is expected"),
    ("roots", 5, f"roots=5: {FOLDERS}"),
    ("roots", "", f"roots='': {FOLDERS}"),
    ("roots", b"/tmp", f"roots=b'/tmp': {FOLDERS}"),
    ("roots", [""], f"roots=['']: {FOLDERS}"),
    ("roots", ["http://h"], f"roots=['http://h']: {FOLDERS}"),
    ("roots", "http://h", f"roots='http://h': {FOLDERS}"),
    ("roots", {"a": "b"}, f"roots={{'a': 'b'}}: {FOLDERS}"),
    ("meta", {"token": SECRET}, "meta= is of type dict: a function of the call's context, not an async one,"),
    ("meta", later, "meta= is of type function: a function of the call's context, not an async one,"),
    ("log_level", "verbose", f"log_level='verbose': {LEVELS}"),
]


@pytest.mark.parametrize(("name", "value", "said"), OPTIONS)
def test_an_option_that_cannot_be_is_refused_by_name_and_value(name: str, value: Any, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        MCPServerStdio("prog", **{name: value})
    assert str(caught.value).startswith(said)
    assert SECRET not in str(caught.value)


GIVEN: list[tuple[Callable[..., MCPServer], str]] = [
    (partial(MCPServerStdio, ""), "command='': the name or path of a program is expected"),
    (partial(MCPServerStdio, ["npx", "-y"]), "command=['npx', '-y']: the name or path of a program is"),
    (partial(MCPServerStdio, "npx", "-y foo"), "args='-y foo' is one text: a list is expected, such as ["),
    (partial(MCPServerStdio, "npx", f"--token {SECRET}"), "args='--token [REDACTED:token]' is one text"),
    (partial(MCPServerStdio, "npx", b"-y"), "args= is of type bytes: a list of texts is expected"),
    (partial(MCPServerStdio, "npx", {"-y"}), "args= is of type set: a list of texts is expected"),
    (partial(MCPServerStdio, "npx", ["-p", 80]), "args[1] is of type int: a text, such as str(...)"),
    (partial(MCPServerStdio, "npx", env=["A=1"]), "env= is of type list: a mapping of texts is expected"),
    (partial(MCPServerStdio, "npx", env={"A": 1}), "env['A'] is of type int: a text is expected"),
    (partial(MCPServerStdio, "npx", env={1: "A"}), "env= has 1 for a name: a text is expected"),
    (partial(MCPServerStdio, "npx", cwd=5), "cwd=5: the path of a folder, or None is expected"),
    (partial(MCPServerHTTP, 5), f"url= is of type int: {URL}"),
    (partial(MCPServerHTTP, "host/mcp"), f"url='host/mcp': {URL}"),
    (partial(MCPServerHTTP, f"ftp://me:{SECRET}@host/mcp?key={SECRET}"), f"url='host/mcp': {URL}"),
    (partial(MCPServerHTTP, "http://"), f"url='http://': {URL}"),
    (partial(MCPServerHTTP, "http://[::1"), f"url= is no address (Invalid IPv6 URL): {URL}"),
    (partial(MCPServerHTTP, "http://h", auth=SECRET), "auth= is of type str: an httpx2.Auth, such as"),
    (partial(MCPServerHTTP, "http://h", client=httpx2.AsyncClient()), "client= is of type AsyncClient:"),
    (partial(MCPServerHTTP, "http://h", client=later), "client= is of type function: a plain function that"),
    (partial(MCPServerHTTP, "http://h", headers=SECRET), "headers= is of type str: a mapping of texts, or a"),
    (partial(MCPServerHTTP, "http://h", headers={"x": 5}), "headers['x'] is of type int: a text is expected"),
    (partial(MCPServerHTTP, "http://h", headers={"x y": ""}), "headers= holds 'x y', which is no name of a"),
    (partial(MCPServerHTTP, "http://h", headers={"x": SECRET + "\n"}), "headers['x'] holds what no"),
    (partial(MCPServerHTTP, "http://h", headers={"x": SECRET + "ü"}), "headers['x'] holds what no"),
    (partial(MCPServerHTTP, "http://h", headers=later), "headers= is an async function: a plain function of"),
    (partial(MCPServerHTTP, "http://h", headers=Later()), "headers= is an async function: a plain function"),
    (partial(MCPServerInProcess, "weather"), "server='weather': a server object, mcp.server.MCPServer("),
    (partial(MCPServerInProcess, Served), "server=<class 'mcp.server"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "said"), GIVEN)
def test_a_server_that_cannot_be_is_refused_by_what_is_wrong(
    make: Callable[..., MCPServer], said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        make()
    assert str(caught.value).startswith(said)
    assert SECRET not in str(caught.value)


def test_what_can_be_is_taken() -> None:
    MCPServerStdio(
        "x", cwd=Path(), connect_timeout=1, idle_timeout=None, tool_timeouts={"a": 1.5}, max_tools=1
    )
    MCPServerStdio(
        "x", env=None, pin_tools=Path("p"), prefix="a", roots=None, elicit=later, log_level="error"
    )
    MCPServerStdio("x", tool_timeouts={}, roots=(), pin_tools=None, meta=None, elicit=None, name="")
    MCPServerHTTP(
        "HTTPS://h", auth=httpx2.BasicAuth("a", "b"), client=httpx2.AsyncClient, headers={"x": "a\tb"}
    )


async def test_paths_are_arguments_and_commands() -> None:
    server = MCPServerStdio(Path(sys.executable), [Path(DEMO), "stdio"])
    assert server.name == Path(sys.executable).stem
    async with opened(server) as tools:
        assert len(tools) > 0


@pytest.mark.parametrize("as_function", [False, True])
async def test_one_folder_is_a_list_of_it_and_home_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_function: bool
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for given in ("~/a", Path("~/a"), (tmp_path / "a").as_uri(), [str(tmp_path / "a")], {tmp_path / "a"}):
        with asker(
            ("here", "auto"), roots=partial(lambda each: each, given) if as_function else given
        ) as server:
            assert await called(server, "roots") == (tmp_path / "a").as_uri()


# --- headers and meta --------------------------------------------------------------------------------


def raises(_: object) -> Any:
    raise LookupError(f"no token {SECRET}")


def refuses(_: object) -> Any:
    raise ToolsetError("the tokens are out")


def gives(value: Any) -> Callable[[object], Any]:
    def given(_: object) -> Any:
        return value

    return given


HEADERS: list[tuple[Any, str]] = [
    (raises, "headers= raises() raised LookupError: no token [REDACTED:k_token]"),
    (
        gives(None),
        "headers= given() gave what cannot be sent: headers= is of type NoneType: a mapping of texts",
    ),
    (gives({"x": 5}), "headers= given() gave what cannot be sent: headers['x'] is of type int: a text is"),
    (lambda run: later(), "headers= <lambda>() gave something to await: a plain function is expected"),
]


@pytest.mark.parametrize(("headers", "said"), HEADERS)
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_headers_that_cannot_be_sent_are_the_programs_fault(headers: Any, said: str, mode: Any) -> None:
    with faulty_process("http", [], {}) as (_, port):
        url = f"http://127.0.0.1:{port}/mcp?k_token={SECRET}"
        server = MCPServerHTTP(url, headers=headers, mode=mode, required=False)
        with pytest.raises(CallbackError) as caught:
            await agent_with(server, tool_call("echo", text="a")).run("?")
        assert str(caught.value).startswith(said)
        with pytest.raises(CallbackError):
            await MCPServerManager([server]).connect_all()


@pytest.mark.parametrize("kind", ["http", "json", "sse"])
async def test_headers_that_fail_during_a_call_end_that_run_and_no_other(kind: str) -> None:
    """No model reads of it, and the connection goes on."""

    def headers(run: RunContext[Any] | None) -> Mapping[str, str]:
        if run is not None and run.metadata.get("user") == "bob":
            raise LookupError("no token")
        return {"x": "y"}

    with faulty_process(kind, [], {}) as (_, port):
        make = MCPServerSSE if kind == "sse" else MCPServerHTTP
        server = make(f"http://127.0.0.1:{port}/mcp", headers=headers, idle_timeout=5.0)
        async with server:
            model = script(tool_call("echo", text="a"), runs=2)
            agent = Agent(model, toolsets=[server])
            assert results(await agent.run("?", metadata={"user": "ann"})) == [("a", False)]
            error = (await agent.run("?", metadata={"user": "bob"})).error
            assert isinstance(error, CallbackError)
            assert isinstance(error.__cause__, LookupError)
            assert len(model.requests) == 3
            assert server.state == "connected"
        agent = agent_with(server, tool_call("echo", text="a"))
        assert results(await agent.run("?", metadata={"user": "ann"})) == [("a", False)]


async def test_headers_may_say_themselves_what_is_wrong() -> None:
    with faulty_process("http", [], {}) as (_, port):
        server = MCPServerHTTP(f"http://127.0.0.1:{port}/mcp", headers=refuses)
        with pytest.raises(ToolsetError, match=r"^the tokens are out$"):
            await called(server, "echo", text="a")


async def test_headers_that_can_be_changed_are_those_of_the_moment() -> None:
    given: dict[str, Any] = {"x": "y"}
    with faulty_process("http", [], {}) as (_, port):
        server = MCPServerHTTP(f"http://127.0.0.1:{port}/mcp", headers=given)
        assert await called(server, "echo", text="a") == "a"
        given["x"] = 5
        with pytest.raises(CallbackError, match=r"^headers\['x'\] is of type int: a text is expected$"):
            await called(server, "echo", text="a")


META: list[tuple[Any, str]] = [
    (raises, "meta= raises() raised LookupError: no token [REDACTED:A_TOKEN]"),
    (gives(["a"]), "meta= given() gave a list back: a mapping or None is expected"),
    (gives({"a": ["\ud800"]}), r"meta= given() gave what cannot be sent: '\ud800' is no text that can be"),
    (gives({"a": object()}), "meta= given() gave what is not JSON: Unable to serialize unknown type"),
    (lambda context: later(), "meta= <lambda>() gave something to await: a plain function is expected"),
    (gives(AwaitableOnly()), "meta= given() gave something to await: a plain function is expected"),
]


@pytest.mark.parametrize(("meta", "said"), META)
async def test_meta_that_is_none_is_the_programs_fault(meta: Any, said: str) -> None:
    with faulty("stdio", env={"A_TOKEN": SECRET}, meta=meta) as server:
        model = script(tool_call("echo", text="a"))
        result = await Agent(model, toolsets=[server]).run("?")
    assert isinstance(result.error, CallbackError)
    assert str(result.error).startswith(said)
    assert len(model.requests) == 1


async def test_meta_is_sent_as_json_has_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with faulty(
        "stdio", log=log, meta=gives({"day": date(2026, 1, 2), "path": Path("a"), "n": [1]})
    ) as server:
        assert await called(server, "echo", text="a") == "a"
    call = next(each for each in logged(log) if each.get("method") == "tools/call")
    sent = {name: call["params"]["_meta"][name] for name in ("day", "path", "n")}
    assert sent == {"day": "2026-01-02", "path": "a", "n": [1]}
    for meta in (gives(None), None):
        with faulty("stdio", meta=meta) as server:
            assert await called(server, "echo", text="a") == "a"


async def test_meta_may_tell_the_model_that_a_call_is_not_to_be() -> None:
    def meta(context: ToolContext[Any]) -> Any:
        raise ToolError("not today")

    with faulty("stdio", meta=meta) as server:
        result = await agent_with(server, tool_call("echo", text="a")).run("?")
    assert results(result) == [("not today", True)]


async def test_a_value_that_is_hidden_is_not_shown() -> None:
    with faulty("stdio") as server:
        server.hide("word", "open sesame")
        assert await called(server, "echo", text="open sesame!") == "[REDACTED:word]!"


def test_headers_that_nobody_in_particular_asks_for_fail_alike() -> None:
    server: Any = MCPServerHTTP("http://h", headers=raises)
    with pytest.raises(CallbackError, match=r"^headers= raises\(\) raised LookupError"):
        server._target.headers()
