"""Tools that come in sets, and what changes a set without touching its tools."""

from collections.abc import Sequence
from typing import Any

import pytest

from voxagent.errors import ConfigError
from voxagent.tools import (
    FunctionToolset,
    RunContext,
    ToolDefinition,
    Toolset,
    filtered,
    prefixed,
    renamed,
)


def named(*names: str) -> list[ToolDefinition[object]]:
    return [ToolDefinition(name, name.title(), lambda: None) for name in names]


def names_of(tools: Sequence[ToolDefinition[Any]]) -> list[str]:
    return [each.name for each in tools]


async def tools_in(toolset: Toolset[Any]) -> list[ToolDefinition[Any]]:
    async with toolset.open(RunContext()) as tools:
        return [*tools]


async def test_a_set_of_functions_gives_all_of_them() -> None:
    a, b = named("a", "b")
    toolset = FunctionToolset([a])
    toolset.add(b)
    assert await tools_in(toolset) == [a, b]
    assert repr(toolset) == "FunctionToolset(a, b)"


def test_two_functions_of_one_name_in_a_set_are_refused() -> None:
    with pytest.raises(ConfigError, match="two tools of 'functions' are named 'a'"):
        FunctionToolset(named("a", "a"))


async def test_prefixed_renamed_and_filtered_change_the_set_and_not_its_tools() -> None:
    inner = FunctionToolset(named("a", "b", "c"))
    assert names_of(await tools_in(prefixed(inner, "x"))) == ["x_a", "x_b", "x_c"]
    assert names_of(await tools_in(renamed(inner, {"b": "beta", "z": "zeta"}))) == ["a", "beta", "c"]
    assert names_of(await tools_in(filtered(inner, ["c", "a", "z"]))) == ["a", "c"]
    assert names_of(await tools_in(filtered(inner, lambda run, it: it.name > "a"))) == ["b", "c"]
    assert names_of(await tools_in(inner)) == ["a", "b", "c"]


async def test_changes_of_sets_stack() -> None:
    toolset = prefixed(filtered(FunctionToolset(named("a", "b")), ["a"]), "x")
    assert names_of(await tools_in(toolset)) == ["x_a"]
    assert repr(toolset) == "prefixed(filtered(FunctionToolset(a, b)))"


async def test_a_filter_sees_the_run() -> None:
    toolset = filtered(FunctionToolset(named("a")), lambda run, it: run.run_id == "r")
    async with toolset.open(RunContext(run_id="r")) as tools:
        assert names_of(tools) == ["a"]
    assert await tools_in(toolset) == []


async def test_a_changed_set_is_open_as_long_as_its_inner_set() -> None:
    from contextlib import asynccontextmanager

    steps: list[str] = []

    class Files:
        @asynccontextmanager
        async def open(self, run: RunContext[Any]) -> Any:
            steps.append("open")
            yield named("a")
            steps.append("close")

    async with prefixed(Files(), "x").open(RunContext()):
        steps.append("inside")
    assert steps == ["open", "inside", "close"]
