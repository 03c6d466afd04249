"""Tool calls that somebody must approve (R-A21)."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import pytest

from tests.agent.doors import DOORS, every_door
from tests.agent.seen import WAIT, kinds
from voxagent import (
    AbortController,
    Agent,
    ConfigError,
    Hooks,
    Message,
    RunContext,
    RunResult,
    ToolCall,
    ToolContext,
    tool,
)
from voxagent.errors import CallbackError, NoOutputError
from voxagent.session import InMemorySessionStorage, effective
from voxagent.streaming import ApprovalRequestEvent, BaseEvent, ToolEndEvent, ToolStartEvent
from voxagent.testing import ScriptedProvider, answer, text, tool_call
from voxagent.tools import FunctionToolset, ToolPolicy, approval_required, prefixed
from voxagent.types import ApprovalRequest, Approve, Deny, ToolResultBlock

PAY = tool_call("pay", id="p1", amount=5)


class Shop:
    """Tools that remember what was done."""

    def __init__(self, requires: Any = True, **options: Any) -> None:
        self.paid: list[int] = []
        self.looked = 0

        @tool(requires_approval=requires, **options)
        async def pay(amount: int) -> str:
            self.paid.append(amount)
            return f"paid {amount}"

        @tool
        async def look() -> str:
            self.looked += 1
            return "seen"

        self.tools = [pay, look]

    def agent(self, *steps: Any, **options: Any) -> Agent[None, str]:
        return Agent(ScriptedProvider(*steps), tools=self.tools, **options)


def results(result: RunResult[Any]) -> dict[str, Any]:
    """What the model was told of each call."""
    return {
        block.tool_use_id: block.content
        for message in result.messages
        for block in message.of(ToolResultBlock)
    }


def approving(given: list[ApprovalRequest]) -> Callable[[ApprovalRequest], Awaitable[Approve]]:
    async def approve(request: ApprovalRequest) -> Approve:
        given.append(request)
        return Approve()

    return approve


# --- with a handler --------------------------------------------------------------------------------


@every_door
async def test_a_handler_is_asked_and_the_call_is_made(door: Any) -> None:
    shop, asked = Shop(), list[ApprovalRequest]()
    result = await door(shop.agent(PAY, text("done"), approve=approving(asked)), "pay 5")
    (request,) = asked
    assert (request.call, request.run_id, request.path) == (
        ToolCall("p1", "pay", {"amount": 5}, '{"amount":5}'),
        result.run_id,
        (),
    )
    assert (shop.paid, result.output, result.pending) == ([5], "done", [])


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Deny("too much"), "denied: too much"),
        (Deny(), "denied: the call was not approved"),
        (False, "denied: the call was not approved"),
        (Approve("another"), "denied: the arguments are not those that were approved"),
    ],
)
async def test_a_denied_call_is_told_to_the_model_and_not_made(reply: Any, told: str) -> None:
    shop = Shop()
    agent = shop.agent(PAY, text("sorry"), approve=lambda request: reply)
    result = await agent.run("pay 5")
    assert (shop.paid, results(result), result.output) == ([], {"p1": told}, "sorry")
    assert [meta.success for meta in result.tool_metas] == [False]


@pytest.mark.parametrize("reply", [True, Approve()])
async def test_a_plain_function_may_approve_and_may_block(reply: Any) -> None:
    """It runs in a thread, so that somebody may be asked at a keyboard while the other tools go on."""
    go, shop = threading.Event(), Shop()

    def approve(request: ApprovalRequest) -> Any:
        assert go.wait(WAIT)
        return reply

    @tool
    async def other() -> str:
        go.set()
        return "went on"

    agent = Agent(
        ScriptedProvider(answer(PAY, tool_call("other")), text("done")),
        tools=[*shop.tools, other],
        approve=approve,
    )
    assert (await agent.run("?")).output == "done"
    assert shop.paid == [5]


async def test_an_object_may_approve() -> None:
    class Desk:
        async def __call__(self, request: ApprovalRequest) -> Approve:
            return Approve(request.digest)

    shop = Shop()
    await shop.agent(PAY, text("done"), approve=Desk()).run("?")
    assert shop.paid == [5]


async def test_a_function_may_give_an_awaitable_back() -> None:
    async def later() -> Approve:
        return Approve()

    shop = Shop()
    await shop.agent(PAY, text("done"), approve=lambda request: later()).run("?")
    assert shop.paid == [5]


async def test_a_handler_that_fails_ends_the_run() -> None:
    def broken(request: ApprovalRequest) -> Approve:
        raise OSError("no line")

    shop = Shop()
    result = await shop.agent(PAY, approve=broken).run("?")
    assert isinstance(result.error, CallbackError)
    assert "the approval handler" in str(result.error)
    assert "OSError: no line" in str(result.error)
    assert shop.paid == []


async def test_a_handler_that_answers_something_else_ends_the_run() -> None:
    shop = Shop()
    result = await shop.agent(PAY, approve=cast("Any", lambda request: "yes")).run("?")
    assert "the approval handler gave 'yes' back: Approve() or Deny() is expected" in str(result.error)
    assert shop.paid == []


async def test_arguments_that_are_wrong_go_back_to_the_model_and_nobody_is_asked() -> None:
    shop, asked = Shop(), list[ApprovalRequest]()
    agent = shop.agent(tool_call("pay", amount="much"), text("sorry"), approve=approving(asked))
    await agent.run("?")
    assert (asked, shop.paid) == ([], [])


async def test_the_wait_is_not_the_tools_time() -> None:
    shop, release = Shop(timeout=0.2), asyncio.Event()

    async def slow(request: ApprovalRequest) -> Approve:
        await asyncio.sleep(0.5)
        release.set()
        return Approve()

    result = await shop.agent(PAY, text("done"), approve=slow).run("?")
    assert (result.output, shop.paid) == ("done", [5])
    assert result.tool_metas[0].execution_time_ms < 400


async def test_the_clock_runs_again_once_the_call_is_approved() -> None:
    @tool(requires_approval=True, timeout=0.05)
    async def stuck() -> None:
        await asyncio.Event().wait()

    agent = Agent(
        ScriptedProvider(tool_call("stuck"), text("done")), tools=[stuck], approve=lambda request: Approve()
    )
    result = await asyncio.wait_for(agent.run("?"), WAIT)
    assert "did not end within 0.05 s" in str(result.tool_metas[0].error)


async def test_an_abort_ends_the_wait() -> None:
    """R-A09."""
    controller, cancelled, shop = AbortController(), asyncio.Event(), Shop()

    async def waiting(request: ApprovalRequest) -> Approve:
        controller.abort("left")
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    result = await asyncio.wait_for(
        shop.agent(PAY, approve=waiting).run("?", abort_signal=controller.signal), WAIT
    )
    assert (result.aborted, cancelled.is_set(), shop.paid, result.pending) == (True, True, [], [])
    assert results(result) == {"p1": "cancelled"}


async def test_events_tell_who_is_waited_for() -> None:
    events: list[BaseEvent] = []
    shop = Shop()
    agent = shop.agent(PAY, text("done"), approve=lambda request: Approve(), observers=[events.append])
    await agent.run("?")
    told = [
        event for event in events if isinstance(event, (ApprovalRequestEvent, ToolStartEvent, ToolEndEvent))
    ]
    assert [type(event) for event in told] == [ApprovalRequestEvent, ToolStartEvent, ToolEndEvent]


# --- which calls -------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_function_tells_which_calls_need_approval(is_async: bool) -> None:
    def dear(ctx: ToolContext[Any], args: Mapping[str, Any]) -> bool:
        assert ctx.tool_name == "pay"
        return bool(args["amount"] > 10)

    async def dear_later(ctx: ToolContext[Any], args: Mapping[str, Any]) -> bool:
        return dear(ctx, args)

    shop, asked = Shop(dear_later if is_async else dear), list[ApprovalRequest]()
    both = answer(tool_call("pay", id="a", amount=5), tool_call("pay", id="b", amount=50))
    await shop.agent(both, text("done"), approve=approving(asked)).run("?")
    assert ([request.call.id for request in asked], sorted(shop.paid)) == (["b"], [5, 50])


async def test_a_function_that_fails_to_tell_ends_the_run() -> None:
    shop = Shop(lambda ctx, args: args["price"] > 10)
    result = await shop.agent(PAY).run("?")
    assert "requires_approval of 'pay'" in str(result.error)
    assert shop.paid == []


@pytest.mark.parametrize("when", [True, lambda ctx, args: True])
async def test_a_whole_toolset_can_need_approval(when: Any) -> None:
    shop, asked = Shop(False), list[ApprovalRequest]()
    tools = approval_required(prefixed(FunctionToolset(shop.tools), "shop"), when)
    agent = Agent(
        ScriptedProvider(tool_call("shop_pay", amount=5), text("done")),
        toolsets=[tools],
        approve=approving(asked),
    )
    await agent.run("?")
    assert ([request.call.name for request in asked], shop.paid) == (["shop_pay"], [5])
    assert repr(tools).startswith("approval_required(prefixed(")


async def test_a_policy_can_ask() -> None:
    """R-A18."""
    shop, asked = Shop(False), list[ApprovalRequest]()
    both = answer(PAY, tool_call("look"))
    await shop.agent(both, text("done"), approve=approving(asked)).run(
        "?", policies=[ToolPolicy(ask_list=["pay"])]
    )
    assert ([request.call.name for request in asked], shop.paid, shop.looked) == (["pay"], [5], 1)


def test_a_list_to_ask_about_is_a_list() -> None:
    with pytest.raises(ConfigError, match=r"ask_list='pay'"):
        ToolPolicy(ask_list="pay")


def test_what_says_neither_yes_nor_no_is_refused() -> None:
    with pytest.raises(ConfigError, match="requires_approval='yes' is neither a bool nor a function"):
        Shop("yes")
    with pytest.raises(ConfigError, match="approve"):
        Agent("offline:demo", approve=cast("Any", "yes"))


# --- without a handler: ask later ----------------------------------------------------------------------


@every_door
async def test_without_a_handler_the_run_ends_with_what_waits(door: Any) -> None:
    events: list[BaseEvent] = []
    shop = Shop()
    agent = shop.agent(answer(PAY, tool_call("look", id="l1")), observers=[events.append])
    result = await door(agent, "pay 5")
    (request,) = result.pending
    assert (request.call.id, request.call.params, len(request.digest)) == ("p1", {"amount": 5}, 64)
    assert (result.ok, result.has_output, shop.paid, shop.looked) == (True, False, [], 1)
    assert results(result) == {"l1": "seen"}
    assert "tool_start" in kinds(events)
    assert [event.tool_call.id for event in events if isinstance(event, ToolStartEvent)] == ["l1"]
    with pytest.raises(NoOutputError, match="1 tool calls wait for approval"):
        _ = result.output


@every_door
@pytest.mark.parametrize("given", [True, Approve()])
async def test_an_approved_call_is_made_later(door: Any, given: Any) -> None:
    shop = Shop()
    both = answer(tool_call("look", id="l1"), PAY, tool_call("look", id="l2"))
    first = await door(shop.agent(both), "pay 5")
    provider = ScriptedProvider(text("done"))
    later = Agent(provider, tools=shop.tools)
    second = await door(later, None, message_history=first.messages, approvals={"p1": given})
    assert (second.output, shop.paid, second.pending) == ("done", [5], [])
    asked = provider.requests[0].messages
    assert [message.role for message in asked] == ["user", "assistant", "user"]
    assert [block.tool_use_id for block in asked[2].of(ToolResultBlock)] == ["l1", "p1", "l2"]
    assert [message.role for message in second.new_messages] == ["user", "assistant"]


@pytest.mark.parametrize(
    ("given", "told"), [(Deny("too dear"), "denied: too dear"), (False, "denied: the call was not approved")]
)
async def test_a_denial_may_come_later_too(given: Any, told: str) -> None:
    shop = Shop()
    first = await shop.agent(PAY).run("?")
    second = await shop.agent(text("sorry")).run(
        None, message_history=first.messages, approvals={"p1": given}
    )
    assert (second.output, shop.paid, results(second)) == ("sorry", [], {"p1": told})


async def test_calls_may_be_approved_one_after_the_other() -> None:
    shop = Shop()
    both = answer(PAY, tool_call("pay", id="p2", amount=7))
    first = await shop.agent(both).run("?")
    assert [request.call.id for request in first.pending] == ["p1", "p2"]
    second = await shop.agent().run(None, message_history=first.messages, approvals={"p2": True})
    assert ([request.call.id for request in second.pending], shop.paid) == (["p1"], [7])
    third = await shop.agent(text("done")).run(None, message_history=second.messages, approvals={"p1": True})
    assert (third.output, shop.paid) == ("done", [7, 5])


async def test_an_approval_works_once() -> None:
    shop, storage = Shop(), InMemorySessionStorage()
    await shop.agent(PAY, session_storage=storage).run("?", session_key="k")
    agent = shop.agent(text("done"), session_storage=storage)
    await agent.run(None, session_key="k", approvals={"p1": True})
    with pytest.raises(
        ConfigError, match="approvals has 'p1', which is no open call of this history; open: none"
    ):
        await agent.run(None, session_key="k", approvals={"p1": True})
    assert shop.paid == [5]


async def test_a_session_waits_and_goes_on() -> None:
    """R-A14: what was stored is the whole conversation, each message once."""
    shop, storage = Shop(), InMemorySessionStorage()
    both = answer(PAY, tool_call("look", id="l1"))
    await shop.agent(both, session_storage=storage).run("?", session_key="k")
    later = shop.agent(text("done"), session_storage=storage)
    result = await later.run(None, session_key="k", approvals={"p1": True})
    stored = await storage.load("k")
    assert stored is not None
    assert effective(stored.messages) == result.messages
    assert [message.role for message in result.messages] == ["user", "assistant", "user", "assistant"]


OTHER_PROCESS = """
import json, sys
from voxagent import Agent, tool
from voxagent.testing import ScriptedProvider, text
from voxagent.types import Approve, Deny, Message, RunResult

