"""What moves on, to whom, how often, and what a run tells of it (R-A12)."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.agent.doors import every_door
from tests.failover.shared import Clock, policy, shown
from voxagent import Agent, ConfigError, Message, Usage, UsageLimits
from voxagent.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    ContextLengthError,
    EmptyAnswerError,
    MalformedAnswerError,
    ModelNotFoundError,
    NoProfilesAvailableError,
    OverloadedError,
    PermissionDeniedError,
    ProviderError,
    ProviderTimeoutError,
    QuotaError,
    RateLimitError,
    ServerError,
    UsageLimitError,
)
from voxagent.providers import (
    AuthProfile,
    AuthProfileManager,
    ErrorChunk,
    FailoverChunk,
    FailoverError,
    FailoverPolicy,
    FailoverReason,
    Health,
    MessageEndChunk,
    ModelFacts,
    ModelRequest,
    ProviderRegistry,
    RetryChunk,
    StreamChunk,
)
from voxagent.streaming import (
    AssistantStartEvent,
    BaseEvent,
    FailoverEvent,
    RetryEvent,
    StreamResetEvent,
    TextDeltaEvent,
    ToolCallDeltaEvent,
)
from voxagent.testing import (
    FunctionProvider,
    ScriptedProvider,
    answer,
    fails,
    refusal,
    stalls,
    text,
    thinking,
    tool_call,
)
from voxagent.tools import WebSearch, tool
from voxagent.types import Attempt, ThinkingBlock

KEY = "sk-live-Zk4Vq8Wm2Lx6Rt9Yp3Bn7Hd5"


def model(name: str, *script: Any, **options: Any) -> ScriptedProvider:
    return ScriptedProvider(*script, name=name, model="m", **options)


def watched(models: Any, **options: Any) -> tuple[Agent[Any, Any], list[BaseEvent]]:
    events: list[BaseEvent] = []
    return Agent(models, **{"failover": policy(), "observers": [events.append], **options}), events


def moves(events: Sequence[BaseEvent]) -> list[tuple[str, str, str]]:
    return [(each.source, each.target, each.reason) for each in events if isinstance(each, FailoverEvent)]


# --- which failures move on -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (AuthenticationError("x"), "auth_error"),
        (PermissionDeniedError("x"), "auth_error"),
        (RateLimitError("x"), "rate_limit"),
        (QuotaError("x"), "rate_limit"),
        (ProviderTimeoutError("x"), "timeout"),
        (ContextLengthError("x"), "context_overflow"),
        (OverloadedError("x"), "model_error"),
        (ModelNotFoundError("x"), "model_error"),
        (MalformedAnswerError("x"), "model_error"),
        (ProviderError("x"), "model_error"),
        (RuntimeError("somebody else's"), "model_error"),
        (asyncio.CancelledError("its own"), "model_error"),
        (BadRequestError("x"), "bad_request"),
        (ContentFilterError("x"), "content_filter"),
        (FailoverError(FailoverReason.REFUSAL, "x"), "refusal"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
async def test_what_is_named_moves_on_and_nothing_else(error: Any, reason: str) -> None:
    for reasons in [reason], [each.value for each in FailoverReason if each != reason]:
        second = model("two", text("hi"))
        agent = Agent([model("one", fails(error)), second], failover=policy(reasons=reasons, attempts=1))
        result = await agent.run("?")
        assert result.ok == (reasons == [reason])
        assert len(second.requests) == int(result.ok)


@pytest.mark.parametrize("parts", [(refusal("I will not."),), (text("I will"), refusal("not."))])
async def test_a_refusal_is_the_answer_unless_it_is_named(parts: Any) -> None:
    for reasons, output in (["refusal"], "hi"), (["model_error", "content_filter"], None):
        second = model("two", text("hi"))
        agent, events = watched([model("one", answer(*parts)), second], failover=policy(reasons=reasons))
        result = await agent.run("?")
        assert result.finish_reason == ("stop" if output else "refusal")
        assert len(second.requests) == (output is not None)
        if output:
            assert result.output == output
            assert moves(events) == [("one:m", "two:m", "refusal")]
            assert result.new_messages[1:] == [
                Message("assistant", "hi", finish_reason="stop", provider="two", model="m", usage=USED)
            ]
            assert shown(events)[-1] == "hi"


USED = Usage(requests=1)


async def test_a_content_filter_is_the_answer_unless_it_is_named() -> None:
    filtered = answer(text("It is"), finish_reason="content_filter", usage=Usage(output_tokens=3, requests=1))
    agent, _ = watched([model("one", filtered), model("two")])
    result = await agent.run("?")
    assert isinstance(result.error, ContentFilterError)
    assert result.messages[-1].text == "It is"
    agent, events = watched(
        [model("one", filtered), model("two", text("hi"))], failover=policy(reasons=["content_filter"])
    )
    result = await agent.run("?")
    assert (result.output, result.usage) == ("hi", USED)
    assert moves(events) == [("one:m", "two:m", "content_filter")]
    assert result.attempts[0].usage == Usage(output_tokens=3, requests=1)


async def test_a_refusal_of_the_last_one_is_the_answer() -> None:
    agent = Agent([model("one", refusal("No."))], failover=policy(reasons=["refusal"]))
    result = await agent.run("?")
    assert result.finish_reason == "refusal"


@pytest.mark.parametrize("empty", [answer(), answer(thinking("Hmm")), text("")])
async def test_an_empty_answer_is_given_by_another(empty: Any) -> None:
    agent, events = watched([model("one", empty), model("two", text("hi"))])
    assert (await agent.run("?")).output == "hi"
    assert moves(events) == [("one:m", "two:m", "empty")]
    alone = Agent([model("one", empty, empty)], failover=policy())
    assert isinstance((await alone.run("?")).error, EmptyAnswerError)


async def test_after_tool_results_an_empty_text_is_an_answer() -> None:
    @tool
    def note() -> None: ...

    agent, events = watched([model("one", tool_call("note"), text("")), model("two")], tools=[note])
    assert (await agent.run("?")).output == ""
    assert moves(events) == []


async def test_an_error_in_a_stream_moves_on_whatever_it_is() -> None:
    for error in "broken", ValueError("broken"), ServerError("broken"), 3:
        chunk = MessageEndChunk if error == 3 else ErrorChunk(error)

        async def answering(
            messages: Sequence[Message], request: ModelRequest, chunk: Any = chunk
        ) -> AsyncIterator[Any]:
            yield chunk

        agent, events = watched([FunctionProvider(answering), model("two", text("hi"))])
        assert (await agent.run("?")).output == "hi"
        assert moves(events)[0][2] in ("provider", "server", "malformed")


async def test_a_stream_without_its_end_mark_is_no_answer() -> None:
    agent, events = watched([model("one", answer(text("hi"), cut=True)), model("two", text("hi"))])
    assert (await agent.run("?")).output == "hi"
    assert moves(events) == [("one:m", "two:m", "truncated")]


async def test_a_mistake_of_the_program_is_nobody_elses_to_mend() -> None:
    two = model("two")
    agent, events = watched([model("one", fails(ConfigError("that cannot be"))), two])
    result = await agent.run("?")
    assert str(result.error) == "that cannot be"
    assert (moves(events), two.requests, result.attempts) == ([], [], [])


# --- what readers see -------------------------------------------------------------------------------


@every_door
async def test_everything_that_was_shown_of_an_answer_is_taken_back(door: Any) -> None:
    broken = answer(
        thinking("Hmm", "sealed"),
        text("It is"),
        tool_call("note", id="call_a", word="one"),
        text(" so"),
        fails(ServerError("down")),
        chunk_size=3,
    )
    words: list[str] = []

    @tool
    def note(word: str) -> str:
        words.append(word)
        return word

    good = answer(tool_call("note", id="call_a", word="two"), chunk_size=4)
    agent, events = watched([model("one", broken), model("two", good, text("done"))], tools=[note])
    result = await door(agent, "?")
    assert (result.output, words) == ("done", ["two"])
    assert [call.id for call in result.tool_calls] == ["call_a"]
    assert [type(block) for message in result.messages for block in message.blocks].count(ThinkingBlock) == 0
    reset = next(number for number, event in enumerate(events) if isinstance(event, StreamResetEvent))
    assert events[reset].model_dump()["reason"] == "server"
    after = [event.delta for event in events[reset:] if isinstance(event, ToolCallDeltaEvent)]
    assert "".join(after) == '{"word":"two"}'


async def test_ahead_of_the_first_content_a_switch_is_silent() -> None:
    async def answering(messages: Sequence[Message], request: ModelRequest) -> AsyncIterator[Any]:
        yield RetryChunk("its own retry", 1, 0.0)
        yield FailoverChunk("its own", "other", "server")
        raise ServerError("down")

    agent, events = watched([FunctionProvider(answering), model("two", text("hi"))])
    assert (await agent.run("?")).output == "hi"
    assert [each for each in events if isinstance(each, StreamResetEvent)] == []


async def test_secrets_that_came_in_pieces_are_hidden_on_both_sides_of_a_reset() -> None:
    one = answer(
        text(f"key {KEY[:10]}"),
        tool_call("note", id="c", word=KEY[:12]),
        fails(ServerError("x")),
        chunk_size=5,
    )
    two = answer(text(f"it is {KEY}."), tool_call("note", id="c", word=KEY), chunk_size=5)

    @tool
    def note(word: str) -> str:
        return word

    models = [model("one", one), model("two", two, text("done"))]
    agent, events = watched(models, secrets_to_redact={"key": KEY}, tools=[note])
    result = await agent.run("?")
    assert result.output == "done"
    assert "it is [REDACTED:key]." in shown(events)
    assert KEY not in repr(events)
    assert KEY not in repr(result)


async def test_an_event_that_failed_ahead_of_any_text_leaves_a_text_reader_as_it_was() -> None:
    one = answer(thinking("Hmm"), fails(ServerError("down")))
    agent = Agent([model("one", one), model("two", text("hi"))], failover=policy())
    assert [piece async for piece in agent.run_stream("?").text()] == ["hi"]
    two = answer(text("partly"), fails(ServerError("down")))
    agent = Agent([model("one", two), model("two", text("hi"))], failover=policy())
    assert [piece async for piece in agent.run_stream("?").text()] == ["partly", "", "hi"]


# --- where it goes next ------------------------------------------------------------------------------


async def test_a_run_that_moved_stays_and_the_next_run_begins_at_the_beginning() -> None:
    @tool
    def note() -> str:
        return "noted"

    one = model("one", fails(ServerError("down")), text("one again"))
    two = model("two", tool_call("note"), text("two"))
    agent, events = watched([one, two], tools=[note])
    assert (await agent.run("?")).output == "two"
    assert moves(events) == [("one:m", "two:m", "server")]
    assert (await agent.run("?")).output == "one again"


async def test_each_turn_tells_who_is_asked() -> None:
    @tool
    def note() -> str:
        return "noted"

    models = [model("one", fails(ServerError("down"))), model("two", tool_call("note"), text("two"))]
    agent, events = watched(models, tools=[note])
    result = await agent.run("?")
    assert [event.provider for event in events if isinstance(event, AssistantStartEvent)] == ["one", "two"]
    assert [message.provider for message in result.messages if message.role == "assistant"] == ["two"] * 2


async def test_a_run_whose_fallback_fails_goes_on_and_then_back() -> None:
    @tool
    def note() -> str:
        return "noted"

    one = model("one", fails(ServerError("down")), text("one again"))
    two = model("two", tool_call("note"), fails(ServerError("down")))
    three = model("three", fails(ServerError("down")))
    agent, events = watched([one, two, three], tools=[note])
    assert (await agent.run("?")).output == "one again"
    assert moves(events) == [
        ("one:m", "two:m", "server"),
        ("two:m", "three:m", "server"),
        ("three:m", "one:m", "server"),
    ]


def sized(name: str, window: int | None, *script: Any) -> ScriptedProvider:
    return model(name, *script, facts=ModelFacts(context_window=window))


async def test_what_is_too_long_goes_to_a_model_that_takes_more() -> None:
    small, smaller, same = (
        sized("small", 100, fails(ContextLengthError("x"))),
        sized("less", 50),
        sized("=", 100),
    )
    agent, events = watched([small, smaller, same, sized("unknown", None, text("hi"))])
    assert (await agent.run("?")).output == "hi"
    assert moves(events) == [("small:m", "unknown:m", "context_length")]
    small = sized("small", 100, fails(ContextLengthError("x")))
    agent, events = watched([small, smaller, sized("large", 101, text("hi"))])
    assert (await agent.run("?")).output == "hi"
    assert moves(events) == [("small:m", "large:m", "context_length")]


async def test_what_is_too_long_for_all_is_told_as_that() -> None:
    small = sized("small", 100, fails(ContextLengthError("x")))
    agent, events = watched([small, sized("less", 50)], failover=policy(attempts=5))
    result = await agent.run("?")
    assert isinstance(result.error, ContextLengthError)
    assert (moves(events), len(small.requests)) == ([], 1)


async def test_each_target_is_asked_as_often_as_the_policy_says_and_others_first() -> None:
    order: list[str] = []

    def failing(name: str) -> FunctionProvider:
        def said(messages: Sequence[Message], request: ModelRequest) -> str:
            order.append(name)
            assert request.attempts == 1
            raise ServerError("down")

        return FunctionProvider(said, name=name)

    health = Health(probe_after=[0.001])
    agent, events = watched([failing("a"), failing("b")], failover=policy(attempts=3, health=health))
    result = await agent.run("?")
    assert isinstance(result.error, ServerError)
    assert (order[:2], sorted(order)) == (["a", "b"], ["a"] * 3 + ["b"] * 3)
    assert len(result.attempts) == 6
    assert [event for event in events if isinstance(event, RetryEvent)]


async def test_what_no_second_try_can_help_is_not_tried_again() -> None:
    for error in AuthenticationError("x"), QuotaError("x"), ProviderTimeoutError("x"), ProviderError("x"):
        one, two = model("one", fails(error)), model("two", fails(error))
        result = await Agent([one, two], failover=policy(attempts=9)).run("?")
        assert isinstance(result.error, type(error))
        assert (len(one.requests), len(two.requests)) == (1, 1)


async def test_a_wait_that_the_run_has_no_time_for_is_not_begun() -> None:
    limited = RateLimitError("slow", retry_after=30)
    agent, events = watched([model("one", fails(limited)), model("two", fails(limited))])
    result = await agent.run("?", timeout_ms=2000)
    assert isinstance(result.error, RateLimitError)
    assert [event for event in events if isinstance(event, RetryEvent)] == []


async def test_without_time_to_try_again_the_last_failure_is_the_runs() -> None:
    one, two = model("one", fails(ServerError("1"))), model("two", fails(ServerError("2")))
    result = await Agent([one, two], failover=policy(retry_seconds=0)).run("?")
    assert str(result.error) == "two:m: 2"


async def test_a_target_that_is_known_to_be_down_is_passed_over_and_this_is_told() -> None:
    clock = Clock()
    rules = policy(health=Health(clock=clock))
    one = model("one", fails(OverloadedError("busy")), text("one"))
    agent, events = watched([one, model("two", text("a"), text("b"))], failover=rules)
    assert (await agent.run("?")).output == "a"
    events.clear()
    result = await agent.run("?")
    assert (result.output, len(result.attempts)) == ("b", 1)
    assert moves(events) == [("one:m", "two:m", "overloaded")]
    clock.now += 5
    assert (await agent.run("?")).output == "one"


async def test_a_probe_that_is_given_up_lets_another_one_look() -> None:
    clock = Clock()
    health = Health(clock=clock)
    one = model("one", fails(OverloadedError("busy")), stalls(), text("one"))
    agent = Agent([one, model("two", *[text("two")] * 3)], failover=policy(health=health))
    assert (await agent.run("?")).output == "two"
    clock.now += 5
    probe = asyncio.create_task(agent.run("?", timeout_ms=5000))
    async with asyncio.timeout(5):
        while len(one.requests) < 2:  # noqa: ASYNC110  # no event tells it
            await asyncio.sleep(0)
    assert (await agent.run("?")).output == "two"
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    assert (await agent.run("?")).output == "one"


async def test_providers_that_cannot_be_told_apart_are_not_taken_for_each_other() -> None:
    class Odd:
        """Neither hashable nor to be referred to weakly."""

        __slots__ = ("name",)
        __hash__ = None  # type: ignore[assignment]

        def __init__(self) -> None:
            self.name = "odd"

        def open(self, request: ModelRequest) -> Any:
            raise OverloadedError("busy")

    odd = Odd()
    agent, events = watched([odd, model("two", text("a"), text("b"))])
    for output in "a", "b":
        assert (await agent.run("?")).output == output
    assert moves(events) == [("odd", "two:m", "overloaded")] * 2


# --- time ---------------------------------------------------------------------------------------------


async def test_a_target_that_says_nothing_is_left_if_there_is_another() -> None:
    for silent in answer(stalls()), answer(text("par"), stalls()):
        rules = policy(first_delta_timeout=0.02, idle_timeout=0.03)
        agent, events = watched([model("one", silent), model("two", text("hi"))], failover=rules)
        result = await agent.run("?")
        assert result.output == "hi"
        assert moves(events) == [("one:m", "two:m", "timeout")]
        assert result.attempts[0].error in (
            "one:m: the model gave no content for 0.02 s",
            "one:m: the model went silent for 0.03 s",
        )


async def test_a_target_that_does_not_even_open_is_left() -> None:
    class Slow:
        name = "slow"

        @asynccontextmanager
        async def open(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[StreamChunk]]:
            await asyncio.Event().wait()
            yield aiter(())  # type: ignore[call-overload]

    agent, events = watched([Slow(), model("two", text("hi"))], failover=policy(first_delta_timeout=0.02))
    assert (await agent.run("?")).output == "hi"
    assert moves(events) == [("slow", "two:m", "timeout")]


async def test_the_idle_time_of_the_settings_holds_for_each_target() -> None:
    agent, events = watched([model("one", answer(text("par"), stalls())), model("two", text("hi"))])
    assert (await agent.run("?", settings={"idle_timeout": 0.02})).output == "hi"
    assert moves(events) == [("one:m", "two:m", "timeout")]


@pytest.mark.parametrize(
    ("settings", "facts"),
    [({"thinking": "low"}, None), ({"thinking": 1000}, None), ({}, ModelFacts(thinks_unasked=True))],
)
async def test_a_model_that_thinks_has_its_own_time(settings: Any, facts: ModelFacts | None) -> None:
    went_on = asyncio.Event()

    async def thinks(messages: Sequence[Message], request: ModelRequest) -> AsyncIterator[str]:
        await asyncio.wait_for(went_on.wait(), 5)
        yield "thought"

    rules = policy(first_delta_timeout=0.001, thinking_timeout=5.0)
    agent = Agent([FunctionProvider(thinks, facts=facts), model("two", text("hi"))], failover=rules)
    asyncio.get_running_loop().call_later(0.05, went_on.set)
    assert (await agent.run("?", settings=settings)).output == "thought"


async def test_the_last_target_is_waited_for() -> None:
    went_on = asyncio.Event()

    async def slow(messages: Sequence[Message], request: ModelRequest) -> AsyncIterator[Any]:
        await asyncio.wait_for(went_on.wait(), 5)
        yield "slow"

    rules = policy(first_delta_timeout=0.001)
    agent = Agent([model("one", fails(ServerError("x"))), FunctionProvider(slow)], failover=rules)
    asyncio.get_running_loop().call_later(0.05, went_on.set)
    assert (await agent.run("?")).output == "slow"


async def test_time_that_a_slow_reader_takes_does_not_count_as_silence() -> None:
    pieces = [answer(text("abcdefgh"), chunk_size=1)]
    rules = policy(idle_timeout=0.05, first_delta_timeout=0.05)

    async def slowly(event: BaseEvent) -> None:
        if isinstance(event, TextDeltaEvent):
            await asyncio.sleep(0.04)

    agent, events = watched([model("one", *pieces), model("two")], failover=rules)
    agent.subscribe(slowly)
    assert (await agent.run("?")).output == "abcdefgh"
    assert moves(events) == []


async def test_pieces_that_keep_coming_are_no_silence() -> None:
    async def steady(messages: Sequence[Message], request: ModelRequest) -> AsyncIterator[Any]:
        for _ in range(6):
            await asyncio.sleep(0.03)
            yield "x"

    rules = policy(idle_timeout=0.1, first_delta_timeout=0.1)
    agent, events = watched([FunctionProvider(steady), model("two")], failover=rules)
    assert (await agent.run("?")).output == "xxxxxx"
    assert moves(events) == []


async def test_a_cancellation_from_outside_is_not_taken_for_silence() -> None:
    class Stubborn:
        """Takes its time to leave when it is cancelled."""

        name = "stubborn"

        @asynccontextmanager
        async def open(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[StreamChunk]]:
            try:
                await asyncio.Event().wait()
            finally:
                leaving.set()
                await asyncio.sleep(0.05)
            yield aiter(())  # type: ignore[call-overload]

    leaving = asyncio.Event()
    two = model("two")
    agent = Agent([Stubborn(), two], failover=policy(first_delta_timeout=0.01))
    task = asyncio.create_task(agent.run("?"))
    await asyncio.wait_for(leaving.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)
    assert two.requests == []


# --- tools that providers run ----------------------------------------------------------------------------


async def test_a_tool_that_one_of_the_providers_would_not_run_is_refused_ahead_of_the_run() -> None:
    class Plain:
        """A provider that has never heard of such tools."""

        name, model = "plain", "m"

        def open(self, request: ModelRequest) -> Any:
            raise AssertionError("not asked")

    one, two = model("one", text("hi")), model("two")
    assert (await Agent([one, two], native_tools=[WebSearch()]).run("?")).output == "hi"
    with pytest.raises(
        ConfigError, match=r"^one:m cannot be given WebSearch.*: plain:m: this provider runs no"
    ):
        await Agent([one, Plain()], native_tools=[WebSearch()]).run("?")


# --- credentials ---------------------------------------------------------------------------------------


class Keyed:
    """A registry whose providers answer by the key that they are made with."""

    def __init__(self, **by_key: Any) -> None:
        self.asked: list[str] = []
        self.registry = ProviderRegistry()
        for name in "service", "other":
            self.registry.register(name, self._maker(name, by_key))

    def _maker(self, name: str, by_key: dict[str, Any]) -> Any:
        def made(model: str, api_key: str = "own") -> FunctionProvider:
            def said(messages: Sequence[Message], request: ModelRequest) -> str:
                self.asked.append(f"{name} {api_key}")
                error = by_key.get(api_key) if name == "service" else None
                if error is not None:
                    raise error
                return f"{name} {request.model} {api_key}"

            return FunctionProvider(said, name=name, model=model)

        return made


def three_keys() -> list[AuthProfile]:
    return [AuthProfile(id=id, api_key=f"key-{id}", provider="service") for id in "abc"]


@every_door
async def test_the_keys_of_a_provider_are_tried_in_their_order_and_told_by_their_name(door: Any) -> None:
    keyed = Keyed(**{"key-a": RateLimitError("slow"), "key-b": AuthenticationError("no")})
    profiles = three_keys()
    agent, events = watched(
        ["service:m", "other:m"], failover=policy(profiles=profiles), registry=keyed.registry
    )
    result = await door(agent, "?")
    assert result.output == "service m key-c"
    assert keyed.asked == ["service key-a", "service key-b", "service key-c"]
    assert moves(events) == [
        ("service:m (a)", "service:m (b)", "rate_limit"),
        ("service:m (b)", "service:m (c)", "authentication"),
    ]
    assert [attempt.profile for attempt in result.attempts] == ["a", "b", "c"]
    assert (profiles[0].is_available(), profiles[1].failure_count) == (False, 1)
    assert "key-" not in repr(agent) + repr(profiles)


async def test_a_key_that_was_refused_three_times_is_not_used_any_more() -> None:
    keyed = Keyed(**{"key-a": AuthenticationError("no")})
    manager = AuthProfileManager(three_keys()[:2])
    agent = Agent("service:m", failover=policy(profiles=manager), registry=keyed.registry)
    for _ in range(5):
        assert (await agent.run("?")).output == "service m key-b"
    assert keyed.asked.count("service key-a") == 3
    assert manager.profiles[0].disabled


async def test_when_a_service_is_down_its_other_keys_are_not_tried_first() -> None:
    keyed = Keyed(**{"key-a": ServerError("down")})
    agent = Agent(["service:m", "other:m"], failover=policy(profiles=three_keys()), registry=keyed.registry)
    assert (await agent.run("?")).output == "other m own"
    assert keyed.asked == ["service key-a", "other own"]


async def test_without_a_key_that_may_be_used_the_run_says_why() -> None:
    keyed = Keyed()
    profiles = three_keys()
    for profile in profiles:
        profile.disable()
    agent = Agent("service:m", failover=policy(profiles=profiles), registry=keyed.registry)
    result = await agent.run("?")
    assert isinstance(result.error, NoProfilesAvailableError)
    assert str(result.error) == (
        "service:m: no model may be asked now: service:m (a) (authentication),"
        " service:m (b) (authentication), service:m (c) (authentication)"
    )
    assert result.error.retry_after is None
    assert keyed.asked == []


async def test_keys_that_are_limited_are_waited_for() -> None:
    failing: dict[str, Any] = {"key-a": RateLimitError("slow", retry_after=0.05)}
    keyed = Keyed(**failing)
    [profile, *_] = three_keys()
    agent, events = watched("service:m", failover=policy(profiles=[profile]), registry=keyed.registry)
    result = await agent.run("?")
    assert isinstance(result.error, RateLimitError)
    assert len(keyed.asked) == 2
    [retry] = [event for event in events if isinstance(event, RetryEvent)]
    assert 0.02 < retry.delay < 0.06


async def test_a_fallback_that_is_cooling_down_is_no_next_one() -> None:
    went_on = asyncio.Event()
    registry = ProviderRegistry()

    async def slow(messages: Sequence[Message], request: ModelRequest) -> AsyncIterator[Any]:
        await asyncio.wait_for(went_on.wait(), 5)
        yield "slow"

    registry.register("service", lambda model, api_key: FunctionProvider(lambda *_: "never", model=model))
    [profile, *_] = three_keys()
    profile.set_cooldown(60)
    rules = policy(first_delta_timeout=0.001, profiles=[profile])
    asyncio.get_running_loop().call_later(0.05, went_on.set)
    agent = Agent([FunctionProvider(slow), "service:m"], failover=rules, registry=registry)
    assert (await agent.run("?")).output == "slow"


# --- usage, cost, budgets --------------------------------------------------------------------------------


def priced(name: str, price: float | None, *script: Any) -> ScriptedProvider:
    return model(name, *script, facts=ModelFacts(input_price=price, output_price=price))


MILLION = Usage(input_tokens=1_000_000, requests=1)


async def test_an_answer_costs_what_it_costs_where_it_was_given() -> None:
    @tool
    def note() -> str:
        return "noted"

    one = priced("one", 100.0, fails(ServerError("down")))
    two = priced("two", 1.0, answer(tool_call("note"), usage=MILLION), answer(text("hi"), usage=MILLION))
    agent = Agent([one, two], tools=[note], failover=policy(), limits=UsageLimits(cost=1.5))
    assert (await agent.run("?")).output == "hi"


async def test_what_failed_attempts_used_counts_against_the_budget_and_is_told_apart() -> None:
    filtered = answer(text("It is"), finish_reason="content_filter", usage=MILLION)
    models = [priced("one", 100.0, filtered), priced("two", 1.0, tool_call("note"))]

    @tool
    def note() -> str:
        return "noted"

    rules = policy(reasons=["content_filter"])
    agent = Agent(models, tools=[note], failover=rules, limits=UsageLimits(cost=50.0))
    result = await agent.run("?")
    assert isinstance(result.error, UsageLimitError)
    assert result.usage == Usage(requests=1, tool_calls=1)
    assert result.attempts[0].usage == MILLION


async def test_every_try_is_a_request_of_the_budget() -> None:
    three = model("three", text("never"))
    models = [model("one", fails(ServerError("1"))), model("two", fails(ServerError("2"))), three]
    result = await Agent(models, failover=policy(), limits=UsageLimits(requests=2)).run("?")
    assert isinstance(result.error, UsageLimitError)
    assert three.requests == []
    assert [attempt.reason for attempt in result.attempts] == ["server", "server"]
    models = [model("one", fails(ServerError("1"))), model("two", text("hi"))]
    assert (await Agent(models, failover=policy(), limits=UsageLimits(requests=2)).run("?")).ok


async def test_a_fallback_of_unknown_price_is_not_asked_where_the_cost_is_limited() -> None:
    two = model("two", text("never"))
    one = priced("one", 1.0, fails(ServerError("down")))
    result = await Agent([one, two], failover=policy(), limits=UsageLimits(cost=1.0)).run("?")
    assert isinstance(result.error, ConfigError)
    assert "needs the price of 'two:m'" in str(result.error)
    assert two.requests == []


async def test_a_result_names_each_attempt_with_its_time() -> None:
    agent = Agent([model("one", fails(ServerError("down"))), model("two", text("hi"))], failover=policy())
    failed, answered = (await agent.run("?")).attempts
    assert failed == Attempt("one", "m", "server", "one:m: down", failed.duration)
    assert answered == Attempt("two", "m", None, None, answered.duration, USED)
    assert failed.duration >= 0
    assert answered.duration >= 0


# --- configuration ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"attempts": 0}, "attempts=0"),
        ({"retry_seconds": -1}, "retry_seconds=-1"),
        ({"first_delta_timeout": 0}, "first_delta_timeout=0"),
        ({"thinking_timeout": -1}, "thinking_timeout=-1"),
        ({"idle_timeout": 0}, "idle_timeout=0"),
        ({"after_first_delta": "again"}, "after_first_delta='again': 'restart' or 'fail'"),
        ({"reasons": ["weather"]}, "unknown reason 'weather': known are auth_error, "),
        ({"profiles": [*three_keys(), *three_keys()]}, "two profiles of 'service' have the id 'a'"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(options: Any, told: str) -> None:
    with pytest.raises(ConfigError) as raised:
        FailoverPolicy(**options)
    assert told in str(raised.value)


def test_what_is_no_policy_is_refused_by_the_agent() -> None:
    with pytest.raises(ConfigError, match="failover='restart' is not of type FailoverPolicy"):
        Agent("offline:demo", failover="restart")  # type: ignore[arg-type]


async def test_a_fallback_without_its_key_is_the_mistake_that_it_is(monkeypatch: Any) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    agent = Agent([model("one", fails(ServerError("down"))), "anthropic:claude"], failover=policy())
    result = await agent.run("?")
    assert isinstance(result.error, ConfigError)
    assert "ANTHROPIC_API_KEY" in str(result.error)
    with pytest.raises(ConfigError, match="ANTHROPIC_API_KEY"):
        await Agent(["anthropic:claude", model("one")], failover=policy()).run("?")
