"""Toolsets that are kept open between runs, for as long as anybody is in the agent's context."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, cast
from weakref import WeakKeyDictionary

from ..subagent.definition import SubAgentDefinition
from .plan import Plan


@dataclass(slots=True)
class _Open:
    """What is open in one event loop."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
    stack: AsyncExitStack | None = None


class Kept:
    """An agent's toolsets and sub-agents, entered once in each event loop, left with the last one there."""

    def __init__(self, plan: Plan) -> None:
        # as they are now: what is registered later may be the agent itself, which would wait for itself
        agents = [each.agent for each in plan.tools if isinstance(each, SubAgentDefinition)]
        self._toolsets: Sequence[object] = (*plan.toolsets, *agents)
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, _Open] = WeakKeyDictionary()

    async def enter(self) -> None:
        """Open what can be kept open; whoever comes meanwhile waits for it."""
        here = self._loops.setdefault(asyncio.get_running_loop(), _Open())
        async with here.lock, AsyncExitStack() as stack:
            for toolset in self._toolsets if here.stack is None else ():
                if isinstance(toolset, AbstractAsyncContextManager):
                    await stack.enter_async_context(cast("AbstractAsyncContextManager[Any]", toolset))
            here.stack = here.stack or stack.pop_all()
            here.users += 1

    async def leave(self) -> None:
        """Close it, if this was the last one."""
        here = self._loops[asyncio.get_running_loop()]
        async with here.lock:
            here.users -= 1
            if here.users == 0 and here.stack is not None:
                stack, here.stack = here.stack, None
                await stack.aclose()
