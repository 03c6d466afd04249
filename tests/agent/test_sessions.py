"""A session key loads a conversation and stores what is added, one run at a time."""

import asyncio
import contextlib
import gc
import traceback
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from tests.agent.doors import every_door
from tests.agent.seen import WAIT
from voxagent import AbortController, Agent, ConfigError, Hooks, Message, RunContext, tool
from voxagent.errors import LockTimeoutError, RunAbortedError, ServerError, SessionConflict, SessionError
from voxagent.providers import ModelRequest
from voxagent.session import InMemorySessionStorage, Session, effective
from voxagent.session.registry import storage_from
from voxagent.testing import FunctionProvider, ScriptedProvider, answer, fails, stalls, text, tool_call
from voxagent.types import ToolResultBlock, ToolUseBlock


@tool
async def add(a: int, b: int) -> int:
    return a + b


def texts(messages: Sequence[Message]) -> list[str]:
    return [message.text for message in messages]


async def stored(storage: InMemorySessionStorage, key: str = "k") -> list[Message]:
    session = await storage.load(key)
    return [] if session is None else effective(session.messages)


@every_door
async def test_a_key_continues_the_conversation(door: Any) -> None:
    agent = Agent("a:b")
    await door(agent, "I am Ada.", session_key="k", model=ScriptedProvider(text("Hello Ada.")))
    provider = ScriptedProvider(text("Ada."))
    result = await door(agent, "Who am I?", session_key="k", model=provider)
    assert texts(provider.requests[0].messages) == ["I am Ada.", "Hello Ada.", "Who am I?"]
    assert (texts(result.messages), texts(result.new_messages)) == (
        ["I am Ada.", "Hello Ada.", "Who am I?", "Ada."],
        ["Who am I?", "Ada."],
    )
    other = ScriptedProvider(text("?"))
    await door(agent, "Who am I?", session_key="other", model=other)
    assert texts(other.requests[0].messages) == ["Who am I?"]


@every_door
async def test_what_is_stored_is_what_the_result_tells(door: Any) -> None:
    storage = InMemorySessionStorage()
    provider = ScriptedProvider(tool_call("add", a=1, b=2), text("3"))
    result = await door(Agent(provider, tools=[add], session_storage=storage), "?", session_key="k")
    assert await stored(storage) == result.messages


async def test_agents_with_one_store_share_its_sessions() -> None:
    storage = InMemorySessionStorage()
    for name in ("one", "two"):
        agent = Agent(ScriptedProvider(text(name)), session_storage=storage)
        await agent.run("?", session_key="k")
    assert texts(await stored(storage)) == ["?", "one", "?", "two"]


async def test_an_answer_is_stored_before_its_tools_run() -> None:
    storage = InMemorySessionStorage()
    seen: list[list[Message]] = []

    @tool
    async def look() -> str:
        seen.append(await stored(storage))
        return "seen"

    agent = Agent(ScriptedProvider(tool_call("look"), text("done")), tools=[look], session_storage=storage)
    result = await agent.run("?", session_key="k")
    assert seen == [result.messages[:2]]


async def test_no_prompt_continues_a_stored_conversation() -> None:
    storage = InMemorySessionStorage()
    await storage.append("k", [Message("user", "hello?")], expected_version=0)
    agent = Agent(ScriptedProvider(text("hi")), session_storage=storage)
    assert texts((await agent.run(None, session_key="k")).messages) == ["hello?", "hi"]
    with pytest.raises(ConfigError, match="prompt=None continues a history, but there is none"):
        await agent.run(None, session_key="new")


async def test_system_messages_in_a_store_are_hoisted_and_stay_where_they_are() -> None:
    storage = InMemorySessionStorage()
    await storage.append("k", [Message("system", "Be brief."), Message("user", "a")], expected_version=0)
    provider = ScriptedProvider(text("b"), text("d"))
    agent = Agent(provider, session_storage=storage)
    await agent.run(None, session_key="k")
    await agent.run("c", session_key="k")
    assert [request.system for request in provider.requests] == ["Be brief.", "Be brief."]
    assert texts(await stored(storage)) == ["Be brief.", "a", "b", "c", "d"]


