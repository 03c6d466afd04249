"""What the built-in model says, in text and as an output."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, create_model

from tests.offline.tools import (
    find_user,
    get_time,
    list_files,
    list_orders,
    read_file,
    search,
    temperature,
    told,
)
from voxagent import Agent, ModelRetry, one_of, tool

FOLDER = [list_files, search, read_file]
STRANGER = (
    "I am offline:demo, a built-in model that needs no network. I pick tools by the words of a prompt and"
    " quote what they give. Nothing in this prompt fits. "
)


class Forecast(BaseModel):
    city: str
    celsius: float
    summary: str = ""


class Failure(BaseModel):
    reason: str


class Order(BaseModel):
    id: str
    total: float


@dataclass
class Answer:
    answer: str
    sources: list[str]
    confidence: Literal["low", "high"] = "low"
    notes: list[str] = field(default_factory=list[str])


async def _said(prompt: str, *tools: Any, output_type: Any = str, **options: Any) -> Any:
    return (await Agent("offline:demo", tools=tools, output_type=output_type, **options).run(prompt)).output


def _gives(value: Any) -> Any:
    @tool
    def look() -> Any:
        """Look."""
        return value

    return look


async def test_a_short_result_is_told_with_the_tool_and_its_arguments() -> None:
    assert await _said("How warm is Oslo?", temperature) == "temperature (Oslo): 4.0"
    assert await _said("What time is it?", get_time) == "get time: 12:30"


async def test_of_long_results_the_lines_that_fit_are_told_with_their_file() -> None:
    assert await _said("What does README.md say about failover?", *FOLDER) == (
        "README.md: Failover ... The next model answers when one is down."
    )


async def test_without_a_subject_the_first_lines_are_told() -> None:
    assert await _said("Look", _gives([f"line {number} of many lines" for number in range(9)])) == (
        "look: line 0 of many lines ... line 1 of many lines ... line 2 of many lines ..."
        " line 3 of many lines ... line 4 of many lines ... line 5 of many lines ... and 3 more lines"
    )


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "look: done, without a result."),
        ([], "look: none"),
        (None, "look: none"),
        ({"a": None, "b": [1, {"c": True}]}, "look: a: none ... b: 1, c: True"),
        ("{broken", "look: {broken"),
        ("---\n \n***", ""),
        ("- a point", "look: a point"),
        ("x" * 300, "look: " + "x" * 237 + "..."),
        ("word " * 100, "look: " + "word " * 46 + "word..."),
    ],
)
async def test_every_kind_of_result_can_be_told(value: Any, said: str) -> None:
    assert await _said("Look", _gives(value)) == (said or STRANGER + "The tools I have are look.")


async def test_sentences_are_told_rather_than_headings_and_code_and_lines_that_were_broken_are_whole() -> (
    None
):
    text = """# Rain

import rain
    rain()
