"""A program that is killed within a tool, and goes on afterwards."""

import asyncio
import json
from pathlib import Path

from voxagent import Agent, Message, tool
from voxagent.session import effective, storage_from
from voxagent.testing import ScriptedProvider, answer, text, tool_call


async def main(url: str, ledger: str, mode: str) -> None:
    """Run, and wait within a tool for ever; or resume, and tell what became of the calls."""

    def pay() -> str:
        with Path(ledger).open("a") as file:
            file.write("paid\n")
        return "paid"

    @tool(name="pay", timeout=None)
    async def pays_and_hangs() -> str:
        pay()
        while len(stored := await session_messages()) < 3:  # noqa: ASYNC110  # the store tells nobody
            await asyncio.sleep(0.001)
        print(f"paid, and {stored[-1].tool_results[0].text}", flush=True)
        await asyncio.Event().wait()
        return "paid"

    async def session_messages() -> list[Message]:
        session = await storage.load("k")
        return effective(session.messages) if session is not None else []

    @tool
    async def look() -> str:
        return "seen"

    storage = storage_from(url)
    if mode == "run":
        calls = answer(tool_call("look", id="look"), tool_call("pay", id="pay"))
        agent = Agent(ScriptedProvider(calls), tools=[pays_and_hangs, look], session_storage=storage)
        await agent.run("?", session_key="k")
        return
    agent = Agent(ScriptedProvider(text("done")), tools=[tool(pay), look], session_storage=storage)
    result = await agent.resume("k")
    told = {each.tool_use_id: each.text for message in result.messages for each in message.tool_results}
    print(json.dumps({"output": result.output, **told}))
