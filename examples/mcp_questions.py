"""A server asks: the user for a name, and the agent's model for a verse."""

from typing import Annotated

from mcp.server import MCPServer
from mcp.server.mcpserver import Elicit, Resolve, Sample
from mcp.types import CreateMessageResult, SamplingMessage, TextContent
from pydantic import BaseModel

from voxagent import Agent
from voxagent.mcp import Elicitation, MCPServerInProcess
from voxagent.testing import ScriptedProvider, text, tool_call


class Guest(BaseModel):
    name: str
    language: str = "English"


def ask_guest() -> Elicit[Guest]:
    return Elicit("Who is the card for?", Guest)


def ask_model(occasion: str) -> Sample:
    content = TextContent(type="text", text=f"A verse for a {occasion}, please.")
    return Sample([SamplingMessage(role="user", content=content)], max_tokens=100)


cards = MCPServer("cards")
Verse = Annotated[CreateMessageResult, Resolve(ask_model)]


@cards.tool(structured_output=False)
def write_card(occasion: str, guest: Annotated[Guest, Resolve(ask_guest)], verse: Verse) -> str:
    return f"To {guest.name} ({guest.language}): {verse.content.text}"


def elicit(question: Elicitation) -> dict[str, str] | None:
    print(question.server, "asks:", question.message)
    return {"name": "Ann"}  # None would decline


model = ScriptedProvider(tool_call("write_card", occasion="birthday"), text("Hip, hip!"), text("Done."))
agent = Agent(model, toolsets=[MCPServerInProcess(cards, elicit=elicit, sampling=True)])
result = agent.run_sync("Write a card")
print(result.messages[2].tool_results[0].text)
print(result.usage.requests, "requests,", len(result.messages), "messages")
