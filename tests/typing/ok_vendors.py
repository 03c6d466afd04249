"""Providers of other vendors are made like those of OpenAI, and each with what is its own."""

from __future__ import annotations

from typing import assert_type

from voxagent import Agent
from voxagent.providers import (
    AzureProvider,
    ChatGPTProvider,
    DeepSeekProvider,
    GoogleProvider,
    GroqProvider,
    MistralProvider,
    ModelFacts,
    OllamaProvider,
    OpenRouterProvider,
    Provider,
)
from voxagent.providers.http.retries import Retries
from voxagent.providers.ollama import OllamaOptions


async def token() -> str:
    return "fresh"


made: list[Provider] = [
    GroqProvider("openai/gpt-oss-20b"),
    OpenRouterProvider("openai/gpt-5", headers={"X-Title": "mine"}),
    DeepSeekProvider("deepseek-v4-flash", base_url="https://api.deepseek.com/beta"),
    MistralProvider("mistral-small-latest", "key", retries=Retries(attempts=1), facts=ModelFacts()),
    AzureProvider("our-gpt", token, api="chat", api_version="2024-10-21", auth="bearer"),
    ChatGPTProvider("gpt-5.2-codex", token, account_id="mine"),
    GoogleProvider("gemini-3-flash-preview", token, "https://vertex.test/publishers/google", auth="bearer"),
    OllamaProvider("qwen3:8b", options=OllamaOptions(num_ctx=16_384, keep_alive="10m")),
]
assert_type(Agent(made), Agent[None, str])


async def listed(provider: OllamaProvider) -> None:
    assert_type(await provider.list_models(), list[str])
