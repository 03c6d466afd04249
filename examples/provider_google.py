"""A model of Google's: what it thought and how it sealed its call go back with the result."""

import asyncio
import json

import httpx2

from voxagent import Agent
from voxagent.providers import GoogleProvider
from voxagent.tools import tool

CALL = {"functionCall": {"name": "weather", "args": {"city": "Oslo"}}, "thoughtSignature": "EpYSCpMS"}


def service(request: httpx2.Request) -> httpx2.Response:
    """Stands in for Google."""
    contents = json.loads(request.content)["contents"]
    print(request.url.path)
    if len(contents) == 1:
        parts = [{"text": "Look outside.", "thought": True}, CALL]
    else:
        print(contents[1]["parts"][1], contents[2]["parts"][0])
        parts = [{"text": "Take an umbrella."}]
    answer = {"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}], "usageMetadata": {}}
    return httpx2.Response(200, text=f"data: {json.dumps(answer)}\n\n")


@tool
async def weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"It rains in {city}."


model = GoogleProvider(
    "gemini-3-flash-preview",
    api_key="a key",
    client=lambda: httpx2.AsyncClient(transport=httpx2.MockTransport(service)),
)
result = asyncio.run(Agent(model, tools=[weather], settings={"thinking": "low"}).run("Oslo?"))
print(result.output)
