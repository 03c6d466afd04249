"""The tools of a server as one run sees them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, overload

from ..streaming.events import SecurityWarningEvent, WarningEvent
from ..tools.context import RunContext
from ..tools.toolset import LiveTools
from .listing import Listed
from .tally import Tally, counted
from .tool import MCPToolDefinition


class ServerTools(LiveTools[object]):
    """The tools of a server, until its connection is left.

    Args:
        server: The server's name.
        run: The run.
        found: Its tools now.
        version: Gives a number that changes whenever they may have changed.
        listed: Lists them again.
    """

    def __init__(
        self,
        server: str,
        run: RunContext[Any],
        found: Listed,
        version: Callable[[], int],
        listed: Callable[[RunContext[Any]], Awaitable[Listed]],
    ) -> None:
        self._server = server
        self._run = run
        self._found = found
        self._now = version
        self._listed = listed
        self._version = version()
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
        version = self._now()
        changed = version != self._version
        if changed:
            self._version = version
            self._found = await self._listed(self._run)
            await self._told()
        await self._warn(self._tally.said())  # here, where the other servers of the run are counted too
        return changed

    async def _told(self) -> None:
        """Tell what is not as it should be."""
        for warning in self._found.warnings:
            await self._warn(warning)
        for change in self._found.changes:
            await self._run.view.tell(SecurityWarningEvent(self._run.run_id, change, self._server))

    async def _warn(self, said: str | None) -> None:
        if said is not None:
            await self._run.view.tell(WarningEvent(self._run.run_id, said))
