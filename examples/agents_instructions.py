"""What the model is told, and how each run is changed."""

from dataclasses import dataclass

from voxagent import Agent, RunContext
from voxagent.testing import ScriptedProvider, text


@dataclass
class User:
    name: str


model = ScriptedProvider(text("Hello Ada!"))
agent = Agent(model, deps_type=User, system_prompt="You are brief.", settings={"temperature": 0.2})


@agent.instructions
def who(ctx: RunContext[User]) -> str:
    return f"You talk to {ctx.deps.name}."


result = agent.run_sync("Hi!", deps=User("Ada"), settings={"max_tokens": 100}, metadata={"request": 7})
print(model.requests[0].system)
print(model.requests[0].settings)
print(result.output, result.metadata)
