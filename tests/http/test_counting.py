"""Tokens are counted by the service that would answer, and estimated where it does not count (R-A15)."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.http.server import Answer, Server, close, stall, whole
from tests.http.wires import LineWire, bearer, provider_at
from voxagent import Message
from voxagent.providers import (
    AnthropicProvider,
    GoogleProvider,
    ModelRequest,
    OpenAIChatProvider,
    OpenAIProvider,
    tokens_of,
)
from voxagent.providers.http import provider as shell
from voxagent.providers.http.counting import CountsTokens, only
from voxagent.providers.http.provider import Endpoint, WireProvider
from voxagent.testing import ScriptedProvider
from voxagent.types import OutputSpec, ToolSpec
from voxagent.types.tokens import request_tokens

ADD = ToolSpec("add", "Adds.", {"type": "object", "properties": {"a": {"type": "integer"}}})
SCHEMA = {"type": "object", "properties": {"sum": {"type": "integer"}}, "required": ["sum"]}
COUNTED = whole(200, b'{"object": "response.input_tokens", "input_tokens": 4321}')


def asking(model: str, **settings: Any) -> ModelRequest:
    return ModelRequest(
        model,
        [Message("user", "What is 1 + 1?")],
        system="Be brief.",
        tools=[ADD],
        output=OutputSpec("sum", SCHEMA),
        settings={"max_tokens": 99, "tool_choice": "auto", "stop": ["!"], **settings},  # type: ignore[typeddict-item]  # any
    )


def estimate(request: ModelRequest) -> int:
    return request_tokens(request.messages, request.system, request.tools, request.output, request.model)


async def counted(provider: Any, request: ModelRequest) -> int:
    async with asyncio.timeout(50):
        return await tokens_of(provider, request)


# --- the wires that count -------------------------------------------------------------------------


async def test_anthropic_counts_at_its_own_address_what_would_be_read() -> None:
    request = asking("claude-haiku-4-5", temperature=0.5)
    async with Server(COUNTED) as server:
        assert await counted(AnthropicProvider(api_key="k" * 9, base_url=server.url), request) == 4321
        assert server.paths == ["/v1/messages/count_tokens"]
        assert server.asked[0]["authorization"] == ["Bearer " + "k" * 9]
        assert server.asked[0]["anthropic-version"]
        body = json.loads(server.bodies[0])
    assert body.keys() == {"model", "messages", "system", "tools", "tool_choice", "output_config"}
    assert body["messages"] == [{"role": "user", "content": [{"type": "text", "text": "What is 1 + 1?"}]}]


async def test_openai_counts_at_its_own_address_what_would_be_read() -> None:
    request = asking("gpt-5.5", thinking="low")
    async with Server(COUNTED) as server:
        provider = OpenAIProvider(api_key="k" * 9, base_url=f"{server.url}/v1", api="responses")
        assert await counted(provider, request) == 4321
        assert server.paths == ["/v1/responses/input_tokens"]
        body = json.loads(server.bodies[0])
    assert body.keys() == {"model", "input", "instructions", "tools", "tool_choice", "reasoning", "text"}
    assert body["input"] == [{"role": "user", "content": "What is 1 + 1?"}]


async def test_google_counts_at_its_own_address_what_would_be_read() -> None:
    request = asking("gemini-2.5-flash")
    async with Server(whole(200, b'{"totalTokens": 321}')) as server:
        provider = GoogleProvider(api_key="k" * 9, base_url=f"{server.url}/v1beta")
        assert await counted(provider, request) == 321
        assert server.paths == ["/v1beta/models/gemini-2.5-flash:countTokens"]
        body = json.loads(server.bodies[0])
    told = body.pop("generateContentRequest")
    assert body == {}
    assert told["model"] == "models/gemini-2.5-flash"
    assert told["contents"] == [{"role": "user", "parts": [{"text": "What is 1 + 1?"}]}]
    assert "systemInstruction" in told
    assert "tools" in told


async def test_a_tuned_model_of_google_is_named_by_its_own_path() -> None:
    async with Server(whole(200, b'{"totalTokens": 3}')) as server:
        provider = GoogleProvider(base_url=server.url)
        assert await counted(provider, ModelRequest("tunedModels/mine", [Message("user", "hi")])) == 3
        assert server.paths == ["/tunedModels/mine:countTokens"]
        assert json.loads(server.bodies[0])["generateContentRequest"]["model"] == "tunedModels/mine"


@pytest.mark.parametrize(
    ("wire", "module", "name"),
    [
        ("anthropic", "anthropic.types.message_count_tokens_params", "MessageCountTokensParams"),
        ("openai", "openai.types.responses.input_token_count_params", "InputTokenCountParams"),
    ],
)
async def test_a_question_for_a_count_has_no_field_that_the_services_own_sdk_does_not_know(
    wire: str, module: str, name: str
) -> None:
    params = getattr(pytest.importorskip(module), name)
    async with Server(COUNTED) as server:
        provider = (
            AnthropicProvider(base_url=server.url)
            if wire == "anthropic"
            else OpenAIProvider(base_url=server.url, api="responses")
        )
        await counted(
            provider, asking("claude-sonnet-4-5" if wire == "anthropic" else "gpt-5.5", thinking="low")
        )
        body = json.loads(server.bodies[0])
    assert body.keys() <= params.__annotations__.keys()


async def test_a_client_of_the_sdk_counts_through_its_own_door() -> None:
    anthropic = pytest.importorskip("anthropic")
    async with (
        Server(COUNTED) as server,
        anthropic.AsyncAnthropic(base_url=server.url, api_key="k" * 9) as client,
    ):
        assert await counted(AnthropicProvider(client=client), asking("claude-haiku-4-5")) == 4321
        assert server.paths == ["/v1/messages/count_tokens"]


async def test_an_address_that_names_the_model_is_moved_as_well() -> None:
    async with Server(whole(200, b'{"tokens": 7}')) as server:
        endpoint = Endpoint(
            server.url, bearer, needs_key=False, address=lambda model: f"{server.url}/models/{model}"
        )
        provider = WireProvider("counting", "m", CountingLines(), endpoint)
        assert await counted(provider, ModelRequest("big", [])) == 7
        assert server.paths == ["/models/big/count"]


class CountingLines(LineWire):
    """Counts at "/count"."""

    def count_url(self, url: str) -> str:
        return f"{url}/count"

    def count_body(self, request: ModelRequest) -> bytes:
        return only(b'{"model": "m", "stream": true}', ["model", "missing"])

    def counted(self, answer: Mapping[str, Any]) -> int:
        return int(answer["tokens"])


def test_fields_that_a_count_does_not_take_are_left_out() -> None:
    assert CountingLines().count_body(ModelRequest("m", [])) == b'{"model":"m"}'
    assert isinstance(CountingLines(), CountsTokens)
    assert not isinstance(LineWire(), CountsTokens)


# --- estimates ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        whole(401, b'{"error": "no"}'),
        whole(400, b'{"error": "no"}'),
        whole(500, b"down"),
        whole(200, b"<html>"),
        whole(200, b"{}"),
        whole(200, b"[]"),
        whole(200, b'{"input_tokens": null}'),
        whole(200, b'{"input_tokens": "many"}'),
        [close],
    ],
)
async def test_a_service_that_does_not_tell_a_count_is_no_error(answer: Answer) -> None:
    request = asking("claude-haiku-4-5")
    async with Server(answer, COUNTED) as server:
        provider = AnthropicProvider(base_url=server.url)
        assert await counted(provider, request) == estimate(request)
        assert len(server.paths) == 1
        assert await counted(provider, request) == 4321


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_a_service_that_cannot_count_is_asked_once(status: int) -> None:
    request = asking("gpt-5.5")
    async with Server(whole(status, b"no such door")) as server:
        provider = OpenAIProvider(base_url=server.url, api="responses")
        for _ in range(3):
            assert await counted(provider, request) == estimate(request)
        assert server.paths == ["/responses/input_tokens"]


async def test_a_service_that_takes_too_long_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "COUNT_SECONDS", 0.05)
    request = asking("gpt-5.5")
    async with Server([stall]) as server:
        provider = OpenAIProvider(base_url=server.url, api="responses")
        assert await counted(provider, request) == estimate(request)


async def test_without_its_key_a_service_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    request = asking("gpt-5.5")
    assert await counted(OpenAIProvider("gpt-5.5"), request) == estimate(request)


async def test_what_a_wire_cannot_say_is_estimated() -> None:
    class Speechless(CountingLines):
        def count_body(self, request: ModelRequest) -> bytes:
            raise ValueError("no form for that")

    provider = WireProvider(
        "counting", "m", Speechless(), Endpoint("http://127.0.0.1:1", bearer, needs_key=False)
    )
    assert await counted(provider, asking("m")) == estimate(asking("m"))


async def test_a_protocol_without_a_count_and_a_provider_of_ones_own_are_estimated() -> None:
    request = asking("m")
    assert await counted(OpenAIChatProvider("m", base_url="http://127.0.0.1:1"), request) == estimate(request)
    assert await counted(ScriptedProvider(), request) == estimate(request)


def test_the_count_of_voxagent_0_1_is_an_estimate_without_asking() -> None:
    provider = provider_at("http://127.0.0.1:1")
    messages = [Message("user", "What is 1 + 1?")]
    assert provider.count_tokens(messages, "Be brief.") == request_tokens(messages, "Be brief.", model="m")
    assert provider.count_tokens(messages) == request_tokens(messages, model="m")
