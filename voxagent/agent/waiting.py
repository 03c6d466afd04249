"""Wait for work that must not be torn apart."""

from __future__ import annotations

import asyncio


async def finished(work: asyncio.Task[None], grace: float, *, hurry: bool) -> None:
    """Wait for work that a cancellation shall not tear apart.

    It is given `grace` seconds from the cancellation on, or from now on in a `hurry`, and is cancelled then,
    with a tenth of that to end.
    The cancellation is raised afterwards.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + grace if hurry else None
    stopped: asyncio.CancelledError | None = None
    while not work.done() and (until is None or loop.time() < until):
        try:
            await asyncio.wait([work], timeout=None if until is None else until - loop.time())
        except asyncio.CancelledError as error:
            stopped = error
            until = until or loop.time() + grace
    if work.cancel():
        await asyncio.wait([work], timeout=grace / 10)
    elif stopped is None:
        work.result()
    if work.done() and not work.cancelled():
        work.exception()  # nobody else asks for it
    if stopped is not None:
        raise stopped