| rain | sun |
It will rain all day long in the north of the whole country and it
will stop in the evening.
Rain, then.
Much rain is expected by everybody who knows the weather.
"""
    assert await _said("What do you see about rain? Look", _gives(text)) == (
        "look: It will rain all day long in the north of the whole country and it will stop in the evening."
        " ... Rain, then. ... Much rain is expected by everybody who knows the weather."
    )


async def test_a_tool_that_failed_is_told_with_its_reason() -> None:
    assert await _said("How warm is Bergen?", temperature) == (
        "temperature (Bergen) failed: ValueError: no city 'Bergen'"
    )

    @tool
    def look() -> str:
        """Look."""
        raise ModelRetry("")

    assert await _said("Look", look) == "look failed: no reason given"


async def test_what_the_user_said_earlier_is_remembered() -> None:
    agent = Agent("offline:demo")
    first = await agent.run("My name is Ada.")
    second = await agent.run("What is my name?", message_history=first.messages)
    assert second.output == 'Earlier you said: "My name is Ada."'


async def test_it_says_what_it_is_if_it_can_do_nothing_else() -> None:
    assert await _said("Hello!") == STRANGER + "I have no tools here."
    assert (
        await _said("Hello!", get_time, temperature)
        == STRANGER + "The tools I have are get_time, temperature."
    )


async def test_an_output_is_filled_from_arguments_and_results() -> None:
    assert await _said("How warm is Oslo?", temperature, output_type=Forecast) == Forecast(
        city="Oslo", celsius=4.0, summary="temperature (Oslo): 4.0"
    )


async def test_an_output_names_its_sources() -> None:
    assert await _said("What does README.md say about failover?", *FOLDER, output_type=Answer) == Answer(
        "README.md: Failover ... The next model answers when one is down.",
        ["README.md"],
        notes=["Failover", "The next model answers when one is down."],
    )


async def test_a_list_is_filled_from_the_list_that_a_tool_gave() -> None:
    orders = await _said("What did Ada order?", find_user, list_orders, output_type=list[Order])
    assert orders == [Order(id="ORD-1", total=12.5), Order(id="ORD-2", total=3.0)]
    assert await _said("List the files", *FOLDER, output_type=list[str]) == ["README.md", "docs/failover.md"]


async def test_a_list_within_an_object_that_a_tool_gave_is_found_too() -> None:
    class Basket(BaseModel):
        owner: dict[str, str]
        orders: list[Order]
        total: int

    value = {"basket": {"owner": {"name": "Ada"}, "items": [{"id": 1, "total": 2}, {"id": 2, "total": 4}]}}
    assert await _said("Look", _gives(value), output_type=Basket) == Basket(
        owner={"name": "Ada"}, orders=[Order(id="1", total=2), Order(id="2", total=4)], total=2
    )


@pytest.mark.parametrize(
    ("kind", "output"),
    [
        (int, 7),
        (float, 7.0),
        (bool, False),
        (list[int], [7]),
        (Literal["sun", "rain"], "rain"),
        (int | None, 7),
        (list[Literal["sun", "rain"]], ["rain"]),
        (dict[str, int], {}),
    ],
)
async def test_an_output_without_tools_is_filled_from_the_prompt(kind: Any, output: Any) -> None:
    assert await _said("Rain for 7 days", output_type=kind) == output


class Node(BaseModel):
    value: str
    parent: Node | None = None
    children: list[Node] = []


async def test_parts_of_an_output_that_nothing_stands_for_are_left_out() -> None:
    assert await _said("Look", _gives("5"), output_type=Node) == Node(value="look: 5")
    found = {"value": "a", "parent": {"value": "b"}, "children": [{"value": "c"}]}
    assert await _said("Look", _gives(found), output_type=Node) == Node(**found)
    for _ in range(9):
        found = {"value": "deep", "parent": found, "children": []}
    assert await _said("Look", _gives(found), output_type=Node) == Node(**found)


@pytest.mark.parametrize(
    ("kind", "found", "output"),
    [
        (Any, 5, 5),
        (dict[str, Any], {"a": 1}, {"a": 1}),
        (dict[str, int], {"a": 1}, {"a": 1}),
        (dict[str, int], {"a": "one"}, {}),
        (Annotated[dict[str, int], Field(min_length=2)], {"a": 1}, {"1": 0, "2": 0}),
        (dict[Literal["b"], int], {"a": 1}, {}),
        (Literal["sun", "rain"], "rain", "rain"),
        (Literal[1, 2], True, 1),
        (float, "inf", 0.0),
        (list[str], ["a", "b", "a"], ["a", "b"]),
        (list[int], [1, "x", 2], [1, 2]),
    ],
)
async def test_a_value_that_a_tool_gave_is_taken_by_its_name_if_it_fits(
    kind: Any, found: Any, output: Any
) -> None:
    made = create_model("Made", thing=(kind, ...))
    assert await _said("Look", _gives({"thing": found}), output_type=made) == made(thing=output)


async def test_of_several_outputs_the_one_for_failures_is_taken_if_everything_failed() -> None:
    kinds = one_of(Failure, Forecast)
    assert await _said("How warm is Oslo?", temperature, output_type=kinds) == Forecast(
        city="Oslo", celsius=4.0, summary="temperature (Oslo): 4.0"
    )
    assert await _said("How warm is Bergen?", temperature, output_type=kinds) == Failure(
        reason="temperature (Bergen) failed: ValueError: no city 'Bergen'"
    )


async def test_an_output_that_was_refused_is_given_once_more_as_small_as_it_can_be() -> None:
    agent = Agent("offline:demo", tools=[temperature], output_type=Forecast)
    seen: list[Forecast] = []

    @agent.output_validator
    def plausible(output: Forecast) -> Forecast:
        seen.append(output)
        if output.celsius:
            raise ModelRetry("too warm")
        return output

    result = await agent.run("How warm is Oslo?")
    assert result.output == Forecast(city="", celsius=0.0)
    assert [output.celsius for output in seen] == [4.0, 0.0]


async def test_an_output_that_is_refused_for_ever_ends_in_text() -> None:
    agent = Agent("offline:demo", output_type=Forecast, result_retries=9)

    @agent.output_validator
    def never(output: Forecast) -> Forecast:
        raise ModelRetry("no")

    result = await agent.run("How warm is Oslo?")
    assert [name for name, _ in told(result.tool_calls)] == ["final_result"] * 3
    assert result.assistant_texts[0].startswith("I am offline:demo")


@pytest.mark.parametrize("mode", ["native", "prompted"])
async def test_an_output_can_be_asked_for_as_json_text(mode: Any) -> None:
    output = await _said("How warm is Oslo?", temperature, output_type=Forecast, output_mode=mode)
    assert output == Forecast(city="Oslo", celsius=4.0, summary="temperature (Oslo): 4.0")


async def test_json_text_that_was_refused_is_given_once_more_as_small_as_it_can_be() -> None:
    class Even(BaseModel):
        number: int

        def model_post_init(self, context: Any) -> None:
            if self.number % 2:
                raise ValueError("odd")

    assert await _said("Give 7", output_type=Even, output_mode="native") == Even(number=0)


async def test_a_system_prompt_that_only_looks_like_a_schema_is_text() -> None:
    assert (await _said("Hello!", system_prompt="JSON Schema:\n{broken")).startswith("I am offline:demo")
