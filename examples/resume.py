"""A program dies within a tool; another one goes on where the session ends."""

import os
import subprocess
import sys
import tempfile

from voxagent import Agent, tool
from voxagent.testing import ScriptedProvider, answer, text, tool_call


@tool(idempotent=True)
def stock(item: str) -> int:
    """How many there are."""
    return 3


@tool
def order(item: str) -> str:
    """Order one."""
    os._exit(1)  # as if the power had failed


def main(url: str, *, first: bool) -> None:
    calls = answer(tool_call("stock", item="lamp"), tool_call("order", item="lamp"))
    model = ScriptedProvider(calls if first else text("I do not know whether it was ordered."))
    agent = Agent(model, tools=[stock, order], session_storage=url)
    if first:
        agent.run_sync("Order a lamp.", session_key="ada")
    result = agent.run_sync(None, session_key="ada", resume=True)
    for message in result.messages:
        for block in message.tool_results:
            print(f"{block.tool_name}: {block.text}")
    print(result.output)


if len(sys.argv) > 1:
    main(sys.argv[1], first=True)
else:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/chat.db"
        died = subprocess.run([sys.executable, __file__, url], check=False)
        print("the first program ended with status", died.returncode)
        main(url, first=False)
