"""What it costs to import voxagent, beside what it costs to import pydantic."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

OURS = "import voxagent; from voxagent import Agent"
PYDANTIC = "from pydantic import BaseModel"
ROUNDS = 11


def cpu_ms(statement: str) -> float:
    """CPU milliseconds of a fresh interpreter that runs a statement (bytecode may be kept)."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    child = subprocess.Popen([sys.executable, "-c", statement], env=environment)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{statement!r} failed")
    return (used.ru_utime + used.ru_stime) * 1000


def measure() -> dict[str, float]:
    """Milliseconds on top of a bare interpreter, medians of interleaved rounds; and their ratio."""
    rounds: dict[str, list[float]] = {"pass": [], OURS: [], PYDANTIC: []}
    for statement in rounds:
        cpu_ms(statement)
    for _ in range(ROUNDS):
        for statement, figures in rounds.items():
            figures.append(cpu_ms(statement))
    bare = statistics.median(rounds["pass"])
    ours, pydantic = (statistics.median(rounds[each]) - bare for each in (OURS, PYDANTIC))
    return {f"`{OURS}`, ms": ours, f"`{PYDANTIC}`, ms": pydantic, "ratio (target: 1.6)": ours / pydantic}
