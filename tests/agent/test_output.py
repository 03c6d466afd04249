"""The output has the type that the program wants, or the run fails with an error that says why not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from tests.agent.doors import every_door
from voxagent import Agent, ConfigError, ModelRetry, RunContext, one_of, tool
from voxagent.agent import OneOf
from voxagent.errors import AnswerCutError, CallbackError, ContentFilterError, OutputError, RefusedError
from voxagent.providers import ModelFacts
from voxagent.streaming import BaseEvent, RetryEvent
from voxagent.testing import ScriptedProvider, answer, raw_call, refusal, text, tool_call
from voxagent.types import ToolResultBlock

NO_TOOLS = ModelFacts(tools=False)


class City(BaseModel):
    """A city."""

    name: str
    people: int = 0


class Failure(BaseModel):
    reason: str


class Node(BaseModel):
    value: int
    below: list["Node"] = []


@dataclass
class Point:
    x: int
    y: int


class Movie(TypedDict):
    title: str
    year: int


class Colour(Enum):
    RED = "red"


OSLO = {"name": "Oslo", "people": 700}
TYPES = [
    (int, {"result": 7}, 7),
    (bool, {"result": True}, True),
    (float, {"result": 1}, 1.0),
    (date, {"result": "2024-01-31"}, date(2024, 1, 31)),
    (Colour, {"result": "red"}, Colour.RED),
    (Literal["a", "b"], {"result": "b"}, "b"),
    (list[City], {"result": [OSLO]}, [City(name="Oslo", people=700)]),
    (dict[str, int], {"a": 1}, {"a": 1}),
    (tuple[int, str], {"result": [1, "a"]}, (1, "a")),
    (City, OSLO, City(name="Oslo", people=700)),
    (Node, {"value": 1, "below": [{"value": 2}]}, Node(value=1, below=[Node(value=2)])),
    (Point, {"x": 1, "y": 2}, Point(1, 2)),
    (Movie, {"title": "Alien", "year": 1979}, {"title": "Alien", "year": 1979}),
    (Annotated[int, Field(gt=3)], {"result": 4}, 4),
]
every_type = pytest.mark.parametrize(("kind", "given", "output"), TYPES, ids=lambda value: str(value)[:30])


@every_type
async def test_an_output_of_any_type_comes_by_a_tool_call(kind: Any, given: Any, output: Any) -> None:
    provider = ScriptedProvider(tool_call("final_result", **given))
    result = await Agent(provider, output_type=kind).run("?")
    assert result.output == output
    [spec] = provider.requests[0].tools
    assert (spec.name, spec.parameters["type"]) == ("final_result", "object")
    assert result.messages[-1].content == [
        ToolResultBlock("call_1", "final_result", "taken as the output", False)
    ]


@every_type
@pytest.mark.parametrize("mode", ["native", "prompted"])
async def test_an_output_of_any_type_comes_as_json_text(
    kind: Any, given: Any, output: Any, mode: Any
) -> None:
    from pydantic_core import to_json

    provider = ScriptedProvider(text(to_json(given).decode()))
    result = await Agent(provider, output_type=kind, output_mode=mode).run("?")
    assert result.output == output
    [request] = provider.requests
    assert request.tools == ()
    assert (request.output is not None) == (mode == "native")
    assert ("JSON Schema" in request.system) == (mode == "prompted")


async def test_a_model_without_tools_is_asked_for_json_in_the_prompt() -> None:
    provider = ScriptedProvider(text('Here: {"name": "Oslo"}. Enjoy!'), facts=NO_TOOLS)
    result = await Agent(provider, output_type=City, system_prompt="Be brief.").run("?")
    assert result.output == City(name="Oslo")
    assert provider.requests[0].system == (
        "Be brief.\n\nAnswer with one JSON value and nothing else. It must follow this JSON Schema:\n"
        '{"properties":{"name":{"type":"string"},"people":{"default":0,"type":"integer"}},'
        '"required":["name"],"type":"object"}'
    )


@pytest.mark.parametrize(
    "said",
    [
        '{"name": "Oslo"}',
        ' \n{"name": "Oslo"}\n',
        '```json\n{"name": "Oslo"}\n```',
        '```\n{"name": "Oslo"}\n```',
        'It is\n```json\n{"name": "Oslo"}\n```\nas asked.',
        'It is {"name": "Oslo"}, as asked.',
    ],
)
async def test_json_is_found_in_what_models_put_around_it(said: str) -> None:
    provider = ScriptedProvider(text(said))
    assert (await Agent(provider, output_type=City, output_mode="prompted").run("?")).output == City(
        name="Oslo"
    )


@pytest.mark.parametrize("said", ["Oslo.", "``` ```", "} {", '{"name": '])
async def test_text_without_json_goes_back_to_the_model(said: str) -> None:
    provider = ScriptedProvider(text(said), text('{"name": "Oslo"}'))
    result = await Agent(provider, output_type=City, output_mode="prompted").run("?")
    assert result.output == City(name="Oslo")
    assert result.messages[2].role == "user"
    assert result.messages[2].text.startswith("invalid arguments: ")


async def test_what_should_be_wrapped_and_is_not_goes_back_to_the_model() -> None:
    provider = ScriptedProvider(text("[1]"), text("{nothing}"), text('{"result": 1}'))
    agent = Agent(provider, output_type=int, output_mode="native", result_retries=2)
    result = await agent.run("?")
    assert result.output == 1
    assert [message.text for message in result.messages[2:5:2]] == [
        "invalid arguments: an object with the one key 'result' is expected",
        "that is no valid JSON: key must be a string at line 1 column 2",
    ]


UNIONS: list[tuple[Any, list[tuple[str, dict[str, Any], Any]]]] = [
    (
        City | Failure,
        [
            ("final_result_City", {"name": "Oslo"}, City(name="Oslo")),
            ("final_result_Failure", {"reason": "no"}, Failure(reason="no")),
        ],
    ),
    ([City, Failure], [("final_result_Failure", {"reason": "no"}, Failure(reason="no"))]),
    ((City, int), [("final_result_int", {"result": 3}, 3)]),
    (one_of(City, Failure), [("final_result_City", {"name": "Oslo"}, City(name="Oslo"))]),
    (one_of(City, int, bool, Point), [("final_result_Point", {"x": 1, "y": 2}, Point(1, 2))]),
    (OneOf((City | int, [Failure])), [("final_result_Failure", {"reason": "x"}, Failure(reason="x"))]),
    (
        [list[int], list[str]],
        [("final_result_list", {"result": [1]}, [1]), ("final_result_list_", {"result": ["a"]}, ["a"])],
    ),
    (City | None, [("final_result_NoneType", {"result": None}, None)]),
]


@pytest.mark.parametrize(("kind", "cases"), UNIONS, ids=lambda value: str(value)[:30])
async def test_each_alternative_has_a_tool_of_its_own(
    kind: Any, cases: list[tuple[str, dict[str, Any], Any]]
) -> None:
    for name, given, output in cases:
        result = await Agent(ScriptedProvider(tool_call(name, **given)), output_type=kind).run("?")
        assert (result.has_output, result.output) == (True, output)


async def test_alternatives_as_text_are_one_schema() -> None:
    agent = Agent(
        ScriptedProvider(text('{"result": {"reason": "no"}}')),
        output_type=City | Failure,
        output_mode="native",
    )
    assert (await agent.run("?")).output == Failure(reason="no")


@pytest.mark.parametrize("facts", [ModelFacts(), NO_TOOLS])
async def test_text_or_a_model_takes_either(facts: ModelFacts) -> None:
    agent = Agent[None, str | City]("a:b", output_type=[str, City])
    assert (await agent.run("?", model=ScriptedProvider(text("no idea"), facts=facts))).output == "no idea"
    given = tool_call("final_result", name="Oslo") if facts.tools else text('{"result": {"name": "Oslo"}}')
    assert (await agent.run("?", model=ScriptedProvider(given, facts=facts))).output == City(name="Oslo")


async def test_prose_where_a_tool_call_is_needed_goes_back_to_the_model() -> None:
    provider = ScriptedProvider(text("It is Oslo."), tool_call("final_result", name="Oslo"))
    events: list[BaseEvent] = []
    result = await Agent(provider, output_type=City, observers=[events.append]).run("?")
    assert result.output == City(name="Oslo")
    said = "Give the answer by calling the tool final_result."
    assert result.messages[2].text == said
    assert [each.reason for each in events if isinstance(each, RetryEvent)] == [said]


@every_door
async def test_an_output_that_does_not_validate_goes_back_as_often_as_allowed(door: Any) -> None:
    wrong = [
        tool_call("final_result", name=3),
        raw_call("final_result", "{broken"),
        tool_call("final_result"),
    ]
    provider = ScriptedProvider(*wrong, tool_call("final_result", name="Oslo"))
    result = await door(Agent(provider, output_type=City, result_retries=3), "?")
    assert result.output == City(name="Oslo")
    provider = ScriptedProvider(*wrong)
    result = await door(Agent(provider, output_type=City, result_retries=2), "?")
    assert isinstance(result.error, OutputError)
    assert str(result.error) == (
        "the model's output did not validate, 3 times; the last time: invalid arguments: name: Field required"
    )
    given = [block for message in result.messages for block in message.tool_results]
    assert [block.is_error for block in given] == [True, True, True]
    assert given[0].text == "invalid arguments: name: Input should be a valid string (given: 3)"


def _plain(output: int) -> int:
    return output + 1


def _with_context(ctx: RunContext[None], output: int) -> int:
    assert ctx.messages[0].text == "?"
    return output + 1


async def _async_plain(output: int) -> int:
    return output + 1


async def _async_with_context(ctx: RunContext[None], output: int) -> int:
    return output + 1


@pytest.mark.parametrize("validator", [_plain, _with_context, _async_plain, _async_with_context])
async def test_a_validator_may_change_the_output_and_need_not_take_the_context(
    validator: Callable[..., Any],
) -> None:
    agent = Agent(ScriptedProvider(tool_call("final_result", result=1)), output_type=int)
    assert agent.output_validator(validator) is validator
    agent.output_validator(_plain)
    assert (await agent.run("?")).output == 3


@pytest.mark.parametrize(
    ("kind", "first", "second", "output"),
    [
        (int, tool_call("final_result", result=1), tool_call("final_result", result=2), 2),
        (str, text("1"), text("2"), "2"),
    ],
)
async def test_a_validator_may_send_the_model_back_within_the_same_bound(
    kind: Any, first: Any, second: Any, output: Any
) -> None:
    agent: Agent[None, Any] = Agent("a:b", output_type=kind)

    @agent.output_validator
    def even(value: Any) -> Any:
        if int(value) % 2:
            raise ModelRetry(f"{value} is odd")
        return value

    result = await agent.run("?", model=ScriptedProvider(first, second))
    assert result.output == output
    failed = await agent.run("?", model=ScriptedProvider(first, first))
    assert isinstance(failed.error, OutputError)
    assert str(failed.error) == "the model's output did not validate, 2 times; the last time: 1 is odd"


async def test_a_validator_that_gives_nothing_back_ends_the_run_and_is_named() -> None:
    agent = Agent(ScriptedProvider(text("hi")))

    @agent.output_validator
    def forgetful(output: str) -> None:
        return None

    result = await agent.run("?")
    assert isinstance(result.error, CallbackError)
    assert str(result.error) == "the output validator forgetful() gave nothing back; return the output"


async def test_a_validator_that_raises_ends_the_run_and_is_named() -> None:
    agent = Agent(ScriptedProvider(text("hi")))

    @agent.output_validator
    def careless(output: str) -> str:
        raise KeyError("oops")

    result = await agent.run("?")
    assert isinstance(result.error, CallbackError)
    assert str(result.error) == "the output validator careless() raised KeyError: 'oops'"


@tool
async def note(said: str) -> str:
    return f"noted {said}"


async def test_tools_beside_the_output_are_executed_and_the_first_of_two_outputs_counts() -> None:
    provider = ScriptedProvider(
        answer(
            tool_call("final_result", name="Oslo"),
            tool_call("note", said="it"),
            tool_call("final_result", name="Bergen"),
        )
    )
    result = await Agent(provider, output_type=City, tools=[note]).run("?")
    assert result.output == City(name="Oslo")
    assert result.messages[-1].content == [
        ToolResultBlock("call_1", "final_result", "taken as the output", False),
        ToolResultBlock("call_2", "note", "noted it", False),
        ToolResultBlock("call_3", "final_result", "not used: there is an output already", True),
    ]
    assert [meta.tool_name for meta in result.tool_metas] == ["note"]
    assert result.usage.tool_calls == 1


async def test_a_run_may_have_another_output_type() -> None:
    agent = Agent("a:b")
    result = await agent.run(
        "?", output_type=City, model=ScriptedProvider(tool_call("final_result", name="x"))
    )
    assert result.output == City(name="x")
    other = await agent.run(
        "?", output_type=one_of(int, City), model=ScriptedProvider(tool_call("final_result_int", result=1))
    )
    assert other.output == 1


async def test_a_refusal_is_the_text_of_a_text_agent_and_ends_the_run_of_any_other() -> None:
    assert (await Agent(ScriptedProvider(refusal("I will not."))).run("?")).output == "I will not."
    result = await Agent(ScriptedProvider(refusal("I will not.")), output_type=City).run("?")
    assert isinstance(result.error, RefusedError)
    assert str(result.error) == "the model refused: I will not."


async def test_an_answer_that_was_cut_is_flagged_as_text_and_is_no_other_output() -> None:
    cut = answer(text("It is Os"), finish_reason="length")
    result = await Agent(ScriptedProvider(cut)).run("?")
    assert (result.output, result.truncated, result.finish_reason) == ("It is Os", True, "length")
    result = await Agent(ScriptedProvider(cut), output_type=City, output_mode="native").run("?")
    assert isinstance(result.error, AnswerCutError)


async def test_a_filtered_answer_is_an_error_that_keeps_the_text() -> None:
    provider = ScriptedProvider(answer(text("It is"), finish_reason="content_filter"))
    result = await Agent(provider).run("?")
    assert isinstance(result.error, ContentFilterError)
    assert (result.error.received, result.messages[-1].text) == ("It is", "It is")


async def test_a_pause_of_the_provider_is_continued() -> None:
    provider = ScriptedProvider(answer(text("So far"), finish_reason="pause"), text(" so good."))
    result = await Agent(provider).run("?")
    assert (result.output, result.iterations, result.assistant_texts) == (
        " so good.",
        2,
        ["So far", " so good."],
    )


async def test_an_output_that_is_nested_too_deep_goes_back_to_the_model() -> None:
    deep = '{"value": 1, "below": [' * 100_000
    provider = ScriptedProvider(raw_call("final_result", deep), tool_call("final_result", value=1))
    result = await Agent(provider, output_type=Node).run("?")
    assert result.output == Node(value=1)
    assert result.messages[2].tool_results[0].is_error


async def test_a_type_that_has_no_schema_is_refused_by_name() -> None:
    class Opaque: ...

    with pytest.raises(ConfigError, match=r"^output_type: no JSON Schema for <class .*Opaque"):
        await Agent(ScriptedProvider(), output_type=Opaque).run("?")
