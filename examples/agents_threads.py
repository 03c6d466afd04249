"""One agent for all threads, event loops, and running loops."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from voxagent import Agent

agent = Agent("offline:demo")


@agent.tool
def square(number: int) -> int:
    """The square of a number."""
    return number * number


def asked(number: int) -> str:
    return agent.run_sync(f"What is the square of {number}?").output


async def inside_a_running_loop() -> str:  # a notebook, a web handler
    return asked(4)


with ThreadPoolExecutor() as pool:
    print(list(pool.map(asked, [1, 2, 3])))
print(asyncio.run(inside_a_running_loop()))
print(asyncio.run(agent.run("What is the square of 5?")).output)
