"""Many servers at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Any, Self, cast, overload

from ..errors import ConfigError, ToolsetError
from ..tools.context import RunContext
from ..tools.definition import ToolDefinition
from ..tools.toolset import LiveTools
from .connection import State
from .server import MCPServer


class MCPServerManager:
    """Servers that are connected together, each with a state of its own; a toolset of all their tools.

    Args:
        servers: The servers; more can be added.
    """

    def __init__(self, servers: Iterable[MCPServer] = ()) -> None:
        self._servers: dict[str, MCPServer] = {}
        self._by_hand: list[MCPServer] = []
        self._contexts: dict[int, list[MCPServer]] = {}
        """What each context holds, by the number in which they were begun: a later one holds no less."""
        self._begun = 0
        self._take(servers)

    def __repr__(self) -> str:
        return f"MCPServerManager({', '.join(self._servers)})"

    def _take(self, servers: Iterable[MCPServer]) -> None:
        for server in servers:
            if server.name in self._servers:
                raise ConfigError(f"two MCP servers are named {server.name!r}: name one with name=...")
            self._servers[server.name] = server

    @property
    def servers(self) -> Mapping[str, MCPServer]:
        """The servers, by name."""
        return dict(self._servers)

    @property
    def states(self) -> Mapping[str, State]:
        """How each connection stands."""
        return {name: server.state for name, server in self._servers.items()}

    @property
    def errors(self) -> Mapping[str, ToolsetError]:
        """Why servers could not be connected when that was tried last, by name."""
        return {name: server.error for name, server in self._servers.items() if server.error is not None}

    async def add_servers(self, servers: Iterable[MCPServer]) -> None:
        """Take more servers; those that are connected stay so."""
        self._take(servers)

    async def connect_all(self) -> list[ToolDefinition[Any]]:
        """Connect all servers that are not connected yet, all at once, and give the tools of all.

        They stay connected until the last context of the manager is left; outside of one, until
        `disconnect_all`. A server that cannot be connected is in `errors`; if it is required, the first such
        error is raised once all have been tried, and those that were connected now are left again.
        """
        known = [server for each in (self._by_hand, *self._contexts.values()) for server in each]
        held = await self._taken(server for server in self._servers.values() if server not in known)
        (self._contexts[max(self._contexts)] if self._contexts else self._by_hand).extend(held)
        async with self.open(RunContext()) as tools:
            return list(tools)

    async def _taken(self, servers: Iterable[MCPServer]) -> list[MCPServer]:
        """Connect servers, all at once; gives them, or leaves those that are connected and raises."""
        held: list[MCPServer] = []

        async def connect(server: MCPServer) -> None:
            await server.__aenter__()
            held.append(server)

        try:
            for outcome in await asyncio.gather(*map(connect, servers), return_exceptions=True):
                if outcome is not None:
                    raise outcome
        except BaseException:  # the others are left, and it is raised again
            await _left(held)
            raise
        return held

    async def disconnect_all(self) -> None:
        """Leave all connections, those of contexts too."""
        await _left(self._by_hand, *self._contexts.values())

    async def __aenter__(self) -> Self:
        """Connect all servers; they stay connected at least until this context is left."""
        self._begun += 1
        number = self._begun
        self._contexts[number] = await self._taken(list(self._servers.values()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        first = min(self._contexts)  # what was connected later is for whoever is still here
        await _left(self._contexts.pop(first))

    @asynccontextmanager
    async def open(self, run: RunContext[Any]) -> AsyncGenerator[Sequence[ToolDefinition[object]]]:
        """The tools of all servers, for a run; those that are not connected yet are, all at once."""

        async def enter(server: MCPServer, stack: AsyncExitStack) -> Sequence[ToolDefinition[object]]:
            return await stack.enter_async_context(server.open(run))

        async with AsyncExitStack() as all_of_them:
            stacks = [await all_of_them.enter_async_context(AsyncExitStack()) for _ in self._servers]
            found = await asyncio.gather(
                *(enter(server, stack) for server, stack in zip(self._servers.values(), stacks, strict=True)),
                return_exceptions=True,
            )
            parts: list[Sequence[ToolDefinition[object]]] = []
            for part in found:
                if isinstance(part, BaseException):
                    raise part
                parts.append(part)
            yield _Together(parts)


async def _left(*held: list[MCPServer]) -> None:
    """Leave connections: all of that has begun ahead of the first moment at which we can be cancelled."""
    leaving = [each.pop().leaving() for each in held for _ in range(len(each))]
    await asyncio.shield(asyncio.gather(*leaving))


class _Together(LiveTools[object]):
    """The tools of several servers."""

    def __init__(self, parts: Sequence[Sequence[ToolDefinition[object]]]) -> None:
        self._parts = parts
        self._all = [tool for part in parts for tool in part]

    @overload
    def __getitem__(self, index: int) -> ToolDefinition[object]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ToolDefinition[object]]: ...
    def __getitem__(self, index: int | slice) -> ToolDefinition[object] | Sequence[ToolDefinition[object]]:
        return self._all[index]

    def __len__(self) -> int:
        return len(self._all)

    async def refreshed(self) -> bool:
        """Whether one of the servers has other tools now."""
        live = [cast("LiveTools[object]", part) for part in self._parts if isinstance(part, LiveTools)]
        changed = await asyncio.gather(*(part.refreshed() for part in live))
        if any(changed):
            self._all = [tool for part in self._parts for tool in part]
        return any(changed)
