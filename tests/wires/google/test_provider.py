"""Addresses, keys, and how an answer ends that has no end mark, over real connections where that matters."""

import asyncio
import json
from typing import Any

import httpx2
import pytest

from tests.http.server import END, Server, Step, chunked, head, stall, waits
from tests.wires.google.streams import chunk, sse, text
from voxagent.agent import Agent
from voxagent.errors import ConfigError
from voxagent.providers import (
    GoogleProvider,
    MessageEndChunk,
    ModelRequest,
    StreamChunk,
    TextDeltaChunk,
    get_default_registry,
)
from voxagent.providers.google import GeminiWire
from voxagent.types.message import Message

KEY = "AIza-made-up-key-0000"
WAIT = 10.0
ANSWER = sse(chunk(text("hi"), finish="STOP"))


async def answered(provider: GoogleProvider, model: str) -> list[StreamChunk]:
    request = ModelRequest(model, [Message("user", "go")])
    async with asyncio.timeout(WAIT), provider.open(request) as chunks:
        return [each async for each in chunks]


async def asked(model: str, **options: Any) -> httpx2.Request:
    """The request that a provider makes."""
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, content=ANSWER)

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
        await answered(GoogleProvider(model, client=client, **options), model)
    return seen[0]


BASE = "https://generativelanguage.googleapis.com/v1beta"
VERTEX = "https://aiplatform.googleapis.com/v1/projects/p/locations/global/publishers/google"
STREAM = ":streamGenerateContent?alt=sse"


@pytest.mark.parametrize(
    ("model", "base_url", "url"),
    [
        ("gemini-2.5-flash", None, f"{BASE}/models/gemini-2.5-flash{STREAM}"),
        ("models/gemini-2.5-flash", None, f"{BASE}/models/gemini-2.5-flash{STREAM}"),
        ("tunedModels/mine", f"{BASE}/", f"{BASE}/tunedModels/mine{STREAM}"),
        ("a?b#c", f"{BASE}/models", f"{BASE}/models/a%3Fb%23c{STREAM}"),
        ("gemini-2.5-pro", VERTEX, f"{VERTEX}/models/gemini-2.5-pro{STREAM}"),
    ],
)
async def test_the_address_names_the_model_and_never_the_key(
    model: str, base_url: str | None, url: str
) -> None:
    request = await asked(model, api_key=KEY, base_url=base_url)
    assert str(request.url) == url
    assert request.headers["x-goog-api-key"] == KEY
    assert "authorization" not in request.headers
    assert json.loads(request.content) == {"contents": [{"role": "user", "parts": [{"text": "go"}]}]}


async def test_vertex_takes_a_token_that_is_made_for_each_request() -> None:
    async def token() -> str:
        return "ya29.made-up"

    request = await asked("gemini-2.5-pro", api_key=token, base_url=VERTEX, auth="bearer")
    assert request.headers["authorization"] == "Bearer ya29.made-up"
    assert "x-goog-api-key" not in request.headers


async def test_the_key_comes_from_either_variable_and_an_argument_goes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    monkeypatch.setenv("GOOGLE_API_KEY", "second")
    assert (await asked("m")).headers["x-goog-api-key"] == "second"
    monkeypatch.setenv("GEMINI_API_KEY", "first")
    assert (await asked("m")).headers["x-goog-api-key"] == "first"
    assert (await asked("m", api_key="mine")).headers["x-goog-api-key"] == "mine"
    monkeypatch.setenv("GEMINI_BASE_URL", "https://proxy.test/v1")
    assert str((await asked("m")).url) == f"https://proxy.test/v1/models/m{STREAM}"


def test_a_missing_key_is_told_with_both_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GEMINI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    words = (
        "google needs a key: set the environment variable GEMINI_API_KEY or GOOGLE_API_KEY, or pass api_key="
    )
    with pytest.raises(ConfigError, match=words):
        Agent("google:gemini-2.5-flash").run_sync("go")
    with pytest.raises(ConfigError, match=words):
        GoogleProvider("m", base_url=VERTEX).check_key()
    GoogleProvider("m", base_url="http://localhost:1234").check_key()


def test_the_provider_is_found_by_its_name_and_shows_no_key() -> None:
    provider = get_default_registry().get_provider("google:gemini-2.5-flash", api_key=KEY)
    assert isinstance(provider, GoogleProvider)
    assert (provider.name, provider.model) == ("google", "gemini-2.5-flash")
    assert provider.facts("gemini-2.5-flash").native_output
    assert repr(provider) == f"GoogleProvider(name='google', model='gemini-2.5-flash', url='{BASE}')"
    with pytest.raises(ConfigError, match="'bearer' is expected"):
        GoogleProvider("m", auth="basic")  # type: ignore[arg-type]  # what is tested


async def words(*steps: Step) -> str:
    """The text of an answer that comes in these steps, and its end."""
    async with Server([head(), *steps]) as server:
        chunks = await answered(GoogleProvider("m", KEY, server.url), "m")
    assert isinstance(chunks[-1], MessageEndChunk)
    assert chunks[-1].finish_reason == "stop"
    return "".join(each.delta for each in chunks if isinstance(each, TextDeltaChunk))


@pytest.mark.parametrize("more", [(END,), (stall,), (chunked(b"data: junk\n\n"), stall)])
async def test_an_answer_with_reason_and_usage_is_over_if_nothing_follows(more: tuple[Step, ...]) -> None:
    assert await words(chunked(ANSWER), *more) == "hi"


async def test_an_answer_may_go_on_after_a_reason() -> None:
    """Some services put a reason on every chunk."""
    seen, told = asyncio.Event(), ""
    later = chunked(sse(chunk(text(" there"), finish="STOP")))
    async with Server(
        [head(), chunked(ANSWER), waits(seen), chunked(b": hm\n\n"), later, later, END]
    ) as server:
        provider, request = GoogleProvider("m", KEY, server.url), ModelRequest("m", [Message("user", "go")])
        async with asyncio.timeout(WAIT), provider.open(request) as chunks:
            async for each in chunks:
                if isinstance(each, TextDeltaChunk):
                    told += each.delta
                    seen.set()
    assert told == "hi there there"


def test_the_gemini_api_counts_tokens_of_a_request_with_its_model() -> None:
    wire, request = GeminiWire(), ModelRequest("m", [Message("user", "go")])
    contents = [{"role": "user", "parts": [{"text": "go"}]}]
    assert json.loads(wire.count_body(request)) == {
        "generateContentRequest": {"model": "models/m", "contents": contents}
    }


async def test_vertex_counts_tokens_of_the_plain_request() -> None:
    wire = GeminiWire(vertex=True)
    request = ModelRequest(
        "m", [Message("user", "go")], system="s", settings={"tool_choice": "none", "seed": 1}
    )
    assert json.loads(wire.count_body(request)) == {
        "contents": [{"role": "user", "parts": [{"text": "go"}]}],
        "systemInstruction": {"parts": [{"text": "s"}]},
        "generationConfig": {"seed": 1},
    }
    seen: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(str(request.url))
        return httpx2.Response(200, json={"totalTokens": 7})

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
        provider = GoogleProvider("m", KEY, VERTEX, client=client)
        assert await provider.count(request) == 7
    assert seen == [f"{VERTEX}/models/m:countTokens"]
