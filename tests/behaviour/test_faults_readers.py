"""Readers, aborts, and what becomes of connections (faults 67-69)."""

import asyncio
import socket
import time
from typing import Any

import httpx2
import pytest

from tests.behaviour.asking import SLACK, Tools, ask, called, said
from tests.behaviour.dialects import every_dialect, every_door
from tests.behaviour.server import (
    FaultServer,
    chunked,
    close,
    forever,
    pause,
    reset,
    stall,
    streamed,
    whole,
)
from tests.behaviour.wire import Call, Dialect, keep_alive, text
from tests.faults.script import bounded, in_loop, other_tasks
from voxagent.abort import AbortController
from voxagent.agent import Agent
from voxagent.errors import (
    OverloadedError,
    ProviderError,
    VoxAgentError,
)
from voxagent.streaming import TextDeltaEvent


@every_dialect
def test_an_abort_at_any_moment_leaves_nothing_behind(dialect: Dialect) -> None:
    """Fault 67."""
    first = called(dialect, Call("add", ('{"a":1,', '"b":2}')))
    with FaultServer(*[first, said(dialect, "one ", "two")] * 1000) as server:
        agent = Agent(dialect.provider(server.url), tools=Tools().all)

        async def aborted_at(tick: int) -> bool:
            controller = AbortController()
            run = asyncio.create_task(agent.run("go", abort_signal=controller.signal))
            for _ in range(tick):
                await asyncio.sleep(0)
            controller.abort()
            result = await bounded(run)
            assert other_tasks() == set()
            assert result.aborted or result.output in ("one two", None) or result.ok
            return result.aborted

        async def main() -> list[bool]:
            aborted = [await aborted_at(tick) for tick in range(1, 300, 3)]
            controller = AbortController()
            result = await agent.run("go", abort_signal=controller.signal)
            assert result.ok
            return aborted

        aborted = in_loop("run", main)
        assert server.is_left(1.0)
    assert aborted[0]


@every_dialect
@pytest.mark.parametrize("door", ["run_stream", "run_stream on uvloop"])
@pytest.mark.parametrize("entered", [True, False])
def test_a_reader_that_leaves_closes_the_connection(dialect: Dialect, door: str, entered: bool) -> None:
    """Fault 68."""
    with FaultServer(streamed(*dialect.events(text("one", "two")).open, stall)) as server:

        async def main() -> None:
            stream = Agent(dialect.provider(server.url)).run_stream("go")
            if entered:
                async with stream:
                    async for event in stream:
                        if isinstance(event, TextDeltaEvent):
                            break
            else:
                async for event in stream:
                    if isinstance(event, TextDeltaEvent):
                        break
                del event
            assert await asyncio.to_thread(server.is_left, 1.0)

        in_loop(door, main)


def narrow() -> httpx2.AsyncClient:
    """A client whose connections take little ahead of being read."""
    options = [(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)]
    return httpx2.AsyncClient(
        transport=httpx2.AsyncHTTPTransport(socket_options=options),
        timeout=None,  # the agent's
    )


@every_dialect
@pytest.mark.parametrize("door", ["run_stream", "run_stream on uvloop"])
def test_a_reader_that_is_slow_slows_the_service_down(dialect: Dialect, door: str) -> None:
    """Fault 69: what nobody reads is not fetched, and its silence is not the service's."""
    events = dialect.events(text("one", "x" * 500))
    bulk = events.open[-1] * 100
    count = 5_000_000 // len(bulk)
    with FaultServer(streamed(*events.open, *[bulk] * count, *events.end)) as server:

        async def main() -> tuple[int, str]:
            model = dialect.provider(server.url, client=narrow)
            parts: list[str] = []
            seen = 0
            async with Agent(model, settings={"idle_timeout": 0.2}).run_stream("go") as stream:
                async for event in stream:
                    if isinstance(event, TextDeltaEvent):
                        parts.append(event.delta)
                        seen = seen or await asyncio.to_thread(server.is_still, 0.3)
                assert (await stream.result()).ok
            return seen, "".join(parts)

        seen, written = in_loop(door, main)
    assert 0 < seen < 2_000_000
    assert len(written) == 3 + 500 + 500 * 100 * count


@every_dialect
@every_door
def test_one_connection_serves_one_request_after_another(dialect: Dialect, door: str) -> None:
    with FaultServer(said(dialect, "hi")) as server:
        agent = Agent(dialect.provider(server.url))

        async def main() -> None:
            for _ in range(5):
                assert (await agent.run("go")).output == "hi"

        if door == "run_sync":
            for _ in range(5):
                assert agent.run_sync("go").output == "hi"
        else:
            in_loop(door, main)
        assert (len(server.asked), server.connections) == (5, 1)


@every_dialect
def test_a_connection_is_kept_after_an_error_that_was_read(dialect: Dialect) -> None:
    with FaultServer(whole(*dialect.errors["server"]), said(dialect, "hi")) as server:
        assert ask(dialect, server).result.output == "hi"
    assert server.connections == 1


@every_dialect
def test_a_connection_is_not_used_again_after_an_abort(dialect: Dialect) -> None:
    with FaultServer(streamed(*dialect.events(text("one")).open, stall), said(dialect, "hi")) as server:
        agent = Agent(dialect.provider(server.url))

        async def main() -> None:
            async with agent.run_stream("go") as stream:
                async for event in stream:
                    if isinstance(event, TextDeltaEvent):
                        break
            assert (await agent.run("go")).output == "hi"

        in_loop("run", main)
    assert server.connections == 2


@every_dialect
def test_a_connection_that_the_service_closed_meanwhile_is_not_missed(dialect: Dialect) -> None:
    """Fault 3: a kept connection may be gone."""
    with FaultServer([*said(dialect, "hi"), close]) as server:
        agent = Agent(dialect.provider(server.url))

        async def main() -> None:
            for _ in range(5):
                assert (await agent.run("go")).output == "hi"

        in_loop("run", main)
    assert server.connections == 5


@every_dialect
def test_an_answer_is_whole_at_its_end_mark_even_if_the_body_goes_on(dialect: Dialect) -> None:
    """What follows the end mark, be it silence, junk or a break, is nobody's loss."""
    events = dialect.events(text("one"))
    for more in stall, reset, forever(chunked(keep_alive(dialect)), pause(0.01)), b"data: junk\n\n":
        with FaultServer(streamed(*events.all, more)) as server:
            begun = time.monotonic()
            assert ask(dialect, server).result.output == "one"
            assert time.monotonic() - begun < 1.0 + SLACK
            assert server.is_left(1.0)


@every_dialect
def test_many_runs_at_a_time_fail_each_for_itself(dialect: Dialect) -> None:
    """Faults 1, 3, 18 and 19, mixed."""
    good, events = said(dialect, "well"), dialect.events(text("half"))
    bad = [[reset], streamed(*events.open, reset), whole(*dialect.errors["server"]), streamed(*events.open)]
    bad.append(streamed(*events.open, dialect.inside["overloaded"]))
    with FaultServer(*[good, *bad] * 30) as server:
        agent = Agent(dialect.provider(server.url))

        async def main() -> list[Any]:
            results = await bounded(asyncio.gather(*[agent.run("go") for _ in range(60)]))
            assert other_tasks() == set()
            return results

        results = in_loop("run", main)
    assert all(result.output == "well" for result in results if result.ok)
    errors = [result.error for result in results if not result.ok]
    assert all(isinstance(error, VoxAgentError) and isinstance(error, ProviderError) for error in errors)
    assert any(isinstance(error, OverloadedError) for error in errors)
