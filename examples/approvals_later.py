"""End the run where it needs approval, and go on later, in any process."""

from voxagent import Agent, RunResult, tool
from voxagent.testing import ScriptedProvider, answer, text, tool_call
from voxagent.types import Approve, Deny


@tool
def look_up(name: str) -> str:
    """Look up an address."""
    return f"{name}@example.org"


@tool(requires_approval=True)
def send(to: str) -> str:
    """Send the report."""
    return f"sent to {to}"


calls = answer(
    tool_call("look_up", name="ada"), tool_call("send", to="ada@example.org"), tool_call("send", to="all")
)
first = Agent(ScriptedProvider(calls), tools=[look_up, send]).run_sync("Send the report to Ada.")
print("waiting:", [request.call.params for request in first.pending])
stored = first.model_dump_json()  # put it wherever somebody can look at it

# ... later, somewhere else
state = RunResult[str].model_validate_json(stored)
to_ada, to_all = state.pending
answers = {to_ada.call.id: Approve(to_ada.digest), to_all.call.id: Deny("only to Ada")}
agent = Agent(ScriptedProvider(text("Ada has it.")), tools=[look_up, send])
second = agent.run_sync(None, message_history=state.messages, approvals=answers)
for block in second.new_messages[0].tool_results:
    print("-", block.text)
print(second.output)