async def test_calls_that_a_crash_left_open_are_answered_in_the_store_too() -> None:
    storage = InMemorySessionStorage()
    crashed = [Message("user", "go"), Message("assistant", [ToolUseBlock("c1", "add", {})])]
    await storage.append("k", crashed, expected_version=0)
    result = await Agent(ScriptedProvider(text("on")), session_storage=storage).run("go on", session_key="k")
    said = (
        "interrupted: the program ended while this call was to be made, and it is not known whether it was;"
        " find out before you call it again"
    )
    assert await stored(storage) == result.messages
    assert result.messages[2] == Message("user", [ToolResultBlock("c1", "add", said, True)])
    assert texts(result.messages) == ["go", "", "", "go on", "on"]


async def test_a_run_waits_for_the_one_before_in_the_order_they_came() -> None:
    order: list[str] = []
    started: list[str] = []
    gates = {name: asyncio.Event() for name in "abc"}

    async def answering(messages: Sequence[Message], request: ModelRequest) -> str:
        name = messages[-1].text
        started.append(name)
        await gates[name].wait()
        order.append(name)
        return name.upper()

    agent = Agent(FunctionProvider(answering))
    runs = [asyncio.create_task(agent.run(name, session_key="k")) for name in "abc"]
    for number, name in enumerate("abc"):
        async with asyncio.timeout(WAIT):
            while len(started) <= number:  # noqa: ASYNC110  # the run is waited for, not the clock
                await asyncio.sleep(0)
        assert started == list("abc"[: number + 1])
        gates[name].set()
    results = await asyncio.wait_for(asyncio.gather(*runs), WAIT)
    assert [texts(result.messages) for result in results] == [
        ["a", "A"],
        ["a", "A", "b", "B"],
        ["a", "A", "b", "B", "c", "C"],
    ]


async def test_different_keys_run_together() -> None:
    together = asyncio.Barrier(3)

    async def meeting(messages: Sequence[Message], request: ModelRequest) -> str:
        await together.wait()
        return "met"

    agent = Agent(FunctionProvider(meeting))
    runs = [agent.run("?", session_key=f"k{number}") for number in range(3)]
    results = await asyncio.wait_for(asyncio.gather(*runs), WAIT)
    assert [result.output for result in results] == ["met"] * 3


@pytest.mark.parametrize("sync", [False, True])
async def test_a_nested_run_with_the_key_that_its_own_run_holds_is_refused_at_once(sync: bool) -> None:
    agent = Agent("a:b")

    @agent.tool
    def ask_again() -> str:
        return agent.run_sync("inner", session_key="k", model=ScriptedProvider()).output

    @agent.tool
    async def ask() -> str:
        return (await agent.run("inner", session_key="k", model=ScriptedProvider())).output

    provider = ScriptedProvider(tool_call("ask_again" if sync else "ask"), text("done"))
    result = await asyncio.wait_for(agent.run("outer", session_key="k", model=provider), WAIT)
    assert result.messages[2].content == [
        ToolResultBlock(
            "call_1",
            "ask_again" if sync else "ask",
            "ConfigError: session 'k' is held by the run around this one,"
            " which would wait for itself for ever",
            True,
        )
    ]


async def test_a_nested_run_with_another_key_is_fine() -> None:
    agent = Agent("a:b")

    @agent.tool
    async def ask() -> str:
        return (await agent.run("inner", session_key="j", model=ScriptedProvider(text("from j")))).output

    provider = ScriptedProvider(tool_call("ask"), text("done"))
    result = await agent.run("outer", session_key="k", model=provider)
    assert result.messages[2].tool_results[0].text == "from j"


def waiting(provider: ScriptedProvider) -> tuple[Agent[None, str], asyncio.Event]:
    began = asyncio.Event()
    agent = Agent(provider)
    agent.subscribe(lambda event: began.set())
    return agent, began


async def test_a_run_that_waited_too_long_is_refused_and_the_next_one_runs() -> None:
    agent, began = waiting(ScriptedProvider(stalls(), text("third")))
    first = asyncio.create_task(agent.run("first", session_key="k"))
    await asyncio.wait_for(began.wait(), WAIT)
    with pytest.raises(LockTimeoutError):
        await agent.run("second", session_key="k", timeout_ms=10)
    third = asyncio.create_task(agent.run("third", session_key="k"))
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert texts((await asyncio.wait_for(third, WAIT)).messages) == ["first", "third", "third"]


