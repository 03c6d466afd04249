"""An agent as a tool with arguments of its own, and with deps of its own."""

from dataclasses import dataclass

from pydantic import BaseModel

from voxagent import Agent, ToolContext
from voxagent.testing import FunctionProvider, ScriptedProvider, text, tool_call


class Question(BaseModel):
    """Translate a text."""

    text: str
    language: str


@dataclass
class Office:
    dictionary: dict[str, str]


def of_office(ctx: ToolContext[Office]) -> dict[str, str]:
    return ctx.deps.dictionary


translator = Agent(
    FunctionProvider(lambda messages, request: f"got {messages[0].text}"), deps_type=dict[str, str]
)
ask = translator.as_tool(name="translate", description="Translates.", input_type=Question, deps=of_office)
model = ScriptedProvider(tool_call("translate", text="sea", language="German"), text("done"))
agent = Agent(model, deps_type=Office, tools=[ask])

result = agent.run_sync("Translate 'sea'.", deps=Office({"sea": "Meer"}))
print(result.messages[2].tool_results[0].text)
print(sorted(ask.parameters["properties"]))
