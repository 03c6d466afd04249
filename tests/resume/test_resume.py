"""R-A14: a run that was interrupted is taken up where its session ends, and does nothing twice."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tests.agent.doors import every_door
from tests.agent.seen import WAIT
from voxagent import Agent, ConfigError, Message, tool
from voxagent.abort import AbortController
from voxagent.agent.history import INTERRUPTED
from voxagent.agent.storing import Storing
from voxagent.session import InMemorySessionStorage, Session, effective
from voxagent.session.marks import begun_calls
from voxagent.testing import ScriptedProvider, answer, stalls, text, tool_call
from voxagent.types import Approve, ToolResultBlock, ToolUseBlock

CALLED = Message(
    "assistant",
    [
        ToolUseBlock("l1", "look", {"place": "a"}),
        ToolUseBlock("p1", "pay", {"amount": 5}),
    ],
)
CALLS = answer(tool_call("look", id="l1", place="a"), tool_call("pay", id="p1", amount=5))


class Shop:
    """Tools that remember what was done."""

    def __init__(self) -> None:
        self.paid: list[int] = []
        self.looked: list[str] = []
        self.may_pay = asyncio.Event()
        self.may_pay.set()
        self.paying = asyncio.Event()

    def agent(self, *script: Any, gated: bool = False, **options: Any) -> Agent[None, str]:
        @tool(requires_approval=gated)
        async def pay(amount: int) -> str:
            self.paying.set()
            await self.may_pay.wait()
            self.paid.append(amount)
            return f"paid {amount}"

        @tool(idempotent=True)
        async def look(place: str) -> str:
            self.looked.append(place)
            return f"seen {place}"

        return Agent(ScriptedProvider(*script), tools=[pay, look], **options)


async def session_of(*messages: Message) -> InMemorySessionStorage:
    storage = InMemorySessionStorage()
    session = Session.create("k")
    session.messages.extend(messages)
    await storage.save(session)
    return storage


def told(messages: Sequence[Message]) -> dict[str, str]:
    return {result.tool_use_id: result.text for message in messages for result in message.tool_results}


async def test_a_result_is_stored_while_another_tool_still_works() -> None:
    shop, storage = Shop(), InMemorySessionStorage()
    shop.may_pay.clear()
    agent = shop.agent(CALLS, text("done"), session_storage=storage)
    running = asyncio.create_task(agent.run("?", session_key="k"))
    async with asyncio.timeout(WAIT):
        await shop.paying.wait()
        while not told(await all_of(storage)):  # noqa: ASYNC110  # the store tells nobody
            await asyncio.sleep(0.001)
    stored = await storage.load("k")
    assert stored is not None
    assert told(stored.messages) == {"l1": "seen a"}
    shop.may_pay.set()
    result = await running
    stored = await storage.load("k")
    assert stored is not None
    assert effective(stored.messages) == result.messages
    assert [block.tool_use_id for block in result.messages[2].tool_results] == ["l1", "p1"]


@every_door
async def test_an_answered_call_is_not_made_again_and_of_one_that_had_begun_the_model_is_told(
    door: Any,
) -> None:
    """Fault 71: what was begun and not answered is never repeated silently."""
    storage, shop = await session_of(Message("user", "?"), CALLED), Shop()
    agent = shop.agent(text("done"), session_storage=storage)
    result = await door(agent, None, session_key="k", resume=True)
    assert (result.output, shop.paid, shop.looked) == ("done", [], ["a"])
    assert told(result.new_messages) == {"l1": "seen a", "p1": INTERRUPTED}
    assert result.messages == [*(await all_of(storage))]


async def all_of(storage: InMemorySessionStorage) -> list[Message]:
    session = await storage.load("k")
    return [] if session is None else effective(session.messages)


async def test_a_result_that_was_stored_counts() -> None:
    done = Message("user", [ToolResultBlock("p1", "pay", "paid 5")])
    storage, shop = await session_of(Message("user", "?"), CALLED, done), Shop()
    result = await shop.agent(text("done"), session_storage=storage).resume("k")
    assert (result.output, shop.paid, shop.looked) == ("done", [], ["a"])
    assert told(result.messages) == {"l1": "seen a", "p1": "paid 5"}


async def test_a_prompt_instead_tells_the_model_of_every_open_call() -> None:
    storage, shop = await session_of(Message("user", "?"), CALLED), Shop()
    result = await shop.agent(text("done"), session_storage=storage).run("and now?", session_key="k")
    assert (shop.paid, shop.looked) == ([], [])
    assert told(result.messages) == {"l1": INTERRUPTED, "p1": INTERRUPTED}
    assert [message.role for message in result.messages] == ["user", "assistant", "user", "user", "assistant"]


async def test_a_prompt_without_an_answer_is_answered() -> None:
    storage = await session_of(Message("user", "?"))
    result = await Agent(ScriptedProvider(text("yes")), session_storage=storage).resume("k")
    assert (result.output, len(result.messages)) == ("yes", 2)


async def test_an_answer_that_is_there_is_the_output_and_nobody_is_asked() -> None:
    storage = await session_of(Message("user", "?"), Message("assistant", "yes", finish_reason="stop"))
    with ScriptedProvider() as model:
        result = await Agent(model, session_storage=storage).resume("k")
    assert (result.output, result.new_messages) == ("yes", [])


@pytest.mark.parametrize("stored", ["the call", "its result"])
async def test_an_output_that_was_given_by_a_tool_is_taken(stored: str) -> None:
    messages = [
        Message("user", "?"),
        Message("assistant", [ToolUseBlock("o1", "final_result", {"result": 7})]),
    ]
    if stored == "its result":
        messages.append(Message("user", [ToolResultBlock("o1", "final_result", "taken as the output")]))
    with ScriptedProvider() as model:
        agent = Agent(model, output_type=int, session_storage=await session_of(*messages))
        result = await agent.resume("k")
    assert result.output == 7


async def test_an_output_that_was_refused_is_asked_for_again() -> None:
    refused = ToolResultBlock("o1", "final_result", "no number", is_error=True)
    call = Message("assistant", [ToolUseBlock("o1", "final_result", {"result": "x"})])
    storage = await session_of(Message("user", "?"), call, Message("user", [refused]))
    model = ScriptedProvider(answer(tool_call("final_result", result=7)))
    assert (await Agent(model, output_type=int, session_storage=storage).resume("k")).output == 7


async def test_an_answer_that_broke_off_is_gone_on_with() -> None:
    storage, controller = InMemorySessionStorage(), AbortController()
    agent = Agent(ScriptedProvider(answer(text("half an "), stalls())), session_storage=storage)
    agent.subscribe(lambda event: controller.abort("enough") if event.event_type == "text_delta" else None)
    first = await agent.run("?", session_key="k", abort_signal=controller.signal)
    assert first.aborted
    model = ScriptedProvider(text("answer"))
    result = await agent.resume("k", model=model)
    assert result.output == "answer"
    assert [message.text for message in model.requests[0].messages] == [
        "?",
        "half an ",
        "Your last answer was interrupted. Go on.",
    ]


async def test_a_call_that_was_approved_and_had_begun_is_not_made_again() -> None:
    """The approval was given for one payment; nobody knows whether it was made."""
    storage, shop = InMemorySessionStorage(), Shop()
    shop.may_pay.clear()
    pay = answer(tool_call("pay", id="p1", amount=5))
    gated = shop.agent(pay, gated=True, session_storage=storage, approve=lambda request: Approve())
    running = asyncio.create_task(gated.run("?", session_key="k"))
    async with asyncio.timeout(WAIT):
        await shop.paying.wait()
    crashed = await storage.load("k")
    assert crashed is not None
    shop.may_pay.set()
    await running
    copy, other = await session_of(*crashed.messages), Shop()
    again = other.agent(text("done"), gated=True, session_storage=copy)
    result = await again.run(None, session_key="k", approvals={"p1": True})
    assert (result.output, other.paid, told(result.messages)) == ("done", [], {"p1": INTERRUPTED})


async def test_a_call_that_waits_for_approval_is_asked_about_again() -> None:
    storage, shop = InMemorySessionStorage(), Shop()
    script = answer(tool_call("pay", id="p1", amount=5))
    first = shop.agent(script, gated=True, session_storage=storage)
    second = shop.agent(text("done"), gated=True, session_storage=storage, approve=lambda request: Approve())
    assert len((await first.run("?", session_key="k")).pending) == 1
    result = await second.resume("k")
    assert (result.output, shop.paid) == ("done", [5])


async def test_a_tool_that_is_no_longer_there_is_not_made_up() -> None:
    storage = await session_of(Message("user", "?"), Message("assistant", [ToolUseBlock("g1", "gone", {})]))
    result = await Agent(ScriptedProvider(text("ok")), session_storage=storage).resume("k")
    assert told(result.messages) == {"g1": INTERRUPTED}


async def test_nothing_to_resume_is_said() -> None:
    agent = Agent(ScriptedProvider())
    with pytest.raises(ConfigError, match="there is none in session 'nobody'"):
        await agent.resume("nobody")
    with pytest.raises(ConfigError, match="needs session_key=, and prompt=None"):
        await agent.run("hello", session_key="k", resume=True)
    with pytest.raises(ConfigError, match="needs session_key=, and prompt=None"):
        await agent.run(None, resume=True)


async def test_calls_that_begin_together_are_written_down_one_after_the_other() -> None:
    storage, shop = InMemorySessionStorage(), Shop()
    script = answer(*(tool_call("pay", id=f"p{number}", amount=number) for number in range(3)))
    approve = lambda request: Approve()  # noqa: E731  # as short as it can be
    agent = shop.agent(script, text("done"), gated=True, session_storage=storage, approve=approve)
    result = await agent.run("?", session_key="k")
    session = await storage.load("k")
    assert session is not None
    assert (result.output, sorted(shop.paid)) == ("done", [0, 1, 2])
    assert begun_calls(session.messages[:-1]) == {"p0", "p1", "p2"}
    assert begun_calls(session.messages) == frozenset()  # those of an answer that is answered are over
    assert effective(session.messages) == result.messages


async def test_two_who_wait_for_the_same_write_are_both_told_when_it_is_over() -> None:
    """Each goes on after what it asked for is stored, and nothing is written twice."""

    class Slow(InMemorySessionStorage):
        async def append(self, key: str, messages: Sequence[Message], *, expected_version: int) -> int:
            await asyncio.sleep(0.01)
            return await super().append(key, messages, expected_version=expected_version)

    storage = Slow()
    storing = Storing(storage, "k", 0)
    storing.add(Message("user", "?"))
    await asyncio.gather(storing.written(), storing.begun("p0"), storing.begun("p1"))
    session = await storage.load("k")
    assert session is not None
    assert (len(session.messages), begun_calls(session.messages)) == (3, {"p0", "p1"})
