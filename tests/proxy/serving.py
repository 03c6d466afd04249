"""The proxy's app under a real server: in a thread of this process, and in a process of its own.

As a program it serves the dialects that it is told of, `name=address ...`, and prints its port.
"""

import asyncio
import itertools
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from tests.behaviour.dialects import DIALECTS
from tests.behaviour.wire import KEY
from voxagent.providers import ProxyProvider
from voxagent.providers.http.retries import Retries
from voxagent.providers.proxy.server import proxy_app

TOKEN = "a-token-of-these-tests-4711"
WAIT = 10.0
ROOT = Path(__file__).parents[2]
ONCE = Retries(attempts=1)


def through_proxy(url: str, model: str, **options: Any) -> ProxyProvider:
    """A provider that asks a proxy."""
    return ProxyProvider(model, options.pop("api_key", TOKEN), url, **{"retries": ONCE, **options})


def server_of(app: Any) -> uvicorn.Server:
    quiet = {"log_config": None, "access_log": False, "lifespan": "off"}
    return uvicorn.Server(uvicorn.Config(app, timeout_graceful_shutdown=1, **quiet))


class Many:
    """One server for many apps, each below a path of its own; it lives as long as the process."""

    def __init__(self) -> None:
        self._apps: dict[str, Any] = {}
        self._count = itertools.count()
        self._url = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        _, place, rest = scope["path"].split("/", 2)
        await self._apps[place]({**scope, "path": f"/{rest}"}, receive, send)

    @contextmanager
    def with_app(self, app: Any) -> Iterator[str]:
        if not self._url:
            listening = socket.create_server(("127.0.0.1", 0))
            threading.Thread(target=server_of(self).run, args=([listening],), daemon=True).start()
            self._url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        place = str(next(self._count))
        self._apps[place] = app
        try:
            yield f"{self._url}/{place}"
        finally:
            del self._apps[place]


serving = Many().with_app
"""The app, served in a thread that is there already; gives the address."""


@contextmanager
def serving_alone(app: Any) -> Iterator[str]:
    """The app, served in a thread of its own, and stopped at the end; gives the address."""
    server, listening = server_of(app), socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(WAIT)
        listening.close()
        assert not thread.is_alive()


@contextmanager
def in_a_process(upstreams: Mapping[str, str]) -> Iterator[str]:
    """A proxy for these dialects in a process of its own; gives the address."""
    told = [f"{name}={url}" for name, url in upstreams.items()]
    python = [sys.executable, "-W", "error", "-m", "tests.proxy.serving", *told]
    with subprocess.Popen(
        python, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
            process.stdin.close()
            assert process.wait(WAIT) == 0
        finally:
            process.kill()


async def main(told: list[str]) -> None:
    upstreams = dict(each.split("=", 1) for each in told)
    models = {
        dialect.name: dialect.provider(upstreams[dialect.name], key=KEY)
        for dialect in DIALECTS
        if dialect.name in upstreams
    }
    server = server_of(proxy_app(models, tokens=[TOKEN], heartbeat=0.05))
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    serving = asyncio.create_task(server.serve([listening]))
    await asyncio.to_thread(sys.stdin.read)  # until who started us is gone
    server.should_exit = True
    await serving


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
