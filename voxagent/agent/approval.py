"""Ask somebody before a tool runs, or use what was answered before.

An approval holds for the arguments that it was given for: whatever changes them, it is asked again.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ..errors import CallbackError, ConfigError, ToolError
from ..fanout.threads import in_thread
from ..streaming.events import ApprovalRequestEvent
from ..tools.context import ToolContext
from ..tools.definition import ToolDefinition
from ..types.approval import Approval, ApprovalRequest, Approve, Deny, digest_of
from ..types.blocks import ToolCall
from .checks import is_approval
from .hooks import Approver, called
from .run import Run

CHANGED = "the arguments are not those that were approved"


async def needs_approval(
    run: Run, tool: ToolDefinition[Any], context: ToolContext[Any], params: Mapping[str, Any]
) -> bool:
    """Whether the tool, or who calls it, wants this call approved."""
    wanted = tool.requires_approval
    if callable(wanted):
        wanted = bool(await called(f"requires_approval of {tool.name!r}", wanted, context, params))
    return wanted or context.tool_call_id in run.approvals


async def asked(run: Run, call: ToolCall, original: ToolCall) -> ApprovalRequest | None:
    """Ask for a call: None if it may be made, the request if nobody is there to answer now.

    Args:
        run: The run.
        call: The call as it is to be made.
        original: The call as it is in the history.

    Raises:
        ToolError: It may not be made.
    """
    shown = run.redactor.call(call)
    request = ApprovalRequest(shown, "", digest_of(shown), run.run_id, run.lineage.path)
    given = run.approvals.get(call.id)
    if given is not None:
        in_history = digest_of(run.redactor.call(original))
        if _settled(given, request, in_history):
            return None
        request = ApprovalRequest(shown, CHANGED, request.digest, run.run_id, run.lineage.path)
    run.sink.send(ApprovalRequestEvent(run.run_id, shown, request.reason, request.digest))
    if run.approve is None:
        if run.lineage.depth:
            raise ToolError("this call needs approval, and nobody is there to give it")
        return request
    if not _settled(await _answered(run.approve, request), request, request.digest):
        raise ToolError(f"denied: {CHANGED}")
    return None


async def _answered(approve: Approver, request: ApprovalRequest) -> Approval:
    is_async = inspect.iscoroutinefunction(approve) or inspect.iscoroutinefunction(type(approve).__call__)
    ask = approve if is_async else partial(_in_thread, approve)
    answer: Approval = await called("the approval handler", ask, request)
    if not is_approval(answer):
        raise CallbackError(
            f"the approval handler gave {answer!r:.100} back: Approve() or Deny() is expected"
        )
    return answer


async def _in_thread(approve: Approver, request: ApprovalRequest) -> Any:
    """A handler that is no coroutine function may block: it may wait for somebody at a keyboard."""
    answer = await in_thread(partial(approve, request), leave=True)
    return await answer if inspect.isawaitable(answer) else answer


def _settled(given: Approval, request: ApprovalRequest, shown: str) -> bool:
    """Whether an answer approves a call; False if it was for other arguments.

    Raises:
        ToolError: It denies the call.
    """
    match given:
        case Deny(reason=reason):
            raise ToolError(f"denied: {reason or 'the call was not approved'}")
        case False:
            raise ToolError("denied: the call was not approved")
        case Approve(digest=digest):
            return (digest or shown) == request.digest
        case _:
            return shown == request.digest


def check_approvals(approvals: Mapping[str, Approval], waiting: Sequence[ToolCall]) -> None:
    """Refuse answers to calls that do not wait for one."""
    ids = [call.id for call in waiting]
    for call_id in approvals:
        if call_id not in ids:
            told = ", ".join(map(repr, ids)) or "none"
            raise ConfigError(
                f"approvals has {call_id!r}, which is no open call of this history; open: {told}"
            )
