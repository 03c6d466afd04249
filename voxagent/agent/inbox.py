"""What a user says while the agent works."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import Literal

from .hooks import Prompt

When = Literal["steer", "follow up"]


class Inbox:
    """Messages for a run, from any thread, until the run has ended."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._closed = False
        self._waiting: dict[When, deque[Prompt]] = {"steer": deque(), "follow up": deque()}

    def put(self, when: When, prompt: Prompt) -> bool:
        """Queue a message; False if the run has ended and will not read it."""
        with self._lock:
            if not self._closed:
                self._waiting[when].append(prompt)
            return not self._closed

    def steering(self) -> Prompt | None:
        """The next message that is to be read ahead of the next model call."""
        waiting = self._waiting["steer"]
        return waiting.popleft() if waiting else None

    def next(self) -> Prompt | None:
        """The next message of any kind, steering first; without one, nothing is taken from now on."""
        with self._lock:
            for waiting in self._waiting.values():
                if waiting:
                    return waiting.popleft()
            self._closed = True
            return None

    def close(self) -> None:
        """Take nothing from now on."""
        with self._lock:
            self._closed = True

    @property
    def unread(self) -> list[Prompt]:
        """What nobody has read, steering first."""
        with self._lock:
            return [prompt for waiting in self._waiting.values() for prompt in waiting]
