"""A question aside: asked of a run's model, within its limits, outside its history."""

import asyncio
import threading
from typing import Any

import pytest

from voxagent import Agent, Message, UsageLimits, tool
from voxagent.errors import ConfigError, RateLimitError, UsageLimitError
from voxagent.testing import FunctionProvider, ScriptedProvider, answer, fails, text, tool_call
from voxagent.tools import ToolContext
from voxagent.types import ModelSettings, Usage

USED = Usage(input_tokens=10, output_tokens=5)


@tool
async def wonder(ctx: ToolContext) -> str:
    return (await ctx.view.ask([Message("user", "why?")])).text


def settled(**settings: Any) -> Any:
    @tool(name="wonder")
    async def wonders(ctx: ToolContext) -> str:
        given: ModelSettings = settings  # type: ignore[assignment]  # a test's own keywords
        return (await ctx.view.ask([Message("user", "why?")], "Be brief.", given)).text

    return wonders


async def test_a_tool_asks_the_model_of_its_run() -> None:
    steps = (tool_call("wonder"), answer(text("because"), usage=USED), text("done"))
    model = ScriptedProvider(*steps)
    result = await Agent(model, tools=[wonder], settings={"tool_choice": "required", "seed": 1}).run("go")
    assert result.messages[2].tool_results[0].text == "because"
    assert model.requests[1].messages == (Message("user", "why?"),)
    assert (model.requests[1].system, model.requests[1].tools, dict(model.requests[1].settings)) == (
        "",
        (),
        {},
    )
    assert len(result.messages) == 4
    assert result.usage == Usage(requests=3, tool_calls=1) + USED


@pytest.mark.parametrize(
    ("own", "wanted", "most"), [(20, 50, 20), (50, 20, 20), (None, 50, 50), (20, None, 20)]
)
async def test_the_run_says_how_long_an_answer_may_be_at_most(
    own: int | None, wanted: int | None, most: int
) -> None:
    model = ScriptedProvider(tool_call("wonder"), text("because"), text("done"))
    wish = settled() if wanted is None else settled(max_tokens=wanted, temperature=0.1)
    settings: ModelSettings = {"temperature": 0.9} if own is None else {"temperature": 0.9, "max_tokens": own}
    await Agent(model, tools=[wish], settings=settings).run("go")
    assert model.requests[1].settings == {
        "temperature": 0.9 if wanted is None else 0.1,
        "max_tokens": most,
    }


def test_it_may_be_asked_from_another_loop_and_thread() -> None:
    @tool(name="wonder")
    def elsewhere(ctx: ToolContext) -> str:
        return asyncio.run(asked(ctx)) + threading.current_thread().name

    async def asked(ctx: ToolContext) -> str:
        return (await ctx.view.ask([Message("user", "why?")])).text

    model = ScriptedProvider(tool_call("wonder"), text("because "), text("done"))
    result = Agent(model, tools=[elsewhere]).run_sync("go")
    assert result.messages[2].tool_results[0].text == "because voxagent-worker"


async def test_it_moves_on_to_the_next_model_at_a_price_of_its_own() -> None:
    first = ScriptedProvider(tool_call("wonder"), fails(RateLimitError("no")), name="first")
    second = ScriptedProvider(text("because"), text("done"), name="second")
    result = await Agent([first, second], tools=[wonder]).run("go")
    assert result.messages[2].tool_results[0].text == "because"
    assert [(each.provider, each.reason) for each in result.attempts][:3] == [
        ("first", None),
        ("first", "rate_limit"),
        ("second", None),
    ]


async def test_the_limits_of_the_run_hold() -> None:
    model = ScriptedProvider(tool_call("wonder"), text("never"))
    result = await Agent(model, tools=[wonder], limits=UsageLimits(requests=1)).run("go")
    assert isinstance(result.error, UsageLimitError)
    assert result.usage.requests == 1
    assert len(result.attempts) == 1


async def test_a_context_of_no_run_has_no_model() -> None:
    with pytest.raises(ConfigError, match="belongs to no run"):
        await ToolContext().view.ask([Message("user", "why?")])


async def test_what_cannot_be_asked_at_all_is_no_attempt() -> None:
    def reply(messages: Any, request: Any) -> Any:
        if messages[-1].text == "why?":
            raise ConfigError("this model takes no questions")
        return text("done") if messages[-1].tool_results else tool_call("wonder")

    result = await Agent(FunctionProvider(reply), tools=[wonder]).run("go")
    assert result.output == "done"
    assert result.messages[2].tool_results[0].is_error
    assert [attempt.reason for attempt in result.attempts] == [None, None]
