"""A conversation in a file, which another process can take up; and a copy of it that goes another way."""

import asyncio
import tempfile

from voxagent import Agent
from voxagent.session import storage_from


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/chat.db"
        await Agent("offline:demo", session_storage=url).run("My name is Ada.", session_key="user:42")

        agent = Agent("offline:demo", session_storage=url)  # in the next process, say
        result = await agent.run("What is my name?", session_key="user:42")
        print(result.output, len(result.messages))

        storage = storage_from(url)
        fork = await storage.fork("user:42", 2, new_key="user:42 again")
        print(fork.version, await storage.version("user:42"))
        print([message.text for message in await storage.messages("user:42", 2, 1)])
        await storage.close()


asyncio.run(main())
