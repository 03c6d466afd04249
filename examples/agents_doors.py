"""One agent, three doors: the same run each time."""

import asyncio

from voxagent import Agent
from voxagent.streaming import TextDeltaEvent

agent = Agent("offline:demo")


@agent.tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


async def main() -> None:
    awaited = await agent.run("Add 2 and 3.")
    print("run:       ", awaited.output)

    async with agent.run_stream("Add 2 and 3.") as stream:
        texts = [event.delta async for event in stream if isinstance(event, TextDeltaEvent)]
        streamed = await stream.result()
    print("run_stream:", "|".join(texts))
    print("the same:  ", awaited.output == streamed.output and awaited.usage == streamed.usage)


print("run_sync:  ", agent.run_sync("Add 2 and 3.").output)
asyncio.run(main())
