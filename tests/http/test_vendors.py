"""Addresses, protocols and keys of the providers for OpenAI and Anthropic."""

from typing import Any

import pytest

from tests.http.server import Server, whole
from tests.http.wires import asked
from voxagent import Agent
from voxagent.errors import AuthenticationError, ConfigError
from voxagent.providers.anthropic.provider import AnthropicProvider
from voxagent.providers.http.retries import Retries
from voxagent.providers.openai.provider import OpenAIChatProvider, OpenAIProvider

REFUSED = whole(401, b'{"error": {"message": "no", "type": "authentication_error"}, "type": "error"}')
KEYS = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL")


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)


def url_of(provider: Any) -> str:
    return repr(provider).partition("url='")[2].removesuffix("')")


OPENAI = "https://api.openai.com/v1"
ADDRESSES: list[tuple[Any, str]] = [
    (OpenAIProvider(), f"{OPENAI}/responses"),
    (OpenAIChatProvider(), f"{OPENAI}/chat/completions"),
    (OpenAIProvider(api="chat"), f"{OPENAI}/chat/completions"),
    (OpenAIChatProvider(api="responses"), f"{OPENAI}/responses"),
    (OpenAIProvider(base_url="http://localhost:8000/v1/"), "http://localhost:8000/v1/chat/completions"),
    (OpenAIProvider(base_url="http://h/v1", api="responses"), "http://h/v1/responses"),
    (OpenAIProvider(base_url="http://h/v1", api="auto"), "http://h/v1/chat/completions"),
    (OpenAIProvider(base_url="https://eu.api.openai.com/v1"), "https://eu.api.openai.com/v1/responses"),
    (
        OpenAIProvider(base_url="https://me.openai.azure.com/openai/v1"),
        "https://me.openai.azure.com/openai/v1/responses",
    ),
    (OpenAIProvider(base_url="https://notopenai.com/v1"), "https://notopenai.com/v1/chat/completions"),
    (OpenAIProvider(base_url="h/v1"), "h/v1/chat/completions"),
    (AnthropicProvider(), "https://api.anthropic.com/v1/messages"),
    (AnthropicProvider(base_url="http://h/proxy/"), "http://h/proxy/v1/messages"),
    (AnthropicProvider(base_url="http://h/v1/"), "http://h/v1/messages"),
]


@pytest.mark.parametrize(("provider", "url"), ADDRESSES, ids=[url for _, url in ADDRESSES])
def test_the_address_tells_the_protocol_unless_it_is_named(provider: Any, url: str) -> None:
    assert url_of(provider) == url


def test_the_environment_gives_the_address_and_an_argument_goes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://env/v1")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://env")
    assert [url_of(OpenAIProvider()), url_of(OpenAIProvider(base_url="http://arg/v1"))] == [
        "http://env/v1/chat/completions",
        "http://arg/v1/chat/completions",
    ]
    assert [url_of(AnthropicProvider()), url_of(AnthropicProvider(base_url="http://arg"))] == [
        "http://env/v1/messages",
        "http://arg/v1/messages",
    ]


def test_a_protocol_or_a_header_that_nobody_knows_is_an_error_of_the_program() -> None:
    wrong: Any = "rest"
    with pytest.raises(ConfigError, match="api='rest': 'auto', 'responses' or 'chat' is expected"):
        OpenAIProvider(api=wrong)
    with pytest.raises(ConfigError, match="auth='rest': 'bearer' or 'x-api-key' is expected"):
        AnthropicProvider(auth=wrong)


VENDORS = {
    "openai:gpt-5": "openai needs a key: set the environment variable OPENAI_API_KEY, or pass api_key=",
    "openai-chat:gpt-5": "openai-chat needs a key: set the environment variable OPENAI_API_KEY, or pass",
    "anthropic:claude-sonnet-4-5": "anthropic needs a key: set the environment variable ANTHROPIC_API_KEY",
}


@pytest.mark.parametrize(("model", "said"), VENDORS.items())
def test_a_missing_key_is_told_ahead_of_the_run_with_its_variable(model: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Agent(model).run_sync("?")


@pytest.mark.parametrize("kind", [OpenAIProvider, OpenAIChatProvider, AnthropicProvider])
def test_an_address_of_ones_own_needs_no_key(kind: Any) -> None:
    kind("m", base_url="http://localhost:1/v1").check_key()
    kind("m", "a-key").check_key()


HEADERS: list[tuple[Any, dict[str, Any], str, str]] = [
    (OpenAIProvider, {}, "authorization", "Bearer sk-1"),
    (OpenAIChatProvider, {}, "authorization", "Bearer sk-1"),
    (AnthropicProvider, {}, "authorization", "Bearer sk-1"),
    (AnthropicProvider, {"auth": "x-api-key"}, "x-api-key", "sk-1"),
]


@pytest.mark.parametrize(("kind", "options", "name", "value"), HEADERS)
async def test_the_key_is_carried_by_one_header(kind: Any, options: Any, name: str, value: str) -> None:
    async with Server(REFUSED) as server:
        provider = kind("m", "sk-1", f"{server.url}/v1", headers={"X-Team": "a"}, **options)
        with pytest.raises(AuthenticationError):
            await asked(provider)
        (sent,) = server.asked
    carried = {name: value for name, value in sent.items() if "sk-1" in value[0]}
    assert (carried, sent["x-team"]) == ({name: [value]}, ["a"])


@pytest.mark.parametrize("kind", [OpenAIProvider, AnthropicProvider])
async def test_tries_are_as_many_as_one_says(kind: Any) -> None:
    async with Server(whole(500, b"{}")) as server:
        with pytest.raises(Exception, match="500"):
            await asked(kind("m", base_url=server.url, retries=Retries(2, base=0.001)))
        assert len(server.asked) == 2
