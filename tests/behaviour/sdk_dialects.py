"""The same wires through clients of the vendors' SDKs, which are made for each event loop."""

import ssl
from typing import Any

import anthropic
import httpx2
import openai

from tests.behaviour.anthropic_dialect import AnthropicDialect
from tests.behaviour.openai_dialects import ChatDialect, ResponsesDialect
from tests.behaviour.wire import KEY, QUICK, Dialect
from voxagent.providers import AnthropicProvider, OpenAIProvider
from voxagent.providers.http.provider import Key, WireProvider
from voxagent.providers.http.retries import Retries


class AnthropicSdkDialect(AnthropicDialect):
    """Anthropic's Messages, through `anthropic.AsyncAnthropic`."""

    name = "anthropic-sdk"

    def provider(self, url: str, retries: Retries = QUICK, key: Key = KEY, **options: Any) -> WireProvider:
        if options or key is not KEY:  # what a client has is its own
            return super().provider(url, retries, key, **options)
        return AnthropicProvider("m", client=lambda: _anthropic(url), retries=retries)


class ChatSdkDialect(ChatDialect):
    """Chat Completions, through `openai.AsyncOpenAI`."""

    name = "openai-chat-sdk"

    def provider(self, url: str, retries: Retries = QUICK, key: Key = KEY, **options: Any) -> WireProvider:
        if options or key is not KEY:  # what a client has is its own
            return super().provider(url, retries, key, **options)
        return OpenAIProvider("m", client=lambda: _openai(url), api="chat", retries=retries)


class ResponsesSdkDialect(ResponsesDialect):
    """Responses, through `openai.AsyncOpenAI`."""

    name = "openai-responses-sdk"

    def provider(self, url: str, retries: Retries = QUICK, key: Key = KEY, **options: Any) -> WireProvider:
        if options or key is not KEY:  # what a client has is its own
            return super().provider(url, retries, key, **options)
        return OpenAIProvider("m", client=lambda: _openai(url), api="responses", retries=retries)


def _anthropic(url: str) -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(api_key=KEY, base_url=url, http_client=_without_certificates())


def _openai(url: str) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(api_key=KEY, base_url=f"{url}/v1", http_client=_without_certificates())


def _without_certificates() -> httpx2.AsyncClient:
    """To load them takes longer than the deadlines of some tests."""
    return httpx2.AsyncClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


SDKS: list[Dialect] = [ResponsesSdkDialect(), ChatSdkDialect(), AnthropicSdkDialect()]
