"""A tiny process that outlives this program for a moment: it kills the servers that were left behind.

It reads from a pipe whose only other end is ours, so it notices our end however it comes, SIGKILL included.
It is told which process groups to guard and which no longer; at the end of the pipe it kills the rest.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading

PROGRAM = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
groups = set()
for line in sys.stdin:
    (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        pass
"""


class _Guardian:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.groups: set[int] = set()
        self.pipe: int | None = None

    def tell(self, sign: str, group: int) -> None:
        with self.lock:
            (self.groups.add if sign == "+" else self.groups.discard)(group)
            if self.pipe is not None and _written(self.pipe, f"{sign}{group}\n"):
                return
            if self.groups:
                self.pipe = _started()
                _written(self.pipe, "".join(f"+{each}\n" for each in sorted(self.groups)))


def _written(pipe: int, text: str) -> bool:
    try:
        os.write(pipe, text.encode())
    except OSError:  # somebody has ended the guardian
        os.close(pipe)
        return False
    return True


def _started() -> int:
    reading, writing = os.pipe()
    command = [sys.executable, "-I", "-S", "-c", PROGRAM]
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


def _forget() -> None:
    """In a forked child: the servers are the parent's, and the guardian must not wait for the child's end."""
    global _guardian
    inherited, _guardian = _guardian.pipe, _Guardian()
    if inherited is not None:
        os.close(inherited)


os.register_at_fork(after_in_child=_forget)


def guard(group: int) -> None:
    """Have a process group killed once this program is gone."""
    _guardian.tell("+", group)


def release(group: int) -> None:
    """The group has ended."""
    _guardian.tell("-", group)
