"""What lets a provider in is known by its name, from wherever it comes. `R-A13`."""

from typing import Any

import pytest

from voxagent.providers import AnthropicProvider, GoogleProvider, OpenAIProvider
from voxagent.providers.base import secrets_of
from voxagent.providers.http.keys import secrets_in_headers, secrets_in_url, shown_url


@pytest.mark.parametrize(
    ("name", "value", "secrets"),
    [
        ("Authorization", "Bearer abcdefgh1234", ["abcdefgh1234"]),
        ("authorization", "abcdefgh1234", ["abcdefgh1234"]),
        ("x-api-key", "abcdefgh1234", ["abcdefgh1234"]),
        ("api-key", "abcdefgh1234", ["abcdefgh1234"]),
        ("Ocp-Apim-Subscription-Key", "abcdefgh1234", ["abcdefgh1234"]),
        ("CF-AIG-Authorization", "Bearer abcdefgh1234", ["abcdefgh1234"]),
        ("ANTHROPIC_AUTH_TOKEN", "abcdefgh1234", ["abcdefgh1234"]),
        ("Cookie", "session=abcdefgh1234; theme=dark; id=99887766", ["abcdefgh1234", "99887766"]),
        ("x-api-key", "short", []),
        ("x-max-tokens", "1000000000", []),
        ("accept", "text/event-stream", []),
        ("anthropic-beta", "token-efficient-tools", []),
    ],
)
def test_headers_say_by_their_name_that_they_let_one_in(name: str, value: str, secrets: list[str]) -> None:
    assert list(secrets_in_headers("p", {name: value})) == [(f"p_{name.lower()}", each) for each in secrets]


@pytest.mark.parametrize(
    ("url", "secrets", "shown"),
    [
        ("https://host/v1", [], "https://host/v1"),
        ("https://ada:abcdefgh@host:1/v1", [("p_password", "abcdefgh")], "https://host:1/v1"),
        ("https://host/v1?key=abcdefgh&v=1", [("p_key", "abcdefgh")], "https://host/v1?key=...&v=1"),
        ("https://host/v1?alt=sse&key=short", [], "https://host/v1?alt=sse&key=..."),
        ("ada@home?", [], "ada@home"),
    ],
)
def test_addresses_may_have_secrets_in_them(url: str, secrets: Any, shown: str) -> None:
    assert (list(secrets_in_url("p", url)), shown_url(url)) == (secrets, shown)


def test_a_provider_knows_its_key_by_the_argument_the_environment_and_its_headers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", " key-of-the-environment ")
    assert list(secrets_of(OpenAIProvider("m"))) == [("openai_api_key", "key-of-the-environment")]
    assert list(secrets_of(OpenAIProvider("m", "given-key"))) == [("openai_api_key", "given-key")]
    headers = {"x-api-key": "of-the-gateway", "x-team": "not-a-secret"}
    provider = AnthropicProvider("m", "given-key", "https://ada:in-the-address@host", headers=headers)
    assert dict(secrets_of(provider)) == {
        "anthropic_api_key": "given-key",
        "anthropic_x-api-key": "of-the-gateway",
        "anthropic_password": "in-the-address",
    }
    assert repr(provider) == "AnthropicProvider(name='anthropic', model='m', url='https://host/v1/messages')"


def test_a_function_is_not_called_to_know_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)

    def key() -> str:
        raise AssertionError("called")

    assert list(secrets_of(GoogleProvider("m", key))) == []
