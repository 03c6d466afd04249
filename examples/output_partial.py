"""See an output fill up while the model writes it."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from pydantic import BaseModel

from voxagent import Agent, Message
from voxagent.providers import ModelRequest
from voxagent.testing import FunctionProvider


class Trip(BaseModel):
    city: str
    sights: list[str]


async def slowly(messages: Sequence[Message], request: ModelRequest) -> AsyncIterator[str]:
    for piece in ('{"city": "Os', 'lo", "sights": ["Opera", "Fj', 'ord"]}'):
        yield piece
        await asyncio.sleep(0.01)


agent = Agent(FunctionProvider(slowly), output_type=Trip, output_mode="prompted")


async def main() -> None:
    async with agent.run_stream("Plan a trip.") as stream:
        async for trip in stream.output():
            print(repr(trip))


asyncio.run(main())
