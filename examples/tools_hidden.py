"""Tools that show themselves to some runs only."""

from dataclasses import dataclass

from voxagent import Agent, RunContext, ToolDefinition
from voxagent.testing import FunctionProvider
from voxagent.types import ToolPolicy


@dataclass
class User:
    name: str
    admin: bool


def for_admins(ctx: RunContext[User], tool: ToolDefinition[User]) -> ToolDefinition[User] | None:
    if not ctx.deps.admin:
        return None
    return tool.changed(description=f"{tool.description} You do this for {ctx.deps.name}.")


model = FunctionProvider(lambda messages, request: str([spec.description for spec in request.tools]))
agent = Agent(model, deps_type=User)


@agent.tool(prepare=for_admins)
def delete_all() -> None:
    """Delete everything."""


@agent.tool
def look() -> None:
    """Look around."""


print(agent.run_sync("go", deps=User("Ada", admin=True)).output)
print(agent.run_sync("go", deps=User("Bob", admin=False)).output)
only_looking = [ToolPolicy(allow_list=["look"])]
print(agent.run_sync("go", deps=User("Ada", admin=True), policies=only_looking).output)
