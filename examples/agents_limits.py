"""What a run may use, and how long it may take."""

import asyncio

from voxagent import Agent, UsageLimits
from voxagent.testing import FunctionProvider, tool_call

# A model that never stops calling a tool; in the second run, with a tool that never ends.
eager = FunctionProvider(lambda messages, request: tool_call("again"))
patient = FunctionProvider(lambda messages, request: tool_call("wait"))
agent = Agent(eager, limits=UsageLimits(requests=3))


@agent.tool
def again() -> str:
    """Do it again."""
    return "done"


@agent.tool
async def wait() -> None:
    """Wait for something that never happens."""
    await asyncio.Event().wait()


counted = agent.run_sync("go")
print(repr(counted.error), counted.usage)

timed = agent.run_sync("go", model=patient, timeout_ms=100)
print(timed.timed_out, repr(timed.error))
print(timed.messages[-1].tool_results[0].text)
