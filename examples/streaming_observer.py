"""Watch every run of an agent, whichever door it comes through."""

from voxagent import Agent
from voxagent.streaming import StreamEventData, ToolEndEvent

agent = Agent("offline:demo")


@agent.tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


calls: list[str] = []


def watch(event: StreamEventData) -> None:
    if isinstance(event, ToolEndEvent):
        calls.append(event.tool_name)


async def broken(event: StreamEventData) -> None:
    raise RuntimeError("harms nobody")


unsubscribe = agent.subscribe(watch)
agent.subscribe(broken)
agent.run_sync("Add 2 and 3.")
unsubscribe()
print(agent.run_sync("Add 4 and 5.").output, calls)
