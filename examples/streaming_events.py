"""Every event of a run, as it happens."""

import asyncio

from voxagent import Agent
from voxagent.streaming import RunEndEvent, TextDeltaEvent, ToolEndEvent, ToolStartEvent

agent = Agent("offline:demo")


@agent.tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


async def main() -> None:
    async for event in agent.run_stream("Add 2 and 3."):
        match event:
            case ToolStartEvent(tool_call=call):
                print(f"-> {call.name} {call.params}")
            case ToolEndEvent(result=result):
                print(f"<- {result.content}")
            case TextDeltaEvent(delta=delta):
                print(repr(delta))
            case RunEndEvent(result=done) if done is not None:
                print(f"{done.output!r}, {done.usage.requests} requests")
            case _:
                print(event.event_type)


asyncio.run(main())
