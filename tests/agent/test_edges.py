"""Two things at the same moment, and what is stopped just before it would have begun."""

import asyncio
import inspect
from collections.abc import Awaitable, Sequence
from typing import Any

import pytest

from tests.agent.seen import WAIT
from voxagent import (
    AbortController,
    Agent,
    ConfigError,
    Hooks,
    Message,
    Refuse,
    tool,
)
from voxagent.agent import sink
from voxagent.agent.sink import Buffer, Sink
from voxagent.agent.watch import Patience, Watch
from voxagent.errors import ProviderTimeoutError, RefusedError, RunAbortedError, ToolFailedError
from voxagent.providers import ModelRequest
from voxagent.session import InMemorySessionStorage
from voxagent.streaming import (
    BaseEvent,
    CustomEvent,
    RunEndEvent,
    ToolEndEvent,
    ToolStartEvent,
)
from voxagent.testing import FunctionProvider, ScriptedProvider, answer, text, tool_call
from voxagent.tools import ToolContext


async def test_a_call_that_is_cancelled_ahead_of_its_first_step_has_a_start_and_an_end() -> None:
    ran: list[str] = []

    @tool
    async def fine() -> str:
        return "fine"

    @tool
    async def broken() -> str:
        raise ValueError("no")

    @tool
    async def late() -> str:
        ran.append("late")
        return "late"

    events: list[BaseEvent] = []
    calls = answer(*(tool_call(name, id=name) for name in ("fine", "broken", "late")))
    agent = Agent(
        ScriptedProvider(calls),
        tools=[fine, broken, late],
        observers=[events.append],
        tool_errors="raise",
        max_parallel_tools=2,  # "late" begins as "fine" ends, which is the moment that "broken" ends it all
    )
    result = await asyncio.wait_for(agent.run("?"), WAIT)
    assert (type(result.error), ran) == (ToolFailedError, [])
    started = [event.tool_call.id for event in events if isinstance(event, ToolStartEvent)]
    ended = [
        (event.tool_call_id, event.result.content) for event in events if isinstance(event, ToolEndEvent)
    ]
    assert started == ["fine", "broken", "late"]
    assert sorted(ended) == [("broken", "ValueError: no"), ("fine", "fine"), ("late", "cancelled")]
    assert [meta.tool_call_id for meta in result.tool_metas] == ["fine", "broken", "late"]


async def test_a_run_that_is_aborted_as_it_waits_for_its_session_ends_so_and_the_session_is_as_it_was() -> (
    None
):
    storage = InMemorySessionStorage()
    holding, go_on = asyncio.Event(), asyncio.Event()

    async def slow(messages: Sequence[Message], request: ModelRequest) -> str:
        holding.set()
        await go_on.wait()
        return "done"

    agent = Agent(FunctionProvider(slow), session_storage=storage)
    controller = AbortController()
    first = asyncio.create_task(agent.run("first", session_key="k"))
    await asyncio.wait_for(holding.wait(), WAIT)
    second = asyncio.create_task(agent.run("second", session_key="k", abort_signal=controller.signal))
    for _ in range(20):
        await asyncio.sleep(0)
    controller.abort("changed my mind")
    aborted = await asyncio.wait_for(second, WAIT)
    go_on.set()
    result = await asyncio.wait_for(first, WAIT)
    assert (type(aborted.error), aborted.aborted) == (RunAbortedError, True)
    session = await storage.load("k")
    assert session is not None
    assert session.messages == result.messages
    assert [message.text for message in result.messages] == ["first", "done"]


# --- observers and readers ----------------------------------------------------------------------


def event(name: str) -> CustomEvent:
    return CustomEvent("run", name)


