"""Which tools the built-in model calls, and when it stops."""

from __future__ import annotations

from typing import Any

import pytest

from tests.offline.tools import (
    add,
    find_user,
    get_time,
    list_files,
    list_orders,
    multiply,
    read_file,
    search,
    temperature,
    told,
)
from voxagent import Agent, Message, ModelSettings, tool

FOLDER = [list_files, search, read_file]


async def _called(prompt: str, tools: list[Any], **settings: Any) -> list[tuple[str, dict[str, Any]]]:
    agent = Agent("offline:demo", tools=tools, settings=ModelSettings(**settings))
    result = await agent.run(prompt)
    assert result.ok
    return told(result.tool_calls)


@pytest.mark.parametrize(
    ("prompt", "calls"),
    [
        ("How warm is Oslo?", [("temperature", {"city": "Oslo"})]),
        ("The weather in Oslo in F, please", [("temperature", {"city": "Oslo", "unit": "F"})]),
        ("What is 2 plus 3?", [("add", {"a": 2, "b": 3})]),
        ("What is 12 times 34?", [("multiply", {"a": 12, "b": 34})]),
        ("What time is it?", [("get_time", {})]),
        ("Hello! How are you?", []),
        ("My name is Ada.", []),
    ],
)
async def test_tools_are_picked_by_the_words_and_the_values_of_the_prompt(
    prompt: str, calls: list[tuple[str, dict[str, Any]]]
) -> None:
    assert await _called(prompt, [temperature, add, multiply, get_time]) == calls


async def test_several_tools_that_fit_are_called_together() -> None:
    agent = Agent("offline:demo", tools=FOLDER)
    result = await agent.run("What does README.md say about failover?")
    assert told(result.tool_calls) == [
        ("search", {"words": "failover"}),
        ("read_file", {"path": "README.md"}),
    ]
    assert result.usage.requests == 2


async def test_a_result_that_names_a_value_leads_to_the_tool_that_needs_it() -> None:
    calls = await _called("What did Ada order?", [find_user, list_orders])
    assert calls == [("find_user", {"name": "Ada"}), ("list_orders", {"user_id": 42})]


async def test_a_file_that_a_result_names_is_read_if_the_prompt_is_about_it() -> None:
    calls = await _called("How does failover work?", FOLDER)
    assert calls == [("search", {"words": "failover"}), ("read_file", {"path": "docs/failover.md"})]
    assert await _called("List the files", FOLDER) == [("list_files", {})]


async def test_a_page_that_a_result_names_is_fetched_if_the_prompt_is_about_it() -> None:
    @tool
    def search_web(query: str) -> str:
        """Search the web for pages."""
        return "see https://example.com/oslo and https://example.com/paris"

    @tool
    def fetch_page(url: str) -> str:
        """Fetch a page from the web."""
        return "Oslo is the capital of Norway."

    calls = await _called("Search the web about Oslo", [search_web, fetch_page])
    assert calls == [("search_web", {"query": "Oslo"}), ("fetch_page", {"url": "https://example.com/oslo"})]


async def test_a_call_that_failed_is_not_made_again_and_its_values_are_not_tried_again() -> None:
    assert await _called("Is it warm in Bergen or in Oslo?", [temperature]) == [
        ("temperature", {"city": "Bergen"}),
        ("temperature", {"city": "Oslo"}),
    ]
    assert await _called("Is it warm in Bergen?", [temperature]) == [("temperature", {"city": "Bergen"})]


async def test_a_call_without_arguments_that_failed_is_not_made_again() -> None:
    @tool
    def restart() -> str:
        """Restart the server."""
        raise ValueError("it is stuck")

    assert await _called("Restart the server", [restart]) == [("restart", {})]


async def test_there_are_at_most_three_rounds_of_calls() -> None:
    calls = await _called("Warm in Bergen, Paris, Rome or Lima? And in Kyiv?", [temperature])
    assert len(calls) == 3


async def test_a_tool_that_fits_by_its_words_is_called_with_made_up_arguments_if_nothing_else_fits() -> None:
    assert await _called("Multiply!", [add, multiply]) == [("multiply", {"a": 0, "b": 0})]
    assert await _called("Find a user, please", [find_user]) == [("find_user", {"name": "user"})]


async def test_parallel_tool_calls_can_be_switched_off() -> None:
    calls = await _called("What does README.md say about failover?", FOLDER, parallel_tool_calls=False)
    assert calls == [("search", {"words": "failover"}), ("read_file", {"path": "README.md"})]


@pytest.mark.parametrize(
    ("choice", "calls"),
    [
        ("none", []),
        ("auto", []),
        ("required", [("add", {"a": 0, "b": 0})]),
        ("get_time", [("get_time", {})]),
        ("final_result", []),
    ],
)
async def test_tool_choice_is_obeyed(choice: str, calls: list[tuple[str, dict[str, Any]]]) -> None:
    assert await _called("Hello!", [add, get_time], tool_choice=choice) == calls


async def test_tool_choice_may_name_the_output() -> None:
    agent = Agent("offline:demo", tools=[get_time], output_type=int)
    result = await agent.run("What time is it? 7?", settings={"tool_choice": "final_result"})
    assert (result.output, told(result.tool_calls)) == (7, [("final_result", {"result": 7})])


async def test_required_is_met_by_the_output() -> None:
    result = await Agent("offline:demo", tools=[get_time], output_type=int).run(
        "Say 7", settings={"tool_choice": "required"}
    )
    assert (result.output, told(result.tool_calls)) == (7, [("final_result", {"result": 7})])


async def test_a_new_prompt_in_the_same_conversation_may_call_the_same_tool_again() -> None:
    agent = Agent("offline:demo", tools=[temperature], output_type=float)
    first = await agent.run("How warm is Oslo?")
    second = await agent.run("And how warm is Oslo now?", message_history=first.messages)
    assert told(second.tool_calls) == told(first.tool_calls)
    assert [call.id for call in first.tool_calls + second.tool_calls] == [
        "call_1",
        "call_2",
        "call_3",
        "call_4",
    ]


async def test_results_that_belong_to_no_known_call_are_passed_over() -> None:
    from voxagent.types import ToolResultBlock

    history = [Message("user", [ToolResultBlock("lost", "add", "5")]), Message("assistant", "Hello")]
    result = await Agent("offline:demo", tools=[add]).run("Add 1 and 2", message_history=history)
    assert told(result.tool_calls) == [("add", {"a": 1, "b": 2})]


async def test_what_is_said_while_tools_run_belongs_to_the_prompt() -> None:
    agent = Agent("offline:demo", tools=[find_user, get_time])
    asked = await agent.run("Find the user Ada")
    history = [*asked.messages[:3], Message("user", "and tell me the time")]
    result = await agent.run(None, message_history=history)
    assert told(result.tool_calls) == [("get_time", {})]


@pytest.mark.parametrize("prompt", ["-" * 40_000, "1" * 40_000, "(" * 199 + " " + "a." * 99, "“ " * 9_999])
async def test_a_prompt_that_is_no_text_is_answered_all_the_same(prompt: str) -> None:
    assert await _called(prompt * 2, FOLDER) == []
