"""An ASGI app under a real server, in a task of this loop."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import uvicorn

T = TypeVar("T")


@asynccontextmanager
async def running(made: Callable[[str], tuple[T, Any]]) -> AsyncGenerator[T]:
    """Serve an app that is made for its address; gives what was made with it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        kept, app = made(f"http://127.0.0.1:{listening.getsockname()[1]}")
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve([listening]))
        try:
            yield kept
        finally:
            server.should_exit = True
            await asyncio.wait_for(task, 20)
