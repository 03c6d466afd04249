"""What the tests of the agent share: a bound for every wait, and what was seen without what is chance."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from voxagent.providers import ModelFacts, ModelRequest, StreamChunk
from voxagent.streaming import BaseEvent
from voxagent.testing import ScriptedProvider
from voxagent.types import Record

WAIT = 10
"""Seconds after which a wait has failed."""

CHANCE = frozenset(("run_id", "timestamp", "duration", "execution_time_ms"))


def without_chance(value: object) -> Any:
    """Plain data without what differs from run to run: ids of runs, and times."""
    match value:
        case Record():
            return without_chance(value.model_dump())
        case Mapping():
            return {key: without_chance(each) for key, each in value.items() if key not in CHANCE}
        case list() | tuple():
            return [without_chance(each) for each in value]
        case _:
            return value


def kinds(events: Iterable[BaseEvent]) -> list[str]:
    """The types of events, without the deltas."""
    found = [str(getattr(event, "event_type", "")) for event in events]
    return [kind for kind in found if not kind.endswith("_delta")]


class Slowly:
    """A scripted model whose chunks come one by one, as from a slow network: each is a batch of its own."""

    def __init__(self, scripted: ScriptedProvider) -> None:
        self.name = scripted.name
        self.model = scripted.model
        self.scripted = scripted

    def facts(self, model: str) -> ModelFacts:
        return self.scripted.facts(model)

    @asynccontextmanager
    async def open(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[StreamChunk]]:
        async with self.scripted.open(request) as chunks:
            yield _one_by_one(chunks)


async def _one_by_one(chunks: AsyncIterator[StreamChunk]) -> AsyncGenerator[StreamChunk]:
    async for chunk in chunks:
        yield chunk
        for _ in range(3):
            await asyncio.sleep(0)
