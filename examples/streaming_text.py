"""Only the text; an error is raised where it belongs."""

import asyncio

from voxagent import Agent, ProviderError
from voxagent.testing import ScriptedProvider, answer, text

good = answer(text("The sea is calm."), chunk_size=8)
broken = answer(text("The sea is"), chunk_size=8, cut=True)
agent = Agent(ScriptedProvider(good, broken))


async def main() -> None:
    async for piece in agent.run_stream("How is the sea?").text():
        print(repr(piece))
    try:
        async for piece in agent.run_stream("And now?").text():
            print(repr(piece))
    except ProviderError as error:
        print(type(error).__name__, repr(error.received))


asyncio.run(main())
