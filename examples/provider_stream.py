"""A provider of one's own: anything with a name and `open`."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from voxagent import Agent, Usage
from voxagent.providers import (
    MessageEndChunk,
    MessageStartChunk,
    ModelFacts,
    ModelRequest,
    StreamChunk,
    TextDeltaChunk,
)


class Clock:
    name = "clock"
    model = "wall"

    def facts(self, model: str) -> ModelFacts:
        return ModelFacts(context_window=8_000, tools=False, input_price=0.0, output_price=0.0)

    @asynccontextmanager
    async def open(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[StreamChunk]]:
        print("connected")
        try:
            yield self.answer(request)
        finally:
            print("closed")

    async def answer(self, request: ModelRequest) -> AsyncGenerator[StreamChunk]:
        yield MessageStartChunk(self.name, request.model, request_id="req_1")
        for word in ("It ", "is ", "late."):
            yield TextDeltaChunk(word)
        yield MessageEndChunk("stop", Usage(input_tokens=4, output_tokens=3))


result = Agent(Clock()).run_sync("What time is it?")
print(result.output, result.usage, f"{result.provider}:{result.model}")
