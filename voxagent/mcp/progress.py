"""What a run does, as the progress of the call that a client waits for.

Tool calls are told at once. Text is told at most twice a second, as what was written since. A run that says
nothing for long is told to be at work still, so that clients with an idle timeout do not give it up.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, TypeAlias

from ..streaming.events import (
    FailoverEvent,
    RetryEvent,
    StreamEventData,
    StreamResetEvent,
    TextDeltaEvent,
    ToolEndEvent,
    ToolOutputEvent,
    ToolStartEvent,
)

Report: TypeAlias = Callable[[float, str], Awaitable[None]]

PAUSE = 0.5
"""Seconds between two pieces of text."""
SILENCE = 15.0
"""Seconds of silence after which a run is told to be at work still."""
LONGEST = 500
"""Characters of a piece of text; of a longer one the end is told."""


class Progress:
    """The progress of one call, told while its context is open.

    Args:
        report: Tells the client: a number that grows, and words.
        pause: Seconds between two pieces of text.
        silence: Seconds of silence after which something is told.
    """

    def __init__(self, report: Report, pause: float = PAUSE, silence: float = SILENCE) -> None:
        self._report = report
        self._pause = pause
        self._silence = silence
        self._number = 0
        self._text: list[str] = []
        self._told = time.monotonic()
        self._telling = asyncio.Lock()
        self._heart: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        self._heart = asyncio.create_task(self._beat())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._heart.cancel()
        await asyncio.wait([self._heart])

    async def take(self, event: StreamEventData) -> None:
        """Tell what an event says, if a client wants to know of it."""
        match event:
            case ToolStartEvent(tool_call=call):
                await self._tell(f"{_place(event.path)}calls {call.name}")
            case ToolEndEvent(tool_name=name, error=error):
                await self._tell(f"{_place(event.path)}{name} {'failed' if error else 'is done'}")
            case RetryEvent():
                await self._tell("the model is asked again")
            case FailoverEvent():
                await self._tell("another model is asked")
            case StreamResetEvent(path=()):
                self._text.clear()
                await self._tell("the answer begins anew")
            case TextDeltaEvent(path=()) | ToolOutputEvent():
                await self._write(event.delta)
            case _:
                return

    async def _write(self, text: str) -> None:
        self._text.append(text)
        if time.monotonic() - self._told >= self._pause:
            await self._tell(self._written())

    def _written(self) -> str:
        text = "".join(self._text)
        self._text.clear()
        return text if len(text) <= LONGEST else f"...{text[3 - LONGEST :]}"

    async def _tell(self, words: str) -> None:
        async with self._telling:
            self._told = time.monotonic()
            self._number += 1
            await self._report(float(self._number), words)

    async def _beat(self) -> None:
        while True:
            left = self._told + self._silence - time.monotonic()
            if left > 0:
                await asyncio.sleep(left)
                continue
            await self._tell(self._written() or "still at work")


def _place(path: tuple[str, ...]) -> str:
    """Which sub-agent it is that does something."""
    return f"{'/'.join(path)}: " if path else ""
