"""R-A17: agents served over standard input and output, and over HTTP, to the SDK's client and to ours."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._context_streams import create_context_streams
from mcp_types import jsonrpc_message_adapter

from tests.mcp.serving.agents import TOKEN, Diary, agents, echo
from tests.mcp.serving.test_tools import said
from voxagent import Agent, ConfigError
from voxagent.mcp import (
    MCPServer,
    MCPServerHTTP,
    MCPServerInProcess,
    MCPServerStdio,
    as_server,
    serve,
    serve_async,
)
from voxagent.mcp.serving import served_by
from voxagent.mcp.standard import Lines, _Messages
from voxagent.testing import FunctionProvider, ScriptedProvider, text, tool_call

ROOT = Path(__file__).parents[3]
NAMELESS = "with no id"
PROGRAM = ["-W", "error", "-m", "tests.mcp.serving.agents"]
ENV = {
    "PYTHONPATH": str(ROOT),
    "PYTHONUNBUFFERED": "",
    **{name: os.environ[name] for name in os.environ if name.startswith("COV")},
}


@pytest.fixture
def diary(tmp_path: Path) -> Diary:
    return Diary(tmp_path / "diary")


@pytest.fixture
def file(diary: Diary, tmp_path: Path) -> str:
    return str(tmp_path / "diary")


def stdio_server(file: str) -> MCPServerStdio:
    return MCPServerStdio(sys.executable, [*PROGRAM, file, "{}"], env=ENV, connect_timeout=30)


@contextmanager
def http_server(file: str, **options: Any) -> Iterator[str]:
    """The program as a server over HTTP; gives its address."""
    told = json.dumps({"transport": "http", "port": 0, **options})
    command = [sys.executable, *PROGRAM, file, told]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, **ENV},
    ) as process:
        assert process.stderr is not None
        try:
            yield process.stderr.readline().strip()
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=20)
            assert (process.returncode, errors) == (0, "")
        finally:
            process.kill()


@asynccontextmanager
async def served(*given: Any, **options: Any) -> AsyncGenerator[str]:
    """Agents, served over HTTP by a task of this process; gives the address."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        serve_async(*given, transport="http", port=0, on_ready=ready.set_result, **options)
    )
    try:
        yield await asyncio.wait_for(ready, 20)
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=20)
        assert task.cancelled()


async def asked(server: MCPServer, tool: str, **arguments: Any) -> str:
    """What a tool of a server answers in a run of an agent."""
    provider = ScriptedProvider(tool_call(tool, **arguments), text("done"))
    result = await Agent(provider, toolsets=[server]).run("go")
    [told] = [each for message in result.messages for each in message.tool_results]
    return told.text


@pytest.mark.slow
async def test_over_stdio_a_client_of_the_sdk_gets_answers_and_nothing_else_is_in_them(file: str) -> None:
    parameters = StdioServerParameters(command=sys.executable, args=[*PROGRAM, file, "{}"], env=ENV)
    junk: list[object] = []

    async def noticed(message: object) -> None:
        junk.append(message)

    for mode in ("auto", "legacy"):
        async with Client(parameters, mode=mode, message_handler=noticed) as client, asyncio.timeout(30):
            calls = [client.call_tool("meeting", {"prompt": "go"}) for _ in range(2)]
            assert [said(each) for each in await asyncio.gather(*calls)] == ["all met"] * 2
    assert junk == []


@pytest.mark.slow
async def test_over_stdio_a_call_of_our_client_is_cancelled_with_its_run(file: str, diary: Diary) -> None:
    server = stdio_server(file)
    agent = Agent(ScriptedProvider(tool_call("worker", prompt="go"), text("done")), toolsets=[server])
    async with server:
        assert await asked(server, "echo", prompt="hello") == "you said hello"
        async with asyncio.timeout(30), agent.run_stream("go") as stream:
            run = asyncio.create_task(stream.result())
            await diary.until("began")
            stream.abort("enough")
            assert (await run).aborted
        await diary.until("cancelled")
        assert await asked(server, "echo", prompt="again") == "you said again"


