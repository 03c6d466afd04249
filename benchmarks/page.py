"""The page of figures: its sections are replaced one by one, so that two programs can write it."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
INTRO = """\
# Benchmarks

Written by `make bench` and `make bench-others`; how each figure is made stands in `benchmarks/`.
Believe the ratios: the absolute values are one machine's.
"""
ORDER = (
    "Start-up",
    "The framework's own share",
    "Over loopback HTTP, beside a loop written by hand on httpx2",
    "Keeping secrets out",
    "A call of an MCP tool",
    "Sessions",
    "Beside other libraries",
)


def conditions(date: str = "") -> str:
    """One line: when and on what it was measured."""
    day = date or datetime.now(UTC).date().isoformat()
    python = f"CPython {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
    return f"Measured on {day} with {python}, {platform.system()}."


def written(sections: Mapping[str, str]) -> str:
    """The page with these sections in it, by title; the others stay as they are."""
    known: dict[str, str] = {}
    for part in PAGE.read_text().split("\n## ")[1:] if PAGE.exists() else ():
        title, _, body = part.partition("\n")
        known[title] = body.strip()
    known |= {title: body.strip() for title, body in sections.items()}
    parts = [f"## {title}\n\n{known[title]}\n" for title in ORDER if title in known]
    return "\n".join([INTRO, *parts])
