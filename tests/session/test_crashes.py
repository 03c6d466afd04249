"""What was acknowledged survives: killed processes, power cuts, several writers that die in turns."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.session.powercut import cuts, recorded
from tests.session.stores import SERVERS, fresh
from tests.session.torture import numbered
from voxagent.errors import SessionError

TORTURE = bool(os.environ.get("VOXAGENT_TORTURE"))
KILLS = 1_000 if TORTURE else 12
RACE_KILLS = 200 if TORTURE else 6
WRITERS, TURNS = (64, 200) if TORTURE else (12, 4)
CUTS = 300 if TORTURE else 60
LONG = 3_600 if TORTURE else 180

pytestmark = [pytest.mark.slow, pytest.mark.timeout(LONG)]
persistent = pytest.mark.parametrize("where", ["file", "sqlite", *SERVERS])


@pytest.fixture
def where_url(where: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a store, of files in memory if there is such a folder: a kill is no power cut."""
    if where in ("postgresql", "redis"):
        yield request.getfixturevalue(f"{where.removesuffix('ql')}_url")
        return
    quick = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=quick) as home:
        yield {"file": f"file://{home}/sessions", "sqlite": f"sqlite:///{home}/chat.db"}[where]


def tortured(*arguments: str | int) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "tests.session.torture", *map(str, arguments)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        timeout=LONG,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return json.loads(done.stdout)


@persistent
def test_a_writer_that_is_killed_loses_nothing_that_was_acknowledged(where_url: str) -> None:
    found = tortured("kill", where_url, KILLS, 1)
    assert (found["rounds"], found["problems"]) == (KILLS, [])
    assert found["appended"] >= KILLS


@persistent
def test_four_processes_that_die_in_turns_leave_every_turn_whole_and_once(where_url: str) -> None:
    """Fault 70, between processes."""
    found = tortured("race", where_url, 4, RACE_KILLS, 1)
    assert (found["writers"], found["problems"]) == (RACE_KILLS + 4, [])
    assert found["messages"] > 0


@persistent
def test_many_writers_in_several_processes_lose_and_interleave_nothing(where_url: str) -> None:
    found = tortured("together", where_url, 3, WRITERS, TURNS)
    assert found == {"turns": WRITERS * TURNS, "problems": [], "whole": True}


URLS = {"sqlite": "sqlite:///{}/chat.db", "file": "file://{}/sessions"}


def lost_after_cuts(kind: str, home: Path, *, appends: int, sloppy: bool = False) -> tuple[int, list[str]]:
    """How many disks a power cut left, and what is wrong with them."""
    made = home / "made"
    made.mkdir()
    calls = recorded(URLS[kind].format(made), appends, made, sloppy=sloppy)
    problems: list[str] = []
    count = 0
    for place, acknowledged in cuts(calls, CUTS, 1, made, home / "cut"):
        count += 1
        place.mkdir(parents=True, exist_ok=True)
        wrong = asyncio.run(wrong_with(URLS[kind].format(place), acknowledged))
        problems += [f"{place.name}: {wrong}"] if wrong else []
        shutil.rmtree(place)
    return count, problems


async def wrong_with(url: str, acknowledged: int) -> str | None:
    store = fresh(url)
    try:
        session = await store.load("k")
        messages = [] if session is None else session.messages
        if len(messages) < acknowledged:
            return f"{len(messages)} of {acknowledged} messages"
        if messages != [numbered(number) for number in range(len(messages))]:
            return "other messages"
        await store.append("k", [numbered(0)], expected_version=len(messages))
        return None
    except SessionError as error:
        return str(error)
    finally:
        await store.close()


@pytest.mark.server
@pytest.mark.parametrize("kind", ["sqlite", "file"])
def test_a_power_cut_at_any_moment_loses_nothing_that_was_acknowledged(kind: str, tmp_path: Path) -> None:
    # with SQLite more than a thousand pages, so that it writes its log into the database within them
    assert lost_after_cuts(kind, tmp_path, appends={"sqlite": 700, "file": 150}[kind]) == (CUTS, [])


@pytest.mark.server
def test_the_power_cuts_are_found_to_lose_what_is_not_synced(tmp_path: Path) -> None:
    count, problems = lost_after_cuts("sqlite", tmp_path, appends=40, sloppy=True)
    assert len(problems) > count / 4
