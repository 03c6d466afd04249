"""Every option of the constructor does something, and what cannot be is refused where it is said."""

import asyncio
import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

import pytest

from tests.agent.seen import WAIT, kinds
from voxagent import Agent, Answer, ConfigError, Guardrail, Hooks, ToolContext, UsageLimits, tool
from voxagent.agent import AgentOptions
from voxagent.errors import (
    ContextLengthError,
    OutputError,
    ServerError,
    SessionConflict,
    ToolFailedError,
    ToolRetryError,
    UsageLimitError,
)
from voxagent.providers import FailoverPolicy, ProviderRegistry
from voxagent.session import InMemorySessionStorage
from voxagent.streaming import BaseEvent, OrphanEvent, WarningEvent
from voxagent.testing import FunctionProvider, ScriptedProvider, answer, fails, raw_call, text, tool_call
from voxagent.tools import FunctionToolset, WebSearch
from voxagent.types import ApprovalRequest, Approve, Message, ToolPolicy

Effect = Callable[[], Awaitable[None]]
EFFECTS: dict[str, Effect] = {}


def effect(of: Effect) -> Effect:
    """The function shows what the option of its name does."""
    EFFECTS[of.__name__] = of
    return of


def test_every_option_of_the_constructor_is_shown_to_have_an_effect() -> None:
    named = [
        each.name
        for each in inspect.signature(Agent.__init__).parameters.values()
        if each.name not in ("self", "options")
    ]
    assert set(EFFECTS) == {*named, *AgentOptions.__annotations__}


@tool
async def add(a: int, b: int) -> int:
    """Add."""
    return a + b


@tool
async def broken() -> str:
    raise ZeroDivisionError("no")


@effect
async def model() -> None:
    provider = ScriptedProvider(text("hi"))
    assert (await Agent(provider).run("?")).output == "hi"


@effect
async def failover() -> None:
    models = [ScriptedProvider(fails(ServerError("down")), name=name) for name in ("one", "two")]
    result = await Agent(models, failover=FailoverPolicy(reasons=["rate_limit"])).run("?")
    assert (str(result.error), models[1].requests) == ("one:scripted: down", [])


@effect
async def compaction() -> None:
    model = ScriptedProvider(fails(ContextLengthError("too long")))
    history = [Message("user", "a" * 900), Message("assistant", "b"), Message("user", "c")]
    result = await Agent(model, compaction=None).run(None, message_history=history)
    assert (len(model.requests), type(result.error)) == (1, ContextLengthError)


@effect
async def approve() -> None:
    asked: list[str] = []

    def allow(request: ApprovalRequest) -> Approve:
        asked.append(request.call.name)
        return Approve()

    cautious = tool(requires_approval=True, name="add")(lambda a, b: a + b)
    provider = ScriptedProvider(tool_call("add", a=1, b=2), text("3"))
    assert (await Agent(provider, tools=[cautious], approve=allow).run("?")).output == "3"
    assert asked == ["add"]


@effect
async def deps_type() -> None:
    @dataclass
    class Deps:
        name: str

    agent: Agent[Deps, str] = Agent(ScriptedProvider(tool_call("who"), text("done")), deps_type=Deps)

    @agent.tool
    async def who(ctx: ToolContext[Deps]) -> str:
        return ctx.deps.name

    result = await agent.run("?", deps=Deps("Ada"))
    assert [each.text for each in result.messages[2].tool_results] == ["Ada"]
    with pytest.raises(ConfigError, match="deps is missing: this agent has deps_type="):
        await agent.run("?")  # type: ignore[call-overload]


@effect
async def output_type() -> None:
    agent = Agent(ScriptedProvider(tool_call("final_result", result=7)), output_type=int)
    assert (await agent.run("?")).output == 7


@effect
async def tools() -> None:
    provider = ScriptedProvider(tool_call("add", a=1, b=2), text("3"))
    result = await Agent(provider, tools=[add]).run("?")
    assert [spec.name for spec in provider.requests[0].tools] == ["add"]
    assert result.messages[2].tool_results[0].text == "3"


@effect
async def toolsets() -> None:
    provider = ScriptedProvider(text("hi"))
    await Agent(provider, toolsets=[FunctionToolset([add])]).run("?")
    assert [spec.name for spec in provider.requests[0].tools] == ["add"]


@effect
async def sub_agents() -> None:
    child = Agent(ScriptedProvider(text("from below")), name="child")
    provider = ScriptedProvider(tool_call("child", prompt="go"), text("done"))
    result = await Agent(provider, sub_agents=[child]).run("?")
    assert result.messages[2].tool_results[0].text == "from below"


