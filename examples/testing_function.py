"""A model that is a function, for tests in which the answer depends on the question."""

from collections.abc import Sequence

from voxagent import Agent, Message
from voxagent.providers import ModelFacts, ModelRequest
from voxagent.testing import FunctionProvider, Step, fails, tool_call


def model(messages: Sequence[Message], request: ModelRequest) -> str | Step:
    last = messages[-1]
    if last.tool_results:
        return f"It is {last.tool_results[0].text}."
    if "weather" in last.text:
        return tool_call("weather", city=last.text.split()[-1])
    return fails(RuntimeError("what?"))


agent = Agent(FunctionProvider(model, facts=ModelFacts(context_window=1_000)))


@agent.tool
def weather(city: str) -> str:
    return f"sunny in {city}"


print(agent.run_sync("weather in Oslo").output)
print(repr(agent.run_sync("hm").error))
