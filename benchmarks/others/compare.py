"""The same work by voxagent, a loop on httpx2 and other libraries, interleaved; writes docs/benchmarks.md.

    python benchmarks/others/compare.py [--print-only] [--rounds N] [--environments FOLDER] [--date DAY]

Every contestant is a process with an environment of its own, all ask one model server on loopback by Chat
Completions, and only one of them works at a time, in turns. A figure is the best of all rounds: what else the
machine does can only add to it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from environments import LIBRARIES, OURS, interpreter, versions  # noqa: E402  # found by the line above
from page import PAGE, conditions, written  # noqa: E402  # found by the line above

FLOOR, US = "httpx2", "voxagent"
USED = {FLOOR: ("httpx2", "pydantic"), US: ("voxagent", "httpx2", "pydantic")}
"""What these two use of an environment that has more in it."""
FIRST = "import and first answer, a fresh process"
TIMES = {
    "a run with one answer": 50,
    "2,000 streamed deltas in bursts": 1,
    "300 streamed deltas 1 ms apart": 1,
    "a loop of 200 tool calls": 1,
    "1,000 messages of history": 5,
    "10,000 messages of history": 1,
    "200 runs at once": 1,
}
NOTES = """\
The floor is a loop written by hand on httpx2: no types, events, limits, retries, timeouts or history rules.
voxagent and the floor always stream.
The others do only where deltas are asked for, and get a whole answer otherwise, which is less work.
A ratio below 1.00 is less than what it is compared with.
voxagent's fresh process is to take at most 1.5 times that of the floor, which imports httpx2 and pydantic.
"""
Figures: TypeAlias = dict[str, dict[str, list[tuple[float, float]]]]


class Contestant:
    """One library in a process of its own."""

    def __init__(self, name: str, python: Path, url: str) -> None:
        self.name = name
        self._command = [str(python), str(HERE / f"with_{name.replace('-', '_')}.py"), url]
        self._environment = {n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
        self._environment["PYTHONPATH"] = str(HERE.parent.parent) if python == OURS else ""
        self._process = subprocess.Popen(
            self._command, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def work(self, name: str) -> tuple[float, float]:
        """CPU and wall seconds of doing it once."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(name, TIMES[name], file=self._process.stdin, flush=True)
        cpu, wall = json.loads(self._process.stdout.readline())
        return cpu, wall

    def first(self) -> tuple[float, float]:
        """CPU and wall seconds from a fresh process to its end, after one answer."""
        begun = time.perf_counter()
        child = subprocess.Popen([*self._command, "first"], env=self._environment)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise RuntimeError(f"{self.name} failed")
        return used.ru_utime + used.ru_stime, time.perf_counter() - begun

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


def measured(contestants: list[Contestant], rounds: int) -> Figures:
    """All figures, by work and contestant."""
    found: Figures = {work: {each.name: [] for each in contestants} for work in (*TIMES, FIRST)}
    for number in range(rounds + 1):  # the first one warms up, and does not count
        for work in found:
            for each in contestants:
                took = each.first() if work == FIRST else each.work(work)
                if number:
                    found[work][each.name].append(took)
        print(f"round {number} of {rounds}", file=sys.stderr, flush=True)
    return found


def table(figures: Figures, kind: int, base: str) -> str:
    """A Markdown table of ratios to one contestant; `kind` is 0 for CPU and 1 for wall time."""
    names = [name for name in next(iter(figures.values())) if name != base]
    lines = [f"| | {base}, ms | {' | '.join(names)} |", f"|---|---:|{'---:|' * len(names)}"]
    for work, by_name in figures.items():
        best = {name: min(took[kind] for took in rounds) for name, rounds in by_name.items()}
        ratios = " | ".join(f"{best[name] / best[base]:,.2f}" for name in names)
        lines.append(f"| {work} | {best[base] * 1000:,.2f} | {ratios} |")
    return "\n".join(lines)


def section(figures: Figures, told: Mapping[str, Mapping[str, str]], rounds: int, date: str) -> str:
    """All of it as Markdown."""
    used = [
        f"- {name}: {', '.join(f'{package} {version}' for package, version in packages.items())}"
        for name, packages in told.items()
    ]
    return "\n".join(
        [
            conditions(date),
            f"Rounds, interleaved: {rounds}; in each, short works are done several times. The best counts.",
            "",
            NOTES,
            "### CPU time, as a multiple of the floor\n",
            table(figures, 0, FLOOR),
            "\n### CPU time, as a multiple of voxagent\n",
            table(figures, 0, US),
            "\n### Wall time, as a multiple of the floor\n",
            table(figures, 1, FLOOR),
            "\n### Versions\n",
            *used,
        ]
    )


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--print-only", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--environments", type=Path, default=HERE.parent.parent / ".venv-bench")
    parser.add_argument("--date", default="")
    given = parser.parse_args()
    pythons = {FLOOR: OURS, US: OURS, **{name: interpreter(given.environments, name) for name in LIBRARIES}}
    told = {name: versions(python) for name, python in pythons.items()}
    told |= {name: {each: told[name][each] for each in USED[name]} for name in USED}
    server = subprocess.Popen(
        [sys.executable, str(HERE.parent / "model_server.py")], stdout=subprocess.PIPE, text=True
    )
    contestants: list[Contestant] = []
    try:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
        contestants += [Contestant(name, python, url) for name, python in pythons.items()]
        text = section(measured(contestants, given.rounds), told, given.rounds, given.date)
    finally:
        for each in contestants:
            each.close()
        server.kill()
        server.wait()
    print(text)
    if not given.print_only:
        PAGE.write_text(written({"Beside other libraries": text}))


if __name__ == "__main__":
    main()