@pytest.mark.slow
async def test_over_stdio_progress_reaches_the_events_of_our_client(file: str) -> None:
    agent = Agent(
        ScriptedProvider(tool_call("weather", prompt="go"), text("done")), toolsets=[stdio_server(file)]
    )
    async with agent.run_stream("go") as stream:
        told = [event.delta async for event in stream if event.event_type == "tool_output"]
    assert told == ["1 calls measure", "2 measure is done"]


CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {
        "name": "worker",
        "arguments": {"prompt": "go"},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    },
}


@contextmanager
def stdio_program(file: str) -> Generator[subprocess.Popen[str]]:
    """The program over standard input and output, with a call that does not end."""
    command = [sys.executable, *PROGRAM, file, "{}"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, cwd=ROOT, env={**os.environ, **ENV}, **pipes) as process:
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps(CALL) + "\n")
            process.stdin.flush()
            yield process
        finally:
            process.kill()


@pytest.mark.slow
def test_a_server_over_stdio_ends_with_its_client_however_that_ends(file: str, diary: Diary) -> None:
    with stdio_program(file) as process:
        asyncio.run(diary.until("began"))
        out, errors = process.communicate(timeout=20)  # which closes its input, as a client's death does
        assert process.returncode == 0
    assert diary.read() == ["began", "cancelled"]
    assert all(json.loads(line)["jsonrpc"] == "2.0" for line in out.splitlines())
    assert "printed ahead" in errors


@pytest.mark.slow
async def test_over_http_both_clients_get_answers_progress_and_cancellation(file: str, diary: Diary) -> None:
    with http_server(file) as url:
        for mode in ("auto", "legacy"):
            told: list[str | None] = []

            async def on_progress(done: float, total: float | None, message: str | None) -> None:
                told.append(message)  # noqa: B023  # which is called in this turn of the loop only

            async with Client(url, mode=mode) as client, asyncio.timeout(30):
                result = await client.call_tool("weather", {"prompt": "go"}, progress_callback=on_progress)
                assert result.structured_content == {"city": "Kiel", "degrees": 7}
                await client.call_tool("echo", {"prompt": "go"})
                assert told == ["calls measure", "measure is done"]
        server = MCPServerHTTP(url)
        agent = Agent(ScriptedProvider(tool_call("worker", prompt="go"), text("done")), toolsets=[server])
        async with asyncio.timeout(30), agent.run_stream("go") as stream:
            run = asyncio.create_task(stream.result())
            await diary.until("began")
            stream.abort("enough")
            assert (await run).aborted
        await diary.until("cancelled")


@pytest.mark.slow
async def test_over_http_the_death_of_a_client_aborts_its_call(file: str, diary: Diary) -> None:
    with http_server(file) as url:
        program = (
            "import asyncio, sys; from mcp import Client\n"
            "async def main():\n"
            "    async with Client(sys.argv[1]) as client:\n"
            "        await client.call_tool('worker', {'prompt': 'go'})\n"
            "asyncio.run(main())"
        )
        client = await asyncio.create_subprocess_exec(sys.executable, "-c", program, url)
        await diary.until("began")
        client.kill()
        await asyncio.wait_for(client.wait(), 20)
        await diary.until("cancelled")


async def test_deps_see_the_headers_of_a_request(diary: Diary) -> None:
    async with served(*agents(diary)) as url:
        assert await asked(MCPServerHTTP(url, headers={"X-User": "eve"}), "who", prompt="go") == "eve"


async def test_with_a_token_only_those_who_have_it_are_let_in(diary: Diary) -> None:
    async with served(*agents(diary), token=TOKEN, path="/agents") as url:
        assert url.endswith("/agents")
        bearer = {"authorization": f"bearer {TOKEN}"}
        assert await asked(MCPServerHTTP(url, headers=bearer), "echo", prompt="go") == "you said go"
        async with httpx2.AsyncClient() as client:
            for headers in ({}, {"authorization": f"Basic {TOKEN}"}, {"authorization": f"Bearer {TOKEN}x"}):
                refused = await client.post(url, json={}, headers=headers)
                assert (refused.status_code, TOKEN in refused.text) == (401, False)
                assert refused.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        http = httpx2.AsyncClient(headers=bearer)
        async with http, Client(streamable_http_client(url, http_client=http)) as sdk:
            assert said(await sdk.call_tool("echo", {"prompt": "go"})) == "you said go"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "127.9.8.7", "0:0:0:0:0:0:0:1"])
