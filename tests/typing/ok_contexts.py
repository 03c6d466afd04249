"""What functions see of a run."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import assert_type

from voxagent import AbortController, AbortSignal, Message, RunContext, SubAgentContext, ToolContext, Usage


@dataclass
class Deps:
    url: str


@dataclass
class MoreDeps(Deps):
    table: str


async def seen_by_a_tool(ctx: ToolContext[Deps]) -> None:
    assert_type(ctx.deps, Deps)
    assert_type(ctx.deps.url, str)
    assert_type(ctx.tool_name, str)
    assert_type(ctx.retry_count, int)
    assert_type(ctx.session_id, str | None)
    assert_type(ctx.abort_signal, AbortSignal)
    assert_type(ctx.usage, Usage)
    assert_type(ctx.messages, Sequence[Message])
    assert_type(ctx.remaining_time, float | None)
    assert_type(ctx.is_aborted(), bool)
    assert_type(ctx.update("half way"), Awaitable[None])
    assert_type(await ctx.emit("seen", {"count": 1}), None)


def seen_without_deps(ctx: RunContext) -> None:
    assert_type(ctx, RunContext[None])
    assert_type(ctx.deps, None)


# A context is made by hand in tests, and is as narrow as its deps.
assert_type(ToolContext(), ToolContext[None])
assert_type(ToolContext(deps=Deps("")), ToolContext[Deps])
assert_type(RunContext(deps=MoreDeps("", "")), RunContext[MoreDeps])


def wider(ctx: ToolContext[MoreDeps]) -> RunContext[Deps]:
    return ctx


def deeper(ctx: ToolContext[Deps]) -> None:
    assert_type(SubAgentContext.from_tool_context(ctx, 3).child_context().depth, int)


controller = AbortController()
assert_type(controller.signal, AbortSignal)
assert_type(controller.signal.reason, str | None)
assert_type(AbortSignal.any(controller.signal, AbortSignal()), AbortSignal)
