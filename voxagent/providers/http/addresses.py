"""Reach a server by the first of its addresses that answers (RFC 8305: "Happy Eyeballs").

A name often has addresses that lead nowhere from here. They are tried one beside the other, each a moment
after the one before it, and what was begun in vain is closed before anybody goes on.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from itertools import zip_longest
from typing import TypeAlias

NEXT_SECONDS = 0.25
"""How long an address has until the next one is tried beside it (RFC 8305, section 5)."""

Address: TypeAlias = tuple[socket.AddressFamily, tuple[str | int | bytes, ...]]


async def reached(host: str, port: int) -> socket.socket:
    """A socket that is connected; raises the first address's `OSError` if none can be reached."""
    addresses = _literal(host, port)
    if not addresses:  # looking a name up takes a thread
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = ordered([(family, address) for family, _, _, _, address in found])
    if len(addresses) == 1:
        return await _tried(addresses[0])
    return await _raced(addresses)


def _literal(host: str, port: int) -> list[Address]:
    """The address that a host is, if it is not a name."""
    for family, place in ((socket.AF_INET, (host, port)), (socket.AF_INET6, (host, port, 0, 0))):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return [(family, place)]
    return []


def ordered(addresses: list[Address]) -> list[Address]:
    """The addresses, so that a family that leads nowhere holds up nobody (RFC 8305, section 4)."""
    first = [each for each in addresses if each[0] == addresses[0][0]]
    others = [each for each in addresses if each[0] != addresses[0][0]]
    return [each for pair in zip_longest(first, others) for each in pair if each is not None]


async def _tried(address: Address) -> socket.socket:
    family, place = address
    tried = socket.socket(family, socket.SOCK_STREAM)
    try:
        tried.setblocking(False)
        await asyncio.get_running_loop().sock_connect(tried, place)
    except BaseException:  # the socket is closed, and it is raised again
        tried.close()
        raise
    return tried


async def _raced(addresses: list[Address]) -> socket.socket:
    waiting, trying = deque(addresses), list[asyncio.Task[socket.socket]]()
    try:
        while True:
            if waiting:
                trying.append(asyncio.create_task(_tried(waiting.popleft())))
            hopeful = [task for task in trying if not task.done()]
            limit = NEXT_SECONDS if waiting else None
            await asyncio.wait(hopeful, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            won = next((task for task in trying if task.done() and task.exception() is None), None)
            if won is not None:
                trying.remove(won)
                return won.result()
            if not waiting and all(task.done() for task in trying):
                return trying[0].result()  # raises
    finally:
        await _given_up(trying)


async def _given_up(trying: list[asyncio.Task[socket.socket]]) -> None:
    for task in trying:
        task.cancel()
    for ended in await asyncio.gather(*trying, return_exceptions=True):
        if isinstance(ended, socket.socket):
            ended.close()
