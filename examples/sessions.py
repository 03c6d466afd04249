"""Conversations that the agent keeps."""

import asyncio

from voxagent import Agent
from voxagent.session import InMemorySessionStorage, resolve_session_key

storage = InMemorySessionStorage()
agent = Agent("offline:demo", session_storage=storage)
ada = resolve_session_key("ada", channel="web")
bob = resolve_session_key("bob", channel="web")

agent.run_sync("My name is Ada.", session_key=ada)
agent.run_sync("My name is Bob.", session_key=bob)
result = agent.run_sync("What is my name?", session_key=ada)
print(result.output, len(result.messages), len(result.new_messages))


async def look() -> None:
    print(await storage.list_keys())
    session = await storage.load(ada)
    if session is not None:
        print([message.role for message in session.get_messages(limit=2)])
    await storage.delete(bob)
    print(await storage.exists(bob))


asyncio.run(look())
