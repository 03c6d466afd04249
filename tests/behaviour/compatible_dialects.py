"""The bytes of the vendors that speak OpenAI's wires: in what each differs from OpenAI."""

from collections.abc import Mapping
from typing import Any

from tests.behaviour.openai_dialects import ChatDialect, ResponsesDialect
from tests.behaviour.wire import KEY, QUICK, Call, Events, Part, Thinking, compact
from voxagent.providers import (
    AzureProvider,
    ChatGPTProvider,
    DeepSeekProvider,
    GroqProvider,
    MistralProvider,
    OpenRouterProvider,
)
from voxagent.providers.http.provider import Key, WireProvider
from voxagent.providers.http.retries import Retries


class VendorDialect(ChatDialect):
    """Chat Completions of one vendor.

    Args:
        name: Name of the provider.
        kind: The provider.
        root: The path of its API.
    """

    def __init__(self, name: str, kind: Any, root: str) -> None:
        self.name = self.provider_name = name
        self.path = f"{root}/chat/completions"
        self._kind = kind
        self._root = root

    def provider(self, url: str, retries: Retries = QUICK, key: Key = KEY, **options: Any) -> WireProvider:
        provider: WireProvider = self._kind("m", key, f"{url}{self._root}", retries=retries, **options)
        return provider

    def thought(self, piece: str) -> Any:
        """A piece of thinking where most servers put it."""
        return {"reasoning": piece}

    def events(self, *parts: Part, reason: str = "", ascii: bool = False) -> Events:
        told = super().events(*parts, reason=reason, ascii=ascii)
        for part in parts:
            for piece in part.pieces if isinstance(part, Thinking) else ():
                usual, own = compact({"reasoning_content": piece}), compact(self.thought(piece))
                told.open = [event.replace(usual.encode(), own.encode()) for event in told.open]
        return told


class DeepSeekDialect(VendorDialect):
    """DeepSeek sends comments while it has not begun."""

    def thought(self, piece: str) -> Any:
        return {"reasoning_content": piece, "content": None}

    def events(self, *parts: Part, reason: str = "", ascii: bool = False) -> Events:
        told = super().events(*parts, reason=reason, ascii=ascii)
        return Events([b": keep-alive\n\n" + told.open[0], *told.open[1:]], told.end)


class OpenRouterDialect(VendorDialect):
    """OpenRouter tells thoughts twice: as text, and with what seals them."""

    def thought(self, piece: str) -> Any:
        detail = {"type": "reasoning.text", "text": piece, "format": "anthropic-claude-v1", "index": 0}
        return {"content": "", "reasoning": piece, "reasoning_details": [detail]}


class MistralDialect(VendorDialect):
    """Mistral's thoughts are parts of the content, and its ids have nine letters."""

    def thought(self, piece: str) -> Any:
        return {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": piece}]}]}

    def events(self, *parts: Part, reason: str = "", ascii: bool = False) -> Events:
        named = [
            Call(part.name, part.pieces, nine(part.id)) if isinstance(part, Call) else part for part in parts
        ]
        return super().events(*named, reason=reason, ascii=ascii)

    def calls_in(self, body: Any) -> list[tuple[str, str, Any]]:
        return [(original(id), name, arguments) for id, name, arguments in super().calls_in(body)]

    def results_in(self, body: Any) -> list[tuple[str, str]]:
        return [(original(id), content) for id, content in super().results_in(body)]


def nine(id: str) -> str:
    """An id as Mistral makes them; nothing stays nothing."""
    return id.replace("_", "U").ljust(9, "Z") if id else ""


def original(id: str) -> str:
    assert len(id) == 9
    assert id.isalnum()
    return id.rstrip("Z").replace("U", "_")


class AzureDialect(ResponsesDialect):
    """Azure's v1 API."""

    name = provider_name = "azure"
    path = "/openai/v1/responses"
    auth = ("api-key", KEY)

    def provider(self, url: str, retries: Retries = QUICK, key: Key = KEY, **options: Any) -> WireProvider:
        return AzureProvider("m", key, url, api_version="v1", retries=retries, **options)


class ChatGPTDialect(ResponsesDialect):
    """The backend of a ChatGPT subscription."""

    name = provider_name = "chatgpt"
    path = "/codex/responses"
    own_headers: Mapping[str, str] = {"chatgpt-account-id": "account-1", "originator": "voxagent"}

    def provider(self, url: str, retries: Retries = QUICK, key: Key = KEY, **options: Any) -> WireProvider:
        return ChatGPTProvider("m", key, f"{url}/codex", account_id="account-1", retries=retries, **options)


COMPATIBLE = (
    VendorDialect("groq", GroqProvider, "/openai/v1"),
    OpenRouterDialect("openrouter", OpenRouterProvider, "/api/v1"),
    DeepSeekDialect("deepseek", DeepSeekProvider, ""),
    MistralDialect("mistral", MistralProvider, "/v1"),
    AzureDialect(),
    ChatGPTDialect(),
)
