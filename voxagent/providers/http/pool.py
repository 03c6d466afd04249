"""Connections: one TLS context per process, small clients per event loop, shared by all providers.

Loading certificates takes longer than a whole request, so it is done once, and only if an address is
https. A client of httpx2 walks all its connections at every request; spread over clients of 32
requests, a thousand at a time cost no more each than one. Connections belong to their loop: they are closed
when it shuts down its asynchronous generators, which `asyncio.run` does, and at the end of the process.
"""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from urllib.request import getproxies
from weakref import WeakKeyDictionary

import httpx2

from .transport import SharedClient

FULL = 32
CONNECT_SECONDS = 10.0
KEEPALIVE_SECONDS = 60.0

logger: logging.Logger = logging.getLogger("voxagent")


class _Tls:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None

    def unlock(self) -> None:
        """In a forked child, which may have been forked while another thread held the lock."""
        self._lock = threading.Lock()

    def context(self) -> ssl.SSLContext:
        with self._lock:
            if self._context is None:
                self._context = httpx2.create_ssl_context()
            return self._context


_tls = _Tls()


def tls_context() -> ssl.SSLContext:
    """The process's TLS context, with the trust store of the operating system."""
    return _tls.context()


def new_client(scheme: str, keepalive: float = KEEPALIVE_SECONDS) -> httpx2.AsyncClient:
    """A client without limits of its own: how long and how many is decided above it.

    Where the environment names a proxy, all of it is httpx2's own, which knows how to speak to one.
    """
    # A plain context, with no certificates loaded, is enough where TLS is not spoken.
    context = tls_context() if scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    timeout = httpx2.Timeout(None, connect=CONNECT_SECONDS)
    if not any(getproxies().get(each) for each in ("http", "https", "all")):
        return SharedClient(context, timeout, keepalive)
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=keepalive)
    return httpx2.AsyncClient(verify=context, limits=limits, timeout=timeout)


class Slot:
    """A client and how many requests it has in flight."""

    __slots__ = ("client", "idle_since", "in_flight")

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client: httpx2.AsyncClient = client
        self.in_flight: int = 0
        self.idle_since: float = 0.0


class Pool:
    """The clients of one event loop, for one scheme."""

    def __init__(self, scheme: str) -> None:
        self._scheme = scheme
        self._slots: list[Slot] = []
        self._free: list[Slot] = []

    def take(self) -> Slot:
        """A client that is not full; `give` it back."""
        if not self._free:
            slot = Slot(new_client(self._scheme))
            self._slots.append(slot)
            self._free.append(slot)
        slot = self._free[-1]
        slot.in_flight += 1
        if slot.in_flight >= FULL:
            self._free.pop()
        return slot

    async def give(self, slot: Slot) -> None:
        """The request is over; what a burst of them left idle is closed in time."""
        if slot.in_flight >= FULL:
            self._free.append(slot)
        slot.in_flight -= 1
        now = time.monotonic()
        if not slot.in_flight:
            slot.idle_since = now
        oldest = self._free[0] if self._free else slot  # the last is taken, so the first is idle the longest
        if oldest is not slot and not oldest.in_flight and now - oldest.idle_since > KEEPALIVE_SECONDS:
            self._free.remove(oldest)
            self._slots.remove(oldest)
            await oldest.client.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        slots, self._slots, self._free = self._slots, [], []
        for slot in slots:
            await slot.client.aclose()


class LoopClients:
    """What one event loop has open, closed with it."""

    def __init__(self) -> None:
        self._pools: dict[str, Pool] = {}
        self._closers: list[Callable[[], Awaitable[None]]] = []
        self._keeper = self._kept()

    async def open(self) -> None:
        """Begin to keep; whoever opens this is told of the loop's end."""
        await anext(self._keeper)

    def pool(self, scheme: str) -> Pool:
        """The pool for "http" or "https"."""
        pool = self._pools.get(scheme)
        if pool is None:
            pool = self._pools[scheme] = Pool(scheme)
            self._closers.append(pool.aclose)
        return pool

    def at_end(self, close: Callable[[], Awaitable[None]]) -> None:
        """Await `close()` when the loop ends."""
        self._closers.append(close)

    async def _kept(self) -> AsyncGenerator[None]:
        """Started in a loop, this generator is closed by it, and closes what is open."""
        try:
            yield
        finally:
            _loops.pop(asyncio.get_running_loop(), None)
            for close in self._closers:
                try:
                    await close()
                except Exception:  # one that fails shall not keep the others open
                    logger.exception("closing connections failed")


_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, LoopClients] = WeakKeyDictionary()
_parents: list[object] = []


def _forget() -> None:
    """In a forked child: what the parent has open is not for us to use, nor to close."""
    _parents.extend(_loops.items())
    _loops.clear()
    _tls.unlock()


os.register_at_fork(after_in_child=_forget)


async def loop_clients() -> LoopClients:
    """What the running loop has open."""
    loop = asyncio.get_running_loop()
    found = _loops.get(loop)
    if found is None:
        for other in [other for other in list(_loops) if other.is_closed()]:
            del _loops[other]  # it was closed without a word, and its connections would keep it
        found = _loops[loop] = LoopClients()
        await found.open()
    return found
