"""Run all benchmarks, print their figures, and write them into docs/benchmarks.md.

    python benchmarks/run.py [--print-only]

Figures are CPU time, medians of interleaved rounds. Compare the ratios, not the absolute values: those
are this machine's.
"""

from __future__ import annotations

import asyncio
import platform
import sys
from collections.abc import Mapping
from pathlib import Path

import framework
import http_floor
import startup

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"


def table(title: str, figures: Mapping[str, float]) -> str:
    """A Markdown table."""
    rows = [f"| {name} | {value:,.2f} |" for name, value in figures.items()]
    return "\n".join([f"## {title}", "", "| | |", "|---|---:|", *rows, ""])


def ratios(title: str, figures: Mapping[str, tuple[float, float]]) -> str:
    """A Markdown table of what voxagent takes, what a loop by hand takes, and the ratio."""
    rows = [
        f"| {name} | {ours / 1000:,.2f} | {floor / 1000:,.2f} | {ours / floor:.2f} |"
        for name, (ours, floor) in figures.items()
    ]
    head = ["| CPU milliseconds | voxagent | by hand | ratio |", "|---|---:|---:|---:|"]
    return "\n".join([f"## {title}", "", *head, *rows, ""])


def main() -> None:
    """Measure everything."""
    parts = [
        "# Benchmarks",
        "",
        "Written by `make bench`; how each figure is made stands in `benchmarks/`.",
        f"CPU time on CPython {platform.python_version()}, {platform.machine()}.",
        "Believe the ratios: the absolute values are one machine's.",
        "",
        table("Start-up", startup.measure()),
        table("The framework's own share, CPU microseconds", asyncio.run(framework.measure())),
        ratios("Over loopback HTTP, beside a loop written by hand on httpx2", http_floor.measure()),
    ]
    page = "\n".join(parts)
    print(page)
    if "--print-only" not in sys.argv:
        PAGE.write_text(page)


if __name__ == "__main__":
    main()
