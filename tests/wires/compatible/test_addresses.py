"""Addresses and keys of the vendors."""

from typing import Any

import pytest

from tests.wires.compatible.asking import sent
from voxagent.errors import ConfigError
from voxagent.providers import (
    AzureProvider,
    ChatGPTProvider,
    DeepSeekProvider,
    GroqProvider,
    MistralProvider,
    OpenRouterProvider,
    get_default_registry,
)

OWN = {
    "groq": (GroqProvider, "GROQ", "https://api.groq.com/openai/v1/chat/completions"),
    "openrouter": (OpenRouterProvider, "OPENROUTER", "https://openrouter.ai/api/v1/chat/completions"),
    "deepseek": (DeepSeekProvider, "DEEPSEEK", "https://api.deepseek.com/chat/completions"),
    "mistral": (MistralProvider, "MISTRAL", "https://api.mistral.ai/v1/chat/completions"),
}
AZURE = ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT", "OPENAI_API_VERSION")


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{prefix}_{what}" for _, prefix, _ in OWN.values() for what in ("API_KEY", "BASE_URL")]
    for name in (*names, *AZURE):
        monkeypatch.delenv(name, raising=False)


def url_of(provider: Any) -> str:
    return repr(provider).partition("url='")[2].removesuffix("')")


@pytest.mark.parametrize("name", OWN)
def test_a_vendor_is_found_by_its_name_at_its_own_address(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, prefix, url = OWN[name]
    provider = get_default_registry().get_provider(f"{name}:some/model:free")
    assert type(provider) is kind
    assert (provider.name, url_of(provider)) == (name, url)
    monkeypatch.setenv(f"{prefix}_BASE_URL", "https://proxy/v1/")
    assert url_of(kind("m")) == "https://proxy/v1/chat/completions"
    assert url_of(kind("m", base_url="http://h")) == "http://h/chat/completions"


@pytest.mark.parametrize("name", OWN)
def test_only_the_vendors_own_address_needs_a_key(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, prefix, _ = OWN[name]
    with pytest.raises(
        ConfigError, match=f"{name} needs a key: set the environment variable {prefix}_API_KEY"
    ):
        kind("m").check_key()
    kind("m", base_url="http://localhost:8000/v1").check_key()
    kind("m", "key").check_key()
    monkeypatch.setenv(f"{prefix}_API_KEY", "key")
    kind("m").check_key()


async def test_a_vendors_key_is_a_bearers() -> None:
    told = await sent(GroqProvider, "m", options={"headers": {"x-mine": "1"}})
    assert (told.headers["authorization"], told.headers["x-mine"]) == ("Bearer key-of-a-test", "1")


# --- Azure

ME = "https://me.openai.azure.com"
V1 = f"{ME}/openai/v1"
AZURES: list[tuple[dict[str, Any], str]] = [
    ({"base_url": ME}, f"{V1}/responses"),
    ({"base_url": f"{ME}/"}, f"{V1}/responses"),
    ({"base_url": f"{ME}/openai"}, f"{V1}/responses"),
    ({"base_url": V1}, f"{V1}/responses"),
    ({"base_url": f"{V1}/", "api": "chat"}, f"{V1}/chat/completions"),
    ({"base_url": ME, "api_version": "v1", "api": "chat"}, f"{V1}/chat/completions"),
    ({"base_url": ME, "api_version": "preview"}, f"{V1}/responses?api-version=preview"),
    ({"base_url": V1, "api_version": "2024-10-21"}, f"{V1}/responses"),
    (
        {"base_url": ME, "api_version": "2024-10-21"},
        f"{ME}/openai/deployments/gpt%204%2F1/chat/completions?api-version=2024-10-21",
    ),
    (
        {"base_url": f"{ME}/openai", "api_version": "2025-04-01-preview", "api": "responses"},
        f"{ME}/openai/responses?api-version=2025-04-01-preview",
    ),
    (
        {"base_url": "https://me.services.ai.azure.com/models"},
        "https://me.services.ai.azure.com/models/chat/completions?api-version=2024-05-01-preview",
    ),
    (
        {"base_url": "https://me.services.ai.azure.com/models", "api_version": "2025-01-01"},
        "https://me.services.ai.azure.com/models/chat/completions?api-version=2025-01-01",
    ),
    (
        {"base_url": f"{ME}/openai/deployments/other", "api_version": "2024-10-21"},
        f"{ME}/openai/deployments/other/chat/completions?api-version=2024-10-21",
    ),
]


@pytest.mark.parametrize(("options", "url"), AZURES)
def test_azure_is_asked_by_v1_or_by_a_dated_version(options: Any, url: str) -> None:
    assert url_of(AzureProvider("gpt 4/1", **options)) == url


def test_azures_environment_gives_address_version_and_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="AZURE_OPENAI_ENDPOINT"):
        AzureProvider("m")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", ME)
    provider = AzureProvider("m")
    assert url_of(provider) == f"{V1}/responses"
    with pytest.raises(ConfigError, match="AZURE_OPENAI_API_KEY"):
        provider.check_key()
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "key")
    provider.check_key()
    monkeypatch.setenv("OPENAI_API_VERSION", "2024-10-21")
    assert "deployments/m/" in url_of(get_default_registry().get_provider("azure:m"))
    assert url_of(AzureProvider("m", api_version="v1")) == f"{V1}/responses"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"api": "soap"}, "api='soap'"),
        ({"auth": "basic"}, "auth='basic'"),
        ({"model": "", "api_version": "2024-10-21"}, "pass model="),
        ({"base_url": f"{ME}/models", "api": "responses"}, "Chat Completions only"),
    ],
)
def test_what_azure_cannot_be_asked_is_an_error_that_says_so(options: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        AzureProvider(**{"model": "m", "base_url": ME, **options})


RESPONSE = {"model": "m", "status": "completed", "output": [], "usage": None}


@pytest.mark.parametrize(
    ("options", "header", "value"),
    [({}, "api-key", "key-of-a-test"), ({"auth": "bearer"}, "authorization", "Bearer key-of-a-test")],
)
async def test_azures_key_has_its_own_header_and_a_token_the_usual_one(
    options: Any, header: str, value: str
) -> None:
    told = await sent(AzureProvider, "m", options={"base_url": ME, **options}, answer=RESPONSE)
    assert told.headers[header] == value
    assert {"api-key", "authorization"} & set(told.headers) == {header}
    assert told.body["store"] is False


async def test_azures_limit_has_the_name_that_its_address_knows() -> None:
    settings = {"max_tokens": 7}
    dated = await sent(
        AzureProvider, "m", options={"base_url": ME, "api_version": "2024-10-21"}, settings=settings
    )
    assert dated.body["max_completion_tokens"] == 7
    models = await sent(AzureProvider, "m", options={"base_url": f"{ME}/models"}, settings=settings)
    assert models.body["max_tokens"] == 7


def test_the_subscription_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHATGPT_BASE_URL", raising=False)
    provider = get_default_registry().get_provider("chatgpt:gpt-5.2-codex")
    assert type(provider) is ChatGPTProvider
    assert url_of(provider) == "https://chatgpt.com/backend-api/codex/responses"
    monkeypatch.setenv("CHATGPT_BASE_URL", "http://h/codex/")
    assert url_of(ChatGPTProvider("m")) == "http://h/codex/responses"
