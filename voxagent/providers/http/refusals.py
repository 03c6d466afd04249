"""What is read of an answer that is an error: as much as matters, for as long as it is worth."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

MAX_BYTES = 64_000
SECONDS = 10.0

logger: logging.Logger = logging.getLogger("voxagent")


async def beginning(response: Any) -> bytes:
    """The body of an error, as far as it matters; it may be slow, endless or cut."""
    data = b""
    try:
        async with asyncio.timeout(SECONDS):
            async for piece in response.aiter_bytes():
                data += piece
                if len(data) >= MAX_BYTES:
                    break
    except Exception:  # the status tells enough
        logger.debug("the body of an error broke off", exc_info=True)
    return data[:MAX_BYTES]
