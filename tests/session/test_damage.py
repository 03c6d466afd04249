"""Stores of which something was broken: they say so, name the place, and change nothing."""

import asyncio
import fcntl
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from tests.session.stores import EMBEDDED, fresh
from voxagent import Message
from voxagent.session import (
    FileSessionStorage,
    PostgresSessionStorage,
    RedisSessionStorage,
    Session,
    SessionConflict,
    SessionError,
    SQLiteSessionStorage,
    flock,
    session_lock,
)
from voxagent.session.jsonlines import SessionFile
from voxagent.session.redis import _Names

HELLO, HI = Message("user", "hello"), Message("assistant", "hi")
BROKEN = 150


def files_below(folder: Path) -> list[Path]:
    return [*folder.rglob("*.jsonl"), *folder.rglob("*.db")]


def broken(data: bytes, chance: random.Random) -> bytes:
    """The data after something has gone wrong with it, most often at its beginning."""
    changed = bytearray(data)
    at = chance.randrange(len(data) if chance.random() < 0.6 else min(400, len(data)))
    match chance.randrange(4):
        case 0:
            changed[at] = chance.randrange(256)
        case 1:
            del changed[at : at + chance.randrange(1, 200)]
        case 2:
            changed[at:at] = chance.randbytes(chance.randrange(1, 50))
        case _:
            for _ in range(20):
                changed[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(changed)


@pytest.mark.slow
@pytest.mark.parametrize("place", EMBEDDED, indirect=True)
async def test_whatever_is_broken_in_a_file_is_an_error_of_the_session_and_of_nothing_else(
    place: str, tmp_path: Path
) -> None:
    chance, store, version = random.Random(7), fresh(place), 0
    for number in range(40):
        said = Message("user", f"{number} " + "x" * chance.choice([5, 300, 3000]))
        version = await store.append("k", [said], expected_version=version)
    await store.close()
    [path] = files_below(tmp_path)
    whole, errors = path.read_bytes(), 0
    for _ in range(BROKEN):
        path.write_bytes(broken(whole, chance))
        store = fresh(place)
        doing = (
            store.load("k"),
            store.messages("k", chance.randrange(40), 5),
            store.version("k"),
            store.exists("k"),
            store.list_keys(),
            store.append("k", [HELLO], expected_version=40),
        )
        for each in doing:
            try:
                await each
            except (SessionError, SessionConflict):
                errors += 1
        await store.close()
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    assert errors > BROKEN


# --- files -----------------------------------------------------------------------------------------


def long_session() -> Session:
    return Session("id", "k", [Message("user", f"{number} " + "x" * 2_000) for number in range(1_000)])


async def test_of_a_long_file_only_the_page_is_read(tmp_path: Path) -> None:
    files, session = FileSessionStorage(tmp_path), long_session()
    await files.save(session)
    for number in range(1_000, 1_100):
        session.messages.append(Message("user", f"{number} " + "y" * 2_000))
        await files.append("k", session.messages[-1:], expected_version=number)
    path = SessionFile(tmp_path, "k").path
    whole = path.read_bytes()
    for start in (0, 1, 99, 100, 101, 555, 999, 1_000, 1_001, 1_098, 1_099, 1_100, 5_000):
        assert await files.messages("k", start, 3) == session.messages[start : start + 3]
        assert await files.messages("k", start) == session.messages[start:]
    for damaged, line in ((300, 5), (1_099, 111)):
        path.write_bytes(whole.replace(b'{"n":%d,' % damaged, b'{"m":%d,' % damaged))
        for start in (0, 100, 555, 1_000):
            assert await files.messages("k", start, 50) == session.messages[start : start + 50]
        with pytest.raises(SessionError, match=rf"line {line} holds no messages"):
            await files.messages("k", damaged, 1)
    path.write_bytes(whole.replace(b'"user","content":"555 ', b'"uses","content":"555 '))
    with pytest.raises(SessionError, match=r"line 7 cannot be read: it holds no message of voxagent$"):
        await files.messages("k", 555, 1)


@pytest.mark.parametrize(
    "at", ["1.2.3", "-", "1e"], ids=["of two points", "of no digits", "that has no exponent"]
)
async def test_a_line_with_a_time_is_damaged(tmp_path: Path, at: str) -> None:
    files = FileSessionStorage(tmp_path)
    await files.append("k", [HELLO], expected_version=0)
    path = SessionFile(tmp_path, "k").path
    head, line = path.read_text().splitlines()
    before, _, after = line.partition('"at":')
    path.write_text(f'{head}\n{before}"at":{at},{after.partition(",")[2]}\n')
    for doing in (files.load("k"), files.version("k"), files.append("k", [HI], expected_version=1)):
        with pytest.raises(SessionError, match=r"\.jsonl, line 2 holds no messages: mend it, or move it"):
            await doing


async def test_the_head_of_an_old_file_that_makes_no_sense_is_named(tmp_path: Path) -> None:
    path = tmp_path / "k.jsonl"
    files = FileSessionStorage(tmp_path)
    for facts in ('"created_at":"yesterday"', '"metadata":7'):
        path.write_text(f'{{"id":"old","key":"k",{facts}}}\n')
        with pytest.raises(SessionError, match=r"k\.jsonl, line 1 cannot be read: "):
            await files.load("k")


# --- SQLite ----------------------------------------------------------------------------------------


async def test_a_database_whose_values_make_no_sense_is_named(tmp_path: Path) -> None:
    chat = SQLiteSessionStorage(tmp_path / "chat.db")
    await chat.append("k", [HELLO], expected_version=0)

    def changed(statement: str) -> None:
        connection = sqlite3.connect(chat.path)
        with connection:
            connection.execute(statement)
        connection.close()

    changed("update voxagent_session set metadata = '{'")
    with pytest.raises(SessionError, match=r"^the metadata of session 'k' cannot be read: "):
        await chat.load("k")
    changed("update voxagent_session set version = 'many'")
    for doing in (chat.messages("k"), chat.append("k", [HI], expected_version=1)):
        with pytest.raises(SessionError, match=r"chat\.db cannot be read: "):
            await doing
    await chat.close()
    changed("update voxagent_schema set version = 'new'")
    with pytest.raises(SessionError, match=r"chat\.db cannot be read: invalid literal for int\(\)"):
        await chat.load("k")
    await chat.close()


# --- locks that another process does not give up -----------------------------------------------------


@contextmanager
def held_elsewhere(path: Path) -> Iterator[None]:
    """Hold the lock of a file as another process would."""
    fd = os.open(path, os.O_RDWR)
    fcntl.flock(fd, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(fd)


async def test_who_waits_for_another_process_to_write_goes_on_when_it_has(tmp_path: Path) -> None:
    chat = SQLiteSessionStorage(tmp_path / "chat.db")
    await chat.append("k", [HELLO], expected_version=0)
    with held_elsewhere(tmp_path / "chat.db.locks" / "writes"):
        writing = asyncio.create_task(chat.append("k", [HI], expected_version=1))
        done, _ = await asyncio.wait([writing], timeout=0.1)
        assert not done
    assert await asyncio.wait_for(writing, 20) == 2
    await chat.close()


async def test_a_process_that_is_stopped_within_a_write_holds_nobody_up_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flock, "WAIT_SECONDS", 0.2)
    files, chat = FileSessionStorage(tmp_path / "s"), SQLiteSessionStorage(tmp_path / "chat.db")
    await files.append("k", [HELLO], expected_version=0)
    await chat.append("k", [HELLO], expected_version=0)
    stripe = SessionFile(files.base_dir, "k").stripe
    with (
        held_elsewhere(tmp_path / "s" / ".locks" / f"writes-{stripe}"),
        held_elsewhere(tmp_path / "chat.db.locks" / "writes"),
    ):
        for store in (files, chat):
            with pytest.raises(
                SessionError, match=r"/writes[-0-9a-f]*: another process has had it locked for 0\.2 s$"
            ):
                await store.append("k", [HI], expected_version=1)
    with (
        flock.locked_file(tmp_path / "chat.db.locks" / "queues"),
        pytest.raises(SessionError, match=r"cannot hold locks: another process has had it locked"),
    ):
        async with session_lock(chat, "k"):
            raise AssertionError("it was locked")
    for store in (files, chat):
        assert await store.append("k", [HI], expected_version=1) == 2
        await store.close()


async def test_a_lock_is_given_up_though_the_queue_cannot_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flock, "WAIT_SECONDS", 0.2)
    files = FileSessionStorage(tmp_path)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(session_lock(files, "k"))
        with flock.locked_file(tmp_path / ".locks" / "queues"):
            await stack.aclose()
    async with session_lock(files, "k", 0):
        pass


