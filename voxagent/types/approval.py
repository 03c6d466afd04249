"""Asking somebody before a tool runs, as data: it can be shown elsewhere and answered later."""

from __future__ import annotations

import hashlib
import json
from typing import TypeAlias

from .blocks import ToolCall
from .record import Record, frozen


@frozen
class ApprovalRequest(Record):
    """A tool call that waits for somebody's approval.

    Args:
        call: The call as it would be made, secrets left out.
        reason: Why it needs approval.
        digest: Hash of the tool's name and the arguments.
        run_id: The run that asks.
        path: Names of the sub-agents it comes from, the outermost first.
    """

    call: ToolCall
    reason: str = ""
    digest: str = ""
    run_id: str = ""
    path: tuple[str, ...] = ()


@frozen
class Approve(Record):
    """The call may be made.

    Args:
        digest: The request's digest: the approval then holds for those arguments only, wherever it is
            kept in between.
    """

    digest: str = ""


@frozen
class Deny(Record):
    """The call may not be made; the model is told so, and why."""

    reason: str = ""


Approval: TypeAlias = Approve | Deny | bool


def digest_of(call: ToolCall) -> str:
    """SHA-256, in hex, of a call's tool and arguments; the order of the arguments does not matter."""
    told = json.dumps([call.name, call.params], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode(errors="surrogatepass")).hexdigest()
