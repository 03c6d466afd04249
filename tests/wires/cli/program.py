"""A program that does as it is told: the fake of every command-line agent.

What it shall do stands in a file, as lists of steps in JSON; what it was given is written to another. It
holds an end of a pipe for as long as it, or a child of it, lives.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def files_named(arguments: list[str]) -> dict[str, dict[str, Any]]:
    """The files among the arguments: what is in them, and who may read them."""
    found = [Path(each.rpartition("=")[2].strip('"')) for each in arguments]
    there = [path for path in found if path.is_absolute() and path.is_file()]
    return {path.name: {"text": path.read_text(), "mode": path.stat().st_mode & 0o777} for path in there}


def record() -> None:
    told = {
        "argv": sys.argv[1:],
        "stdin": sys.stdin.read(),
        "env": dict(os.environ),
        "cwd": os.getcwd(),
        "files": files_named(sys.argv[1:]),
    }
    with open(os.environ["FAKE_RECORD"], "a") as log:
        log.write(json.dumps(told) + "\n")


def write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def do(step: dict[str, Any]) -> None:
    match step:
        case {"say": event}:
            write(json.dumps(event).encode() + b"\n")
        case {"raw": text}:
            write(text.encode("latin-1"))
        case {"err": text}:
            sys.stderr.write(text)
            sys.stderr.flush()
        case {"err_flood": size}:
            os.write(2, b"e" * size)
        case {"out_flood": size}:
            write(b"x" * size)
        case {"lines": count}:
            for _ in range(count):
                write(b"npm notice " + b"x" * 1_000_000 + b"\n")
        case {"deaf": _}:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        case {"wait": seconds}:
            time.sleep(seconds)
        case {"wait_for": path}:
            while not os.path.exists(path):
                time.sleep(0.01)
        case {"child": code}:
            subprocess.Popen([sys.executable, "-c", code], pass_fds=[int(os.environ["FAKE_ALIVE_FD"])])
        case {"close": _}:
            os.close(1)
        case {"die": number}:
            os.kill(os.getpid(), number)
        case {"exit": status}:
            sys.exit(status)
        case _:
            raise ValueError(step)


def main() -> None:
    alive = os.open(os.environ["FAKE_ALIVE"], os.O_WRONLY)
    os.environ["FAKE_ALIVE_FD"] = str(alive)
    record()
    with open(os.environ["FAKE_STEPS"]) as file:
        lists = json.load(file)
    with open(os.environ["FAKE_RECORD"]) as log:
        number = len(log.readlines())
    for step in lists[min(number, len(lists)) - 1]:
        do(step)


main()
