"""Keep the keys on a server: a client has a token, and sees the stream that the server sees."""

import asyncio
import socket

import uvicorn

from voxagent import Agent
from voxagent.errors import ModelNotFoundError
from voxagent.providers import ProxyProvider
from voxagent.providers.proxy.server import proxy_app

TOKEN = "kL9-example-token-7Qz"  # of secrets.token_urlsafe(32), and from the environment

# The server has the keys of its models in its environment; this one needs none.
app = proxy_app(["offline:demo"], tokens=[TOKEN])


def temperature(city: str) -> float:
    """Look up the current temperature of a city."""
    return {"Oslo": 4.5, "Rome": 21.0}[city]


async def main() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    serving = asyncio.create_task(server.serve([listening]))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"

    agent = Agent(ProxyProvider("offline:demo", TOKEN, url))
    agent.tool(temperature)
    result = await agent.run("How warm is Rome?")
    print(result.output, [call.name for call in result.tool_calls], f"{result.provider}:{result.model}")
    refused = await Agent(ProxyProvider("openai:gpt-5", TOKEN, url)).run("Hello?")
    assert isinstance(refused.error, ModelNotFoundError)
    print(refused.error.message)

    server.should_exit = True
    await serving


asyncio.run(main())
