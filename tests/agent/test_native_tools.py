"""Tools that a provider runs itself: told to the model, never lost, and what they did goes back. `R-A22`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.server import FaultServer, streamed, whole
from voxagent import Agent, BaseProvider, Message, RunResult
from voxagent.errors import ConfigError
from voxagent.providers import AnthropicProvider, OpenAIProvider
from voxagent.providers.http.retries import Retries
from voxagent.streaming import AssistantEndEvent
from voxagent.testing import FunctionProvider, RequestRecorder, ScriptedProvider, text
from voxagent.tools import CodeExecution, FileSearch, NativeTool, ProviderTool, UserLocation, WebSearch
from voxagent.types import ProviderBlock, TextBlock

DATA = Path(__file__).parents[1] / "data"
ONCE = Retries(attempts=1)
ALL: list[ProviderTool] = [
    WebSearch(["docs.python.org"], max_uses=2, user_location=UserLocation(country="NO")),
    CodeExecution(),
    FileSearch(["vs_1"]),
    NativeTool("image_generation"),
]


def recorded(name: str) -> bytes:
    """The answer of the only, or the first, exchange of a recording."""
    (path,) = DATA.glob(f"{name}*.json")
    body: str = json.loads(path.read_text("utf-8"))["exchanges"][0]["response"]["body"]
    return body.encode()


def events(stream: bytes) -> list[Any]:
    return [json.loads(line[6:]) for line in stream.decode().splitlines() if line.startswith("data: {")]


def anthropic(url: str, model: str = "claude-haiku-4-5") -> AnthropicProvider:
    return AnthropicProvider(model, "sk-test-key", url, retries=ONCE)


def openai(url: str, model: str = "gpt-5", api: Any = "responses") -> OpenAIProvider:
    return OpenAIProvider(model, "sk-test-key", f"{url}/v1", api=api, retries=ONCE)


async def two_turns(provider: Any, tools: Sequence[ProviderTool]) -> RunResult[str]:
    agent = Agent(provider, native_tools=tools)
    first = await agent.run("What is new?")
    first.raise_for_error()
    return await agent.run("And what else?", message_history=first.messages)


# --- what is told to the model -----------------------------------------------------------------------


async def test_tools_of_the_agent_and_of_the_run_stand_in_the_request() -> None:
    model = ScriptedProvider(text("one"), text("two"))
    agent = Agent(model, native_tools=ALL[:1])
    await agent.run("hello", native_tools=ALL[1:])
    await agent.run("hello")
    assert [list(request.native_tools) for request in model.requests] == [ALL, ALL[:1]]


async def test_a_provider_that_runs_no_tools_is_refused_ahead_of_the_run() -> None:
    for model in ("offline:demo", Shouting(), "ollama:qwen3"):
        with pytest.raises(ConfigError, match=r"cannot be given WebSearch\(\): this provider runs no tools"):
            await Agent(model, native_tools=[WebSearch()]).run("hello")


class Shouting(BaseProvider):
    """A provider that somebody wrote before there were such tools."""

    name, models, context_limit = "shouting", (), 1_000  # type: ignore[assignment]  # properties as values
    supports_tools, supports_streaming = True, False  # type: ignore[assignment]  # the same

    def complete(self, messages: Any, system: Any = None, tools: Any = None) -> Message:
        raise AssertionError("nobody asks it")


REFUSED: list[tuple[Any, ProviderTool, str]] = [
    (anthropic("http://h"), FileSearch(["vs"]), "searches no stored files"),
    (anthropic("http://h"), CodeExecution(file_ids=["f"]), "container_upload"),
    (anthropic("http://h"), WebSearch(["a.org"], ["b.org"]), "not both"),
    (openai("http://h"), WebSearch(blocked_domains=["b.org"]), "name those that are allowed"),
    (openai("http://h", api="chat"), WebSearch(), "search models only"),
    (openai("http://h", "gpt-4o-search-preview", "chat"), WebSearch(["a.org"]), "held to domains"),
    (openai("http://h", api="chat"), CodeExecution(), "no such tool"),
    (openai("http://h", api="chat"), FileSearch(["vs"]), "no such tool"),
]


@pytest.mark.parametrize(("provider", "tool", "why"), REFUSED, ids=[why for _, _, why in REFUSED])
async def test_what_a_service_would_not_do_is_refused_ahead_of_the_run(
    provider: Any, tool: ProviderTool, why: str
) -> None:
    with pytest.raises(ConfigError, match=why) as caught:
        await Agent(provider, native_tools=[tool]).run("hello")
    assert f"{provider.name}:{provider.model} cannot be given {type(tool).__name__}(" in str(caught.value)


async def test_a_request_made_by_hand_is_refused_as_well() -> None:
    model = RequestRecorder(ScriptedProvider(text("never")))
    agent = Agent(model, native_tools=[WebSearch()])
    await agent.run("hello")
    with pytest.raises(ConfigError, match="search models only"):
        async with openai("http://h", api="chat").open(model.requests[0]):
            pass


async def test_a_model_of_a_chain_that_cannot_be_given_the_tool_is_told_ahead_of_the_run() -> None:
    chain = [ScriptedProvider(text("never")), "offline:demo"]
    with pytest.raises(ConfigError, match=r"WebSearch\(\)"):
        await Agent(chain, native_tools=[WebSearch()]).run("hello")


async def test_fakes_take_every_tool_and_a_recorder_writes_them_down() -> None:
    model = RequestRecorder(FunctionProvider(lambda messages, request: str(len(request.native_tools))))
    assert (await Agent(model, native_tools=ALL).run("hello")).output == "4"
    told = model.exchanges[0].model_dump()["request"]["native_tools"]
    assert told[3] == {"tool": "NativeTool", "type": "image_generation", "options": {}}
    refusing = RequestRecorder(anthropic("http://h"))
    with pytest.raises(ConfigError, match="searches no stored files"):
        await Agent(refusing, native_tools=[FileSearch(["vs"])]).run("hello")


WRONG: list[tuple[Any, str]] = [
    (lambda: WebSearch(max_uses=0), "at least 1 is needed"),
    (lambda: WebSearch("python.org"), "allowed_domains='python.org'.: a list of texts"),
    (lambda: WebSearch(blocked_domains="python.org"), "blocked_domains"),
    (lambda: CodeExecution("cntr_1", ["file_1"]), "a fresh container only"),
    (lambda: FileSearch([]), "at least one store"),
    (lambda: FileSearch("vs_1"), "vector_store_ids='vs_1'"),
    (lambda: Agent("offline:demo", native_tools=["web_search"]), "native_tools holds 'web_search'"),  # type: ignore[list-item]  # what is refused
    (lambda: Agent("offline:demo", native_tools=WebSearch()), "is not a list"),  # type: ignore[typeddict-item]  # the same
]


@pytest.mark.parametrize(("make", "why"), WRONG, ids=[why for _, why in WRONG])
def test_a_tool_that_cannot_be_is_refused_where_it_is_made(make: Any, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        make()


async def test_a_run_refuses_what_is_no_tool() -> None:
    with pytest.raises(ConfigError, match="native_tools holds 3"):
        await Agent("offline:demo").run("hello", native_tools=[3])  # type: ignore[list-item]  # what is refused


def test_tools_travel_as_json() -> None:
    for tool in ALL:
        assert type(tool).model_validate_json(tool.model_dump_json()).model_dump() == tool.model_dump()


# --- what they did goes back as it came ----------------------------------------------------------------


SEARCHES = "anthropic/rllm-chat-web-search-with-anthropic-claude-haiku-4-5-streams"
EXECUTES = "anthropic/pai-test-anthropic-code-execution-tool-stream"
OPENS = "openai-responses/pai-test-openai-include-raw-annotations-streaming"


@pytest.mark.parametrize(
    ("name", "tool", "kinds"),
    [
        (SEARCHES, WebSearch(), {"server_tool_use", "web_search_tool_result"}),
        (EXECUTES, CodeExecution(), {"server_tool_use", "bash_code_execution_tool_result"}),
    ],
    ids=["search", "code"],
)
async def test_what_anthropic_did_itself_goes_back_to_it_unchanged(
    name: str, tool: ProviderTool, kinds: set[str]
) -> None:
    stream = recorded(name)
    starts = [event["content_block"] for event in events(stream) if event["type"] == "content_block_start"]
    whole_blocks = [each for each in starts if each["type"].endswith("_result")]
    with FaultServer(streamed(stream), streamed(stream)) as server:
        result = await two_turns(anthropic(server.url), [tool])
    assert result.ok
    first, second = (asked.body for asked in server.asked)
    assert [each["type"] for each in first["tools"]] == [each["type"] for each in second["tools"]]
    said = second["messages"][1]["content"]
    own = [block for block in said if block["type"] not in ("text", "thinking")]
    assert {block["type"] for block in own} == kinds
    assert [block for block in own if block["type"].endswith("_result")] == whole_blocks
    calls = [block for block in own if block["type"] == "server_tool_use"]
    assert [block["id"] for block in calls] == [
        block["id"] for block in starts if block["type"] == "server_tool_use"
    ]
    assert all(block["input"] for block in calls)


async def test_what_openai_did_itself_goes_back_to_it_unchanged() -> None:
    stream = recorded(OPENS)
    items = [event["item"] for event in events(stream) if event["type"] == "response.output_item.done"]
    own = [item for item in items if item["type"] not in ("message", "reasoning")]
    with FaultServer(streamed(stream), streamed(stream)) as server:
        result = await two_turns(openai(server.url), [WebSearch(context_size="low")])
    assert result.ok
    assert {item["type"] for item in own} == {"web_search_call"}
    first, second = (asked.body for asked in server.asked)
    assert first["tools"] == second["tools"] == [{"type": "web_search", "search_context_size": "low"}]
    assert [item for item in second["input"] if item.get("type") == "web_search_call"] == own


CODE = {
    "id": "ci_1",
    "type": "code_interpreter_call",
    "status": "completed",
    "code": "print(6 * 7)",
    "container_id": "cntr_1",
    "outputs": [{"type": "logs", "logs": "42\n"}],
}


def responded(*items: dict[str, Any]) -> Any:
    return whole(200, {"id": "resp_1", "status": "completed", "output": list(items), "model": "gpt-5"})


def message(words: str) -> dict[str, Any]:
    parts = [{"type": "output_text", "text": words, "annotations": []}]
    return {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": parts}


async def test_code_that_openai_executed_goes_back_to_it_unchanged() -> None:
    with FaultServer(responded(CODE, message("42")), responded(message("42"))) as server:
        result = await two_turns(openai(server.url), [CodeExecution(file_ids=["file_1"])])
    assert result.output == "42"
    assert server.asked[1].body["input"][1:3] == [CODE, {"role": "assistant", "content": "42"}]
    container = {"type": "auto", "file_ids": ["file_1"]}
    assert server.asked[0].body["tools"] == [{"type": "code_interpreter", "container": container}]


async def test_a_turn_that_anthropic_paused_is_continued_and_sent_back_whole() -> None:
    paused, done = recorded("anthropic/made-anthropic-pause-turn-streamed-open"), recorded(SEARCHES)
    blocks = [event["content_block"] for event in events(paused) if event["type"] == "content_block_start"]
    with FaultServer(streamed(paused), streamed(done)) as server:
        result = await Agent(anthropic(server.url), native_tools=[WebSearch()]).run("What is new?")
    assert (result.ok, result.iterations, result.finish_reason) == (True, 2, "stop")
    roles = [each["role"] for each in server.asked[1].body["messages"]]
    assert roles == ["user", "assistant"]
    said = server.asked[1].body["messages"][1]["content"]
    assert [block["type"] for block in said] == [block["type"] for block in blocks]


# --- secrets in what they did --------------------------------------------------------------------------


async def test_a_secret_in_a_block_of_a_provider_is_hidden_and_what_is_sealed_stays_whole() -> None:
    found = {"type": "web_search_tool_result", "content": [{"title": "hush-hush-1", "n": 3}]}
    sealed = {"encrypted_content": "EqhushZZ", "signature": "hush-hush-1", "encrypted_index": "hush-hush-1"}
    own = ProviderBlock("m", {**found, **sealed, "more": ("hush-hush-1", None)})
    citation = {"url": "http://h/hush-hush-1", "encrypted_index": "hush-hush-1"}
    model = ScriptedProvider(Message("assistant", [TextBlock("Found.", (citation,)), own]))
    seen: list[Message] = []
    agent = Agent(model, secrets_to_redact={"word": "hush-hush-1"})
    agent.subscribe(
        lambda event: seen.append(event.message) if isinstance(event, AssistantEndEvent) else None
    )
    result = await agent.run("hello")
    hidden = [{"title": "[REDACTED:word]", "n": 3}]
    kept = {**found, "content": hidden, **sealed, "more": ("[REDACTED:word]", None)}
    cited = {"url": "http://h/[REDACTED:word]", "encrypted_index": "hush-hush-1"}
    assert result.messages[-1].content == [TextBlock("Found.", (cited,)), ProviderBlock("m", kept)]
    assert seen == [result.messages[-1]]


async def test_without_secrets_a_block_of_a_provider_is_kept_as_it_is() -> None:
    own = ProviderBlock("m", {"type": "x"})
    result = await Agent(ScriptedProvider(Message("assistant", [own]))).run("hello")
    assert result.messages[-1].blocks == [own]
