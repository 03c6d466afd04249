"""Providers that answer too late or not at all, and readers that are slow (faults 10-14, 68, 69)."""

import asyncio
import time
from typing import Any

import pytest

from tests.faults.script import (
    END,
    PARTIAL,
    RawProvider,
    every_door,
    in_loop,
    other_tasks,
    partial,
    settled,
    through,
)
from voxagent.agent import Agent
from voxagent.errors import (
    ProviderTimeoutError,
    RunTimeoutError,
)
from voxagent.providers import (
    MessageStartChunk,
    TextDeltaChunk,
)
from voxagent.streaming import TextDeltaEvent
from voxagent.testing import ScriptedProvider, answer, stalls, text
from voxagent.types import Message


@every_door
@pytest.mark.parametrize("first", [[], [text("so far")]])
def test_a_run_whose_time_is_up_returns_what_it_has(door: str, first: list[Any]) -> None:
    """Fault 14: `timeout_ms`."""
    model = ScriptedProvider(answer(*first, stalls()))
    begun = time.monotonic()
    ran = through(door, Agent(model), timeout_ms=80)
    assert 0.07 < time.monotonic() - begun < 0.08 + 0.5
    assert isinstance(ran.result.error, RunTimeoutError)
    assert ran.result.timed_out
    assert not ran.result.aborted
    assert ran.result.assistant_texts == (["so far"] if first else [])


@every_door
def test_a_request_that_takes_longer_than_its_setting_is_a_provider_timeout(door: str) -> None:
    """Faults 10, 12 and 14: `settings={"timeout": ...}`."""

    async def drip() -> None:
        await asyncio.sleep(0.01)

    model = RawProvider([piece for _ in range(100) for piece in (TextDeltaChunk("x"), drip)])
    begun = time.monotonic()
    ran = through(door, Agent(model, settings={"timeout": 0.08}))
    assert 0.07 < time.monotonic() - begun < 0.08 + 0.5
    failure = ran.result.error
    assert isinstance(failure, ProviderTimeoutError)
    assert "did not finish within 0.08 s" in str(failure)
    assert failure.received == ran.result.messages[-1].text
    assert set(failure.received) == {"x"}
    assert model.is_closed


@every_door
def test_a_request_that_gives_nothing_is_ended_by_its_setting_too(door: str) -> None:
    """Fault 10."""
    model = ScriptedProvider(stalls())
    ran = through(door, Agent(model), settings={"timeout": 0.05})
    assert isinstance(ran.result.error, ProviderTimeoutError)
    assert ran.result.messages == [Message("user", "go")]


@every_door
def test_a_stream_that_goes_silent_is_a_provider_timeout_however_many_keep_alives_it_sends(door: str) -> None:
    """Faults 11 and 13: `settings={"idle_timeout": ...}`."""

    async def silence() -> None:
        await asyncio.sleep(0.01)

    model = RawProvider([*PARTIAL, *[piece for _ in range(100) for piece in (silence, MessageStartChunk())]])
    begun = time.monotonic()
    ran = through(door, Agent(model, settings={"idle_timeout": 0.08}))
    assert 0.07 < time.monotonic() - begun < 0.08 + 0.5
    failure = ran.result.error
    assert isinstance(failure, ProviderTimeoutError)
    assert "went silent for 0.08 s" in str(failure)
    assert failure.received == "partial"
    assert ran.result.messages[1:] == [partial()]
    assert model.is_closed


@every_door
def test_content_that_keeps_coming_is_not_silence(door: str) -> None:
    """Fault 11."""

    async def drip() -> None:
        await asyncio.sleep(0.02)

    model = RawProvider([*[piece for _ in range(10) for piece in (drip, TextDeltaChunk("x"))], END])
    ran = through(door, Agent(model, settings={"idle_timeout": 0.15}))
    assert ran.result.output == "x" * 10


@pytest.mark.parametrize("door", ["run_stream", "run_stream on uvloop"])
def test_time_that_is_spent_waiting_for_a_slow_reader_is_not_silence(door: str) -> None:
    """Fault 69: the buffer is bounded, and back-pressure is not the provider's fault."""
    model = RawProvider([*[TextDeltaChunk("x")] * 1000, END])

    async def main() -> Any:
        async with Agent(model, settings={"idle_timeout": 0.05}).run_stream("go") as stream:
            read = 0
            async for event in stream:
                if isinstance(event, TextDeltaEvent):
                    read += 1
                    if read % 300 == 1:
                        await asyncio.sleep(0.12)
            return read, await stream.result()

    read, result = in_loop(door, main)
    assert result.error is None
    assert result.output == "x" * 1000
    assert read == 1000


@pytest.mark.parametrize("door", ["run_stream", "run_stream on uvloop"])
def test_a_reader_that_does_not_read_stops_the_provider(door: str) -> None:
    """Fault 69."""
    given = 0

    async def count() -> None:
        nonlocal given
        given += 1

    model = RawProvider([*[piece for _ in range(5000) for piece in (count, TextDeltaChunk("x"))], END])

    async def main() -> int:
        async with Agent(model).run_stream("go") as stream:
            for _ in range(200):
                await asyncio.sleep(0)
            seen = given
            async for _ in stream:
                pass
        return seen

    assert 200 < in_loop(door, main) < 300
    assert given == 5000


@pytest.mark.parametrize("door", ["run_stream", "run_stream on uvloop"])
@pytest.mark.parametrize("entered", [True, False])
def test_a_consumer_that_leaves_the_stream_closes_it_upstream(door: str, entered: bool) -> None:
    """Fault 68."""
    model = RawProvider([*PARTIAL, asyncio.Event().wait])

    async def main() -> None:
        stream = Agent(model).run_stream("go")
        if entered:
            async with stream:
                async for event in stream:
                    if isinstance(event, TextDeltaEvent):
                        break
            assert other_tasks() == set()
            assert model.is_closed
            return
        async for event in stream:
            if isinstance(event, TextDeltaEvent):
                break
        async with asyncio.timeout(1):
            await settled(lambda: model.is_closed and not other_tasks())

    in_loop(door, main)
    assert model.opened == 1
