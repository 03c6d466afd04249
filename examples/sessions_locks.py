"""Write to a session beside the agent, go through a long one in pages, and be refused instead of waiting."""

import asyncio
import tempfile

from voxagent import Agent, Message
from voxagent.session import Session, SessionConflict, session_lock, storage_from


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        storage = storage_from(f"file://{folder}/sessions")
        await storage.create(Session("order-7", "user:42", metadata={"tier": "gold"}))
        agent = Agent("offline:demo", session_storage=storage, session_lock="reject")

        async with session_lock(storage, "user:42", 5):
            version = await storage.version("user:42")
            note = Message("user", "The parcel was sent on Monday.")
            await storage.append("user:42", [note], expected_version=version)
            try:
                await agent.run("Hello?", session_key="user:42")
            except SessionConflict as error:
                print(error)

        try:
            await storage.append("user:42", [note], expected_version=version)
        except SessionConflict as error:
            print(error)

        await agent.run("When was it sent?", session_key="user:42")
        for start in range(0, await storage.version("user:42"), 2):
            print([message.role for message in await storage.messages("user:42", start, 2)])
        await storage.close()


asyncio.run(main())
