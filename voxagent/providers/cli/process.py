"""A program that runs for one answer, in a process group of its own, which never outlives the answer.

The prompt is a file without a name, so nothing has to be written while the program reads. The program's
end is waited for by a thread that sleeps in the kernel, so this works on any event loop in any thread.
Whatever the program leaves behind in its group ends with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import tempfile
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import IO, cast

from ...errors import ConfigError
from ...fanout.threads import in_thread

MAX_STDERR = 16_000
"""Bytes of the standard error's end that are kept."""
LINGER_SECONDS = 1.0
"""How long output is waited for that a process outside the group holds open after the program's end."""
KILL_SECONDS = 5.0
"""How long a killed process is waited for."""

logger: logging.Logger = logging.getLogger("voxagent")


@dataclass(slots=True, frozen=True)
class Command:
    """A program to run.

    Args:
        argv: The program and its arguments; no secret and no prompt among them.
        prompt: What it reads from its standard input.
        environment: Its whole environment.
        cwd: The folder that it works in; None for the process's own.
        grace: Seconds between asking it to end and killing it.
    """

    argv: Sequence[str]
    prompt: str = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)
    cwd: str | None = None
    grace: float = 2.0


class _Tail(asyncio.Protocol):
    """Reads a pipe to its end and keeps the last of it."""

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._size = 0

    def data_received(self, data: bytes) -> None:
        self._pieces.append(data)
        self._size += len(data)
        while self._size - len(self._pieces[0]) >= MAX_STDERR:
            self._size -= len(self._pieces.popleft())

    def text(self) -> str:
        return b"".join(self._pieces)[-MAX_STDERR:].decode("utf-8", "replace")


class Process:
    """A running program; made by `running`."""

    def __init__(self, program: subprocess.Popen[bytes], reader: asyncio.StreamReader, tail: _Tail) -> None:
        self._program = program
        self._tail = tail
        self.output: asyncio.StreamReader = reader
        self.ended: asyncio.Task[int] = asyncio.create_task(in_thread(program.wait))

    @property
    def stderr(self) -> str:
        """The end of what it wrote to its standard error."""
        return self._tail.text()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody is left in it
            os.killpg(self._program.pid, number)

    async def stop(self, grace: float) -> None:
        """End the group: ask, wait, kill. A cancellation shortens the wait only."""
        if self.ended.done():
            return
        self.signal(signal.SIGTERM)
        try:
            await asyncio.wait([self.ended], timeout=grace)
        finally:
            self.signal(signal.SIGKILL)
            await asyncio.wait([self.ended], timeout=KILL_SECONDS)


@asynccontextmanager
async def running(command: Command) -> AsyncGenerator[Process]:
    """Run a program; when this is left, it and its children have ended."""
    loop = asyncio.get_running_loop()
    reader, tail = asyncio.StreamReader(), _Tail()
    program = _started(command)
    process = Process(program, reader, tail)
    output, errors = cast("IO[bytes]", program.stdout), cast("IO[bytes]", program.stderr)
    # Tasks, as a cancellation must not strike in the middle of a connect, when nobody would own the pipe.
    connecting = [
        loop.create_task(_connected(lambda: asyncio.StreamReaderProtocol(reader), output)),
        loop.create_task(_connected(lambda: tail, errors)),
    ]

    def close() -> None:
        for pipe in connecting:
            pipe.add_done_callback(lambda connected: connected.result().close())

    def over(ended: asyncio.Task[int]) -> None:
        process.signal(signal.SIGKILL)
        timers.append(loop.call_later(LINGER_SECONDS, close))

    timers: list[asyncio.TimerHandle] = []
    process.ended.add_done_callback(over)
    try:
        yield process
    finally:
        try:
            await process.stop(command.grace)
        finally:
            for timer in timers:
                timer.cancel()
            close()


async def _connected(protocol: Callable[[], asyncio.BaseProtocol], pipe: IO[bytes]) -> asyncio.ReadTransport:
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(protocol, pipe)
    return transport


def _started(command: Command) -> subprocess.Popen[bytes]:
    with tempfile.TemporaryFile() as prompt:
        prompt.write(command.prompt.encode("utf-8", "replace"))
        prompt.seek(0)
        try:
            return subprocess.Popen(  # noqa: S603  # the program is the caller's own choice
                command.argv,
                stdin=prompt,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=command.environment,
                cwd=command.cwd,
                start_new_session=True,
                close_fds=True,
            )
        except OSError as error:
            raise ConfigError(f"{command.argv[0]!r} cannot be started: {error.strerror}") from error
