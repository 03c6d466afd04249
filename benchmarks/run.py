"""Run all benchmarks, print their figures, and write them into docs/benchmarks.md.

    python benchmarks/run.py [--print-only]

Figures are CPU time, of interleaved rounds. Compare the ratios, not the absolute values: those
are this machine's.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping

import framework
import http_floor
import mcp_calls
import redaction
import sessions
import startup
from page import PAGE, conditions, written


def table(unit: str, figures: Mapping[str, float]) -> str:
    """A Markdown table."""
    rows = [f"| {name} | {value:,.2f} |" for name, value in figures.items()]
    return "\n".join([f"| {unit} | |", "|---|---:|", *rows, ""])


def ratios(figures: Mapping[str, tuple[float, float]]) -> str:
    """A Markdown table of what voxagent takes, what a loop by hand takes, and the ratio."""
    rows = [
        f"| {name} | {ours / 1000:,.2f} | {floor / 1000:,.2f} | {ours / floor:.2f} |"
        for name, (ours, floor) in figures.items()
    ]
    head = ["| CPU milliseconds | voxagent | by hand | ratio |", "|---|---:|---:|---:|"]
    return "\n".join([*head, *rows, ""])


def main() -> None:
    """Measure everything."""
    when = conditions()
    page = written(
        {
            "Start-up": f"{when}\n\n{table('CPU', startup.measure())}",
            "The framework's own share": table("CPU microseconds", asyncio.run(framework.measure())),
            "Over loopback HTTP, beside a loop written by hand on httpx2": ratios(http_floor.measure()),
            redaction.TITLE: redaction.table(asyncio.run(redaction.measure())),
            mcp_calls.TITLE: mcp_calls.table(asyncio.run(mcp_calls.measure())),
            sessions.TITLE: sessions.table(asyncio.run(sessions.measure())),
        }
    )
    print(page)
    if "--print-only" not in sys.argv:
        PAGE.write_text(page)


if __name__ == "__main__":
    main()
