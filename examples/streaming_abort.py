"""Stop a run from outside; what was done is kept."""

import asyncio

from voxagent import AbortController, Agent
from voxagent.streaming import ToolEndEvent
from voxagent.testing import FunctionProvider, tool_call

agent = Agent(FunctionProvider(lambda messages, request: tool_call("step")))
begun = asyncio.Event()


@agent.tool
async def step() -> str:
    if not begun.is_set():
        begun.set()
        await asyncio.sleep(60)
    return "done"


async def main() -> None:
    controller = AbortController()
    task = asyncio.create_task(agent.run("go", abort_signal=controller.signal))
    await begun.wait()
    controller.abort("the user left")  # from any thread
    result = await task
    print(result.aborted, "-", result.error, "-", result.messages[-1].tool_results[0].text)

    async with agent.run_stream("go") as stream:
        async for event in stream:
            if isinstance(event, ToolEndEvent):
                stream.abort("enough", after="turn")
        result = await stream.result()
    print(result.aborted, "-", result.error, "-", result.messages[-1].tool_results[0].text)


asyncio.run(main())
