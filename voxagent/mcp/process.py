"""A server that runs as a process of ours.

The process leads a group of its own, so that whatever it starts ends with it. Its end is bounded: its input
is closed, after a grace the group is asked to terminate, after another it is killed. Should this program be
killed itself, a guardian kills the group. What the server writes to stderr is always read, and its end is
kept.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from ..errors import ToolsetError
from .guardian import announced, guard, release
from .pipes import Pipes

logger: logging.Logger = logging.getLogger("voxagent")

INHERITED = ("HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER")
"""What a server sees of this program's environment; keys of services are not in it."""
READ_BYTES = 65_536
STDERR_KEPT = 4_000
GRACE = 1.0
"""Seconds that a server gets after its input was closed, and again after it was asked to terminate."""
ABOUT_TO_END = 0.2


class ServerProcess:
    """A running server.

    Args:
        command: The program.
        args: Its arguments.
        env: Variables that it sees besides the few that all servers see.
        cwd: Its working directory; this program's by default.
    """

    def __init__(
        self, command: str, args: Sequence[str], env: Mapping[str, str], cwd: str | Path | None
    ) -> None:
        self._command = [command, *args]
        self._env = {name: os.environ[name] for name in INHERITED if name in os.environ} | dict(env)
        self._cwd = cwd
        self._stderr = bytearray()
        self._process: asyncio.subprocess.Process
        self._pipes: Pipes
        self._reading: asyncio.Task[None]

    async def start(self) -> None:
        """Start it; raises `ToolsetError` if there is no such program."""
        try:
            with announced() as mark:
                loop = asyncio.get_running_loop()
                transport, self._pipes = await loop.subprocess_exec(
                    Pipes,
                    *self._command,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.PIPE,
                    env=self._env | mark,
                    cwd=self._cwd,
                    start_new_session=True,
                )
                self._process = asyncio.subprocess.Process(transport, self._pipes, loop)
                guard(self._process.pid)
        except (OSError, ValueError) as error:
            raise ToolsetError(f"{self._command[0]!r} cannot be started: {error}") from error
        self._reading = asyncio.create_task(self._read_stderr())

    async def _read_stderr(self) -> None:
        while data := await cast("asyncio.StreamReader", self._process.stderr).read(READ_BYTES):
            self._stderr += data
            del self._stderr[:-STDERR_KEPT]

    async def told(self) -> str:
        """How it ended, if it has, and the last lines that it wrote to stderr."""
        with suppress(TimeoutError):
            async with asyncio.timeout(ABOUT_TO_END):  # one that has closed its output is about to end
                await asyncio.wait([self._reading])
                await self._process.wait()
        code = self._process.returncode
        running = "; ".join(filter(None, [self._pipes.fault, "it was still running"]))
        ended = running if code is None else f"it ended with {_said_of(code)}"
        last = bytes(self._stderr).decode(errors="replace").strip().splitlines()[-5:]
        return f"{ended}; its stderr: {' | '.join(last)}" if last else ended

    async def write(self, data: bytes, *, waits: bool = True, id: int | str | None = None) -> None:
        """Send a message; raises `OSError` once the server does not take any.

        Args:
            data: The message.
            waits: Whether it may wait for room; else this never waits.
            id: Of a request, which is then without an answer until `answered`.
        """
        await self._pipes.write(data, waits=waits, id=id)

    def answered(self, id: object) -> None:
        """Nobody waits for an answer to this request any more."""
        self._pipes.answered(id)

    async def read(self) -> bytes:
        """What it has written; nothing at its end."""
        return await cast("asyncio.StreamReader", self._process.stdout).read(READ_BYTES)

    async def stop(self) -> None:
        """End it, within two times the grace and a little; at once if this is cancelled."""
        process = self._process
        self._pipes.leave()
        emptying = asyncio.create_task(self._empty())  # one that is busy writing could not see the end
        try:
            if not await self._gone(GRACE):
                self._signal(signal.SIGTERM)
                if not await self._gone(GRACE):
                    logger.warning("the MCP server %r did not end and was killed", self._command[0])
        finally:
            self._signal(signal.SIGKILL)  # and whatever it has left behind in its group
            release(process.pid)
            for task in (emptying, self._reading):
                task.cancel()
            _close_pipes(process)
        await self._gone(GRACE)

    async def _empty(self) -> None:
        while await self.read():
            pass

    async def _gone(self, seconds: float) -> bool:
        """Whether the process ends within some seconds; its pipes may be held open by others."""
        end = asyncio.get_running_loop().time() + seconds
        while self._process.returncode is None:
            left = end - asyncio.get_running_loop().time()
            if left <= 0:
                return False
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), min(left, 0.02))
        return True

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


def _close_pipes(process: asyncio.subprocess.Process) -> None:
    """Let go of pipes that somebody else may still hold open."""
    with suppress(PermissionError, ProcessLookupError):
        cast("Any", process)._transport.close()


def _said_of(code: int) -> str:
    """The exit code, or the signal, in words."""
    if code >= 0:
        return f"exit code {code}"
    names = {each.value: each.name for each in signal.Signals}
    return f"signal {names.get(-code, -code)}"
