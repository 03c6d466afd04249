"""Approvals are asked for by a function, and answered by what says yes or no."""

from __future__ import annotations

from voxagent import Agent, RunStream, tool
from voxagent.tools import FunctionToolset, ToolPolicy, approval_required
from voxagent.types import ApprovalRequest, Approve, Deny

agent = Agent("offline:demo")


def ask_oddly(request: ApprovalRequest) -> str:
    return "yes"


tool(requires_approval="always")  # E: a text for whether
Agent("offline:demo", approve=ask_oddly)  # E: a handler that answers with a text
Agent("offline:demo", approve=True)  # E: a bool as a handler
agent.run_sync(None, approvals={"a": "yes"})  # E: a text as an answer
agent.run_sync(None, approvals=[True])  # E: a list of answers
approval_required(FunctionToolset(), "dear")  # E: a text for when
ToolPolicy(ask_list=3)  # E: a number as a list of names
Approve(digest=3)  # E: a number as a digest
Deny(3)  # E: a number as a reason


def meanwhile(stream: RunStream[str]) -> None:
    stream.steer(3)  # E: a number as a message
    stream.follow_up()  # E: no message
