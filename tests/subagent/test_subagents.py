"""An agent as a tool of another: it inherits abort, deadline and budget, and its events are seen above."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel

from tests.agent.doors import every_door
from tests.agent.seen import WAIT, kinds
from voxagent import (
    AbortController,
    Agent,
    ConfigError,
    Message,
    RunContext,
    SubAgentDefinition,
    ToolContext,
    Usage,
    UsageLimits,
    tool,
)
from voxagent.errors import RunAbortedError, ServerError, UsageLimitError
from voxagent.session import InMemorySessionStorage
from voxagent.streaming import BaseEvent, RunEndEvent, RunStartEvent, ToolOutputEvent
from voxagent.testing import ScriptedProvider, answer, fails, stalls, text, tool_call
from voxagent.types import ToolResultBlock

WAIT_MS = WAIT * 1000


@dataclass
class Deps:
    name: str


@dataclass
class MoreDeps(Deps):
    age: int = 0


class Query(BaseModel):
    """What to look for."""

    words: list[str]
    limit: int = 3


class Tree(BaseModel):
    value: int
    below: list["Tree"] = []


def given(messages: list[Message]) -> list[tuple[str, bool]]:
    return [(each.text, each.is_error) for message in messages for each in message.tool_results]


def asking(name: str = "child", **arguments: Any) -> ScriptedProvider:
    return ScriptedProvider(tool_call(name, **(arguments or {"prompt": "go"})), text("done"))


@every_door
async def test_a_sub_agent_is_a_tool_that_is_asked_with_a_text(door: Any) -> None:
    below = ScriptedProvider(text("42"))
    child = Agent(below, name="child", description="Knows it.", system_prompt="Be right.")
    provider = asking(prompt="What is six times seven?")
    result = await door(Agent(provider, sub_agents=[child]), "?")
    [spec] = provider.requests[0].tools
    assert (spec.name, spec.description, spec.parameters["required"]) == ("child", "Knows it.", ["prompt"])
    assert [(request.system, [each.text for each in request.messages]) for request in below.requests] == [
        ("Be right.", ["What is six times seven?"])
    ]
    assert (result.output, given(result.messages)) == ("done", [("42", False)])


async def test_a_sub_agent_may_be_asked_with_typed_input_and_answer_with_a_typed_output() -> None:
    below = ScriptedProvider(tool_call("final_result", words=["found"], limit=1))
    child = Agent(below, name="child", output_type=Query)
    sub = child.as_tool(name="search", description="Search.", input_type=Query)
    provider = asking("search", words=["a"], limit=2)
    result = await Agent(provider, tools=[sub]).run("?")
    [spec] = provider.requests[0].tools
    assert (spec.name, spec.description, spec.parameters["required"]) == ("search", "Search.", ["words"])
    assert below.requests[0].messages[0].text == '{"words":["a"],"limit":2}'
    assert given(result.messages) == [('{"words":["found"],"limit":1}', False)]


async def test_typed_input_that_is_wrong_goes_back_to_the_model() -> None:
    sub = Agent(ScriptedProvider(text("ok")), name="child").as_tool(input_type=Query)
    provider = ScriptedProvider(tool_call("child"), tool_call("child", words=["a"]), text("done"))
    result = await Agent(provider, tools=[sub]).run("?")
    assert given(result.messages) == [("invalid arguments: words: Field required", True), ("ok", False)]
    assert await _named(sub, {"words": ["a"]}) == "ok"


async def _named(sub: SubAgentDefinition, arguments: dict[str, Any]) -> Any:
    """Called outside of any run, with arguments that are no text."""
    assert sub.agent.name == "child"
    other = Agent(ScriptedProvider(text("ok")), name="child").as_tool(input_type=Query)
    return await other.run(arguments)


def test_typed_input_may_be_recursive_and_must_be_an_object() -> None:
    child = Agent("a:b", name="child")
    parameters = child.as_tool(input_type=Tree).parameters
    assert (parameters["type"], parameters["properties"]["value"]) == ("object", {"type": "integer"})
    with pytest.raises(
        ConfigError, match=r"^input_type of 'child' is not an object such as a model or dataclass$"
    ):
        child.as_tool(input_type=list[int]).parameters  # noqa: B018  # reading them raises


def test_a_sub_agent_needs_a_name_and_says_what_it_is() -> None:
    with pytest.raises(ConfigError, match="an agent needs a name to be a tool"):
        Agent("a:b").as_tool()
    named = Agent("a:b").as_tool(name="helper")
    assert (named.name, named.description, named.max_depth) == ("helper", "Ask the agent 'helper'.", 5)
    definition = SubAgentDefinition(Agent("a:b", name="x"), "y", "Does y.", max_depth=2)
    assert (definition.name, definition.description, definition.max_depth) == ("y", "Does y.", 2)


async def test_a_child_gets_the_parents_deps_none_or_what_is_mapped() -> None:
    seen: list[object] = []

    @tool
    async def look(ctx: RunContext[Any]) -> str:
        seen.append(ctx.deps)
        return ""

    def child(deps_type: Any) -> Agent[Any, str]:
        provider = ScriptedProvider(tool_call("look"), text("ok"))
        return Agent(provider, name="child", deps_type=deps_type, tools=[look])

    parent_deps = MoreDeps("Ada", 36)
    for deps_type in (MoreDeps, Deps, type(None)):
        agent: Agent[Any, str] = Agent(asking(), deps_type=MoreDeps, sub_agents=[child(deps_type)])
        await agent.run("?", deps=parent_deps)
    mapped = child(str).as_tool(deps=lambda ctx: ctx.deps.name)
    await Agent(asking(), deps_type=MoreDeps, tools=[mapped]).run("?", deps=parent_deps)
    assert seen == [parent_deps, parent_deps, None, "Ada"]


async def test_a_childs_events_reach_the_parents_stream_with_their_path() -> None:
    @tool
    async def progress(ctx: ToolContext[Any]) -> str:
        await ctx.update(f"at depth {ctx.depth}")
        return ""

    grandchild = Agent(
        ScriptedProvider(tool_call("progress"), text("deep")), name="grandchild", tools=[progress]
    )
    own: list[BaseEvent] = []
    child = Agent(asking("grandchild"), name="child", sub_agents=[grandchild], observers=[own.append])
    agent = Agent(asking(), sub_agents=[child])
    events: list[BaseEvent] = [event async for event in agent.run_stream("?")]
    paths = {"/".join(event.path) for event in events}
    assert paths == {"", "child", "child/grandchild"}
    [output] = [event for event in events if isinstance(event, ToolOutputEvent)]
    assert (output.path, output.delta) == (("child", "grandchild"), "at depth 2")
    for path in paths:
        mine = [event for event in events if "/".join(event.path) == path]
        assert (type(mine[0]), type(mine[-1])) == (RunStartEvent, RunEndEvent)
        assert len({event.run_id for event in mine}) == 1
    assert [event.path for event in own if event.path] == [
        ("grandchild",) for event in events if event.path == ("child", "grandchild")
    ]
    assert kinds(own) == kinds(event for event in events if event.path)


async def test_a_slow_reader_of_the_parents_stream_holds_the_child_back() -> None:
    from tests.agent.test_streams import Endless

    endless = Endless(3000)
    child = Agent(endless.provider, name="child")
    read, lead = 0, 0
    async for event in Agent(asking(), sub_agents=[child]).run_stream("?"):
        read += bool(event.path) and event.event_type == "text_delta"
        lead = max(lead, endless.written - read)
        await asyncio.sleep(0)
    assert (read, lead <= 2 * 256 + 8) == (3000, True)


async def test_a_childs_failure_is_a_tool_error_and_never_a_success() -> None:
    child = Agent(ScriptedProvider(answer(text("It is"), fails(ServerError("down")))), name="child")
    result = await Agent(asking(), sub_agents=[child]).run("?")
    assert given(result.messages) == [("ServerError: scripted:scripted: down", True)]
    assert (result.output, [meta.success for meta in result.tool_metas]) == ("done", [False])


async def test_usage_of_children_adds_up_in_the_parents() -> None:
    usage = Usage(input_tokens=10, output_tokens=1, requests=1)
    child = Agent(
        ScriptedProvider(answer(tool_call("noop"), usage=usage), answer(text("ok"), usage=usage)),
        name="child",
        tools=[tool(name="noop")(lambda: "")],
    )
    seen: list[Usage] = []
    provider = ScriptedProvider(
        answer(tool_call("child", prompt="go"), usage=usage), answer(text("done"), usage=usage)
    )
    agent = Agent(provider, sub_agents=[child])

    @agent.output_validator
    def look(ctx: RunContext[Any], output: str) -> str:
        seen.append(ctx.usage)
        return output

    result = await agent.run("?")
    assert result.usage == Usage(input_tokens=40, output_tokens=4, requests=4, tool_calls=2)
    assert (seen, result.iterations, len(result.attempts)) == ([result.usage], 2, 2)


@every_door
async def test_limits_are_shared_by_the_tree_and_exact_for_parallel_children(door: Any) -> None:
    made: list[str] = []

    @tool
    async def work(ctx: ToolContext[Any]) -> str:
        made.append(ctx.run_id)
        return ""

    child = Agent(
        ScriptedProvider(*[answer(tool_call("work"), tool_call("work"))] * 50), name="child", tools=[work]
    )
    asked = answer(*[tool_call("child", prompt="go")] * 5)
    limits = UsageLimits(requests=None, tool_calls=14)
    result = await door(Agent(ScriptedProvider(asked, text("done")), sub_agents=[child]), "?", limits=limits)
    assert len(made) == 8
    assert all(
        is_error and "the limit of 14 tool calls is reached" in told
        for told, is_error in given(result.messages)
    )
    provider = ScriptedProvider(*[tool_call("work")] * 50)
    child = Agent(provider, name="child", tools=[work])
    result = await door(
        Agent(ScriptedProvider(asked, text("done")), sub_agents=[child]), "?", limits=UsageLimits(requests=8)
    )
    assert len(provider.requests) == 7
    assert isinstance(result.error, UsageLimitError)


async def test_the_parents_deadline_ends_the_child_and_is_seen_there() -> None:
    left: list[float | None] = []
    provider = ScriptedProvider(tool_call("look"), stalls())

    @tool
    async def look(ctx: RunContext[Any]) -> str:
        left.append(ctx.remaining_time)
        return ""

    child = Agent(provider, name="child", tools=[look])
    events: list[BaseEvent] = []
    agent = Agent(asking(), sub_agents=[child], observers=[events.append])
    begun = time.monotonic()
    result = await asyncio.wait_for(agent.run("?", timeout_ms=100), WAIT)
    assert (result.timed_out, time.monotonic() - begun < 5) == (True, True)
    assert left[0] is not None
    assert 0 <= left[0] <= 0.1
    [end] = [event for event in events if isinstance(event, RunEndEvent) and event.path]
    assert end.timed_out or end.aborted


async def test_an_abort_of_the_parent_ends_the_child() -> None:
    abort = AbortController()
    events: list[BaseEvent] = []

    def stop(event: BaseEvent) -> None:
        events.append(event)
        if event.path and event.event_type == "text_delta":
            abort.abort("enough")

    child = Agent(ScriptedProvider(answer(text("thinking"), stalls())), name="child")
    agent = Agent(asking(), sub_agents=[child], observers=[stop])
    result = await asyncio.wait_for(agent.run("?", abort_signal=abort.signal), WAIT)
    assert isinstance(result.error, RunAbortedError)
    [end] = [event for event in events if isinstance(event, RunEndEvent) and event.path]
    assert end.aborted
    assert end.result is not None
    assert [message.text for message in end.result.messages] == ["go", "thinking"]


def nested(depth: int, **options: Any) -> Agent[None, str]:
    agent = Agent(ScriptedProvider(text("bottom")), name="agent0")
    for level in range(1, depth + 1):
        agent = Agent(asking(f"agent{level - 1}"), name=f"agent{level}", sub_agents=[agent], **options)
    return agent


async def test_depth_is_bounded_by_the_agent_at_the_top() -> None:
    events: list[BaseEvent] = []
    agent = nested(7)
    agent.subscribe(events.append)
    await agent.run("?")
    deepest = max((event.path for event in events), key=len)
    assert len(deepest) == 5
    [told] = [
        each.text
        for event in events
        if event.event_type == "user_message" and event.path == deepest
        for each in event.message.tool_results
    ]
    assert told == "MaxDepthExceededError: sub-agents nested 6 deep, at most 5 are allowed"


@pytest.mark.parametrize(("bound", "reached"), [(0, 0), (1, 1), (2, 2)])
async def test_the_bound_can_be_set(bound: int, reached: int) -> None:
    events: list[BaseEvent] = []
    agent = nested(3, max_sub_agent_depth=bound)
    agent.subscribe(events.append)
    await agent.run("?")
    assert max(len(event.path) for event in events) == reached


def call_itself(agent: Agent[None, str]) -> None:
    @agent.tool
    async def me(ctx: ToolContext[Any], prompt: str) -> str:
        return str(await agent.as_tool().run({"prompt": prompt}, ctx))


async def test_an_agent_that_calls_itself_ends_at_the_bound() -> None:
    provider = ScriptedProvider(*[tool_call("me", prompt="again")] * 6, *[text("up")] * 6)
    agent = Agent(provider, name="me")
    call_itself(agent)
    result = await asyncio.wait_for(agent.run("?"), WAIT)
    assert result.output == "up"
    assert len(provider.requests) == 12


async def test_a_child_neither_loads_nor_stores_the_session_and_sees_its_key() -> None:
    seen: list[str | None] = []

    @tool
    async def look(ctx: RunContext[Any]) -> str:
        seen.append(ctx.session_id)
        seen.append(str(ctx.metadata))
        return ""

    below = InMemorySessionStorage()
    storage = InMemorySessionStorage()
    for shared in (below, storage):
        provider = ScriptedProvider(tool_call("look"), text("ok"))
        child = Agent(provider, name="child", tools=[look], session_storage=shared)
        agent = Agent(asking(), sub_agents=[child], session_storage=storage)
        result = await agent.run("?", session_key=f"k{shared is storage}", metadata={"m": 1})
        assert [message.text for message in provider.requests[0].messages] == ["go"]
        assert given(result.messages) == [("ok", False)]
        stored = await storage.load(f"k{shared is storage}")
        assert stored is not None
        assert stored.messages == result.messages
    assert seen == ["kFalse", "{'m': 1}", "kTrue", "{'m': 1}"]
    assert await below.list_keys() == []


async def test_a_sub_agent_outside_of_a_run_is_a_run_of_its_own() -> None:
    child = Agent(ScriptedProvider(text("alone")), name="child")
    assert await child.as_tool().run({"prompt": "go"}) == "alone"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"secrets_to_redact": {"other": "something-else"}},
        {"secrets_to_redact": {"door": "something-else"}, "secret_patterns": "own-[0-9]{6}"},
    ],
)
@pytest.mark.parametrize(
    ("above", "shown"),
    [
        ({"secrets_to_redact": {"door": "swordfish-123"}}, "[REDACTED:door]"),
        ({"secret_patterns": "swordfish-[0-9]{3}"}, "[REDACTED:pattern]"),
    ],
)
async def test_secrets_of_the_parent_are_hidden_in_what_its_child_tells(
    options: Any, above: Any, shown: str
) -> None:
    key = "swordfish-123"

    @tool
    async def leak() -> str:
        return f"the key is {key}"

    provider = ScriptedProvider(tool_call("leak"), text(f"It is {key}, not something-else."))
    child = Agent(provider, name="child", tools=[leak], **options)
    events: list[BaseEvent] = []
    result = await Agent(asking(), sub_agents=[child], observers=[events.append], **above).run("?")
    [(told, is_error)] = given(result.messages)
    assert (told.startswith(f"It is {shown}, not "), is_error) == (True, False)
    own = options.get("secrets_to_redact", {})
    assert ("something-else" in told) == (not own)
    hidden = [key, *own.values()]
    assert not [event for event in events for value in hidden if value in event.model_dump_json()]


async def test_an_agent_below_itself_hides_the_same_secrets() -> None:
    provider = ScriptedProvider(tool_call("me", prompt="again"), text("swordfish-123"), text("up"))
    agent = Agent(provider, name="me", secrets_to_redact={"door": "swordfish-123"})
    call_itself(agent)
    assert given((await agent.run("?")).messages) == [("[REDACTED:door]", False)]


async def test_a_parallel_turn_of_children_runs_together() -> None:
    together = asyncio.Barrier(3)

    @tool
    async def meet() -> str:
        await together.wait()
        return ""

    def child(name: str) -> Agent[None, str]:
        return Agent(ScriptedProvider(tool_call("meet"), text(name)), name=name, tools=[meet])

    provider = ScriptedProvider(answer(*[tool_call(name, prompt="go") for name in "abc"]), text("done"))
    result = await asyncio.wait_for(
        Agent(provider, sub_agents=[child(each) for each in "abc"]).run("?"), WAIT
    )
    assert given(result.messages) == [("a", False), ("b", False), ("c", False)]
    assert result.messages[2].content[0] == ToolResultBlock("call_1", "a", "a", False)
