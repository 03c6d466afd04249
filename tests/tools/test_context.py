"""A run and a tool call, as the functions that they call see them."""

import asyncio
import time
from collections.abc import Awaitable, Sequence

import pytest

from voxagent.abort import AbortSignal
from voxagent.streaming import BaseEvent, CustomEvent, ToolOutputEvent
from voxagent.tools import (
    AbortError,
    RunContext,
    ToolContext,
)
from voxagent.types import Message, Usage


class View:
    """A run that tells what it was told."""

    usage = Usage(1, 2)
    messages: Sequence[Message] = (Message("user", "hello"),)
    deadline: float | None = None

    def __init__(self) -> None:
        self.told: list[BaseEvent] = []

    def tell(self, event: BaseEvent) -> Awaitable[None]:
        self.told.append(event)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


def test_a_context_made_by_hand_has_safe_defaults() -> None:
    ctx: ToolContext[None] = ToolContext()
    assert (ctx.deps, ctx.session_id, ctx.run_id, ctx.retry_count, ctx.depth) == (None, None, "", 0, 0)
    assert (ctx.usage, list(ctx.messages), ctx.remaining_time, dict(ctx.metadata)) == (Usage(), [], None, {})
    assert (ctx.tool_name, ctx.tool_call_id, ctx.is_aborted()) == ("", "", False)
    ctx.check_abort()


def test_a_context_takes_its_parts_in_the_order_of_voxagent_0_1() -> None:
    signal = AbortSignal()
    ctx = ToolContext(signal, "deps", "s", "r", 2, depth=1, metadata={"k": 1})
    assert (ctx.abort_signal, ctx.deps, ctx.session_id, ctx.run_id, ctx.retry_count) == (
        signal,
        "deps",
        "s",
        "r",
        2,
    )
    assert (ctx.depth, ctx.metadata) == (1, {"k": 1})
    assert repr(ctx) == "ToolContext(run_id='r', session_id='s', depth=1)"


def test_a_context_sees_the_abort() -> None:
    signal = AbortSignal()
    ctx: RunContext[None] = RunContext(signal)
    signal.abort("user left")
    assert ctx.is_aborted()
    with pytest.raises(AbortError, match="user left"):
        ctx.check_abort()


def test_a_context_shows_the_run_it_belongs_to() -> None:
    view = View()
    ctx: RunContext[None] = RunContext(view=view)
    assert (ctx.usage, ctx.messages, ctx.remaining_time) == (view.usage, view.messages, None)
    view.deadline = time.monotonic() + 1000
    assert 0 < (ctx.remaining_time or 0) <= 1000
    view.deadline = time.monotonic() - 1
    assert ctx.remaining_time == 0.0


async def test_progress_and_events_of_ones_own_are_told_to_the_run() -> None:
    view = View()
    ctx: ToolContext[None] = ToolContext(run_id="r", tool_call_id="1", view=view)
    await ctx.update("half")
    await ctx.emit("page", {"number": 3})
    ctx.emit("ping")
    assert view.told == [
        ToolOutputEvent("r", "1", "half"),
        CustomEvent("r", "page", {"number": 3}),
        CustomEvent("r", "ping"),
    ]


async def test_without_a_run_progress_goes_nowhere_and_may_be_awaited() -> None:
    ctx: ToolContext[None] = ToolContext()
    await ctx.update("half")
    ctx.update("not awaited")
