"""Hints that are strings, as `from __future__ import annotations` makes them, find what they name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Optional

import pytest
from pydantic import BaseModel

from voxagent.errors import ConfigError
from voxagent.tools import RunContext, ToolContext, ToolDefinition, tool

if TYPE_CHECKING:
    import elsewhere  # type: ignore[import-not-found]
    from elsewhere import Deps


X = {
    "type": "object",
    "properties": {"x": {"type": "integer"}},
    "required": ["x"],
    "additionalProperties": False,
}


async def test_types_that_are_local_to_a_function_are_found() -> None:
    class City(BaseModel):
        name: str

    @dataclass
    class Route:
        stops: int

    @tool
    def travel(city: City, route: Route | None = None) -> Any:
        return city, route

    @tool(name="again")
    def travel_again(city: list[City]) -> Any:
        return city

    assert await travel.run({"city": {"name": "Oslo"}, "route": {"stops": 2}}) == (
        City(name="Oslo"),
        Route(2),
    )
    assert await again_run(travel_again, [{"name": "Oslo"}]) == [City(name="Oslo")]


async def again_run(it: ToolDefinition[object], city: Any) -> Any:
    return await it.run({"city": city})


def early(x: Later) -> int:
    return x.value


EARLY = tool(early)


class Later(BaseModel):
    value: int


async def test_a_type_that_is_defined_further_down_is_found_on_first_use() -> None:
    assert await EARLY.run({"x": {"value": 3}}) == 3


def bare(ctx: ToolContext, x: int) -> None: ...
def with_deps(it: ToolContext[Later], x: int) -> None: ...
def of_run(run: RunContext[Later], x: int) -> None: ...
def optional(it: ToolContext[Later] | None, x: int) -> None: ...
def old_optional(it: Optional[ToolContext[Later]], x: int) -> None: ...  # noqa: UP045
def annotated(it: Annotated[ToolContext[Later], "told"], x: int) -> None: ...
def quoted(it: "ToolContext[Later]", x: int) -> None: ...  # noqa: UP037
def deps_for_checkers(it: ToolContext[Deps], x: int) -> None: ...
def module_for_checkers(it: ToolContext[elsewhere.Deps[int]] | None, x: int) -> None: ...


CONTEXTS = [
    bare,
    with_deps,
    of_run,
    optional,
    old_optional,
    annotated,
    quoted,
    deps_for_checkers,
    module_for_checkers,
]


@pytest.mark.parametrize("function", CONTEXTS)
def test_a_context_is_found_in_a_string_whatever_else_is_missing(function: Any) -> None:
    it = tool(function)
    assert it.takes_context
    assert it.parameters == X


def test_a_context_class_that_only_type_checkers_import_is_known_by_its_name() -> None:
    namespace: dict[str, Any] = {}
    source = (
        "from __future__ import annotations\n"
        "def run(run: RunContext[Deps], x: int): ...\n"
        "def call(call: ToolContext, x: int): ...\n"
    )
    exec(source, namespace)
    for name in ("run", "call"):
        it = tool(namespace[name])
        assert (it.takes_context, it.parameters) == (True, X)


def test_a_context_at_another_place_is_refused_even_if_its_deps_are_missing() -> None:
    def wrong(x: int, it: ToolContext[Deps]) -> None: ...

    with pytest.raises(ConfigError, match=r"wrong\(\): 'it' is a .*, but only the first parameter"):
        tool(wrong)


@pytest.mark.parametrize(
    "hint",
    [
        "Missing",
        "dict[str, Missing]",
        "math.Missing",
        "Missing.Inner(1)",
        "Missing.__origin__",
        "unlucky()",
        "Context",
    ],
)
def test_a_type_that_is_nowhere_is_an_error_that_names_it_on_first_use(hint: str) -> None:
    def lost(x: Any) -> None: ...

    lost.__annotations__["x"] = hint
    it = tool(lost)
    assert not it.takes_context
    with pytest.raises(ConfigError, match=r"lost\(\): the type .* of 'x' cannot be found"):
        it.parameters  # noqa: B018


def unlucky() -> object:
    raise NameError("no name at all")


@pytest.mark.parametrize("hint", ["not a type!", "int | 'x'"])
def test_a_hint_that_is_no_type_is_refused_under_the_decorator(hint: str) -> None:
    def wrong(x: Any) -> None: ...

    wrong.__annotations__["x"] = hint
    with pytest.raises(ConfigError, match=r"wrong\(\): .* of 'x' is no type"):
        tool(wrong)


async def test_an_object_that_can_be_called_finds_the_types_of_its_module() -> None:
    class Adder:
        """Adds."""

        async def __call__(self, it: Later) -> int:
            return it.value

    added = tool(name="added")(Adder())
    assert (added.description, await added.run({"it": {"value": 4}})) == ("Adds.", 4)
