"""Tools by name: registries, layered policies, and single calls outside of a run."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxagent.abort import AbortSignal
from voxagent.errors import ConfigError
from voxagent.tools import (
    FunctionToolset,
    ModelRetry,
    ToolAlreadyRegisteredError,
    ToolContext,
    ToolDefinition,
    ToolError,
    ToolNotFoundError,
    ToolPolicy,
    ToolRegistry,
    apply_tool_policies,
    execute_tool,
    tool,
)
from voxagent.types import ImageBlock, ToolResult


def named(*names: str) -> list[ToolDefinition[object]]:
    return [ToolDefinition(name, name.title(), lambda: None) for name in names]


def names_of(tools: Sequence[ToolDefinition[Any]]) -> list[str]:
    return [each.name for each in tools]


def test_a_registry_keeps_tools_by_name_in_order() -> None:
    registry = ToolRegistry()
    b, a = named("b", "a")
    registry.register(b)
    registry.register(a)
    assert (registry.list(), registry.list_names(), len(registry)) == ([b, a], ["b", "a"], 2)
    assert (registry.get("a"), registry.get("c"), registry.get_or_raise("b")) == (a, None, b)
    assert ("a" in registry, "c" in registry, a in registry) == (True, False, False)


def test_a_prefix_renames_the_registered_copy_only() -> None:
    registry = ToolRegistry()
    [search] = named("search")
    registry.register(search, prefix="crm")
    assert (registry.list_names(), search.name) == (["crm_search"], "search")


def test_two_tools_of_one_name_are_refused() -> None:
    registry = ToolRegistry()
    registry.register(*named("a"))
    with pytest.raises(ToolAlreadyRegisteredError, match="a tool named 'a' is registered already"):
        registry.register(*named("a"))


def test_a_tool_that_is_not_there_is_an_error_that_names_the_nearest() -> None:
    registry = ToolRegistry()
    with pytest.raises(ToolNotFoundError, match="there is no tool 'a': there are none"):
        registry.get_or_raise("a")
    registry.register(*named("search"))
    with pytest.raises(ToolNotFoundError, match=r"there is no tool 'serach': did you mean 'search'\?"):
        registry.unregister("serach")
    with pytest.raises(ToolNotFoundError, match="there is no tool 'xyz': there are search"):
        registry.get_or_raise("xyz")


def test_a_registry_forgets_one_tool_or_all() -> None:
    registry = ToolRegistry()
    for each in named("a", "b", "c"):
        registry.register(each)
    registry.unregister("b")
    assert registry.list_names() == ["a", "c"]
    registry.clear()
    assert len(registry) == 0


def plain() -> None: ...


@pytest.mark.parametrize(
    ("given_tool", "told"),
    [
        (plain, r"plain\(\) is a plain function; put @tool above it, or write tool\(plain\)"),
        (7, "7 is not a tool"),
    ],
)
def test_what_is_no_tool_is_refused_with_words_that_help(given_tool: Any, told: str) -> None:
    with pytest.raises(ConfigError, match=f"ToolRegistry: {told}"):
        ToolRegistry().register(given_tool)
    with pytest.raises(ConfigError, match=f"files: {told}"):
        FunctionToolset([given_tool], name="files")


NAMES = st.lists(st.sampled_from("abcdef"), unique=True)
POLICIES = st.lists(st.builds(ToolPolicy, st.none() | NAMES, NAMES), max_size=4)


@given(POLICIES)
def test_layers_intersect_what_they_allow_and_unite_what_they_deny(policies: list[ToolPolicy]) -> None:
    allowed, denied = set("abcdef"), set[str]()
    for policy in policies:
        allowed &= set("abcdef" if policy.allow_list is None else policy.allow_list)
        denied |= set(policy.deny_list)
    kept = apply_tool_policies(named(*"abcdef"), iter(policies))
    assert names_of(kept) == sorted(allowed - denied)


@tool
async def add(ctx: ToolContext[int], a: int) -> int:
    """Add."""
    return ctx.deps + a


async def test_a_single_call_gives_its_result_as_data() -> None:
    assert await execute_tool("add", {"a": "2"}, [add], tool_use_id="1", deps=40) == ToolResult("1", "42")


async def test_a_single_call_cannot_ask_for_approval() -> None:
    pay: ToolDefinition[object] = ToolDefinition("pay", "Pay.", lambda: None, requires_approval=True)
    result = await execute_tool("pay", {}, [pay], tool_use_id="1")
    said = "the tool 'pay' needs approval, and only an agent's run can ask for it"
    assert result == ToolResult("1", said, is_error=True)


async def test_a_single_call_may_give_blocks() -> None:
    picture = ImageBlock(url="u")
    paint: ToolDefinition[object] = ToolDefinition("paint", "Paint.", lambda: picture)
    assert await execute_tool("paint", {}, [paint]) == ToolResult("", [picture])


async def test_a_single_call_has_the_context_it_was_given() -> None:
    seen: list[ToolContext[Any]] = []

    @tool
    def look(ctx: ToolContext[Any]) -> None:
        seen.append(ctx)

    signal = AbortSignal()
    assert await execute_tool("look", {}, [look], signal, "1", "deps", "s", "r") == ToolResult("1", "null")
    [ctx] = seen
    assert (ctx.abort_signal, ctx.deps, ctx.session_id, ctx.run_id, ctx.tool_name, ctx.tool_call_id) == (
        signal,
        "deps",
        "s",
        "r",
        "look",
        "1",
    )


def raising(error: Exception) -> ToolDefinition[object]:
    def fails() -> None:
        raise error

    return ToolDefinition("add", "", fails)


@pytest.mark.parametrize(
    ("it", "params", "told"),
    [
        (add, {}, "invalid arguments: a: Missing required keyword only argument"),
        (raising(ModelRetry("in English")), {}, "in English"),
        (raising(ToolError("sold out")), {}, "sold out"),
        (raising(KeyError("x")), {}, "KeyError: 'x'"),
        (ToolDefinition("ad", "", plain), {}, "there is no tool 'add': did you mean 'ad'?"),
    ],
    ids=["arguments", "retry", "tool error", "exception", "unknown"],
)
async def test_whatever_a_single_call_raises_is_an_error_in_its_result(
    it: Any, params: Any, told: str
) -> None:
    assert await execute_tool("add", params, [it], tool_use_id="1") == ToolResult("1", told, is_error=True)


async def test_a_single_call_is_not_made_after_an_abort() -> None:
    signal = AbortSignal()
    signal.abort("user left")
    never = raising(AssertionError("called"))
    assert await execute_tool("add", {}, [never], signal) == ToolResult("", "user left", is_error=True)