@pytest.mark.parametrize("kind", ["coroutine", "future"])
async def test_what_a_hanging_observer_still_had_to_see_is_dropped(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sink, "OBSERVER_SECONDS", 0.02)
    answers: list[Any] = []

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:  # it takes a moment to end
            await asyncio.sleep(0)

    def observer(event: BaseEvent) -> Awaitable[None]:
        answers.append(hang() if kind == "coroutine" else asyncio.get_running_loop().create_future())
        awaitable: Awaitable[None] = answers[-1]
        return awaitable

    events = Sink([observer])
    for name in ("hangs", "is dropped"):
        events.send(event(name))
    await asyncio.wait_for(events.settle(), WAIT)
    events.send(event("is not told"))
    assert (len(answers), events.blocked) == (2, False)
    first, second = answers
    if kind == "coroutine":
        assert [inspect.getcoroutinestate(each) for each in answers] == [inspect.CORO_CLOSED] * 2
    else:
        assert (first.cancelled(), second.done()) == (True, False)


def test_an_event_loop_that_closes_drops_what_observers_still_had_to_see_but_the_end_of_the_run() -> None:
    seen: list[str] = []

    async def main() -> None:
        hanging = asyncio.Event()

        async def watch(event: BaseEvent) -> None:
            if isinstance(event, CustomEvent):
                seen.append(event.name)
                hanging.set()
                await asyncio.Event().wait()
            if isinstance(event, RunEndEvent):
                seen.append("end")

        @tool
        async def reports(ctx: ToolContext[Any]) -> str:
            told = [ctx.emit(name) for name in ("first", "second")]
            await told[1]
            return ""

        agent = Agent(ScriptedProvider(tool_call("reports")), tools=[reports], observers=[watch])
        running = asyncio.create_task(agent.run("?"))
        await asyncio.wait_for(hanging.wait(), WAIT)
        assert not running.done()

    asyncio.run(main())
    assert seen == ["first", "end"]


async def test_a_writer_that_waits_no_more_keeps_no_other_from_being_woken() -> None:
    buffer = Buffer(1)
    buffer.put(event("one"))
    gone, waiting = (asyncio.create_task(buffer.room()) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    taken = await buffer.take()
    await asyncio.wait_for(waiting, WAIT)
    assert ([each.model_dump()["name"] for each in taken], gone.cancelled()) == (["one"], True)


# --- the clock of a request -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("patience", "contents", "said"),
    [
        (Patience(first=0.02), 0, "the model gave no content for 0.02 s"),
        (Patience(idle=0.02), 1, "the model went silent for 0.02 s"),
        (Patience(total=0.02), 1, "the model did not finish within 0.02 s"),
    ],
)
async def test_a_timeout_tells_which_patience_it_was_that_came_to_its_end(
    patience: Patience, contents: int, said: str
) -> None:
    async def ask() -> None:
        async with Watch(patience) as watch:
            for _ in range(contents):
                watch.content()
            await asyncio.sleep(WAIT)

    with pytest.raises(ProviderTimeoutError) as raised:
        await ask()
    assert str(raised.value) == said


async def test_a_cancellation_that_comes_as_the_time_is_up_is_no_timeout() -> None:
    async def ask() -> None:
        async with Watch(Patience(first=0.02)):
            try:
                await asyncio.sleep(WAIT)
            except asyncio.CancelledError:
                asking.cancel()
                raise

    asking = asyncio.create_task(ask())
    await asyncio.wait([asking], timeout=WAIT)
    assert asking.cancelled()


# --- what is found out early ----------------------------------------------------------------------


class WithoutKey(ScriptedProvider):
    def check_key(self) -> None:
        raise ConfigError("no key: set SCRIPTED_KEY")


async def test_a_missing_key_is_found_out_before_the_run_begins() -> None:
    events: list[BaseEvent] = []
    provider = WithoutKey(text("never"))
    with pytest.raises(ConfigError, match=r"^no key: set SCRIPTED_KEY$"):
        await Agent(provider, observers=[events.append]).run("?")
    assert (events, provider.requests) == ([], [])


def test_a_provider_class_where_a_provider_is_expected_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"is neither 'provider:model' nor a provider$"):
        Agent(ScriptedProvider)  # type: ignore[arg-type]


async def test_a_prompt_that_was_refused_is_in_the_history() -> None:
    hooks: Hooks[Any] = Hooks(before_run=lambda ctx, prompt: Refuse("not here"))
    result = await Agent(ScriptedProvider(), hooks=hooks).run("secret plans?")
    assert (type(result.error), result.messages) == (RefusedError, [Message("user", "secret plans?")])