@pytest.mark.parametrize("prompt", ["second", None])
async def test_a_run_that_is_aborted_while_it_waits_gives_its_result_and_stores_nothing(prompt: Any) -> None:
    agent, began = waiting(ScriptedProvider(stalls()))
    first = asyncio.create_task(agent.run("first", session_key="k"))
    await asyncio.wait_for(began.wait(), WAIT)
    stream = agent.run_stream(prompt, session_key="k")
    second = asyncio.create_task(stream.result())
    for _ in range(5):
        await asyncio.sleep(0)
    stream.abort("no time")
    result = await asyncio.wait_for(second, WAIT)
    assert (result.aborted, result.messages) == (True, [])
    with pytest.raises(RunAbortedError, match=r"^the run was aborted: no time$"):
        result.raise_for_error()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first


@every_door
async def test_a_run_that_fails_leaves_a_history_that_can_be_continued(door: Any) -> None:
    storage = InMemorySessionStorage()
    agent = Agent("a:b", tools=[add], session_storage=storage)
    failing = ScriptedProvider(
        tool_call("add", a=1, b=2),
        answer(text("It is"), tool_call("add", a=3, b=4), fails(ServerError("down"))),
    )
    result = await door(agent, "?", session_key="k", model=failing)
    assert isinstance(result.error, ServerError)
    assert await stored(storage) == result.messages
    assert [(message.role, message.text, message.finish_reason) for message in result.messages] == [
        ("user", "?", None),
        ("assistant", "", "tool_use"),
        ("user", "", None),
        ("assistant", "It is", "aborted"),
    ]
    again = await door(agent, "go on", session_key="k", model=ScriptedProvider(text("7")))
    assert again.output == "7"


@every_door
async def test_a_run_that_is_aborted_within_a_tool_leaves_its_calls_answered(door: Any) -> None:
    from voxagent import AbortController

    storage = InMemorySessionStorage()
    abort = AbortController()

    @tool
    async def leave() -> str:
        abort.abort("user left")
        await asyncio.Event().wait()
        return ""

    provider = ScriptedProvider(answer(tool_call("add", a=1, b=2), tool_call("leave")))
    agent = Agent(provider, tools=[add, leave], session_storage=storage)
    result = await door(agent, "?", session_key="k", abort_signal=abort.signal)
    assert result.aborted
    assert await stored(storage) == result.messages
    assert result.messages[-1].content == [
        ToolResultBlock("call_1", "add", "3", False),
        ToolResultBlock("call_2", "leave", "cancelled", True),
    ]


async def test_a_store_that_another_writer_changed_is_not_overwritten() -> None:
    storage = InMemorySessionStorage()

    async def intrude(ctx: RunContext[Any], request: ModelRequest) -> None:
        session = await storage.load("k")
        assert session is not None
        await storage.append("k", [Message("user", "me too")], expected_version=session.version)

    agent = Agent(ScriptedProvider(text("hi")), session_storage=storage, hooks=Hooks(before_model=intrude))
    result = await agent.run("?", session_key="k")
    assert isinstance(result.error, SessionConflict)
    assert texts(await stored(storage)) == ["?", "me too"]


