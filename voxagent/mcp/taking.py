"""Become a user of a server's connection, or not, whenever the one who wants that is cancelled."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from .session import ServerSession

T = TypeVar("T")


class Taking(Generic[T]):
    """One more user of a session.

    Both methods run on the loop of servers, so one of them comes first, and each user is counted once: who is
    cancelled twice does not wait, and could not know.

    Args:
        take: Makes one more user of the session, none if it raises.
    """

    def __init__(self, take: Callable[[ServerSession], Awaitable[T]]) -> None:
        self._take = take
        self._taken = False
        self._void = False

    async def done(self, session: ServerSession) -> T:
        """What the session gives to one more user."""
        value = await self._take(session)
        self._taken = True
        if self._void:
            await session.released()
        return value

    async def undone(self, session: ServerSession) -> None:
        """Nobody wants it any more."""
        self._void = True
        if self._taken:
            await session.released()