async def test_a_page_of_another_site_is_refused_whatever_of_this_machine_is_listened_on(
    diary: Diary, host: str
) -> None:
    skip_without(host)
    async with served(*agents(diary), host=host) as url, httpx2.AsyncClient() as client:
        rebound = await client.post(url, json={}, headers={"host": "evil.example"})
        foreign = await client.post(url, json={}, headers={"origin": "https://evil.example"})
        like = await client.post(url, json={}, headers={"origin": "http://localhost.evil.example"})
        assert await asked(MCPServerHTTP(url), "echo", prompt="go") == "you said go"
    assert [each.status_code for each in (rebound, foreign, like)] == [421, 403, 403]


async def test_where_other_machines_get_in_by_a_token_the_server_may_have_any_name(diary: Diary) -> None:
    async with served(*agents(diary), host="0.0.0.0", token=TOKEN) as url:
        headers = {"host": "agents.example", "authorization": f"Bearer {TOKEN}"}
        server = MCPServerHTTP(url.replace("0.0.0.0", "127.0.0.1"), headers=headers)
        assert await asked(server, "echo", prompt="go") == "you said go"


@pytest.mark.slow
async def test_a_server_that_is_stopped_aborts_its_calls(diary: Diary) -> None:
    async with served(*agents(diary)) as url:
        client = asyncio.create_task(asked(MCPServerHTTP(url), "worker", prompt="go"))
        await diary.until("began")
    await diary.until("cancelled")
    assert "worker" in await asyncio.wait_for(client, 20)


