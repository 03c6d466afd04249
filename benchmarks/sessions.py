"""What it costs to keep sessions: appends, beside the disk's own part in them, and long sessions.

    python benchmarks/sessions.py    # and into docs/benchmarks.md

Everything is on one disk. The servers run on this machine and are told to wait for the disk too; one that is
not installed is left out. A sync of 8 kB in place is measured after each append, because disks have moods.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from page import PAGE, written

from voxagent.session import Session, SessionStorage, storage_from
from voxagent.types import Message

TITLE = "Sessions"
APPENDS = 1_000
SESSIONS, EACH = 50, 200
LONG, TOGETHER = 10_000, 10
PAGE_SIZE = 50
TIMES = 7


@dataclass(frozen=True)
class Figures:
    """What one store takes.

    Args:
        sync: A sync of the disk, in ms; the median, as of all others.
        append: An append of one message, in ms.
        many: Appends in a second, to some sessions at once.
        load: Loading a long session, in ms.
        page: Reading some messages from its middle, in ms.
    """

    sync: float
    append: float
    many: float
    load: float
    page: float


def servers() -> ModuleType:
    """The servers of the tests."""
    sys.path.append(str(Path(__file__).parent.parent))
    from tests.session import servers as found

    return found


def message(number: int) -> Message:
    """One of a conversation, of some 40 words."""
    return Message("assistant" if number % 2 else "user", f"{number} {'some words ' * 20}")


class Disk:
    """The disk that everything is on."""

    def __init__(self, folder: Path) -> None:
        self._fd = os.open(folder / "probe", os.O_RDWR | os.O_CREAT)
        os.pwrite(self._fd, bytes(8_192), 0)
        os.fsync(self._fd)

    def sync(self) -> float:
        """Milliseconds of a sync of 8 kB."""
        begun = time.perf_counter()
        os.pwrite(self._fd, bytes(8_192), 0)
        os.fdatasync(self._fd)
        return (time.perf_counter() - begun) * 1_000


async def appended(store: SessionStorage, key: str, count: int) -> None:
    for number in range(count):
        await store.append(key, [message(number)], expected_version=number)


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds of a call, the median of some."""
    taken: list[float] = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        await work()
        taken.append((time.perf_counter() - begun) * 1_000)
    return statistics.median(taken)


async def figures(store: SessionStorage, disk: Disk) -> Figures:
    """Measure one store."""
    await appended(store, "warm", 50)
    appends: list[float] = []
    syncs: list[float] = []
    for number in range(APPENDS):
        begun = time.perf_counter()
        await store.append("one", [message(number)], expected_version=number)
        appends.append((time.perf_counter() - begun) * 1_000)
        syncs.append(disk.sync())
    begun = time.perf_counter()
    await asyncio.gather(*[appended(store, f"many {number}", EACH) for number in range(SESSIONS)])
    many = SESSIONS * EACH / (time.perf_counter() - begun)
    await store.save(Session.create("long"))
    for first in range(0, LONG, TOGETHER):
        said = [message(number) for number in range(first, first + TOGETHER)]
        await store.append("long", said, expected_version=first)
    load = await timed(lambda: store.load("long"))
    page = await timed(lambda: store.messages("long", LONG // 2, PAGE_SIZE))
    await store.close()
    return Figures(statistics.median(syncs), statistics.median(appends), many, load, page)


async def measure() -> dict[str, Figures]:
    """Figures of all stores that can be had here."""
    found = servers()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=tempfile.gettempdir())))
        urls = {"memory": "memory:", "file": f"file://{home}/sessions", "sqlite": f"sqlite:///{home}/chat.db"}
        if found.there("initdb"):
            urls["postgresql"] = stack.enter_context(found.postgres(durable=True))
        if found.there("redis-server"):
            urls["redis"] = stack.enter_context(found.redis(durable=True))
        disk = Disk(home)
        return {name: await figures(storage_from(url), disk) for name, url in urls.items()}


def table(measured: Mapping[str, Figures]) -> str:
    """A Markdown section."""
    head: Sequence[str] = (
        "An append of one message, the median of 1,000; a sync is one `fdatasync` of that disk beside it.",
        "All stores wait for the disk, but for memory, which has none.",
        "Targets: SQLite's append takes at most a sync and 0.3 ms, 5,000 a second where a sync takes at most"
        " 0.5 ms; a session of 10,000 messages is loaded in 150 ms.",
        "",
        "| store | append, ms | sync, ms | appends/s, 50 sessions | 10,000 messages, ms | 50 of them, ms |",
        "|---|---:|---:|---:|---:|---:|",
    )
    rows = [
        f"| {name} | {each.append:.2f} | {each.sync:.2f} | {each.many:,.0f} |"
        f" {each.load:.1f} | {each.page:.2f} |"
        for name, each in measured.items()
    ]
    return "\n".join([*head, *rows, ""])


if __name__ == "__main__":
    section = table(asyncio.run(measure()))
    print(section)
    PAGE.write_text(written({TITLE: section}))
