"""Forty secrets, every way out, every door: none leaves. `R-A13`."""

import base64
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError

from tests.agent.doors import every_door
from tests.behaviour.anthropic_dialect import AnthropicDialect
from tests.behaviour.openai_dialects import ChatDialect, openai_error
from tests.behaviour.server import Answer, FaultServer, reset, streamed, whole
from tests.behaviour.wire import Call, Part, Text, Thinking
from tests.leaks.hidden import (
    API_KEY,
    COUNT,
    HEADER_KEY,
    NAMED,
    PAYLOAD,
    SECRET_PATTERNS,
    Deps,
    Login,
    seen,
)
from tests.leaks.sinks import Texts, Watcher, listening, of_error, of_files, of_objects, of_result
from tests.mcp.servers import FAULTY
from voxagent import Agent, Hooks, Message, ModelRetry, ToolContext, ToolReturn, tool
from voxagent.errors import ToolsetError
from voxagent.mcp import MCPServerHTTP, MCPServerStdio
from voxagent.providers import (
    AuthProfile,
    BaseProvider,
    CodexProvider,
    FailoverPolicy,
    ModelRequest,
    OpenAIChatProvider,
    ProviderRegistry,
    with_text_tools,
)
from voxagent.providers.anthropic.provider import AnthropicProvider
from voxagent.providers.http.retries import Retries
from voxagent.session import Budget, compact, summarise
from voxagent.testing import RequestRecorder
from voxagent.types import ApprovalRequest, Approve

CHAT, MESSAGES = ChatDialect(), AnthropicDialect()
ONCE = Retries(attempts=1)
OK = Text(("ok",))
SIZE = 17