@contextmanager
def http_program(file: str) -> Generator[tuple[subprocess.Popen[str], str]]:
    """The program over HTTP, and its address."""
    command = [sys.executable, *PROGRAM, file, json.dumps({"transport": "http", "port": 0})]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, cwd=ROOT, env={**os.environ, **ENV}, **pipes) as process:
        try:
            assert process.stderr is not None
            yield process, process.stderr.readline().strip()
        finally:
            process.kill()


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
@pytest.mark.slow
async def test_over_http_a_signal_cancels_calls_after_a_grace_and_their_clients_are_told(
    file: str, diary: Diary, mode: Any, number: int, status: int
) -> None:
    with http_program(file) as (process, url):
        async with Client(url, mode=mode) as client, asyncio.timeout(30):
            call = asyncio.create_task(client.call_tool("worker", {"prompt": "go"}))
            await diary.until("began")
            process.send_signal(number)
            result = await call
        _, errors = await asyncio.to_thread(process.communicate, timeout=20)
    assert (result.is_error, said(result)) == (
        True,
        "worker has no answer: the server is being stopped",
    )
    assert (process.returncode, errors) == (status, "")
    assert diary.read() == ["began", "cancelled"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.slow
async def test_over_http_a_second_signal_ends_the_program_at_once(
    file: str, diary: Diary, number: int
) -> None:
    async def ask(url: str) -> None:
        async with Client(url) as client:
            await client.call_tool("worker", {"prompt": "go"})

    with http_program(file) as (process, url):
        call = asyncio.create_task(ask(url))
        await diary.until("began")
        process.send_signal(number)
        host, port = url.removeprefix("http://").removesuffix("/mcp").split(":")
        async with asyncio.timeout(20):
            while True:  # until it listens no more, and so has noticed
                try:
                    socket.create_connection((host, int(port))).close()
                except OSError:
                    break
                await asyncio.sleep(0.01)
        process.send_signal(number)
        assert await asyncio.to_thread(process.wait, 20) == -number
        await asyncio.wait([call], timeout=20)
        assert call.exception() is not None
    assert diary.read() == ["began"]


@pytest.mark.slow
async def test_a_request_that_never_ends_is_ended_with_the_server(diary: Diary) -> None:
    async with served(*agents(diary)) as url:
        host, port = url.removeprefix("http://").removesuffix("/mcp").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"POST /mcp HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 9\r\n"
        kinds = "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
        writer.write(f"{head}{kinds}MCP-Protocol-Version: 2026-07-28\r\n\r\n".encode())
        await writer.drain()
        assert await asked(MCPServerHTTP(url), "echo", prompt="go") == "you said go"
    assert (await asyncio.wait_for(reader.read(), 20)).startswith(b"HTTP/1.1 503 ")
    writer.close()
    await writer.wait_closed()


def test_in_another_thread_signals_are_left_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen: list[object] = []

    def ready(address: str) -> None:
        seen.append(signal.getsignal(signal.SIGTERM))
        raise asyncio.CancelledError

    def run() -> None:
        with pytest.raises(SystemExit):
            serve(Agent(FunctionProvider(echo), name="echo"), transport="http", port=0, on_ready=ready)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    assert seen == [before]


async def test_a_stopping_server_lets_calls_end_and_takes_no_more() -> None:
    began, end = asyncio.Event(), asyncio.Event()

    async def slow(messages: Any, request: Any) -> str:
        began.set()
        await end.wait()
        return "done"

    server, tools = served_by(
        Agent(FunctionProvider(slow), name="slow"), name="it", instructions=None, max_parallel=5
    )
    async with Client(server) as client, asyncio.timeout(20):
        call = asyncio.create_task(client.call_tool("slow", {"prompt": "go"}))
        await began.wait()
        stopping = asyncio.create_task(tools.stop(20))
        await asyncio.sleep(0)
        refused = await client.call_tool("slow", {"prompt": "go"})
        assert said(refused) == "slow has no answer: the server is being stopped"
        end.set()
        assert said(await call) == "done"
        await stopping


async def test_agents_that_cannot_be_opened_are_an_error_of_serve_itself() -> None:
    class Shut:
        name, description, output_type = "shut", None, str

        async def __aenter__(self) -> None:
            raise ConfigError("it is shut")

        async def __aexit__(self, *ended: object) -> None: ...

        def run_stream(self, prompt: str, *, deps: Any, session_key: str | None) -> Any: ...

    with pytest.raises(ConfigError, match="it is shut"):
        await serve_async(Shut(), transport="http", port=0)


async def test_agents_are_served_in_the_same_process_too(diary: Diary) -> None:
    server = MCPServerInProcess(as_server(*agents(diary)))
    assert await asked(server, "weather", prompt="go") == '{"city":"Kiel","degrees":7}'


def skip_without(host: str) -> None:
    try:
        socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError:
        pytest.skip(f"this machine has no {host}")


@pytest.mark.parametrize("host", ["::1", "localhost"])
async def test_other_names_of_this_machine_need_no_token(diary: Diary, host: str) -> None:
    skip_without(host)
    async with served(*agents(diary), host=host) as url:
        assert await asked(MCPServerHTTP(url), "echo", prompt="go") == "you said go"


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"transport": "websocket"}, "transport='websocket': 'stdio' or 'http' is expected"),
        ({"port": 80}, "port is for transport='http'"),
        ({"transport": "http", "port": 99_999}, "port=99999: 1 to 65535 is expected, or 0 for any"),
        ({"transport": "http", "port": -1}, "port=-1: 1 to 65535 is expected"),
        ({"transport": "http", "port": "80"}, "port='80': 1 to 65535 is expected"),
        ({"transport": "http", "port": True}, "port=True: 1 to 65535 is expected"),
        ({"transport": "http", "host": None}, "host=None: a text is expected"),
        ({"on_ready": "print"}, "on_ready='print': a function of the address is expected"),
        ({"instructions": 7}, "instructions=7: a text or None is expected"),
        ({"max_parallel": 0}, "max_parallel=0: how many calls may be at work, 1 or more"),
        ({"transport": "http", "host": "0.0.0.0"}, "host='0.0.0.0' lets other machines in"),
        ({"transport": "http", "host": "agents.example"}, "host='agents.example' lets other machines in"),
        ({"transport": "http", "path": "mcp"}, "path='mcp' does not begin with '/'"),
        ({"transport": "http", "tokens": ["x"]}, "takes no 'tokens'; it takes transport, host"),
    ],
)
def test_what_cannot_be_served_like_that_is_refused(options: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ConfigError, match=wrong):
        serve(Agent(FunctionProvider(echo), name="echo"), **options)


