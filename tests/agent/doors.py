"""The three doors of an agent, as one kind of function."""

import asyncio
from typing import Any

import pytest

from voxagent import Agent, RunResult


async def run(agent: Agent[Any, Any], prompt: Any, **options: Any) -> RunResult[Any]:
    return await agent.run(prompt, **options)


async def run_stream(agent: Agent[Any, Any], prompt: Any, **options: Any) -> RunResult[Any]:
    async with agent.run_stream(prompt, **options) as stream:
        async for _ in stream:
            pass
        return await stream.result()


async def run_sync(agent: Agent[Any, Any], prompt: Any, **options: Any) -> RunResult[Any]:
    return await asyncio.to_thread(agent.run_sync, prompt, **options)


DOORS = (run, run_stream, run_sync)
every_door = pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
