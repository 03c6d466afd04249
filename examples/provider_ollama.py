"""A model on Ollama: how much room it has, how long it stays loaded, and which models there are."""

import asyncio
import json

import httpx2

from voxagent import Agent
from voxagent.providers import OllamaProvider
from voxagent.providers.ollama import OllamaOptions


def service(request: httpx2.Request) -> httpx2.Response:
    """Stands in for Ollama."""
    if request.url.path == "/api/tags":
        return httpx2.Response(200, json={"models": [{"name": "qwen3:8b"}, {"name": "gemma3:4b"}]})
    asked = json.loads(request.content)
    print(asked["model"], asked["think"], asked["options"], asked["keep_alive"])
    lines = [
        {"model": "qwen3:8b", "message": {"thinking": "Short."}, "done": False},
        {"model": "qwen3:8b", "message": {"content": "Hello!"}, "done": False},
        {"model": "qwen3:8b", "message": {"content": ""}, "done": True, "done_reason": "stop"},
    ]
    return httpx2.Response(200, text="".join(json.dumps(line) + "\n" for line in lines))


model = OllamaProvider(
    "qwen3:8b",
    options=OllamaOptions(num_ctx=16_384, keep_alive="30m"),
    client=lambda: httpx2.AsyncClient(transport=httpx2.MockTransport(service)),
)


async def main() -> None:
    print(await model.list_models())
    print((await Agent(model, settings={"thinking": "low"}).run("Say hello.")).output)


asyncio.run(main())
