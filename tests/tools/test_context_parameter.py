"""Which parameter is the context: the first, by its type or, untyped, by its name; never another."""

from typing import Annotated, Any

import pytest

from voxagent.errors import ConfigError
from voxagent.tools import RunContext, ToolContext, tool
from voxagent.tools.signature import deps_of


class Own(ToolContext[int]):
    """A program's own context."""


def untyped_ctx(ctx, x: int): ...
def untyped_context(context, x: int): ...
def by_type(it: ToolContext, x: int): ...
def by_type_of_run(it: RunContext, x: int): ...
def with_deps(it: ToolContext[int], x: int): ...
def optional(it: ToolContext[int] | None, x: int): ...
def none_first(it: None | ToolContext[int], x: int): ...  # noqa: RUF036
def annotated(it: Annotated[ToolContext[int], "told"], x: int): ...
def as_string(it: "ToolContext[int]", x: int): ...
def subclass(it: Own, x: int): ...
def with_default(it: ToolContext | None = None, x: int = 0): ...


@pytest.mark.parametrize(
    "function",
    [
        untyped_ctx,
        untyped_context,
        by_type,
        by_type_of_run,
        with_deps,
        optional,
        none_first,
        annotated,
        as_string,
        subclass,
        with_default,
    ],
)
def test_the_context_is_found_and_never_shows_in_the_schema(function: Any) -> None:
    it = tool(function)
    assert it.takes_context
    assert list(it.parameters["properties"]) == ["x"]


def other_name(it, x: int): ...
def typed_ctx(ctx: str, x: int): ...
def second(x: int, ctx): ...
def listed(it: list[int], x: int): ...


@pytest.mark.parametrize("function", [other_name, typed_ctx, second, listed])
def test_what_is_no_context_is_an_argument(function: Any) -> None:
    it = tool(function)
    assert not it.takes_context
    assert len(it.parameters["properties"]) == 2


@pytest.mark.parametrize("hint", [ToolContext, RunContext[int], ToolContext[int] | None, Annotated[Own, 1]])
def test_a_context_at_any_other_place_is_refused(hint: Any) -> None:
    def wrong(x: int, it: Any) -> None: ...

    wrong.__annotations__["it"] = hint
    with pytest.raises(ConfigError, match=r"wrong\(\): 'it' is a .*, but only the first parameter can be"):
        tool(wrong)


def test_two_contexts_are_refused() -> None:
    def wrong(ctx, it: ToolContext): ...

    with pytest.raises(ConfigError, match="only the first parameter"):
        tool(wrong)


async def test_the_function_gets_the_context_of_its_call() -> None:
    @tool
    def sync(it: ToolContext[int], x: int) -> tuple[int, int]:
        return it.deps, x

    @tool
    async def on_loop(it: ToolContext[int] | None, x: int) -> tuple[Any, int]:
        return it and it.deps, x

    context = ToolContext(deps=7)
    assert await sync.run({"x": 1}, context) == (7, 1)
    assert await on_loop.run({"x": 1}, context) == (7, 1)
    assert await on_loop.run({"x": 1}) == (None, 1)


async def test_the_context_comes_before_positional_only_parameters() -> None:
    @tool
    def first(ctx, a: int, /, *rest: int) -> tuple[Any, ...]:
        return ctx.deps, a, rest

    assert await first.run({"a": 1, "rest": [2, 3]}, ToolContext(deps="d")) == ("d", 1, (2, 3))


@pytest.mark.parametrize(
    ("function", "deps"),
    [
        (with_deps, int),
        (optional, int),
        (none_first, int),
        (annotated, int),
        (as_string, int),
        (by_type, Any),
        (untyped_ctx, Any),
    ],
)
def test_the_deps_that_a_context_wants_are_read_from_its_hint(function: Any, deps: object) -> None:
    assert deps_of(tool(function).signature.context_type) is deps