@effect
async def max_sub_agent_depth() -> None:
    child = Agent(ScriptedProvider(text("never")), name="child")
    provider = ScriptedProvider(tool_call("child", prompt="go"), text("done"))
    result = await Agent(provider, sub_agents=[child], max_sub_agent_depth=0).run("?")
    [given] = result.messages[2].tool_results
    assert (given.is_error, given.text) == (
        True,
        "MaxDepthExceededError: sub-agents nested 1 deep, at most 0 are allowed",
    )


@effect
async def hooks() -> None:
    agent = Agent(ScriptedProvider(), hooks=Hooks(before_run=lambda ctx, prompt: Answer("mine")))
    assert (await agent.run("?")).output == "mine"


@effect
async def guardrails() -> None:
    agent = Agent(
        ScriptedProvider(text("hi")), guardrails=[Guardrail(on_output=lambda ctx, output: Answer("checked"))]
    )
    assert (await agent.run("?")).output == "checked"


@effect
async def name() -> None:
    agent = Agent("a:b", name="researcher")
    assert (agent.name, repr(agent), agent.as_tool().name) == (
        "researcher",
        "Agent('a:b', name='researcher')",
        "researcher",
    )


@effect
async def description() -> None:
    assert Agent("a:b", name="a", description="Finds things.").as_tool().description == "Finds things."


@effect
async def system_prompt() -> None:
    provider = ScriptedProvider(text("hi"))
    await Agent(provider, system_prompt="Be brief.").run("?")
    assert provider.requests[0].system == "Be brief."


@effect
async def retries() -> None:
    wrong = [raw_call("add", "[]") for _ in range(3)]
    for allowed, asked in ((0, 1), (1, 2), (2, 3)):
        provider = ScriptedProvider(*wrong)
        result = await Agent(provider, tools=[add], retries=allowed).run("?")
        assert isinstance(result.error, ToolRetryError)
        assert len(provider.requests) == asked


@effect
async def result_retries() -> None:
    for allowed, asked in ((0, 1), (1, 2), (2, 3)):
        provider = ScriptedProvider(*[tool_call("final_result", result="x")] * 3)
        result = await Agent(provider, output_type=int, result_retries=allowed).run("?")
        assert isinstance(result.error, OutputError)
        assert len(provider.requests) == asked


@effect
async def output_mode() -> None:
    provider = ScriptedProvider(text('{"result": 7}'))
    assert (await Agent(provider, output_type=int, output_mode="native").run("?")).output == 7
    assert provider.requests[0].tools == ()
    assert provider.requests[0].output is not None


@effect
async def settings() -> None:
    provider = ScriptedProvider(text("hi"))
    await Agent(provider, settings={"temperature": 0.5, "seed": 1}).run("?", settings={"seed": 2})
    assert provider.requests[0].settings == {"temperature": 0.5, "seed": 2}


@effect
async def limits() -> None:
    provider = ScriptedProvider(tool_call("add", a=1, b=2), text("3"))
    result = await Agent(provider, tools=[add], limits=UsageLimits(requests=1)).run("?")
    assert isinstance(result.error, UsageLimitError)


@effect
async def observers() -> None:
    events: list[BaseEvent] = []
    await Agent(ScriptedProvider(text("hi")), observers=[events.append]).run("?")
    assert kinds(events)[0] == "run_start"
    assert kinds(events)[-1] == "run_end"


@effect
async def policies() -> None:
    provider = ScriptedProvider(text("hi"))
    await Agent(provider, tools=[add, broken], policies=[ToolPolicy(deny_list=["add"])]).run("?")
    assert [spec.name for spec in provider.requests[0].tools] == ["broken"]


@effect
async def native_tools() -> None:
    provider = ScriptedProvider(text("hi"))
    await Agent(provider, native_tools=[WebSearch()]).run("?")
    assert provider.requests[0].native_tools == (WebSearch(),)


@effect
async def tool_errors() -> None:
    agent = Agent(ScriptedProvider(tool_call("broken")), tools=[broken], tool_errors="raise")
    result = await agent.run("?")
    assert isinstance(result.error, ToolFailedError)
    assert isinstance(result.error.__cause__, ZeroDivisionError)

    @tool(timeout=0.01)
    async def late() -> None:
        await asyncio.Event().wait()

    result = await Agent(ScriptedProvider(tool_call("late")), tools=[late], tool_errors="raise").run("?")
    assert isinstance(result.error, ToolFailedError)
    assert str(result.error) == "tool 'late': TimeoutError: the tool did not end within 0.01 s"


async def _most_at_a_time(calls: int, **options: Any) -> int:
    running, most = 0, 0

    @tool
    async def busy() -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(10):
            await asyncio.sleep(0)
        running -= 1
        return ""

    provider = ScriptedProvider(answer(*[tool_call("busy")] * calls), text("done"))
    await Agent(provider, tools=[busy], **options).run("?")
    return most


