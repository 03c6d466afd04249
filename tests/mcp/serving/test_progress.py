"""What a client is told while it waits, and how often."""

import asyncio

from voxagent.mcp.progress import LONGEST, Progress
from voxagent.streaming import (
    AssistantEndEvent,
    FailoverEvent,
    RetryEvent,
    StreamEventData,
    StreamResetEvent,
    TextDeltaEvent,
    ToolEndEvent,
    ToolOutputEvent,
    ToolStartEvent,
)
from voxagent.types import Message, ToolCall, ToolResult


class Client:
    """What a client was told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.numbers: list[float] = []
        self.enough = asyncio.Event()

    async def report(self, number: float, words: str) -> None:
        self.numbers.append(number)
        self.told.append(words)
        if len(self.told) == 3:
            self.enough.set()


async def told_of(*events: StreamEventData, pause: float = 0.0) -> list[str]:
    client = Client()
    async with Progress(client.report, pause, 60.0) as progress:
        for event in events:
            await progress.take(event)
    assert client.numbers == [float(number) for number in range(1, len(client.told) + 1)]
    return client.told


async def test_events_that_a_client_waits_for_are_told_in_words() -> None:
    result = ToolResult("1", "7")
    told = await told_of(
        ToolStartEvent("run", ToolCall("1", "search", {})),
        ToolOutputEvent("run", "1", "half way"),
        ToolEndEvent("run", "1", result, "search"),
        ToolStartEvent("run", ToolCall("1", "search", {}), path=("crew", "finder")),
        ToolEndEvent("run", "1", result, "search", error="it broke", path=("crew",)),
        RetryEvent("run", "the key sk-1234 was refused"),
        FailoverEvent("run", "openai:gpt-5", "anthropic:claude", "timeout"),
        AssistantEndEvent("run", Message("assistant", [])),
    )
    assert told == [
        "calls search",
        "half way",
        "search is done",
        "crew/finder: calls search",
        "crew: search failed",
        "the model is asked again",
        "another model is asked",
    ]


async def test_text_is_told_in_pieces_that_are_not_too_many() -> None:
    events = [TextDeltaEvent("run", f"{number} ") for number in range(100)]
    assert await told_of(*events, pause=60.0) == []
    assert "".join(await told_of(*events)) == "".join(event.delta for event in events)


async def test_of_a_long_text_the_end_is_told() -> None:
    [told] = await told_of(TextDeltaEvent("run", "a" * 10_000 + "the end"))
    assert len(told) == LONGEST
    assert told.startswith("...a")
    assert told.endswith("the end")


async def test_text_of_an_answer_that_begins_anew_is_dropped() -> None:
    told = await told_of(TextDeltaEvent("run", "wrong"), StreamResetEvent("run", "it broke"), pause=60.0)
    assert told == ["the answer begins anew"]


async def test_texts_of_sub_agents_are_not_told() -> None:
    inner = TextDeltaEvent("run", "thinks", path=("crew",))
    assert await told_of(inner, StreamResetEvent("run", path=("crew",))) == []


async def test_silence_is_told_as_well_and_with_it_what_was_not_told_yet() -> None:
    client = Client()
    async with Progress(client.report, 60.0, 0.01) as progress, asyncio.timeout(10):
        await progress.take(TextDeltaEvent("run", "once upon"))
        await client.enough.wait()
    assert client.told[:3] == ["once upon", "still at work", "still at work"]
