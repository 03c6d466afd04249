"""What a server has besides tools: resources to read, prompts to begin with."""

import asyncio

from mcp.server import MCPServer

from voxagent import Agent
from voxagent.mcp import MCPServerInProcess
from voxagent.testing import ScriptedProvider, text, tool_call

library = MCPServer("library")


@library.resource("book://{title}", description="A book by its title", mime_type="text/plain")
def book(title: str) -> str:
    return f"Once upon a time there was a {title}."


@library.prompt(description="Ask for a summary")
def summary(title: str) -> str:
    return f"Sum up {title} in one sentence."


async def main() -> None:
    server = MCPServerInProcess(library)
    model = ScriptedProvider(tool_call("library_read_resource", uri="book://fox"), text("A fox lived."))
    async with Agent(model, toolsets=[server, server.as_resource_tools()]) as agent:
        print(await server.list_resource_templates())
        print(await server.read_resource("book://whale"))
        prompt = await server.get_prompt("summary", {"title": "fox"})
        result = await agent.run(None, message_history=prompt)
        print(result.messages[0].text, "->", result.output)


asyncio.run(main())