@tool(requires_approval=True)
def pay(amount: int) -> str:
    return f"paid {amount}"

state = RunResult.model_validate_json(sys.stdin.read())
cheap, dear = state.pending
answers = {cheap.call.id: Approve(cheap.digest), dear.call.id: Deny("too dear")}
agent = Agent(ScriptedProvider(text("done")), tools=[pay])
result = agent.run_sync(None, message_history=state.messages, approvals=answers)
print(json.dumps([result.output, [block.content for block in result.new_messages[0].blocks]]))
"""


async def test_another_process_may_go_on() -> None:
    shop = Shop()
    both = answer(PAY, tool_call("pay", id="p2", amount=70))
    first = await shop.agent(both).run("?")
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", OTHER_PROCESS],
        input=first.model_dump_json(),
        capture_output=True,
        text=True,
        timeout=WAIT * 3,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["done", ["paid 5", "denied: too dear"]]


async def test_an_approval_is_for_the_arguments_it_was_given_for() -> None:
    """A digest that was kept elsewhere finds out that the stored call was changed meanwhile."""
    shop = Shop()
    first = await shop.agent(PAY).run("?")
    digest = first.pending[0].digest
    dear = (await shop.agent(tool_call("pay", id="p1", amount=5_000)).run("?")).messages
    second = await shop.agent().run(None, message_history=dear, approvals={"p1": Approve(digest)})
    (request,) = second.pending
    assert (request.reason, shop.paid) == ("the arguments are not those that were approved", [])
    assert request.digest != digest


async def test_a_hook_that_changes_the_arguments_is_asked_about() -> None:
    def double(ctx: ToolContext[object], call: ToolCall) -> dict[str, Any]:
        return {"amount": call.params["amount"] * 2}

    shop = Shop()
    hooks = Hooks(before_tool=double)
    first = await shop.agent(PAY, hooks=hooks).run("?")
    (request,) = first.pending
    assert request.call.params == {"amount": 10}
    second = await shop.agent(hooks=hooks).run(None, message_history=first.messages, approvals={"p1": True})
    assert (second.pending[0].reason, shop.paid) == ("the arguments are not those that were approved", [])
    third = await shop.agent(text("done"), hooks=hooks).run(
        None, message_history=second.messages, approvals={"p1": Approve(request.digest)}
    )
    assert (third.output, shop.paid) == ("done", [10])


async def test_the_order_of_arguments_does_not_matter() -> None:
    @tool(requires_approval=True)
    def move(x: int, y: int) -> None: ...

    digests = [
        (await Agent(ScriptedProvider(call), tools=[move]).run("?")).pending[0].digest
        for call in (tool_call("move", x=1, y=2), tool_call("move", y=2, x=1), tool_call("move", x=2, y=1))
    ]
    assert digests[0] == digests[1] != digests[2]


async def test_a_new_prompt_gives_up_what_waits() -> None:
    shop = Shop()
    first = await shop.agent(PAY).run("?")
    second = await shop.agent(text("ok")).run("never mind", message_history=first.messages)
    assert (second.output, shop.paid) == ("ok", [])
    assert "not executed" in results(second)["p1"]


async def test_a_call_that_was_interrupted_is_not_made_again() -> None:
    shop, asked = Shop(), list[ApprovalRequest]()
    history = [
        Message("user", "?"),
        Message("assistant", "", [ToolCall("l1", "look", {}), ToolCall("p1", "pay", {"amount": 5})]),
    ]
    agent = shop.agent(text("done"), approve=approving(asked))
    result = await agent.run(None, message_history=history, approvals={})
    found = results(result)
    assert (found["l1"][:12], found["p1"]) == ("interrupted:", "paid 5")
    assert (len(asked), shop.looked) == (1, 0)


async def test_a_named_call_is_made_though_its_tool_asks_for_nothing() -> None:
    shop = Shop()
    history = [Message("user", "?"), Message("assistant", "", [ToolCall("l1", "look", {})])]
    result = await shop.agent(text("done")).run(None, message_history=history, approvals={"l1": True})
    assert (results(result), shop.looked) == ({"l1": "seen"}, 1)


async def test_an_output_is_not_taken_while_a_call_waits() -> None:
    shop = Shop()
    both = answer(tool_call("final_result", id="o1", response=1), PAY)
    agent = Agent(ScriptedProvider(both), tools=shop.tools, output_type=int)
    result = await agent.run("?")
    assert ([request.call.id for request in result.pending], result.has_output) == (["p1"], False)
    assert results(result) == {"o1": "not used: other calls wait for approval"}


async def test_a_follow_up_stays_unread_while_a_call_waits() -> None:
    shop = Shop()
    stream = shop.agent(PAY).run_stream("?")
    stream.follow_up("and?")
    assert len((await stream.result()).pending) == 1
    assert stream.unread == ["and?"]


async def test_what_waits_carries_no_secret() -> None:
    """R-A13."""

    @tool(requires_approval=True)
    def send(body: str) -> str:
        return "sent " + body

    events: list[BaseEvent] = []
    agent = Agent(
        ScriptedProvider(tool_call("send", body="secret-4711")),
        tools=[send],
        secrets_to_redact={"pin": "secret-4711"},
        observers=[events.append],
    )
    result = await agent.run("?")
    assert result.pending[0].call.params == {"body": "[REDACTED:pin]"}
    assert "4711" not in result.model_dump_json()
    assert not any("4711" in event.model_dump_json() for event in events)


# --- sub-agents ----------------------------------------------------------------------------------------


async def test_sub_agents_ask_the_handler_above_them() -> None:
    """R-A10."""
    shop, asked = Shop(), list[ApprovalRequest]()
    child = shop.agent(PAY, text("bought"), name="buyer")
    agent = Agent(
        ScriptedProvider(tool_call("buyer", prompt="buy"), text("done")),
        sub_agents=[child],
        approve=approving(asked),
    )
    result = await agent.run("?")
    assert (result.output, shop.paid, [request.path for request in asked]) == ("done", [5], [("buyer",)])


async def test_a_sub_agent_without_anybody_to_ask_is_told_so() -> None:
    shop = Shop()
    provider = ScriptedProvider(PAY, text("I could not"))
    child = Agent(provider, tools=shop.tools, name="buyer")
    agent = Agent(ScriptedProvider(tool_call("buyer", prompt="buy"), text("done")), sub_agents=[child])
    result = await agent.run("?")
    assert (result.output, shop.paid, result.pending) == ("done", [], [])
    told = provider.requests[1].messages[-1].of(ToolResultBlock)[0].content
    assert told == "this call needs approval, and nobody is there to give it"


async def test_a_sub_agent_itself_may_need_approval() -> None:
    child = Agent(ScriptedProvider(text("bought")), name="buyer")
    toolset = approval_required(FunctionToolset([child.as_tool()]))
    first = await Agent(ScriptedProvider(tool_call("buyer", id="b1", prompt="buy")), toolsets=[toolset]).run(
        "?"
    )
    assert [request.call.name for request in first.pending] == ["buyer"]
    later = Agent(ScriptedProvider(text("done")), toolsets=[toolset])
    second = await later.run(None, message_history=first.messages, approvals={"b1": True})
    assert results(second) == {"b1": "bought"}


# --- what cannot be ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("door", DOORS)
async def test_answers_that_fit_no_call_are_refused(door: Any) -> None:
    shop = Shop()
    first = await shop.agent(PAY).run("?")
    with pytest.raises(
        ConfigError, match="approvals has 'x', which is no open call of this history; open: 'p1'"
    ):
        await door(shop.agent(), None, message_history=first.messages, approvals={"x": True})
    with pytest.raises(ConfigError, match="approvals holds 'yes', which is no approval"):
        await door(shop.agent(), None, message_history=first.messages, approvals={"p1": "yes"})
    with pytest.raises(ConfigError, match="the prompt must be None"):
        await door(shop.agent(), "go on", message_history=first.messages, approvals={"p1": True})


async def test_instructions_are_given_to_a_run_that_goes_on() -> None:
    shop = Shop()
    first = await shop.agent(PAY).run("?")
    provider = ScriptedProvider(text("done"))
    agent = Agent(provider, tools=shop.tools)

    @agent.instructions
    def who(ctx: RunContext[None]) -> str:
        return "Be brief."

    await agent.run(None, message_history=first.messages, approvals={"p1": True})
    assert provider.requests[0].system == "Be brief."
