"""Ask somebody before a tool runs."""

from collections.abc import Mapping
from typing import Any

from voxagent import Agent, ToolContext
from voxagent.testing import ScriptedProvider, answer, text, tool_call
from voxagent.types import ApprovalRequest, Approve, Deny


async def approve(request: ApprovalRequest) -> Approve | Deny:
    print("asked:", request.call.name, request.call.params)
    return Approve() if request.call.params["amount"] <= 100 else Deny("more than the budget")


def is_dear(ctx: ToolContext[Any], arguments: Mapping[str, Any]) -> bool:
    return bool(arguments["amount"] > 10)


model = ScriptedProvider(
    answer(
        tool_call("pay", to="Ada", amount=5),
        tool_call("pay", to="Bob", amount=50),
        tool_call("pay", to="Eve", amount=500),
    ),
    text("I paid Ada and Bob."),
)
agent = Agent(model, approve=approve)


@agent.tool(requires_approval=is_dear)
def pay(to: str, amount: int) -> str:
    """Pay somebody."""
    return f"paid {amount} to {to}"


result = agent.run_sync("Pay the bills.")
for block in result.messages[2].tool_results:
    print("-", block.text)
print(result.output)
