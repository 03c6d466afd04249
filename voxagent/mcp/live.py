"""The tools of a server as one run sees them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, overload

from ..errors import ToolsetError
from ..streaming.events import SecurityWarningEvent, ToolsetErrorEvent, WarningEvent
from ..tools.context import RunContext
from ..tools.toolset import LiveTools
from .listing import Listed
from .tally import Tally, counted
from .tool import MCPToolDefinition


class Missed:
    """The runs that go on without a server: each is told once, however often that is in its toolsets."""

    def __init__(self) -> None:
        self._runs: set[str] = set()

    @asynccontextmanager
    async def told(self, run: RunContext[Any], event: ToolsetErrorEvent) -> AsyncGenerator[None]:
        """While a run goes on without it."""
        if run.run_id in self._runs:
            yield
            return
        self._runs.add(run.run_id)
        try:
            await run.view.tell(event)
            yield
        finally:
            self._runs.discard(run.run_id)


class ServerTools(LiveTools[object]):
    """The tools of a server, until its connection is left.

    Args:
        server: The server's name.
        run: The run.
        found: Its tools now.
        version: Gives a number that changes whenever they may have changed.
        listed: Lists them again.
        required: Whether the run ends where that fails; otherwise it goes on without them.
    """

    def __init__(
        self,
        server: str,
        run: RunContext[Any],
        found: Listed,
        version: Callable[[], int],
        listed: Callable[[RunContext[Any]], Awaitable[Listed]],
        *,
        required: bool,
    ) -> None:
        self._server = server
        self._run = run
        self._found = found
        self._now = version
        self._listed = listed
        self._required = required
        self._tally = Tally()

    @overload
    def __getitem__(self, index: int) -> MCPToolDefinition: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[MCPToolDefinition]: ...
    def __getitem__(self, index: int | slice) -> MCPToolDefinition | Sequence[MCPToolDefinition]:
        return self._found.tools[index]

    def __len__(self) -> int:
        return len(self._found.tools)

    def __iter__(self) -> Iterator[MCPToolDefinition]:
        return iter(self._found.tools)

    @asynccontextmanager
    async def given(self, *, count: bool) -> AsyncGenerator[None]:
        """While the run has them; whether to count them among those that may be too many."""
        with counted(self._run.run_id, self if count else ()) as self._tally:
            await self._told()
            yield

    async def refreshed(self) -> bool:
        """Whether the server has other tools now; they are then those of this sequence."""
        changed = self._now() != self._found.version
        if changed:
            self._found = await self._again()
            await self._told()
        await self._warn(self._tally.said())  # here, where the other servers of the run are counted too
        return changed

    async def _again(self) -> Listed:
        """The tools now; none, until they change again, where they cannot be had and are not required."""
        try:
            return await self._listed(self._run)
        except ToolsetError as error:
            if self._required:
                raise
            await self._run.view.tell(ToolsetErrorEvent(self._run.run_id, self._server, error))
            return Listed(version=self._now())

    async def _told(self) -> None:
        """Tell what is not as it should be."""
        for warning in self._found.warnings:
            await self._warn(warning)
        for change in self._found.changes:
            await self._run.view.tell(SecurityWarningEvent(self._run.run_id, change, self._server))

    async def _warn(self, said: str | None) -> None:
        if said is not None:
            await self._run.view.tell(WarningEvent(self._run.run_id, said))
