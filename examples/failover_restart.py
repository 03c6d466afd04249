"""An answer that breaks off is begun anew by the next model; a reader drops what it had."""

import asyncio

from voxagent import Agent
from voxagent.errors import ProviderConnectionError
from voxagent.streaming import FailoverEvent, StreamResetEvent, TextDeltaEvent
from voxagent.testing import ScriptedProvider, answer, fails, text

broken = answer(text("The sea is"), fails(ProviderConnectionError("connection reset")))
first = ScriptedProvider(broken, broken, name="first", model="large")
second = ScriptedProvider(text("It is calm."), text("It is calm."), name="second", model="small")
agent = Agent([first, second])


async def main() -> None:
    shown = ""
    async for event in agent.run_stream("How is the sea?"):
        match event:
            case TextDeltaEvent(delta=delta):
                shown += delta
                print(repr(shown))
            case StreamResetEvent(reason=reason):
                shown = ""
                print(repr(shown), reason)
            case FailoverEvent(source=source, target=target):
                print(f"{source} -> {target}")
            case _:
                pass
    print([piece async for piece in agent.run_stream("How is the sea?").text()])


asyncio.run(main())
