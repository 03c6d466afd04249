"""Approvals: who is asked, for what, and what may be answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_type

from voxagent import Agent, RunResult, RunStream, ToolContext, tool
from voxagent.tools import FunctionToolset, ToolPolicy, approval_required
from voxagent.types import Approval, ApprovalRequest, Approve, Deny


async def ask(request: ApprovalRequest) -> Approve | Deny:
    return Approve(request.digest) if request.call.name == "pay" else Deny("no")


def ask_plainly(request: ApprovalRequest) -> bool:
    return request.reason == ""


async def is_dear(ctx: ToolContext[Any], arguments: Mapping[str, Any]) -> bool:
    return len(arguments) > 1


@tool(requires_approval=True)
def pay(amount: int) -> str:
    """Pay."""
    return str(amount)


@tool(requires_approval=is_dear)
def send(to: str) -> str:
    """Send."""
    return to


assert_type(pay(1), str)
Agent("offline:demo", tools=[pay, send], approve=ask, policies=[ToolPolicy(ask_list=["send"])])
Agent("offline:demo", approve=ask_plainly, toolsets=[approval_required(FunctionToolset([pay]), is_dear)])
Agent("offline:demo", approve=lambda request: Approve())


async def later(agent: Agent[None, str], state: RunResult[str]) -> None:
    answers: dict[str, Approval] = {each.call.id: True for each in state.pending}
    assert_type(state.pending, list[ApprovalRequest])
    assert_type(await agent.run(None, message_history=state.messages, approvals=answers), RunResult[str])
    agent.run_sync(None, session_key="k", approvals={"a": True, "b": Deny("no"), "c": Approve()})


def meanwhile(stream: RunStream[str]) -> None:
    assert_type(stream.steer("go on"), bool)
    assert_type(stream.follow_up(["and", "then?"]), bool)
