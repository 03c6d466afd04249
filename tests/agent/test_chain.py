"""Several models: the next is asked when one fails, silently as long as nothing has been shown."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from tests.agent.doors import every_door
from voxagent import Agent, ConfigError, Message, Usage, UsageLimits
from voxagent.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    ContextLengthError,
    ProviderNotFoundError,
    RateLimitError,
    ServerError,
)
from voxagent.providers import (
    BlockChunk,
    FailoverPolicy,
    ModelFacts,
    ModelRequest,
    ProviderRegistry,
    RetryChunk,
)
from voxagent.streaming import AssistantStartEvent, BaseEvent, FailoverEvent, RetryEvent
from voxagent.testing import FunctionProvider, ScriptedProvider, answer, fails, text, thinking, tool_call
from voxagent.types import Attempt, ProviderBlock, TextBlock


def model(name: str, *script: Any, **options: Any) -> ScriptedProvider:
    return ScriptedProvider(*script, name=name, model="m", **options)


@every_door
async def test_a_failure_ahead_of_the_first_content_moves_on_and_is_told(door: Any) -> None:
    usage = Usage(input_tokens=5, requests=1)
    first = model("one", fails(ServerError("down", status=500)))
    second = model("two", answer(text("hi"), usage=usage))
    events: list[BaseEvent] = []
    agent = Agent([first, second], observers=[events.append])
    result = await door(agent, "?")
    assert (result.output, result.provider, result.model, result.usage) == ("hi", "two", "m", usage)
    failed, answered = result.attempts
    assert [failed, answered] == [
        Attempt("one", "m", "server", "one:m: down (status 500)", failed.duration),
        Attempt("two", "m", None, None, answered.duration, usage),
    ]
    told = [event for event in events if isinstance(event, FailoverEvent)]
    assert [(each.source, each.target, each.reason) for each in told] == [("one:m", "two:m", "server")]
    assert len([event for event in events if isinstance(event, AssistantStartEvent)]) == 1
    assert result.messages[-1].provider == "two"


@pytest.mark.parametrize("shown", [text("It is"), thinking("Hmm"), tool_call("add")])
async def test_a_failure_after_the_first_content_does_not_move_on_where_it_shall_not(shown: Any) -> None:
    second = model("two", text("never"))
    first = model("one", answer(shown, fails(ServerError("down"))))
    agent = Agent([first, second], failover=FailoverPolicy(after_first_delta="fail"))
    result = await agent.run("?")
    assert isinstance(result.error, ServerError)
    assert (result.error.provider, second.requests) == ("one", [])


@pytest.mark.parametrize(
    ("error", "moves"),
    [
        (ServerError("x"), True),
        (RateLimitError("x"), True),
        (AuthenticationError("x"), True),
        (ContextLengthError("x"), True),
        (BadRequestError("x"), False),
        (ContentFilterError("x"), False),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_what_the_request_itself_is_refused_for_does_not_move_on(error: Exception, moves: bool) -> None:
    second = model("two", text("hi"))
    result = await Agent([model("one", fails(error)), second]).run("?")
    assert (result.ok, len(second.requests)) == (moves, int(moves))


async def test_when_all_fail_the_last_error_is_the_runs_and_every_try_is_told() -> None:
    models = [model(name, fails(ServerError(name))) for name in ("one", "two", "three")]
    agent = Agent(models, failover=FailoverPolicy(attempts=1))
    result = await agent.run("?")
    assert str(result.error) == "three:m: three"
    assert [(each.provider, each.reason) for each in result.attempts] == [
        ("one", "server"),
        ("two", "server"),
        ("three", "server"),
    ]


async def test_a_target_is_looked_up_when_it_is_needed() -> None:
    registry = ProviderRegistry()
    made: list[str] = []

    def maker(name: str) -> Any:
        def made_provider(model: str) -> FunctionProvider:
            made.append(f"{name}:{model}")

            async def say(messages: Sequence[Message], request: ModelRequest) -> AsyncIterator[str]:
                if name == "one":
                    raise ServerError("down")
                yield f"{name} {request.model}"

            return FunctionProvider(say, name=name, model=model)

        return made_provider

    for name in ("one", "two", "three"):
        registry.register(name, maker(name))
    agent = Agent(["one:a", "two:b:c", "three:d"], registry=registry)
    result = await agent.run("?")
    assert (result.output, made) == ("two b:c", ["one:a", "two:b:c"])
    assert (agent.models, agent.model, agent.provider) == (("one:a", "two:b:c", "three:d"), "a", "one")
    with pytest.raises(ProviderNotFoundError, match="unknown provider 'thre' in 'thre:d'"):
        await Agent(["thre:d", "one:a"], registry=registry).run("?")


async def test_a_target_that_nobody_knows_is_found_out_before_the_run_begins() -> None:
    events: list[BaseEvent] = []
    agent = Agent([model("one", text("never")), "offlin:demo"], observers=[events.append])
    with pytest.raises(ProviderNotFoundError, match=r"^unknown provider 'offlin' in 'offlin:demo': did you"):
        await agent.run("?")
    assert events == []


async def test_a_target_that_cannot_be_made_ends_the_run_as_the_mistake_that_it_is() -> None:
    registry = ProviderRegistry()

    def made(model: str) -> Any:
        raise ConfigError("the key is missing")

    registry.register("two", made)
    result = await Agent([model("one", fails(ServerError("down"))), "two:m"], registry=registry).run("?")
    assert isinstance(result.error, ConfigError)
    assert str(result.error) == "the key is missing"


async def test_what_a_provider_tries_again_by_itself_is_told() -> None:
    async def answering(messages: Sequence[Message], request: ModelRequest) -> AsyncIterator[Any]:
        yield RetryChunk("overloaded", 1, 0.5)
        yield "hi"
        yield BlockChunk(ProviderBlock("function", {"kind": "search"}))

    events: list[BaseEvent] = []
    result = await Agent(FunctionProvider(answering), observers=[events.append]).run("?")
    [told] = [event for event in events if isinstance(event, RetryEvent)]
    assert (result.output, told.reason, told.attempt, told.delay) == ("hi", "overloaded", 1, 0.5)
    assert result.messages[1].content == [TextBlock("hi"), ProviderBlock("function", {"kind": "search"})]
    assert (await Agent(FunctionProvider(answering)).run("?")).ok


async def test_the_facts_of_a_chain_are_those_of_its_first_model() -> None:
    first = model("one", text('{"result": 3}'), facts=ModelFacts(tools=False, input_price=1, output_price=1))
    agent = Agent([first, model("two")], output_type=int)
    assert (await agent.run("?", limits=UsageLimits(cost=1))).output == 3
    assert first.requests[0].tools == ()


async def test_a_target_without_a_model_is_named_by_its_provider() -> None:
    class Nameless:
        name = "plain"

        def open(self, request: ModelRequest) -> Any:
            raise ServerError("down")

    events: list[BaseEvent] = []
    await Agent([Nameless(), model("two", text("hi"))], observers=[events.append]).run("?")
    [told] = [event for event in events if isinstance(event, FailoverEvent)]
    assert (told.source, told.target) == ("plain", "two:m")
