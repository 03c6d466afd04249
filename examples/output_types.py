"""Whatever pydantic can describe is an output type, for an agent or for one run."""

from dataclasses import dataclass
from typing import Literal

from voxagent import Agent
from voxagent.testing import ScriptedProvider, text, tool_call


@dataclass
class Review:
    mood: Literal["good", "bad"]
    words: list[str]


model = ScriptedProvider(
    tool_call("final_result", mood="good", words=["warm", "bright"]),
    tool_call("final_result", result=4),
    text("It is a good one."),
    text('Here you are: {"mood": "bad", "words": []}'),
)
agent = Agent(model, output_type=Review)  # Agent[None, Review]

print(agent.run_sync("What do they say?").output)
print(agent.run_sync("How many stars?", output_type=int).output)
print(agent.run_sync("In a sentence?", output_type=str).output)

prompted = Agent(model, output_type=Review, output_mode="prompted")
print(prompted.run_sync("And this one?").output)
print(model.requests[-1].system.splitlines()[0])
