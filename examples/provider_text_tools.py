"""Tools for a model that cannot call any: it is told of them in words, and calls them in words."""

from collections.abc import Sequence

from voxagent import Agent, Message, tool
from voxagent.providers import ModelFacts, ModelRequest, with_text_tools
from voxagent.testing import FunctionProvider


@tool
def get_weather(city: str) -> str:
    """Look up the weather."""
    return f"It rains in {city}."


def model(messages: Sequence[Message], request: ModelRequest) -> str:
    """Stands in for a small model; all that it is given, and gives, is text."""
    print(messages[-1].text)
    if len(messages) > 1:
        return "Take an umbrella."
    return 'Let me see.\n[[call: get_weather]]\n{"city": "Oslo"}\n[[/call]]'


small = FunctionProvider(model, facts=ModelFacts(tools=False))
agent = Agent(with_text_tools(small), tools=[get_weather])
result = agent.run_sync("Do I need an umbrella in Oslo?")
print(result.output, result.messages[1].tool_calls[0].params)