@pytest.mark.parametrize("token", ["short", "with blanks in it all", "sixteen-letters-ä", 1234567890123456])
def test_a_token_that_is_weak_is_refused_without_being_shown(token: Any) -> None:
    with pytest.raises(ConfigError, match="is not 16 or more") as raised:
        serve(Agent(FunctionProvider(echo), name="echo"), transport="http", token=token)
    assert str(token) not in str(raised.value)


def test_a_port_that_is_taken_is_an_error_that_names_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port={port} cannot be listened on"):
            serve(Agent(FunctionProvider(echo), name="echo"), transport="http", port=port)


async def test_in_a_running_loop_serve_says_what_to_do() -> None:
    with pytest.raises(ConfigError, match="await serve_async"):
        serve(Agent(FunctionProvider(echo), name="echo"))


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
@pytest.mark.slow
def test_over_stdio_a_signal_ends_the_program_and_its_runs_though_the_client_is_there(
    file: str, diary: Diary, number: int, status: int
) -> None:
    with stdio_program(file) as process:
        asyncio.run(diary.until("began"))
        process.send_signal(number)
        assert process.wait(20) == status
    assert diary.read() == ["began", "cancelled"]


@pytest.mark.slow
def test_over_stdio_tools_read_nothing_of_what_the_client_writes(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from voxagent import Agent\n"
        "from voxagent.mcp import serve\n"
        "from voxagent.testing import FunctionProvider\n"
        "serve(Agent(FunctionProvider(lambda *_: f'read {sys.stdin.read()!r}'), name='reader'))\n"
    )
    server = MCPServerStdio(sys.executable, ["-c", program], env=ENV, connect_timeout=30)
    assert asyncio.run(asked(server, "reader", prompt="go")) == "read ''"


@pytest.mark.parametrize(("stop", "status"), [(KeyboardInterrupt, None), (asyncio.CancelledError, 143)])
def test_a_program_that_is_stopped_ends_as_programs_do(stop: type[BaseException], status: int | None) -> None:
    addresses: list[str] = []

    def ready(address: str) -> None:
        addresses.append(address)
        raise stop

    ended: list[object] = []
    try:
        serve(Agent(FunctionProvider(echo), name="echo"), transport="http", port=0, on_ready=ready)
    except SystemExit as error:
        ended.append(error.code)
    assert ended == ([] if status is None else [status])
    port = int(addresses[0].split(":")[2].removesuffix("/mcp"))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


