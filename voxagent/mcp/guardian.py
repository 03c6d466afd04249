"""A tiny process that outlives this program for a moment: it kills the servers that were left behind.

It reads from a pipe whose only other end is ours, so it notices our end however it comes, SIGKILL included.
It is told which process groups to guard and which no longer; at the end of the pipe it kills the rest.

A process has no number before it is started, and we may be killed before we have told it. So a server that
is about to be started is announced by a mark, which it has in its environment: what was announced and not
told is looked for by that (where there is `/proc`). The pipe ends after the new program has begun, as the
process that becomes it holds it open until then.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from secrets import token_hex

MARK = "VOXAGENT_MCP_SERVER"
"""The variable that a server has its mark in."""
PROGRAM = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
told = set()
for line in sys.stdin:
    (told.add if line[0] == "+" else told.discard)(line[1:-1])
groups = {int(word) for word in told if word.isdigit()}
marks = {f"{sys.argv[1]}={word}".encode() for word in told if not word.isdigit()}
for each in os.listdir("/proc") if marks and os.path.isdir("/proc") else ():
    try:
        with open(f"/proc/{int(each)}/environ", "rb") as file:
            if not marks.isdisjoint(file.read().split(b"\\0")):
                groups.add(int(each))
    except (OSError, ValueError):
        pass
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        pass
"""


class _Guardian:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.told: set[str] = set()
        self.pipe: int | None = None

    def tell(self, sign: str, word: str) -> None:
        with self.lock:
            (self.told.add if sign == "+" else self.told.discard)(word)
            if self.pipe is not None and _written(self.pipe, f"{sign}{word}\n"):
                return
            if self.told:
                self.pipe = _started()
                _written(self.pipe, "".join(f"+{each}\n" for each in sorted(self.told)))


def _written(pipe: int, text: str) -> bool:
    try:
        os.write(pipe, text.encode())
    except OSError:  # somebody has ended the guardian
        os.close(pipe)
        return False
    return True


def _started() -> int:
    reading, writing = os.pipe()
    command = [sys.executable, "-I", "-S", "-c", PROGRAM, MARK]
    process = subprocess.Popen(  # noqa: S603  # our own program, no shell
        command,
        stdin=reading,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    process.returncode = 0  # it is not waited for: it ends after us
    os.close(reading)
    return writing


_guardian = _Guardian()
_numbers = itertools.count(1)


def _forget() -> None:
    """In a forked child: the servers are the parent's, and the guardian must not wait for the child's end."""
    global _guardian
    inherited, _guardian = _guardian.pipe, _Guardian()
    if inherited is not None:
        os.close(inherited)


os.register_at_fork(after_in_child=_forget)


@contextmanager
def announced() -> Generator[dict[str, str]]:
    """While a server is being started: what it must have in its environment, for the guardian to find it."""
    mark = f"{next(_numbers)}-{token_hex(8)}"
    _guardian.tell("+", mark)
    try:
        yield {MARK: mark}
    finally:
        _guardian.tell("-", mark)


def guard(group: int) -> None:
    """Have a process group killed once this program is gone."""
    _guardian.tell("+", str(group))


def release(group: int) -> None:
    """The group has ended."""
    _guardian.tell("-", str(group))
