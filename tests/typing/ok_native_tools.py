"""Tools that the provider runs are declared on an agent or for one run; clients of SDKs are taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_type

from anthropic import AsyncAnthropic
from openai import AsyncAzureOpenAI, AsyncOpenAI

from voxagent import Agent, RunResult
from voxagent.providers import AnthropicProvider, ModelRequest, OpenAIProvider, RunsTools
from voxagent.tools import CodeExecution, FileSearch, NativeTool, ProviderTool, UserLocation, WebSearch


class Searches:
    """A provider that can search, and nothing else."""

    def native_refusal(self, tool: ProviderTool, model: str) -> str:
        match tool:
            case WebSearch(allowed_domains=domains):
                assert_type(domains, Sequence[str])
                return ""
            case CodeExecution() | FileSearch() | NativeTool():
                return "it can only search"


runs: RunsTools = Searches()
tools: list[ProviderTool] = [
    WebSearch(["python.org"], max_uses=3, context_size="low", user_location=UserLocation(city="Oslo")),
    CodeExecution(file_ids=("file_1",)),
    FileSearch(["vs_1"], max_results=5),
    NativeTool("image_generation", {"size": "auto"}),
]
agent = Agent("openai:gpt-5", native_tools=tools, settings={"cache": True})
assert_type(agent, Agent[None, str])
assert_type(Agent("openai:gpt-5", native_tools=[WebSearch()], output_type=int), Agent[None, int])


async def asked(request: ModelRequest) -> None:
    assert_type(request.native_tools, Sequence[ProviderTool])
    assert_type(await agent.run("?", native_tools=(WebSearch(),)), RunResult[str])
    assert_type(await agent.run("?", settings={"cache": "1h"}), RunResult[str])


OpenAIProvider("gpt-5", client=AsyncOpenAI())
OpenAIProvider("gpt-5", client=lambda: AsyncAzureOpenAI(api_version="2026-06-01"))
AnthropicProvider("claude-sonnet-4-5", client=AsyncAnthropic())