class Failed(Exception):
    """Keeps what it was told in a place of its own."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.kept = {"said": [said], "pair": (said, 1)}

    def __str__(self) -> str:
        return f"failed: {self.kept['pair'][0]}"


class Strict(BaseModel):
    number: int


def pieces(text: str) -> tuple[str, ...]:
    return tuple(text[start : start + SIZE] for start in range(0, len(text), SIZE))


@tool
async def echo(said: str) -> str:
    return f"heard {said}"


@tool
async def leak(ctx: ToolContext[Any]) -> ToolReturn[dict[str, Any]]:
    await ctx.update(PAYLOAD)
    await ctx.emit("note", {PAYLOAD: [PAYLOAD]})
    return ToolReturn({"deep": [{PAYLOAD: PAYLOAD}]}, content=PAYLOAD, metadata={"all": (PAYLOAD,)})


@tool
def fail() -> str:
    said = PAYLOAD
    try:
        Strict.model_validate({"number": said})
    except ValidationError as error:
        error.add_note(f"asked with {said}")
        group = ExceptionGroup(f"several {said}", [Failed(said), OSError(2, said, said), error])
        raise Failed(said) from group
    return "never"


@tool
async def retry() -> str:
    raise ModelRetry(PAYLOAD)


@tool(requires_approval=True)
async def ask_first(said: str) -> str:
    return f"heard {said}"


TOOLS = (echo, leak, fail, retry, ask_first)


@dataclass
class Case:
    """What happens in a run.

    Args:
        answers: What the model says, one after the other: parts, or the server's own steps.
        options: What the agent is made with.
        prompt: What the user says.
        run: What the run is told.
    """

    answers: list[Any]
    options: Callable[[], dict[str, Any]] = dict
    prompt: str = "go"
    run: dict[str, Any] = field(default_factory=dict)


def raising(*arguments: Any) -> Any:
    raise Failed(PAYLOAD)


async def failing(event: Any) -> None:
    raise Failed(PAYLOAD)


def approve(request: ApprovalRequest) -> Approve:
    approved.append(repr(request))
    return Approve()


approved: list[str] = []
ARGUMENTS = json.dumps({"said": PAYLOAD})
CASES: dict[str, Case] = {
    "what the model says": Case([[Text(pieces(PAYLOAD))]]),
    "prompt": Case([[OK]], prompt=PAYLOAD),
    "history": Case([[OK]], run={"message_history": [Message("system", PAYLOAD), Message("user", PAYLOAD)]}),
    "arguments": Case([[Call("echo", pieces(ARGUMENTS))], [OK]]),
    "broken arguments": Case([[Call("echo", pieces(ARGUMENTS[:-9]))], [OK]]),
    "unknown tool": Case([[Call("nosuch", pieces(ARGUMENTS))], [OK]]),
    "approved arguments": Case([[Call("ask_first", pieces(ARGUMENTS))], [OK]], lambda: {"approve": approve}),
    "pending arguments": Case([[Call("ask_first", pieces(ARGUMENTS))]]),
    "tool's result": Case([[Call("leak")], [OK]]),
    "failing tool": Case([[Call("fail")], [OK]]),
    "failing tool ends it": Case([[Call("fail")]], lambda: {"tool_errors": "raise"}),
    "tool retry": Case([[Call("retry")], [Call("retry")]]),
    "refused with an echo": Case(
        [whole(400, openai_error(f"bad request {PAYLOAD}", "invalid_request_error"))]
    ),
    "not let in": Case([whole(401, openai_error(f"Incorrect API key: {API_KEY}", "invalid_request_error"))]),
    "answered by a page": Case([whole(500, f"<html>{PAYLOAD}</html>".encode(), "text/html")]),
    "broken stream": Case([[*CHAT.events(Text(pieces(PAYLOAD))).open, reset]]),
    "garbled stream": Case([[*CHAT.events(OK).open, f"data: {{{PAYLOAD}\n\n".encode()]]),
    "failing hooks": Case([[OK]], lambda: {"hooks": Hooks(after_output=raising)}),
    "failing observer": Case([[OK]], lambda: {"observers": [raising]}),
    "failing observer that is async": Case([[OK]], lambda: {"observers": [failing]}),
    "structured output": Case(
        [[Call("final_result", pieces(ARGUMENTS))], [Call("final_result", pieces(ARGUMENTS))]],
        lambda: {"output_type": Strict},
    ),
    "metadata": Case([[OK]], run={"metadata": {"all": [PAYLOAD]}}),
}


def stream_of(answer: list[Any]) -> Answer:
    if all(isinstance(part, (Text, Thinking, Call)) for part in answer):
        parts: list[Part] = answer
        return streamed(*CHAT.events(*parts).all)
    if isinstance(answer[0], bytes) and answer[0].startswith(b"HTTP/"):
        return answer
    return streamed(*answer)


def agent_of(provider: Any, case: Case | None = None, **options: Any) -> Agent[Any, Any]:
    made: dict[str, Any] = {
        "tools": TOOLS,
        "deps_type": Deps,
        "secrets_to_redact": NAMED,
        "secret_patterns": SECRET_PATTERNS,
        **(case.options() if case else {}),
        **options,
    }
    return Agent(provider, **made)


def bodies_of(server: FaultServer) -> Texts:
    return {
        f"request {number}": json.dumps(asked.body, ensure_ascii=False) + json.dumps(asked.body)
        for number, asked in enumerate(server.asked)
    }


def given_away(texts: Texts) -> dict[str, list[str]]:
    return {name: found for name, text in texts.items() if (found := seen(text))}


def test_there_are_forty_secrets() -> None:
    assert (COUNT, len(seen(PAYLOAD)) > 160) == (40, True)


async def test_the_ways_out_are_watched_secrets_that_nobody_named_are_seen(tmp_path: Path) -> None:
    with (
        FaultServer(*map(stream_of, [[Call("leak")], [Text(pieces(PAYLOAD))]])) as server,
        listening() as logs,
    ):
        provider = OpenAIChatProvider("m", "x", f"{server.url}/v1", retries=ONCE)
        agent = agent_of(
            provider, secrets_to_redact={}, secret_patterns=(), session_storage=f"file://{tmp_path}"
        )
        watcher = Watcher()
        agent.subscribe(watcher)
        agent.subscribe(raising)
        result = await agent.run(
            "go", deps=Deps(Login(password=SecretStr("x")), SecretStr("y"), SecretBytes(b"z"))
        )
        result.error = Failed(PAYLOAD)
        found = given_away(
            {
                "events": "\n".join(watcher.told),
                "log": "\n".join(logs.said),
                **of_result(result),
                **bodies_of(server),
            }
        )
    assert {
        *("events", "log", "request 1", "result repr", "result str", "result dump", "result JSON"),
        *("result pickle", "result messages", "error 1 Failed"),
    } <= set(found)


@every_door
@pytest.mark.parametrize("case", CASES)
async def test_no_secret_leaves(door: Any, case: str, tmp_path: Path) -> None:
    told = CASES[case]
    approved.clear()
    with FaultServer(*map(stream_of, told.answers)) as server, listening() as logs:
        provider = OpenAIChatProvider("m", API_KEY, f"{server.url}/v1", retries=ONCE)
        store = (
            f"sqlite:///{tmp_path}/chat.db" if door.__name__ == "run_stream" else f"file://{tmp_path}/files"
        )
        agent = agent_of(provider, told, session_storage=store)
        agent.instructions(lambda: PAYLOAD)
        watcher = Watcher()
        agent.subscribe(watcher)
        stored = {} if "message_history" in told.run else {"session_key": "k"}
        result = await door(agent, told.prompt, deps=Deps(), **stored, **told.run)
        await agent.run("again", deps=Deps(), **stored)
        texts: Texts = {
            "events": "\n".join(watcher.told),
            "tasks": "\n".join(watcher.tasks),
            "log": "\n".join(logs.said),
            "approvals": "\n".join(approved),
            **of_result(result),
            **of_objects(agent, provider),
            **of_files(tmp_path),
            **bodies_of(server),
        }
    assert len(watcher.told) > 4
    assert server.asked
    assert bool(stored) == bool(of_files(tmp_path))
    assert given_away(texts) == {}


# --- other ways to a model ------------------------------------------------------------------------------


async def gone_out(agent: Agent[Any, Any], provider: Any, server: FaultServer, **options: Any) -> Any:
    """The result of a run, and what it gave away."""
    watcher = Watcher()
    agent.subscribe(watcher)
    with listening() as logs:
        result = await agent.run("go", deps=Deps(), **options)
    texts: Texts = {
        "events": "\n".join(watcher.told),
        "tasks": "\n".join(watcher.tasks),
        "log": "\n".join(logs.said),
        **of_result(result),
        **of_objects(agent, provider),
        **bodies_of(server),
    }
    return result, given_away(texts)


def thinking_of(text: str) -> Answer:
    return streamed(*MESSAGES.events(Thinking(pieces(text)), Text(pieces(text))).all)


async def test_no_secret_leaves_by_thoughts_or_by_the_headers_of_another_service() -> None:
    echoed = f"{PAYLOAD}\n{HEADER_KEY}"
    failed = whole(400, {"type": "error", "error": {"type": "invalid_request_error", "message": echoed}})
    with FaultServer(thinking_of(echoed), failed) as server:
        provider = AnthropicProvider(
            "m", API_KEY, server.url, retries=ONCE, headers={"x-gateway-key": HEADER_KEY}
        )
        agent = agent_of(provider)
        for expected in (None, "BadRequestError"):
            result, found = await gone_out(agent, provider, server)
            assert (type(result.error).__name__ if result.error else None, found) == (expected, {})
        assert server.asked[0].headers["x-gateway-key"] == HEADER_KEY


async def test_the_headers_and_the_address_of_one_run_are_secrets_of_it() -> None:
    said = f"{HEADER_KEY} and pass-in-address"
    with FaultServer(streamed(*CHAT.events(Text(pieces(said))).all)) as server:
        url = server.url.replace("//", "//ada:pass-in-address@")
        provider = OpenAIChatProvider("m", API_KEY, f"{url}/v1", retries=ONCE)
        settings: Any = {"extra_headers": {"Proxy-Authorization": f"Bearer {HEADER_KEY}"}}
        result, found = await gone_out(agent_of(provider), provider, server, settings=settings)
        assert (result.output, found) == (
            "[REDACTED:openai-chat_proxy-authorization] and [REDACTED:openai-chat_password]",
            {},
        )
        assert "pass-in-address" not in f"{provider!r} {result!r}"


async def fetched() -> str:
    return API_KEY


@pytest.mark.parametrize("key", [fetched, lambda: API_KEY], ids=["async", "plain"])
async def test_a_key_that_a_function_gives_is_hidden_before_the_first_text(key: Any) -> None:
    echo = streamed(*CHAT.events(Text(pieces(f"{API_KEY}{PAYLOAD}"))).all)
    failed = whole(400, openai_error(f"bad key {API_KEY} in {PAYLOAD}", "invalid_request_error"))
    with FaultServer(echo, echo, failed) as server:
        provider = OpenAIChatProvider("m", key, f"{server.url}/v1", retries=ONCE)
        result = await Agent(provider).run("go")
        assert API_KEY not in f"{result!r}{result.output}"
        assert result.output.startswith("[REDACTED:openai-chat_api_key]")
        for _ in range(2):
            result, found = await gone_out(agent_of(provider), provider, server)
            assert found == {}
        assert type(result.error).__name__ == "BadRequestError"


async def test_the_keys_of_all_profiles_of_a_chain_are_hidden() -> None:
    second = "Second-Wm2Lx6Rt9Yp3Bn7"
    refused = whole(401, openai_error(f"bad {API_KEY} and {second}", "invalid_request_error"))
    answer = streamed(*CHAT.events(Text(pieces(f"I know {API_KEY} and {second}. {PAYLOAD}"))).all)
    registry = ProviderRegistry()
    with FaultServer(refused, answer) as server:
        registry.register(
            "gate",
            lambda model, api_key: OpenAIChatProvider(model, api_key, f"{server.url}/v1", retries=ONCE),
        )
        profiles = [AuthProfile("one", API_KEY, "gate"), AuthProfile("two", second, "gate")]
        agent = agent_of("gate:m", registry=registry, failover=FailoverPolicy(profiles=profiles))
        result, found = await gone_out(
            agent, profiles, server, message_history=[Message("user", f"x {second}")]
        )
        assert found == {}
        assert second not in f"{result!r}{server.asked[0].body}{result.attempts!r}"
        assert result.output.startswith("I know [REDACTED:")
        assert [attempt.profile for attempt in result.attempts] == ["one", "two"]


@pytest.mark.parametrize("package", ["openai", "anthropic", "httpx2"])
async def test_the_keys_of_a_client_that_is_handed_in_are_hidden_and_so_is_what_it_logs(package: str) -> None:
    echoed = f"{API_KEY} {HEADER_KEY} {PAYLOAD}"
    failed = whole(400, openai_error(f"bad {echoed}", "invalid_request_error"))
    dialect: Any = MESSAGES if package == "anthropic" else CHAT
    answer = streamed(*dialect.events(Text(pieces(echoed))).all)
    headers = {"x-gateway-key": HEADER_KEY}
    library: Any = pytest.importorskip(package)
    with FaultServer(answer, failed, reset_at_once()) as server:
        provider: Any
        match package:
            case "openai":
                client = library.AsyncOpenAI(
                    api_key=API_KEY, base_url=f"{server.url}/v1", default_headers=headers
                )
                provider = OpenAIChatProvider("m", client=client)
            case "anthropic":
                client = library.AsyncAnthropic(api_key=API_KEY, base_url=server.url, default_headers=headers)
                provider = AnthropicProvider("m", client=client)
            case _:
                client = library.AsyncClient(headers=headers)
                provider = OpenAIChatProvider("m", API_KEY, f"{server.url}/v1", client=client, retries=ONCE)
        agent = agent_of(provider)
        for expected in (None, "BadRequestError", "ProviderConnectionError"):
            result, found = await gone_out(agent, provider, server, settings={"max_tokens": 9})
            assert (type(result.error).__name__ if result.error else None, found) == (expected, {})
        await (client.aclose() if package == "httpx2" else client.close())


def reset_at_once() -> Answer:
    return [reset]


# --- other agents, other servers ------------------------------------------------------------------------


async def test_no_secret_leaves_by_a_sub_agent() -> None:
    answers = [
        [Call("helper", pieces(json.dumps({"prompt": PAYLOAD})))],
        [Call("leak")],
        [Text(pieces(PAYLOAD))],
        [Call("helper", pieces(json.dumps({"prompt": "again"})))],
        [Call("fail")],
        [Text(pieces(PAYLOAD))],
    ]
    with FaultServer(*map(stream_of, answers)) as server:
        provider = OpenAIChatProvider("m", API_KEY, f"{server.url}/v1", retries=ONCE)
        below: Agent[Any, Any] = Agent(
            provider, name="helper", description="Helps.", deps_type=Deps, tools=[leak, fail]
        )
        agent = agent_of(provider, sub_agents=[below], tools=[])
        result, found = await gone_out(agent, provider, server)
        assert (result.error, len(server.asked), found) == (None, 7, {})


async def test_no_secret_leaves_by_a_real_mcp_server() -> None:
    names = ("leak", "fail", "log", "echo")
    arguments = json.dumps({"text": PAYLOAD})
    answers = [[Call(name, pieces(arguments), f"call_{name}")] for name in names]
    with FaultServer(*map(stream_of, [*answers, [OK]])) as server:
        provider = OpenAIChatProvider("m", API_KEY, f"{server.url}/v1", retries=ONCE)
        toolset = MCPServerStdio(
            sys.executable, [FAULTY, "stdio"], env={"API_TOKEN": "token-of-a-server-81"}, name="faulty"
        )
        agent = agent_of(provider, toolsets=[toolset], tools=[])
        result, found = await gone_out(agent, provider, server)
        everything = (
            f"{result!r} {result.model_dump_json()} {bodies_of(server)} {toolset!r} {vars(toolset)!r}"
        )
        assert (result.error, len(server.asked), found) == (None, 5, {})
        assert "token-of-a-server-81" not in everything
        assert not seen(f"{toolset!r} {vars(toolset)!r}")


async def test_no_secret_of_an_mcp_server_that_does_not_start_leaves() -> None:
    with FaultServer(streamed(*CHAT.events(OK).all)) as server:
        provider = OpenAIChatProvider("m", API_KEY, f"{server.url}/v1", retries=ONCE)
        toolset = MCPServerStdio(
            sys.executable,
            [FAULTY, "stdio", "exits", "--token", NAMED["path"]],
            env={"API_TOKEN": NAMED["sentence"]},
            name="faulty",
        )
        agent = agent_of(provider, toolsets=[toolset], tools=[])
        with listening() as logs, pytest.raises(ToolsetError) as raised:
            await agent.run("go", deps=Deps())
        found = given_away({**of_error(raised.value), "log": "\n".join(logs.said)})
    assert found == {}


NONSENSE = {
    "another object": ("application/json", f'{{"jsonrpc": "2.0", "id": 1, "resul": "{HEADER_KEY}"}}'),
    "half an object": ("application/json", f'{{"broken {HEADER_KEY}'),
    "another event": ("text/event-stream", f'event: message\ndata: {{"x": "{HEADER_KEY}"}}\n\n'),
    "a text": ("text/plain", HEADER_KEY),
}


@pytest.mark.parametrize("what", NONSENSE)
async def test_no_secret_leaves_by_an_mcp_server_that_answers_nonsense(what: str) -> None:
    """The SDK logs tracebacks that quote the answer."""
    with (
        FaultServer(*[whole(200, NONSENSE[what][1].encode(), NONSENSE[what][0])] * 6) as server,
        listening() as logs,
    ):
        toolset = MCPServerHTTP(
            f"{server.url}/mcp?token={NAMED['path']}",
            headers={"x-gateway-key": HEADER_KEY},
            connect_timeout=2,
        )
        with pytest.raises(ToolsetError) as raised:
            await toolset.__aenter__()
    assert server.asked[0].headers["x-gateway-key"] == HEADER_KEY
    assert len(logs.said) > 4
    said = "\n".join(logs.said)
    assert (HEADER_KEY in said, NAMED["path"] in said) == (False, False)
    assert given_away(of_error(raised.value)) == {}


async def test_no_secret_leaves_by_what_is_made_shorter() -> None:
    """What a summary is asked of was redacted when it came."""
    asked: list[str] = []

    async def ask(question: str) -> str:
        asked.append(question)
        return "short"

    answers = [[Call("leak")], [Text(pieces(PAYLOAD))]]
    with FaultServer(*map(stream_of, answers)) as server:
        provider = OpenAIChatProvider("m", API_KEY, f"{server.url}/v1", retries=ONCE)
        result = await agent_of(provider).run(PAYLOAD, deps=Deps())
    assert result.error is None
    await compact(result.messages, Budget(10), summarise(ask, keep=0))
    assert asked
    assert given_away({"asked": "\n".join(asked)}) == {}


async def test_what_lets_a_provider_in_is_not_in_a_recording() -> None:
    said = f"{API_KEY}, {HEADER_KEY}; {API_KEY[:8]}"
    call = json.dumps({"said": said})
    failed = whole(400, openai_error(f"bad {said}", "invalid_request_error"))
    settings: Any = {"extra_headers": {"x-gateway-key": HEADER_KEY}}
    with FaultServer(stream_of([Text(pieces(said)), Call("echo", pieces(call))]), failed) as server:
        recorder = RequestRecorder(OpenAIChatProvider("m", API_KEY, f"{server.url}/v1", retries=ONCE))
        result, found = await gone_out(agent_of(recorder), recorder.provider, server, settings=settings)
        assert (type(result.error).__name__, found) == ("BadRequestError", {})
        dumped = recorder.dump_json()
    assert given_away({"recording": dumped}) == {}
    told = [chunk.get("delta", "") for chunk in json.loads(dumped)[0]["chunks"] if "Text" in chunk["chunk"]]
    assert "".join(told) == (
        f"[REDACTED:openai-chat_api_key], [REDACTED:openai-chat_x-gateway-key]; {API_KEY[:8]}"
    )


# --- whose keys -----------------------------------------------------------------------------------------


class Easy(BaseProvider):
    """Written for 0.1: its key is an attribute."""

    ENV_KEY = "EASY_API_KEY"
    name = "easy"
    models = ()
    supports_tools = supports_streaming = False
    context_limit = 1_000

    def complete(self, messages: Any, system: Any = None, tools: Any = None) -> Message:
        return Message("assistant", f"I have {self.get_api_key()}.")


async def test_the_key_of_a_provider_of_ones_own_is_hidden_also_behind_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EASY_API_KEY", "key-of-the-environment")
    makers: list[Callable[[Any], Any]] = [lambda each: each, with_text_tools, RequestRecorder]
    for around in makers:
        for provider in (Easy(), Easy("given-as-argument")):
            result = await Agent(around(provider)).run("go")
            assert result.output == "I have [REDACTED:easy_api_key]."
            assert provider.get_api_key() not in f"{result!r} {vars(provider)!r} {provider!r}"
    monkeypatch.delenv("EASY_API_KEY")
    assert (await Agent(Easy()).run("go")).output == "I have None."


async def test_what_the_environment_of_a_program_has_is_hidden(tmp_path: Path) -> None:
    program = tmp_path / "codex"
    program.touch()
    env = {
        "CODEX_API_KEY": "key-of-the-program",
        "HTTPS_PROXY": "http://ada:pass-of-proxy@proxy:1",
        "LANG": "C",
    }
    provider = CodexProvider(program=program, env=env)
    assert {value for _, value in provider.known_secrets()} >= {"key-of-the-program", "pass-of-proxy"}
    assert ("codex_codex_api_key", "key-of-the-program") in provider.known_secrets()
    assert "key-of-the-program" not in repr(provider)


async def test_nobody_is_told_outside_of_a_run() -> None:
    request = ModelRequest("m", ())
    assert request.hide([("key", API_KEY)]) is None
    assert API_KEY not in repr(request)


def with_basic(url: str) -> MCPServerHTTP:
    return MCPServerHTTP(url, auth=httpx2.BasicAuth("ada", HEADER_KEY), connect_timeout=2)


def with_client(url: str) -> MCPServerHTTP:
    headers = {"Authorization": f"Bearer {HEADER_KEY}"}
    return MCPServerHTTP(url, client=lambda: httpx2.AsyncClient(headers=headers), connect_timeout=2)


@pytest.mark.parametrize("making", [with_basic, with_client])
async def test_what_a_client_or_an_auth_sends_to_an_mcp_server_is_hidden(making: Any) -> None:
    sent = base64.b64encode(f"ada:{HEADER_KEY}".encode()).decode() if making is with_basic else HEADER_KEY
    refused = {"jsonrpc": "2.0", "id": None, "error": {"code": -32_000, "message": f"you sent {sent}"}}
    with FaultServer(*[whole(400, refused)] * 6) as server, listening() as logs:
        with pytest.raises(ToolsetError) as raised:
            await making(f"{server.url}/mcp").__aenter__()
        assert sent in server.asked[0].headers["authorization"]
    assert "you sent [REDACTED:" in str(raised.value)
    assert sent not in "\n".join([*logs.said, str(raised.value.__cause__)])
