"""Write a run's messages into its session, in order, each as soon as it is there."""

from __future__ import annotations

import asyncio
import logging

from ..errors import SessionError
from ..session.marks import BEGUN
from ..session.storage import SessionStorage
from ..types.blocks import ToolResultBlock
from ..types.message import Message
from .sessions import stated
from .waiting import finished

logger: logging.Logger = logging.getLogger("voxagent")

STORE_SECONDS = 2.0


class Storing:
    """A session that a run holds.

    What is being written is written to its end, for some seconds at most after the run was stopped: nobody
    would know how much of it is there. What comes meanwhile is written together, right after it.

    Args:
        storage: The store.
        key: The session's key.
        version: How many messages are stored.
    """

    def __init__(self, storage: SessionStorage, key: str, version: int) -> None:
        self._storage: SessionStorage | None = storage
        self._key = key
        self._version = version
        self._unwritten: list[Message] = []
        self._early: set[str] = set()
        self._writing: asyncio.Task[None] | None = None

    def add(self, message: Message) -> None:
        """Have a message written at the next `written`; of results, those that are not on their way yet."""
        if self._early:
            blocks = [block for block in message.tool_results if block.tool_use_id not in self._early]
            self._early.clear()
            if not blocks:
                return
            message = Message("user", list(blocks))
        self._unwritten.append(message)

    def add_early(self, result: ToolResultBlock) -> None:
        """Begin to write a result whose message still waits for others."""
        self._early.add(result.tool_use_id)
        self._unwritten.append(Message("user", [result]))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    async def begun(self, call_id: str) -> None:
        """Write down that a call is about to begin, which was left open until now."""
        self._unwritten.append(Message("system", metadata={BEGUN: [call_id]}))
        await self.written()

    async def written(self, *, hurry: bool = False) -> None:
        """Wait until everything is stored; in a `hurry`, for `STORE_SECONDS`.

        Raises:
            SessionConflict: Somebody else has written to the session.
            SessionError: The store failed.
        """
        while self._storage is not None and (self._writing is not None or self._unwritten):
            writing = self._writing = self._writing or asyncio.create_task(self._write())
            try:
                await finished(writing, STORE_SECONDS, hurry=hurry)
            finally:
                if self._writing is writing:
                    self._writing = None
                if writing.cancelling():
                    logger.error("session %r was not written within %g s", self._key, STORE_SECONDS)
                    self._storage = None

    async def _write(self) -> None:
        while self._storage is not None and self._unwritten:
            fresh = tuple(self._unwritten)
            with stated(self._key, "written"):
                version = await self._storage.append(self._key, fresh, expected_version=self._version)
            self._version += len(fresh)
            if version != self._version:
                store, self._storage = type(self._storage).__name__, None  # nobody knows what it has stored
                raise SessionError(
                    f"{store}.append gave {version!r:.60} as the version of session {self._key!r},"
                    f" {self._version} is expected"
                )
            del self._unwritten[: len(fresh)]