class Slow(InMemorySessionStorage):
    """A store whose second append takes for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.appends = 0
        self.writing = asyncio.Event()

    async def append(self, key: str, messages: Sequence[Message], *, expected_version: int) -> int:
        self.appends += 1
        if self.appends > 1:
            self.writing.set()
            await asyncio.Event().wait()
        return await super().append(key, messages, expected_version=expected_version)


async def test_the_last_write_of_a_stopped_run_takes_no_longer_than_two_seconds() -> None:
    agent = Agent(ScriptedProvider(answer(text("I think"), stalls())), session_storage=Slow())
    result = await asyncio.wait_for(agent.run("?", session_key="k", timeout_ms=10), WAIT)
    assert (result.timed_out, texts(result.messages)) == (True, ["?", "I think"])


async def test_a_second_cancellation_does_not_lose_the_end_of_the_run() -> None:
    storage, began, events = Slow(), asyncio.Event(), list[str]()
    agent = Agent(ScriptedProvider(answer(text("I think"), stalls())), session_storage=storage)
    agent.subscribe(lambda event: events.append(event.event_type))
    agent.subscribe(lambda event: began.set() if event.event_type == "text_delta" else None)
    task = asyncio.create_task(agent.run("?", session_key="k"))
    await asyncio.wait_for(began.wait(), WAIT)
    task.cancel()
    await asyncio.wait_for(storage.writing.wait(), WAIT)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, WAIT)
    assert events[-1] == "run_end"


class Broken(InMemorySessionStorage):
    async def load(self, key: str) -> Session | None:
        raise OSError("disk gone")


async def test_a_store_that_cannot_be_read_is_raised_before_the_run_and_the_lock_is_free_again() -> None:
    agent = Agent(ScriptedProvider(), session_storage=Broken())
    for _ in range(2):
        said = "^session 'k' could not be loaded: OSError: disk gone$"
        with pytest.raises(SessionError, match=said):
            await asyncio.wait_for(agent.run("?", session_key="k"), WAIT)


class Hanging(InMemorySessionStorage):
    async def load(self, key: str) -> Session | None:
        await asyncio.Event().wait()
        return None


async def test_the_time_of_a_run_covers_the_loading_of_its_session() -> None:
    agent = Agent(ScriptedProvider(), session_storage=Hanging())
    result = await asyncio.wait_for(agent.run("?", session_key="k", timeout_ms=50), WAIT)
    assert (result.timed_out, result.messages) == (True, [])
    controller = AbortController()
    task = asyncio.create_task(agent.run("?", session_key="k", abort_signal=controller.signal))
    await asyncio.sleep(0.05)
    controller.abort()
    result = await asyncio.wait_for(task, WAIT)
    assert (result.aborted, result.messages) == (True, [])
    task = asyncio.create_task(agent.run("?", session_key="k"))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, WAIT)


# --- what may be wrong with a store ----------------------------------------------------------------

SECRET = "swordfish-4711"


class Telling(InMemorySessionStorage):
    """Raises its secret wherever it is asked to."""

    def __init__(self, at: str, error: BaseException) -> None:
        super().__init__()
        self.at = at
        self.error = error

    async def load(self, key: str) -> Session | None:
        if self.at == "loaded":
            raise self.error
        return await super().load(key)

    @contextlib.asynccontextmanager
    async def lock(self, key: str, wait: float) -> AsyncIterator[None]:
        if self.at == "locked":
            raise self.error
        yield
        if self.at == "unlocked":
            raise self.error

    async def append(self, key: str, messages: Sequence[Message], *, expected_version: int) -> int:
        if self.at == "written":
            raise self.error
        return await super().append(key, messages, expected_version=expected_version)


async def finished_well(agent: Agent[Any, Any]) -> None:
    (await asyncio.wait_for(agent.run("?", session_key="k"), WAIT)).raise_for_error()


@pytest.mark.parametrize("error", [OSError(f"no {SECRET}"), asyncio.CancelledError(f"no {SECRET}")])
@pytest.mark.parametrize("at", ["loaded", "locked", "written"])
async def test_what_a_store_raises_is_an_error_of_the_session_without_secrets(
    at: str, error: BaseException
) -> None:
    storage = Telling(at, error)
    agent = Agent(ScriptedProvider(text("x")), session_storage=storage, secrets_to_redact={"s": SECRET})
    said = f"^session 'k' could not be {at}: {type(error).__name__}: no \\[REDACTED:s\\]$"
    with pytest.raises(SessionError, match=said) as raised:
        await finished_well(agent)
    assert SECRET not in repr(raised.value.__cause__)


@pytest.mark.parametrize("at", ["loaded", "locked", "written"])
async def test_what_a_store_says_of_a_session_is_told_as_it_is(at: str) -> None:
    agent = Agent(ScriptedProvider(text("x")), session_storage=Telling(at, SessionConflict("mine")))
    with pytest.raises(SessionConflict, match="mine"):
        await finished_well(agent)


@pytest.mark.parametrize("error", [OSError(SECRET), asyncio.CancelledError(), SessionConflict(SECRET)])
async def test_a_store_that_cannot_unlock_costs_no_result(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    agent = Agent(ScriptedProvider(text("x")), session_storage=Telling("unlocked", error))
    assert (await asyncio.wait_for(agent.run("?", session_key="k"), WAIT)).output == "x"
    assert [each.getMessage() for each in caplog.records] == [f"session 'k': {type(error).__name__}"]


async def test_what_the_error_of_a_store_comes_from_is_told_with_it() -> None:
    class Failing(InMemorySessionStorage):
        async def load(self, key: str) -> Session | None:
            try:
                raise KeyError("the reason")
            except KeyError:
                raise SessionConflict("mine")  # noqa: B904  # as a store may

    with pytest.raises(SessionConflict) as raised:
        await Agent(ScriptedProvider(text("x")), session_storage=Failing()).run("?", session_key="k")
    assert isinstance(raised.value.__context__, KeyError)
    assert not raised.value.__suppress_context__


async def test_an_error_that_must_be_replaced_refers_to_nothing_of_what_it_was() -> None:
    class Own(SessionConflict):
        def __str__(self) -> str:
            return f"says {SECRET}"

    storage = Telling("loaded", Own("x"))
    agent = Agent(ScriptedProvider(text("x")), session_storage=storage, secrets_to_redact={"s": SECRET})
    with pytest.raises(Exception, match=r"says \[REDACTED:s\]") as raised:
        await agent.run("?", session_key="k")
    assert SECRET not in "".join(traceback.format_exception(raised.value))


async def test_a_write_that_fails_late_is_not_reported_as_forgotten() -> None:
    class Late(InMemorySessionStorage):
        async def append(self, key: str, messages: Sequence[Message], *, expected_version: int) -> int:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                raise ValueError("late") from None
            return expected_version

    told: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context))
    running = asyncio.create_task(Agent(ScriptedProvider(), session_storage=Late()).run("?", session_key="k"))
    await asyncio.sleep(0.1)
    running.cancel()
    await asyncio.wait([running], timeout=WAIT)
    assert running.cancelled()
    del running
    gc.collect()
    assert told == []


async def test_a_key_that_is_a_secret_is_not_told() -> None:
    agent = Agent(ScriptedProvider(text("x")), secrets_to_redact={"s": SECRET})
    events = [event async for event in agent.run_stream("?", session_key=SECRET)]
    assert SECRET not in repr(events)
    assert "[REDACTED:s]" in repr(events[0])


async def test_what_a_run_has_started_may_use_its_session_once_the_run_is_over() -> None:
    provider = ScriptedProvider(tool_call("remind"), text("done"), text("reminded"))
    agent = Agent(provider)
    over = asyncio.Event()
    started: list[asyncio.Task[Any]] = []

    @agent.tool
    async def remind() -> str:
        started.append(asyncio.create_task(later()))
        return "in a moment"

    async def later() -> str:
        with pytest.raises(ConfigError, match="held by the run around this one"):
            await agent.run("too early", session_key="k")
        await over.wait()
        return (await agent.run("it is time", session_key="k")).output

    result = await agent.run("remind me", session_key="k")
    over.set()
    assert (result.output, await asyncio.wait_for(started[0], WAIT)) == ("done", "reminded")


async def test_the_last_write_of_a_run_that_is_stopped_takes_two_seconds_and_a_little() -> None:
    class Deaf(InMemorySessionStorage):
        async def append(self, key: str, messages: Sequence[Message], *, expected_version: int) -> int:
            until = asyncio.get_running_loop().time() + 4
            while (left := until - asyncio.get_running_loop().time()) > 0:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(left)
            return expected_version

    controller = AbortController()
    agent = Agent(ScriptedProvider(stalls()), session_storage=Deaf())
    running = asyncio.create_task(agent.run("?", session_key="k", abort_signal=controller.signal))
    await asyncio.sleep(0.1)
    controller.abort()
    begun = asyncio.get_running_loop().time()
    assert (await running).aborted
    assert 1.5 < asyncio.get_running_loop().time() - begun < 3.5


async def test_an_agent_keeps_its_store_and_not_the_url_of_it() -> None:
    url = f"postgresql://me:{SECRET}@127.0.0.1:9/db"
    agent = Agent(ScriptedProvider(), session_storage=url)
    assert SECRET not in repr([agent, vars(agent), vars(agent)["_plan"]])


@pytest.mark.parametrize("url", [f"postgresql://me:{SECRET}@h/db", f"redis://h/0?password={SECRET}"])
async def test_what_lets_an_agent_into_its_store_is_a_secret_of_its_runs(url: str) -> None:
    storage = storage_from(url)
    for given in (url, storage, url.replace(SECRET, SECRET.replace("-", "%2D"))):
        agent = Agent(ScriptedProvider(text("x")), session_storage=given)
        result = await agent.run(f"it is {SECRET}")
        assert result.messages[0].text == "it is [REDACTED:session_storage]"


@pytest.mark.parametrize(
    "url",
    ["postgresql://ada:postgres@h/db", "postgresql://guestbook:guestbook@h/db", "redis://:orders@h/orders"],
)
async def test_a_word_in_the_place_of_a_stores_password_is_none(url: str) -> None:
    said = "postgres, guestbook or orders?"
    result = await Agent(ScriptedProvider(text("x")), session_storage=url).run(said)
    assert result.messages[0].text == said
