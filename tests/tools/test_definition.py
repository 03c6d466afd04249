"""A tool is a function, what the model is told of it, and how it may be run."""

import asyncio
import contextvars
import functools
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from voxagent.errors import ConfigError, ModelRetry
from voxagent.tools import FunctionTool, ToolContext, ToolDefinition, tool
from voxagent.types import ToolSpec

WAIT = 10
user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "integer", "default": 1}},
    "required": ["a"],
    "additionalProperties": False,
}


def add(a: int, b: int = 1) -> int:
    """Add two numbers."""
    return a + b


@pytest.mark.parametrize("made", [tool(add), tool()(add), FunctionTool(add)])
def test_a_decorated_function_is_a_tool_and_still_the_function(made: Any) -> None:
    assert isinstance(made, FunctionTool)
    assert (made.name, made.description, made.parameters, made.is_async) == (
        "add",
        "Add two numbers.",
        SCHEMA,
        False,
    )
    assert (made(2), made(2, b=3), made.__doc__, made.__wrapped__) == (3, 5, "Add two numbers.", add)
    assert repr(made) == "FunctionTool(name='add')"


def test_a_decorated_function_is_called_with_its_context() -> None:
    @tool
    def who(ctx: ToolContext[str], greeting: str) -> str:
        return f"{greeting}, {ctx.deps}"

    assert who(ToolContext(deps="Ada"), greeting="Hello") == "Hello, Ada"


async def test_a_decorated_coroutine_function_is_awaited_when_called() -> None:
    @tool
    async def later(a: int) -> int:
        return a

    assert later.is_async
    assert await later(3) == 3


def test_the_decorator_takes_other_words_and_options() -> None:
    def prepare(run: object, it: ToolDefinition[Any]) -> ToolDefinition[Any]:
        return it

    it = tool(
        name="plus",
        description="Plus.",
        timeout=None,
        retries=0,
        sequential=True,
        strict=True,
        prepare=prepare,
    )(add)
    assert it.spec == ToolSpec("plus", "Plus.", SCHEMA, True)
    assert (it.timeout, it.retries, it.sequential, it.prepare) == (None, 0, True, prepare)


def test_the_options_have_their_defaults() -> None:
    it = tool(add)
    assert (it.timeout, it.retries, it.sequential, it.strict, it.prepare) == (60.0, None, False, None, None)


@pytest.mark.parametrize("name", ["a", "_a1", "Get_Weather", "x" * 100])
def test_a_name_of_letters_digits_and_underscores_is_taken(name: str) -> None:
    assert ToolDefinition(name, "", add).name == name
    assert tool(name=name)(add).name == name


