"""The provider over real connections: its key, its facts, its list of models."""

import asyncio
import socket
from typing import Any

import httpx2
import pytest

from tests.behaviour.server import FaultServer, chunked, forever, head, stall, whole
from voxagent import Agent
from voxagent.errors import (
    AuthenticationError,
    MalformedAnswerError,
    ProviderConnectionError,
    ProviderTimeoutError,
)
from voxagent.providers import ModelFacts, OllamaProvider, facts_of
from voxagent.providers.ollama import OllamaOptions, listing

MODELS = {"models": [{"name": "llama3.2:latest", "model": "llama3.2:latest"}, {"name": "qwen3:8b"}]}
HELLO = {"model": "m", "message": {"role": "assistant", "content": "hi"}, "done": True, "done_reason": "stop"}


def listed(url: str, **options: Any) -> list[str]:
    return asyncio.run(asyncio.wait_for(OllamaProvider("m", base_url=url, **options).list_models(), 10))


def test_the_models_that_are_there_are_listed() -> None:
    with FaultServer(whole(200, MODELS)) as server:
        assert listed(server.url, headers={"x-mine": "1"}) == ["llama3.2:latest", "qwen3:8b"]
    [asked] = server.asked
    assert (asked.path, asked.body, asked.headers["x-mine"]) == ("/api/tags", None, "1")
    assert "authorization" not in asked.headers


def test_a_client_that_is_handed_in_lists_them_too() -> None:
    with FaultServer(whole(200, MODELS)) as server:
        assert listed(server.url, client=httpx2.AsyncClient) == ["llama3.2:latest", "qwen3:8b"]


def test_an_error_instead_of_a_list_is_typed() -> None:
    with (
        FaultServer(whole(401, {"error": "unauthorized"})) as server,
        pytest.raises(AuthenticationError) as caught,
    ):
        listed(server.url)
    assert (caught.value.provider, caught.value.status) == ("ollama", 401)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"models": [7]}', b'{"models": [{}]}'])
def test_a_list_that_cannot_be_read_is_malformed(body: bytes) -> None:
    with FaultServer(whole(200, body)) as server, pytest.raises(MalformedAnswerError) as caught:
        listed(server.url)
    assert caught.value.provider == "ollama"


def test_a_list_without_end_is_cut_off() -> None:
    endless = [head(200, "application/json"), forever(chunked(b"x" * 64_000))]
    with FaultServer(endless) as server, pytest.raises(MalformedAnswerError, match="larger than"):
        listed(server.url)


def test_a_list_is_waited_for_at_most_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "SECONDS", 0.1)
    with FaultServer([stall]) as server, pytest.raises(ProviderTimeoutError):
        listed(server.url)


def test_where_nobody_listens_there_is_no_list() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(ProviderConnectionError) as caught:
            listed(f"http://127.0.0.1:{free.getsockname()[1]}")
    assert caught.value.provider == "ollama"


class Broken(httpx2.AsyncClient):
    async def send(self, request: Any, **options: Any) -> Any:
        raise LookupError("a bug of the client's")


def test_a_bug_of_a_client_is_not_hidden() -> None:
    with pytest.raises(LookupError, match="a bug"):
        listed("localhost", client=Broken)


def test_a_local_server_is_asked_without_a_key_and_with_the_one_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OLLAMA_API_KEY", raising=False)
    with FaultServer(whole(200, HELLO)) as server:
        assert Agent(OllamaProvider("m", base_url=server.url)).run_sync("go").output == "hi"
        monkeypatch.setenv("OLLAMA_API_KEY", "orange-tree")
        assert Agent(OllamaProvider("m", base_url=server.url)).run_sync("go").output == "hi"
    first, second = server.asked
    assert "authorization" not in first.headers
    assert second.headers["authorization"] == "Bearer orange-tree"


def test_a_key_from_the_environment_is_not_sent_in_the_open_to_another_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "orange-tree")
    seen: list[Any] = []

    def answer(request: Any) -> Any:
        seen.append(request.headers.get("authorization"))
        return httpx2.Response(200, json=HELLO)

    def client() -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(answer))

    for host in ("http://example.com", "http://localhost.example.com", "https://example.com"):
        assert Agent(OllamaProvider("m", base_url=host, client=client)).run_sync("go").output == "hi"
    given = OllamaProvider("m", "given-by-hand", "http://example.com", client=client)
    assert Agent(given).run_sync("go").output == "hi"
    assert seen == [None, None, "Bearer orange-tree", "Bearer given-by-hand"]


def test_the_room_that_was_asked_for_is_the_models_window() -> None:
    options = OllamaOptions(num_ctx=16_384)
    facts = facts_of(OllamaProvider("qwen3:8b", options=options), "qwen3:8b")
    assert (facts.context_window, facts.thinking, facts.input_price) == (16_384, True, 0)
    assert facts_of(OllamaProvider("qwen3:8b"), "qwen3:8b").context_window != 16_384
    given = ModelFacts(context_window=5)
    assert facts_of(OllamaProvider("m", options=options, facts=given), "m") is given
