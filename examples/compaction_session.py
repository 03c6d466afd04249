"""A session keeps all that was said, and which of it counts."""

import asyncio

from voxagent import Message
from voxagent.session import Budget, InMemorySessionStorage, compact, drop_oldest_turns, effective

storage = InMemorySessionStorage()
talk = [Message(("user", "assistant")[number % 2], f"sentence {number}") for number in range(10)]


async def main() -> None:
    version = await storage.append("ada", talk, expected_version=0)
    done = await compact(talk, Budget(40), drop_oldest_turns(keep=1))
    if done.marker is not None:
        version = await storage.append("ada", [done.marker], expected_version=version)
    await storage.append("ada", [Message("user", "And now?")], expected_version=version)
    session = await storage.load("ada")
    if session is not None:
        print(len(session.messages), [message.text for message in effective(session.messages)])


asyncio.run(main())