FORKS = """
import os, sys
from pathlib import Path
from voxagent.session import flock
with flock.locked_file(Path(sys.argv[1])):
    if os.fork() == 0:
        print("forked", flush=True)
        sys.stdin.read()
    os._exit(0)
"""


def test_a_child_of_a_fork_keeps_nothing_locked_that_its_parent_had_locked(tmp_path: Path) -> None:
    path = tmp_path / "writes"
    command = [sys.executable, "-c", FORKS, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"forked\n"
        assert parent.wait(30) == 0
        with flock.locked_file(path):  # though the child is still there
            pass
    with flock.locked_file(path):
        held = [
            os.dup(fd) for fd in flock._here.open
        ]  # what a child has that was forked by no means of Python's
    with flock.locked_file(path):
        pass
    for fd in held:
        os.close(fd)


# --- servers ---------------------------------------------------------------------------------------


@pytest.mark.server
async def test_postgresql_reads_only_the_page_and_names_what_makes_no_sense(postgres_url: str) -> None:
    store = PostgresSessionStorage(postgres_url)
    await store.save(Session("id", "page", [HELLO, HI, HELLO, HI]))
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("update voxagent_message set data = '{}' where seq = 1")
        assert await store.messages("page", 2, 2) == [HELLO, HI]
        connection.execute("update voxagent_session set metadata = '[7'")
        with pytest.raises(SessionError, match=r"^the metadata of session 'page' cannot be read: "):
            await store.load("page")
    await store.delete("page")
    await store.close()


@pytest.mark.server
async def test_redis_reads_only_the_page_and_names_what_makes_no_sense(redis_url: str) -> None:
    store, names = RedisSessionStorage(redis_url), _Names("page")
    await store.save(Session("id", "page", [HELLO, HI, HELLO, HI]))
    with redis.Redis.from_url(redis_url) as direct:
        client: Any = direct
        client.lset(names.messages, 1, "{}")
        assert await store.messages("page", 2, 2) == [HELLO, HI]
        client.hset(names.head, "v", "new")
        with pytest.raises(
            SessionError, match=r"^the head of session 'page' cannot be read: invalid literal"
        ):
            await store.load("page")
    await store.delete("page")
    await store.close()
