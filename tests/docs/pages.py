"""The pages of the docs: the examples and outputs in them, their tables and links.

A block below `<!-- examples/NAME.py -->` is that file, one below `<!-- output of examples/NAME.py -->`
is what it prints, and a table below `<!-- names: ... -->` lists names of the code in its first column.
Run this file to write examples and outputs into the pages anew.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))

BLOCK = re.compile(
    r"^<!-- (?P<output>output of )?examples/(?P<name>\w+)\.py -->\n```\w+\n(?P<text>.*?)^```$", re.M | re.S
)
CODE = re.compile(r"`[^`\n]+`")
FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
TABLE = re.compile(r"^<!-- names: (?P<of>.+?) -->\n(?P<rows>(?:\|.*\n)+)", re.M)
NAME = re.compile(r"^\| *`(?P<name>[^`(]+)")
MARK = re.compile(r"^<!-- (?:output of |examples/\w+\.py -->\n```)", re.M)
LINK = re.compile(r"\[[^\]]+\]\(([^)]+)\)")
HEADING = re.compile(r"^#+ (?P<title>.+)$", re.M)


@dataclass(frozen=True)
class Block:
    """An example, or its output, in a page."""

    name: str
    is_output: bool
    text: str


def blocks(page: Path) -> Iterator[Block]:
    for found in BLOCK.finditer(page.read_text("utf-8")):
        yield Block(found["name"], found["output"] is not None, found["text"])


def marks(page: Path) -> int:
    """How many blocks the page says that it has."""
    return len(MARK.findall(page.read_text("utf-8")))


def tables(page: Path) -> Iterator[tuple[str, list[str]]]:
    """What each table is of, and the names in its first column."""
    for found in TABLE.finditer(page.read_text("utf-8")):
        rows = found["rows"].splitlines()[2:]
        yield found["of"], [name["name"] for row in rows if (name := NAME.match(row))]


def prose(page: Path) -> str:
    """The page without its code, in blocks and in lines."""
    return CODE.sub("code", FENCE.sub("", page.read_text("utf-8")))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the usual hosts of Markdown make them."""
    text = FENCE.sub("", page.read_text("utf-8"))
    titles = [found["title"].lower() for found in HEADING.finditer(text)]
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


def printed(name: str, folder: Path) -> str:
    """What an example prints, run on its own without any key; fails if it does."""
    kept = {key: value for key, value in os.environ.items() if not key.endswith("_API_KEY")}
    ran = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "examples" / f"{name}.py")],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=50,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def example(name: str) -> str:
    return (ROOT / "examples" / f"{name}.py").read_text("utf-8")


def rewrite(page: Path) -> None:
    def fresh(found: re.Match[str]) -> str:
        head = found[0][: found.start("text") - found.start()]
        text = printed(found["name"], ROOT) if found["output"] else example(found["name"])
        return f"{head}{text}```"

    page.write_text(BLOCK.sub(fresh, page.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    for each in PAGES:
        rewrite(each)
