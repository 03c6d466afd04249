"""Say something while the agent works."""

import asyncio

from voxagent import Agent
from voxagent.streaming import ToolStartEvent
from voxagent.testing import ScriptedProvider, text, tool_call

model = ScriptedProvider(
    tool_call("search", query="flights to Oslo"),
    text("Booked: 9:40, at the window."),
    text("It lands at 11:10."),
)
agent = Agent(model)


@agent.tool
async def search(query: str) -> str:
    return "9:40 and 14:15"


async def main() -> None:
    async with agent.run_stream("Book a flight to Oslo.") as stream:
        async for event in stream:
            if isinstance(event, ToolStartEvent):
                stream.steer("A window seat, please.")  # read ahead of the next answer
                stream.follow_up("When does it land?")  # read once it would stop
        result = await stream.result()
    for message in result.messages:
        print(f"{message.role}: {message.text or '(tools)'}")
    print("too late:", stream.steer("Make it two."))


asyncio.run(main())
