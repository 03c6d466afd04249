"""How a tool may be run: names, timeouts, retries, and one at a time."""

import asyncio

from voxagent import Agent
from voxagent.testing import ScriptedProvider, answer, text, tool_call

agent = Agent(
    ScriptedProvider(
        answer(tool_call("slow"), tool_call("note", line="first"), tool_call("note", line="second")),
        text("done"),
    )
)
lines: list[str] = []


@agent.tool(timeout=0.05)
async def slow() -> None:
    await asyncio.sleep(60)


@agent.tool(name="note", description="Write a line down.", sequential=True, retries=0)
def write(line: str) -> int:
    lines.append(line)
    return len(lines)


result = agent.run_sync("go")
for meta in result.tool_metas:
    print(meta.tool_name, meta.success, meta.error)
print(lines)
