"""Routing: the model picks a tool and its arguments, and nothing is executed."""

from typing import Any

from tests.agent.doors import every_door
from voxagent import Agent, tool
from voxagent.session import InMemorySessionStorage
from voxagent.testing import ScriptedProvider, answer, text, tool_call

called: list[str] = []


@tool
async def book(city: str) -> str:
    called.append(city)
    return "booked"


@every_door
async def test_the_tool_that_was_picked_is_told_and_not_executed(door: Any) -> None:
    provider = ScriptedProvider(answer(text("Booking."), tool_call("book", city="Oslo")))
    result = await door(Agent(provider, tools=[book]), "Book Oslo", routing_only=True)
    assert (result.tool_name, result.tool_args, result.ok, result.has_output) == (
        "book",
        {"city": "Oslo"},
        True,
        False,
    )
    assert (called, len(provider.requests), result.tool_metas, result.usage.tool_calls) == ([], 1, [], 0)
    assert [(each.text, each.is_error) for each in result.messages[-1].tool_results] == [
        ("not executed: the tool was only to be picked", True)
    ]


@every_door
async def test_a_text_is_the_output_if_no_tool_was_picked(door: Any) -> None:
    provider = ScriptedProvider(text("Where to?"))
    result = await door(Agent(provider, tools=[book], output_type=int), "Book", routing_only=True)
    assert (result.output, result.tool_name) == ("Where to?", None)


async def test_the_history_of_a_routed_run_can_be_continued() -> None:
    storage = InMemorySessionStorage()
    provider = ScriptedProvider(tool_call("book", city="Oslo"), text("done"))
    agent = Agent(provider, tools=[book], session_storage=storage)
    first = await agent.run("Book Oslo", routing_only=True, session_key="k")
    assert (await agent.run("and now?", session_key="k")).output == "done"
    stored = await storage.load("k")
    assert stored is not None
    assert stored.messages[:3] == first.messages