@effect
async def parallel_tools() -> None:
    assert await _most_at_a_time(3) == 3
    assert await _most_at_a_time(3, parallel_tools=False) == 1


@effect
async def max_parallel_tools() -> None:
    assert await _most_at_a_time(20) == 16
    assert await _most_at_a_time(5, max_parallel_tools=2) == 2


@effect
async def cancel_grace() -> None:
    free = asyncio.Event()

    @tool(timeout=0.01)
    async def stubborn() -> str:
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue
        return ""

    events: list[BaseEvent] = []
    provider = ScriptedProvider(tool_call("stubborn"), text("went on"))
    agent = Agent(provider, tools=[stubborn], cancel_grace=0.01, observers=[events.append])
    assert (await agent.run("?")).output == "went on"
    assert [each.tool_name for each in events if isinstance(each, OrphanEvent)] == ["stubborn"]
    free.set()


@effect
async def watchdog() -> None:
    import time

    @tool
    async def blocks() -> str:
        time.sleep(0.02)  # noqa: ASYNC251  # what the watchdog is there for
        return ""

    events: list[BaseEvent] = []
    provider = ScriptedProvider(tool_call("blocks"), text("done"))
    await Agent(provider, tools=[blocks], watchdog=0.01, observers=[events.append]).run("?")
    [warning] = [each.message for each in events if isinstance(each, WarningEvent)]
    assert re.fullmatch(
        r"tool 'blocks' blocked the event loop for 0\.\d\d s; make it a plain function", warning
    )


@effect
async def secret_patterns() -> None:
    for patterns in (r"sk-[a-z]{20}", [r"sk-[a-z]{20}"]):
        result = await Agent(ScriptedProvider(text("hi")), secret_patterns=patterns).run("sk-" + "a" * 20)
        assert result.messages[0].text == "[REDACTED:pattern]"
    key = "AKIAIOSFODNN7EXAMPLE"
    result = await Agent(ScriptedProvider(text("hi")), secret_patterns="default").run(key)
    assert key not in result.messages[0].text


@effect
async def secrets_to_redact() -> None:
    agent = Agent(ScriptedProvider(text("hi")), secrets_to_redact={"door": "swordfish"})
    assert (await agent.run("say swordfish")).messages[0].text == "say [REDACTED:door]"


@effect
async def session_storage() -> None:
    storage = InMemorySessionStorage()
    await Agent(ScriptedProvider(text("hi")), session_storage=storage).run("?", session_key="k")
    assert await storage.list_keys() == ["k"]


@effect
async def session_lock() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    @tool
    async def slow() -> str:
        begun.set()
        await go_on.wait()
        return "done"

    provider = ScriptedProvider(tool_call("slow"), text("hi"))
    agent = Agent(provider, tools=[slow], session_lock="reject")
    async with asyncio.TaskGroup() as group:
        first = group.create_task(agent.run("?", session_key="k"))
        await begun.wait()
        with pytest.raises(SessionConflict, match="session 'k' is in use by another run"):
            await agent.run("?", session_key="k")
        go_on.set()
    assert first.result().output == "hi"
    with pytest.raises(ConfigError, match="session_lock='never': 'queue' or 'reject' is expected"):
        Agent("offline:demo", session_lock=cast("Any", "never"))


@effect
async def registry() -> None:
    def made(model: str) -> FunctionProvider:
        return FunctionProvider(lambda messages, request: f"I am {request.model}", model=model)

    mine = ProviderRegistry()
    mine.register("mine", made)
    assert (await Agent("MINE:small:latest", registry=mine).run("?")).output == "I am small:latest"


@pytest.mark.parametrize("option", sorted(EFFECTS))
async def test_an_option_of_the_constructor_has_its_effect(option: str) -> None:
    await asyncio.wait_for(EFFECTS[option](), WAIT)


def test_a_setting_given_as_an_option_is_told_where_it_belongs() -> None:
    with pytest.raises(ConfigError, match=r"Agent takes no 'temperature': it is a setting, settings=\{'temp"):
        Agent("offline:demo", temperature=0.5)


def test_an_option_that_nearly_has_the_right_name_is_told_it() -> None:
    with pytest.raises(ConfigError, match=r"Agent takes no 'result_retry': did you mean 'result_retries'\?"):
        Agent("offline:demo", result_retry=1)


@pytest.mark.parametrize(("decorator", "option"), [("tool", "name"), ("instructions", "system_prompt")])
def test_a_decorator_that_is_called_with_a_text_says_what_was_meant(decorator: str, option: str) -> None:
    agent = Agent("offline:demo")
    with pytest.raises(
        ConfigError, match=f"@agent.{decorator} stands above a function, not 'x'; or is it {option}="
    ):
        getattr(agent, decorator)("x")
