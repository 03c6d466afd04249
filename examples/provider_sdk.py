"""A ready client of a vendor's SDK: its key, its address and its connections are used."""

import asyncio
import json

import httpx2
from openai import AsyncAzureOpenAI

from voxagent import Agent
from voxagent.providers import OpenAIProvider


def service(request: httpx2.Request) -> httpx2.Response:
    """Stands in for Azure."""
    print(request.method, request.url.path, request.headers["api-key"])
    item = {"type": "message", "content": [{"type": "output_text", "text": "Hello from Azure."}]}
    response = {"status": "completed", "output": [item]}
    event = {"type": "response.completed", "response": response}
    return httpx2.Response(200, text=f"data: {json.dumps(event)}\n\n")


async def main() -> None:
    client = AsyncAzureOpenAI(
        azure_endpoint="https://example.openai.azure.com",
        api_version="2026-06-01",
        api_key="a-key-of-azure",
        http_client=httpx2.AsyncClient(transport=httpx2.MockTransport(service)),
    )
    async with client:
        agent = Agent(OpenAIProvider("our-gpt", client=client))
        print((await agent.run("hello")).output)


asyncio.run(main())
