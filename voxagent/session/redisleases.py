"""Leases that are renewed as long as they are held, in a thread: a busy event loop must not lose one."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from .redisscripts import RENEW
from .stored import positive

if TYPE_CHECKING:
    from redis import Redis


class Leases:
    """The leases that a store holds.

    Args:
        client: The server.
        seconds: How long a lease is good for without being renewed.
    """

    def __init__(self, client: Redis, seconds: float) -> None:
        self._client = client
        self._seconds = positive("lease", seconds)
        self._start()

    def _start(self) -> None:
        self._changed = threading.Condition()
        self._owners: dict[str, str] = {}
        self._process = os.getpid()
        self._running = False

    @property
    def milliseconds(self) -> int:
        """The length of a lease."""
        return max(1, round(self._seconds * 1000))

    def add(self, lease: str, owner: str) -> None:
        """Renew a lease from now on."""
        if self._process != os.getpid():  # a forked child renews nothing of its parent's
            self._start()
        with self._changed:
            self._owners[lease] = owner
            if not self._running:
                self._running = True
                threading.Thread(target=self._renew, name="voxagent-leases", daemon=True).start()

    def remove(self, lease: str) -> None:
        """Renew it no longer."""
        with self._changed:
            self._owners.pop(lease, None)
            self._changed.notify()

    def _renew(self) -> None:
        from redis import RedisError

        renew = self._client.register_script(RENEW)
        while True:
            with self._changed:
                if not self._owners:
                    self._running = False
                    return
                self._changed.wait(self._seconds / 3)
                held = list(self._owners.items())
            for lease, owner in held:
                with suppress(RedisError):  # whether it was lost is found out by the next append
                    renew([lease], [owner, self.milliseconds])