@pytest.mark.parametrize("name", ["", "1a", "a-b", "a b", "a.b", "é", "a\n", "<lambda>"])
def test_any_other_name_is_a_value_error(name: str) -> None:
    makers = (
        lambda: ToolDefinition(name, "", add),
        lambda: tool(name=name)(add),
        lambda: tool(add).changed(name=name),
    )
    for make in makers:
        with pytest.raises(ValueError, match="is not made of letters, digits and underscores"):
            make()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"timeout": 0}, "tool 'add': timeout=0 is not a positive number of seconds"),
        ({"timeout": -1.5}, "tool 'add': timeout=-1.5 is not a positive number of seconds"),
        ({"timeout": "3"}, "tool 'add': timeout='3' is not a positive number of seconds"),
        ({"retries": "many"}, "tool 'add': retries='many' is no number from 0"),
        ({"retries": -1}, "tool 'add': retries=-1 is no number from 0"),
    ],
)
def test_options_that_make_no_sense_are_refused_under_the_decorator(options: Any, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        tool(**options)(add)
    assert str(caught.value) == told


def generates() -> Iterator[int]:
    yield 1


async def generates_async() -> AsyncIterator[int]:
    yield 1


class Generates:
    def __call__(self) -> Iterator[int]:
        yield 1


@pytest.mark.parametrize("function", [generates, generates_async, functools.partial(generates), Generates()])
def test_a_generator_is_refused_under_the_decorator(function: Any) -> None:
    with pytest.raises(ConfigError, match="is a generator; return the result, and report progress by"):
        tool(name="generates")(function)


async def test_a_decorator_that_collects_a_generator_makes_it_a_tool() -> None:
    @functools.wraps(generates)
    def collected() -> list[int]:
        return list(generates())

    assert await tool(collected).run({}) == [1]


async def test_a_blocking_function_runs_in_a_thread_and_sees_the_callers_context() -> None:
    user.set("ada")

    @tool
    def who() -> tuple[str, bool]:
        seen = user.get()
        user.set("eve")
        return seen, threading.current_thread() is threading.main_thread()

    assert await who.run({}) == ("ada", False)
    assert user.get() == "ada"


async def test_a_coroutine_function_runs_on_the_callers_loop_and_sees_its_context() -> None:
    user.set("ada")

    @tool
    async def who() -> tuple[str, asyncio.AbstractEventLoop]:
        return user.get(), asyncio.get_running_loop()

    assert await who.run({}) == ("ada", asyncio.get_running_loop())


async def test_blocking_functions_run_together() -> None:
    everybody = threading.Barrier(5)

    @tool
    def meet() -> int:
        return everybody.wait(WAIT)

    met = await asyncio.wait_for(asyncio.gather(*[meet.run({}) for _ in range(5)]), 2 * WAIT)
    assert sorted(met) == [0, 1, 2, 3, 4]


class Adder:
    """Adds."""

    async def __call__(self, a: int) -> int:
        return a + 1


async def adds_later(a: int) -> int:
    """Adds."""
    return a + 1


@functools.wraps(adds_later)
def passes_on(*args: Any, **kwargs: Any) -> Any:
    return adds_later(*args, **kwargs)


@functools.wraps(adds_later)
def runs_it(*args: Any, **kwargs: Any) -> Any:
    return asyncio.run(adds_later(*args, **kwargs))


@pytest.mark.parametrize(
    "function",
    [Adder(), adds_later, functools.partial(adds_later), passes_on, runs_it, Adder().__call__],
    ids=["object", "function", "partial", "passes on", "runs it", "method"],
)
async def test_whatever_can_be_called_is_awaited_if_that_is_what_it_takes(function: Any) -> None:
    it = ToolDefinition("adds", "", function)
    assert await it.run({"a": "1"}) == 2


def test_a_partial_tells_what_its_function_tells() -> None:
    it = tool(name="add_one")(functools.partial(add, 1))
    assert (it.description, it.parameters["properties"]) == (
        "Add two numbers.",
        {"b": {"type": "integer", "default": 1}},
    )


async def test_a_method_is_a_tool_without_its_self() -> None:
    class Shop:
        def price(self, item: str) -> str:
            """The price."""
            return f"{item}: 3"

    it = tool(Shop().price)
    assert list(it.parameters["properties"]) == ["item"]
    assert await it.run({"item": "tea"}) == "tea: 3"


async def test_a_definition_made_by_hand_reads_its_function() -> None:
    it = ToolDefinition("plus", "Plus.", add)
    assert (it.description, it.parameters, it.is_async, it.takes_context) == ("Plus.", SCHEMA, False, False)
    assert await it.run({"a": "2"}) == 3
    assert repr(it) == "ToolDefinition(name='plus')"
    assert ToolDefinition("plus", "Plus.", lambda a: adds_later(a), is_async=True).is_async


async def test_arguments_that_do_not_fit_never_reach_the_function() -> None:
    called: list[int] = []

    @tool
    def note(a: int) -> None:
        called.append(a)

    with pytest.raises(ModelRetry, match="a: Input should be a valid integer"):
        await note.run({"a": "x"})
    assert called == []


async def test_what_the_function_raises_is_raised() -> None:
    @tool
    def retry() -> None:
        raise ModelRetry("in English, please")

    with pytest.raises(ModelRetry, match="in English, please"):
        await retry.run({})


def test_both_services_get_the_form_they_know() -> None:
    it = tool(add)
    told = {"name": "add", "description": "Add two numbers."}
    assert it.to_openai_schema() == {"type": "function", "function": {**told, "parameters": SCHEMA}}
    assert it.to_anthropic_schema() == {**told, "input_schema": SCHEMA}


@pytest.mark.parametrize("made", [tool(add), ToolDefinition("add", "Add two numbers.", add)])
async def test_a_changed_copy_leaves_the_original_alone(made: ToolDefinition[object]) -> None:
    original = made.spec
    other = made.changed(name="plus", description="Plus.", parameters={"type": "object"})
    assert other.spec == ToolSpec("plus", "Plus.", {"type": "object"})
    assert made.spec == original == ToolSpec("add", "Add two numbers.", SCHEMA)
    assert made.changed().spec == original
    assert type(other) is type(made)
    assert await other.run({"a": 1}) == 2


def test_a_specification_is_made_once() -> None:
    it = tool(add)
    assert it.spec is it.spec