@pytest.mark.parametrize(
    ("line", "answered"),
    [
        (r'{"jsonrpc": "2.0", "id": 1, "method": "x", "params": {"a": "\ud800"}}', 1),
        (r'{"jsonrpc": "2.0", "method": "x", "params": {"id": 2, "a": "\ud800"}, "id": "one"}', "one"),
        ('{"jsonrpc": "1.0", "id": 3, "method": "x"}', 3),
        (r'{"jsonrpc": "2.0", "method": "x", "params": {"id": 2, "a": "\ud800"}}', None),
        (r'{"jsonrpc": "2.0", "id": 1, "result": "\ud800"}', None),
        ('{"jsonrpc": "2.0", "id": 4, "method": "x", "params": {"a": "\t"}}', 4),
        ('{"jsonrpc": "2.0", "id": 5, "method": "x", "params": {"a"', 5),
        ('{"jsonrpc": "2.0", "method": "x", "id": "six", "params": {"a"', "six"),
        ('{"jsonrpc": "2.0", "id": 7, "method": "x", "params": {"a": ' + "[" * 5_000 + "]" * 5_000 + "}}", 7),
        ('{"jsonrpc": "2.0", "method": "x", "params": {"id": 8', NAMELESS),
        ('{"jsonrpc": "2.0", "id": ' + "9" * 5_000 + ', "method": "x"}', NAMELESS),
        ('{"jsonrpc": "2.0", "id": true, "method": "x", "params": [1]}', NAMELESS),
        (r'{"jsonrpc": "2.0", "id": "\ud800", "method": "x"}', NAMELESS),
        ("not json", None),
        ("[1]", None),
    ],
)
async def test_a_request_that_cannot_be_read_is_answered(line: str, answered: Any) -> None:
    incoming, reading = create_context_streams[Any](1)
    writing, outgoing = create_context_streams[Any](1)
    async with asyncio.timeout(20), incoming, writing, outgoing, _Messages(reading, writing) as messages:
        try:
            jsonrpc_message_adapter.validate_json(line, by_name=False)
        except ValueError as error:
            await incoming.send(error)
        await incoming.aclose()
        [read] = [each async for each in messages]
        assert isinstance(read, ValueError)
        assert messages.last_context is reading.last_context
        await writing.aclose()
        answers = [each.message async for each in outgoing]
    told = [NAMELESS if each.id is None else each.id for each in answers]
    assert told == ([] if answered is None else [answered])
    assert all("the request cannot be read: " in each.error.message for each in answers)


async def test_a_refusal_that_nobody_takes_ends_nothing() -> None:
    incoming, reading = create_context_streams[Any](2)
    writing, outgoing = create_context_streams[Any](1)
    await outgoing.aclose()
    async with asyncio.timeout(20), incoming, writing, _Messages(reading, writing) as messages:
        with pytest.raises(ValueError, match="literal") as caught:
            jsonrpc_message_adapter.validate_json('{"jsonrpc": "1.0", "id": 3, "method": "x"}', by_name=False)
        for each in (caught.value, "a message"):
            await incoming.send(each)
        await incoming.aclose()
        assert [each async for each in messages] == [caught.value, "a message"]


async def test_what_is_no_message_and_no_request_is_left_to_the_sdk() -> None:
    incoming, reading = create_context_streams[Any](3)
    async with asyncio.timeout(20), incoming, _Messages(reading, None) as messages:
        for each in ("a message", ValueError("odd")):
            await incoming.send(each)
        await incoming.aclose()
        assert [str(each) async for each in messages] == ["a message", "odd"]


@pytest.mark.slow
def test_over_stdio_what_cannot_be_read_or_has_a_mark_ahead_is_answered(file: str) -> None:
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}}
    lines = [
        "\ufeff" + json.dumps({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello}),
        r'{"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "echo", "arguments":'
        r' {"prompt": "\ud800"}}}',
    ]
    with stdio_program(file) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("".join(f"{line}\n" for line in lines))
        process.stdin.flush()
        answers = {each["id"]: each for each in [json.loads(process.stdout.readline()) for _ in lines]}
        process.communicate(timeout=20)
    assert set(answers) == {0, 7}
    assert "cannot be read" in answers[7]["error"]["message"]


async def test_lines_are_read_until_the_end_however_many_there_are() -> None:
    reading, writing = os.pipe()
    lines = Lines(reading)

    def write() -> None:
        with open(writing, "wb") as file:
            file.writelines(b"line %d \xff\n" % number for number in range(5_000))

    writer = asyncio.create_task(asyncio.to_thread(write))
    async with asyncio.timeout(20):
        assert [line async for line in lines] == [f"line {number} \ufffd\n" for number in range(5_000)]
    await writer
    os.close(reading)


def test_the_thread_that_reads_ends_once_nobody_takes_what_it_reads() -> None:
    reading, writing = os.pipe()

    async def begin() -> Lines:
        return Lines(reading)

    asyncio.run(begin())
    [thread] = [each for each in threading.enumerate() if each.name == "voxagent-stdin"]
    os.write(writing, b"too late\n")
    thread.join(20)
    assert not thread.is_alive()
    os.close(reading)
    os.close(writing)
