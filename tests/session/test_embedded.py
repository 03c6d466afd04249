"""Stores in files: what they leave on the disk, and what they say when it is not as it should be."""

import asyncio
import json
import sqlite3
import stat
import tempfile
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.session.stores import EMBEDDED, fresh, printed
from voxagent import ConfigError, Message
from voxagent.session import (
    FileSessionStorage,
    Session,
    SessionConflict,
    SessionError,
    SQLiteSessionStorage,
    flock,
    session_lock,
    tickets,
)

HELLO, HI = Message("user", "hello"), Message("assistant", "hi")

each_embedded = pytest.mark.parametrize("place", EMBEDDED, indirect=True)


@pytest.fixture
async def files(tmp_path: Path) -> FileSessionStorage:
    return FileSessionStorage(tmp_path / "sessions")


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[SQLiteSessionStorage]:
    store = SQLiteSessionStorage(tmp_path / "chat.db")
    yield store
    await store.close()


def only_file(store: FileSessionStorage) -> Path:
    [path] = store.base_dir.glob("*.jsonl")
    return path


def below(folder: Path, pattern: str = "*") -> list[Path]:
    return sorted(folder.rglob(pattern))


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def modes(folder: Path) -> set[tuple[str, str]]:
    every = [folder, *folder.rglob("*")]
    return {("folder" if path.is_dir() else "file", stat.filemode(path.stat().st_mode)[1:]) for path in every}


# --- both ------------------------------------------------------------------------------------------


@each_embedded
async def test_what_is_written_is_for_this_user_alone(place: str, tmp_path: Path) -> None:
    home = tmp_path / "new" / "below"
    store = fresh(place.replace(str(tmp_path), str(home)))
    async with session_lock(store, "k"):
        await store.append("k", [HELLO], expected_version=0)
        await store.save(Session("id", "j", [HI]))
        assert modes(tmp_path / "new") == {("folder", "rwx------"), ("file", "rw-------")}
    await store.close()


@each_embedded
async def test_nothing_is_written_by_looking(place: str, tmp_path: Path) -> None:
    if place.startswith("sqlite"):
        return  # a database is made when it is first opened
    store = fresh(place)
    assert (await store.load("k"), await store.list_keys(), await store.exists("k")) == (None, [], False)
    assert names_in(tmp_path) == []


@each_embedded
async def test_what_has_no_json_is_refused_and_stores_nothing(place: str) -> None:
    store = fresh(place)
    with pytest.raises(
        ConfigError, match=r"^the metadata of session 'k' cannot be written as JSON: metadata\['x'\]"
    ):
        await store.save(Session("id", "k", metadata={"x": object()}))
    with pytest.raises(ConfigError, match=r"^message 0 for session 'k' cannot be written as JSON: "):
        await store.append("k", [Message("user", "x", metadata={"x": object()})], expected_version=0)
    assert not await store.exists("k")
    await store.close()


@each_embedded
async def test_a_place_that_cannot_be_written_is_a_clear_error(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = fresh(place.replace(str(tmp_path), str(tmp_path / "file")))
    for _ in range(2):
        with pytest.raises(SessionError, match=r"/file.*: (Not a directory|File exists)$"):
            await store.append("k", [HELLO], expected_version=0)
    with pytest.raises(SessionError, match=r"/file.*: (Not a directory|File exists)$"):
        async with session_lock(store, "k"):
            raise AssertionError("it was locked")
    await store.close()


LIMITED = """
import asyncio, resource, signal, sys
from tests.session.stores import fresh
from voxagent import Message
from voxagent.session import SessionError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

async def main():
    store, version = fresh(sys.argv[1]), 0
    await store.append("k", [Message("user", "first")], expected_version=0)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
    try:
        for version in range(1, 100):
            await store.append("k", [Message("user", str(version) + "x" * 20_000)], expected_version=version)
    except SessionError as error:
        print(error)
    else:
        print("it was never full")
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert await store.version("k") == version, await store.version("k")
    print(await store.append("k", [Message("user", "after")], expected_version=version) == version + 1)
    session = await store.load("k")
    assert [message.text.rstrip("x") for message in session.messages] == [
        "first", *map(str, range(1, version)), "after"
    ]
    await store.close()

asyncio.run(main())
"""


@each_embedded
def test_a_disk_that_is_full_loses_nothing_and_is_used_again_when_there_is_room(place: str) -> None:
    """Disk full during a session append."""
    said, again = printed(LIMITED, place).splitlines()
    assert again == "True"
    assert said.endswith((": File too large", ": disk I/O error", ": database or disk is full")), said


READ_ONLY = """
import asyncio, os, sys
from pathlib import Path
from tests.session.stores import fresh
from voxagent import Message
from voxagent.session import SessionError
hello = Message("user", "hello")

async def main(url, home):
    store = fresh(url)
    await store.append("k", [hello], expected_version=0)
    session = await store.load("k")
    await store.close()
    every = [home, *home.rglob("*")]
    for path in every:
        path.chmod(0o555 if path.is_dir() else 0o444)
    if os.geteuid() == 0:
        os.seteuid(65534)  # root may write everywhere
    for doing in (store.append("k", [hello], expected_version=1), store.save(session), store.delete("k")):
        try:
            await doing
        except SessionError as error:
            print(error)
    if os.getuid() == 0:
        os.seteuid(0)
    for path in every:
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert await fresh(url).load("k") == session
    assert await store.append("k", [hello], expected_version=1) == 2
    await store.close()

asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
"""


@each_embedded
def test_a_folder_that_is_read_only_is_a_clear_error_and_loses_nothing(place: str, tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as home:  # other users may look for it there, if not into it
        out = printed(READ_ONLY, place.replace(str(tmp_path), home), home)
    assert [line.rsplit("/", 1)[1][:6] for line in out.splitlines()] == ["writes"] * 3
    assert out.count(": Permission denied\n") == 3


CROWDED = """
import asyncio, resource, sys
from tests.session.stores import fresh
from voxagent import Message
from voxagent.session import session_lock
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))

async def main():
    store, all_in = fresh(sys.argv[1]), asyncio.Barrier(120)

    async def run(number):
        async with session_lock(store, f"k{number}", 30):
            await store.load(f"k{number}")
            await store.append(f"k{number}", [Message("user", "x")], expected_version=0)
            await all_in.wait()
            return await store.version(f"k{number}")

    print(sum(await asyncio.gather(*map(run, range(120)))))
    await store.close()

asyncio.run(main())
"""


@pytest.mark.slow
@each_embedded
def test_a_run_in_a_session_keeps_one_file_open_and_many_are_not_opened_at_once(place: str) -> None:
    assert printed(CROWDED, place) == "120\n"


@each_embedded
async def test_a_lock_that_somebody_removed_is_noticed_at_the_next_append(place: str, tmp_path: Path) -> None:
    """Fault 70: the lock was lost."""
    store = fresh(place)
    async with session_lock(store, "k"):
        await store.append("k", [HELLO], expected_version=0)
        [ticket] = below(tmp_path, "000000000001")
        ticket.unlink()
        with pytest.raises(SessionConflict, match=r"^the lock of session 'k' was lost: another run may"):
            await store.append("k", [HI], expected_version=1)
    assert await store.version("k") == 1
    await store.close()


@each_embedded
async def test_those_who_wait_get_the_lock_in_the_order_they_came(place: str, tmp_path: Path) -> None:
    stores, order = [fresh(place) for _ in range(5)], list[int]()

    async def hold(number: int) -> None:
        async with session_lock(stores[number], "k"):
            order.append(number)

    async with session_lock(stores[0], "k"):
        waiting: list[asyncio.Task[None]] = []
        for number in range(1, 5):
            waiting.append(asyncio.create_task(hold(number)))
            async with asyncio.timeout(10):
                while not below(tmp_path, f"{number + 1:012d}"):  # noqa: ASYNC110  # a file is waited for
                    await asyncio.sleep(0.001)
        waiting[1].cancel()
    await asyncio.wait(waiting, timeout=10)
    assert order == [1, 3, 4]
    assert below(tmp_path, "00000000000*") == []
    for store in stores:
        await store.close()


@each_embedded
async def test_a_ticket_that_nobody_holds_any_more_is_removed(place: str, tmp_path: Path) -> None:
    store = fresh(place)
    async with session_lock(store, "k"):
        [ticket] = below(tmp_path, "000000000001")
    ticket.parent.mkdir()
    ticket.write_text("")
    async with session_lock(store, "k", 0):
        assert [path.name for path in below(tmp_path, "00000000000*")] == ["000000000002"]
    assert not below(tmp_path, "00000000000*")
    await store.close()


async def test_a_child_of_a_fork_that_begins_before_the_store_is_used_begins_anew(
    chat: SQLiteSessionStorage,
) -> None:
    chat._database.forget()  # what the child does
    assert await chat.append("k", [HELLO], expected_version=0) == 1


async def test_a_child_of_a_fork_gives_up_what_its_parent_holds(files: FileSessionStorage) -> None:
    async with session_lock(files, "k"):
        tickets._forget_tickets()  # what the child does
        async with session_lock(FileSessionStorage(files.base_dir), "k", 0):
            pass


# --- files -----------------------------------------------------------------------------------------


async def test_names_show_the_key_and_are_never_a_path(files: FileSessionStorage) -> None:
    for key in ("../../etc/Passwd", "user:42", "USER:42", "💬"):
        await files.append(key, [HELLO], expected_version=0)
    names = [name for name in names_in(files.base_dir) if name.endswith(".jsonl")]
    assert [name.rsplit(".", 2)[0] for name in names] == ["", "etc-passwd", "user-42", "user-42"]
    assert len({name.lower() for name in names}) == 4


async def test_a_file_has_a_head_and_a_line_for_each_append(files: FileSessionStorage) -> None:
    await files.append("k", [HELLO], expected_version=0)
    await files.append("k", [HI, HELLO], expected_version=1)
    head, *lines = [json.loads(line) for line in only_file(files).read_text().splitlines()]
    assert (head["voxagent"], head["key"], head["metadata"]) == (2, "k", {})
    assert [(line["n"], line["c"], len(line["messages"])) for line in lines] == [(0, 1, 1), (1, 2, 2)]


TAILS = {
    "half a line": b'{"n":2,"c":1,"at":3.0,"messages":[{"role":"us',
    "a line that only wants its end": b'{"n":2,"c":1,"at":3.0,"messages":[{"role":"user","content":"x"}]}',
    "blocks that were never written": b"\0" * 4096,
    "an end whose beginning was never written": b"\0" * 70_000 + b'"content":"x"}]}\n',
}


@pytest.mark.parametrize("tail", TAILS)
async def test_what_a_crash_has_left_of_a_line_makes_room_for_the_next(
    files: FileSessionStorage, tail: str
) -> None:
    await files.append("k", [HELLO], expected_version=0)
    await files.append("k", [HI], expected_version=1)
    with only_file(files).open("ab") as file:
        file.write(TAILS[tail])
    for _ in range(2):
        session = await files.load("k")
        assert session is not None
        assert (session.messages, await files.version("k")) == ([HELLO, HI], 2)
        assert await files.messages("k", 1) == [HI]
    assert await files.append("k", [HELLO], expected_version=2) == 3
    assert await files.messages("k") == [HELLO, HI, HELLO]
    assert b"\0" not in only_file(files).read_bytes()


def without(number: int) -> Callable[[bytes], bytes]:
    return lambda data: b"".join(
        line for at, line in enumerate(data.splitlines(keepends=True)) if at != number
    )


def replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda data: data.replace(old, new)


NO_HEAD = r"line 1 is not the head of a session"
DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "no JSON in the head": (lambda data: b"{" + data, NO_HEAD),
    "a head without an end": (lambda data: data.split(b"\n")[0], NO_HEAD),
    "a head that is a list": (lambda data: b"[]\n", NO_HEAD),
    "a head without facts": (lambda data: b'{"voxagent":2}\n', NO_HEAD),
    "nothing at all": (lambda data: b"", NO_HEAD),
    "another key": (replaced(b'"key":"k"', b'"key":"j"'), r"line 1 is the head of another session, 'j'"),
    "a newer schema": (
        replaced(b'"voxagent":2', b'"voxagent":3'),
        r"has schema 3, this version of voxagent reads up to 2: use a newer voxagent$",
    ),
    "a foreign line": (replaced(b'{"n":1', b'{"m":1'), r"line 3 holds no messages"),
    "a line is missing": (without(2), r"line 3 begins with message 2, 1 is expected"),
    "no message in a line": (
        replaced(b'"role":"assistant"', b'"rule":"assistant"'),
        r"line 3 cannot be read: it holds no message of voxagent$",
    ),
    "more messages than are counted": (
        replaced(b'"n":2,"c":1', b'"n":2,"c":2'),
        r"has 3 messages, its lines count 4$",
    ),
    "no UTF-8": (replaced(b'"hi"', b'"\xff"'), r"is not UTF-8"),
    "zeros in the middle": (replaced(b'"hi"', b'"\0\0"'), r"line 3"),
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_file_is_an_error_that_names_the_line_and_changes_nothing(
    files: FileSessionStorage, damage: str
) -> None:
    for number, message in enumerate((HELLO, HI, HELLO)):
        await files.append("k", [message], expected_version=number)
    path, (do, said) = only_file(files), DAMAGES[damage]
    path.write_bytes(do(path.read_bytes()))
    before = path.read_bytes()
    with pytest.raises(SessionError, match=said) as raised:
        await files.load("k")
    assert str(path) in str(raised.value)
    assert path.read_bytes() == before
    aside = await files.set_aside("k")
    assert aside is not None
    assert (aside.read_bytes(), await files.load("k"), await files.set_aside("k")) == (before, None, None)
    assert await files.append("k", [HELLO], expected_version=0) == 1
    path.write_bytes(before)
    assert await files.set_aside("k") == aside.with_name(aside.name.replace("-1", "-2"))


@pytest.mark.parametrize("damage", ["no JSON in the head", "nothing at all", "a foreign line at the end"])
async def test_nothing_is_appended_to_a_damaged_file(files: FileSessionStorage, damage: str) -> None:
    await files.append("k", [HELLO], expected_version=0)
    path = only_file(files)
    do = DAMAGES[damage][0] if damage in DAMAGES else lambda data: data + b"hello\n"
    path.write_bytes(do(path.read_bytes()))
    before = path.read_bytes()
    for doing in (files.append("k", [HI], expected_version=1), files.version("k")):
        with pytest.raises(SessionError, match=r"line (1 is not the head|3 holds no messages)"):
            await doing
    assert path.read_bytes() == before


async def test_the_keys_are_read_from_our_files_only_and_a_damaged_one_is_named(
    files: FileSessionStorage, caplog: pytest.LogCaptureFixture
) -> None:
    await files.append("k", [HELLO], expected_version=0)
    await files.append("other", [HELLO], expected_version=0)
    for name, text in {
        "notes.jsonl": '{"a": 1}\n',
        "list.jsonl": "[]\n",
        "empty.jsonl": "",
        "x.txt": "x",
    }.items():
        (files.base_dir / name).write_text(text)
    assert (await files.list_keys(), caplog.records) == (["k", "other"], [])
    [path] = below(files.base_dir, "k.*.jsonl")
    path.write_text("{}\n")
    (files.base_dir / "folder.jsonl").mkdir()
    (files.base_dir / "gone.jsonl").symlink_to("nowhere")
    assert await files.list_keys() == ["other"]
    assert sorted(record.getMessage() for record in caplog.records) == [
        f"{files.base_dir}/folder.jsonl: Is a directory; its session is not listed",
        f"{path}, line 1 is not the head of a session: mend it, or move it to another folder;"
        " its session is not listed",
    ]
    assert {record.levelname for record in caplog.records} == {"ERROR"}
    with pytest.raises(SessionError, match=r"line 1 is not the head of a session"):
        await files.load("k")


async def test_a_long_message_is_found_from_the_end(files: FileSessionStorage) -> None:
    long = Message("user", "x" * 300_000)
    await files.append("k", [long], expected_version=0)
    assert await files.append("k", [long], expected_version=1) == 2
    await files.save(Session("id", "m", [], metadata={"x": "y" * 300_000}))
    assert await files.append("m", [HI], expected_version=0) == 1


async def test_a_write_that_fails_leaves_the_old_file(files: FileSessionStorage) -> None:
    await files.save(Session("id", "k", [HELLO]))
    path = only_file(files)
    path.with_suffix(".new").mkdir()
    with pytest.raises(SessionError, match=r"\.new: Is a directory$"):
        await files.save(Session("id", "k", [HI]))
    path.with_suffix(".new").rmdir()
    path.rename(path.with_suffix(".kept"))
    path.mkdir()
    with pytest.raises(SessionError, match=r"Is a directory$"):
        await files.save(Session("id", "k", [HI]))
    assert names_in(files.base_dir) == sorted([".locks", path.name, path.with_suffix(".kept").name])
    path.rmdir()
    path.with_suffix(".kept").rename(path)
    session = await files.load("k")
    assert session is not None
    assert session.messages == [HELLO]


# --- files of voxagent 0.1 -------------------------------------------------------------------------


OLD_HEAD = {
    "id": "old", "key": "user:1", "created_at": "2025-01-02T03:04:05+00:00",
    "updated_at": "2025-01-02T03:04:06+00:00", "metadata": {"a": 1},
}  # fmt: skip
OLD_LINES: list[dict[str, Any]] = [
    {"role": "user", "content": "hello", "tool_calls": None},
    {"role": "assistant", "content": "", "tool_calls": [{"id": "c1", "name": "look", "params": {"a": 1}}]},
]


def old_file(store: FileSessionStorage, name: str = "user_1.jsonl", **head: Any) -> Path:
    store.base_dir.mkdir(exist_ok=True)
    path = store.base_dir / name
    lines = [{**OLD_HEAD, **head}, *OLD_LINES]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines) + "\n")
    return path


async def test_a_file_of_the_first_version_is_read_and_written_anew_by_an_append(
    files: FileSessionStorage,
) -> None:
    path = old_file(files)
    session = await files.load("user:1")
    assert session is not None
    assert (session.id, session.metadata, session.created_at) == ("old", {"a": 1}, 1735787045.0)
    assert [call.name for call in session.messages[1].tool_calls] == ["look"]
    assert (await files.version("user:1"), await files.exists("user:1")) == (2, True)
    assert await files.messages("user:1", 1) == await files.messages("user:1", 1, 9) == session.messages[1:]
    assert await files.list_keys() == ["user:1"]
    with pytest.raises(SessionConflict, match="there is a session 'user:1' already"):
        await files.create(Session("id", "user:1"))
    with pytest.raises(SessionConflict, match="has 2 messages, 1 were expected"):
        await files.append("user:1", [HI], expected_version=1)
    assert path.exists()
    assert await files.append("user:1", [HI], expected_version=2) == 3
    assert not path.exists()
    again = await files.load("user:1")
    assert again is not None
    assert (again.id, again.metadata, again.messages) == ("old", {"a": 1}, [*session.messages, HI])
    assert await files.list_keys() == ["user:1"]


async def test_a_file_of_the_first_version_is_saved_over_and_deleted(files: FileSessionStorage) -> None:
    path = old_file(files)
    await files.save(Session("new", "user:1", [HI]))
    assert not path.exists()
    old_file(files)
    assert (await files.delete("user:1"), await files.delete("user:1")) == (True, False)
    assert (await files.load("user:1"), path.exists()) == (None, False)


async def test_a_file_of_another_key_with_the_same_name_is_left_alone(files: FileSessionStorage) -> None:
    path = old_file(files)
    assert (await files.load("user_1"), await files.version("user_1"), await files.delete("user_1")) == (
        None,
        0,
        False,
    )
    assert await files.messages("user_1") == []
    await files.append("user_1", [HI], expected_version=0)
    assert path.exists()
    assert await files.list_keys() == ["user:1", "user_1"]


async def test_an_old_file_that_is_damaged_is_named_with_its_line(files: FileSessionStorage) -> None:
    path = old_file(files)
    path.write_text(path.read_text().replace('"role": "assistant"', '"rule": "assistant"'))
    with pytest.raises(SessionError, match=r"user_1\.jsonl, line 3 cannot be read"):
        await files.load("user:1")
    old_file(files, created_at=None)
    session = await files.load("user:1")
    assert session is not None
    assert session.created_at == 0.0
    path.unlink()
    path.mkdir()
    with pytest.raises(SessionError, match=r"user_1\.jsonl: Is a directory$"):
        await files.load("user:1")


# --- SQLite ----------------------------------------------------------------------------------------


def tampered(store: SQLiteSessionStorage, *statements: str) -> None:
    connection = sqlite3.connect(store.path)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


async def test_a_program_may_keep_its_own_tables_in_the_same_database(chat: SQLiteSessionStorage) -> None:
    tampered(chat, "create table users (name text)", "insert into users values ('ada')")
    await chat.append("k", [HELLO], expected_version=0)
    connection = sqlite3.connect(chat.path)
    assert connection.execute("select name from users").fetchall() == [("ada",)]
    assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
    connection.close()


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(chat: SQLiteSessionStorage) -> None:
    await chat.append("k", [HELLO], expected_version=0)
    await chat.close()
    tampered(chat, "update voxagent_schema set version = 7")
    for _ in range(2):
        with pytest.raises(
            SessionError, match=r"chat\.db has schema 7, this version of voxagent reads up to 1"
        ):
            await chat.load("k")
    tampered(chat, "update voxagent_schema set version = 1")
    assert await chat.version("k") == 1


async def test_a_file_that_is_no_database_is_named_and_moved_only_on_request(
    chat: SQLiteSessionStorage,
) -> None:
    assert await chat.set_aside() is None
    chat.path.write_bytes(b"this is a letter" * 1000)
    for doing in (chat.load("k"), chat.append("k", [HELLO], expected_version=0)):
        with pytest.raises(
            SessionError,
            match=r"chat\.db: file is not a database: mend it, or move it away with `set_aside`$",
        ):
            await doing
    assert chat.path.read_bytes() == b"this is a letter" * 1000
    aside = await chat.set_aside()
    assert aside == chat.path.with_name("chat.db.aside-1")
    assert await chat.append("k", [HELLO], expected_version=0) == 1


async def test_only_one_connection_writes_and_checkpoints_and_never_beside_another_process(
    chat: SQLiteSessionStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite before 3.51.3 loses pages if two do that at one instant."""
    await chat.append("k", [HELLO], expected_version=0)
    log = chat.path.with_name("chat.db-wal")
    size = log.stat().st_size
    assert size > 0
    for statement in ("delete from voxagent_session", "pragma wal_checkpoint(truncate)"):
        with pytest.raises(SessionError, match=r"chat\.db: "):
            await chat._database.read(lambda connection, do=statement: connection.execute(do).fetchall())
    monkeypatch.setattr(flock, "WAIT_SECONDS", 0.1)
    with flock.locked_file(chat.path.with_name("chat.db.locks") / "writes"):
        with pytest.raises(SessionError, match="another process has had it locked"):
            await chat.append("k", [HI], expected_version=1)
        await chat.close()
        assert log.stat().st_size == size
    assert await chat.messages("k") == [HELLO]
    assert await chat.append("k", [HI], expected_version=1) == 2


async def test_a_message_that_cannot_be_read_or_is_missing_is_named(chat: SQLiteSessionStorage) -> None:
    await chat.append("k", [HELLO, HI, HELLO], expected_version=0)
    tampered(chat, "update voxagent_message set data = '{\"rule\": 1}' where seq = 1")
    with pytest.raises(
        SessionError, match=r"chat\.db: session 'k', message 1 cannot be read: it holds no message"
    ):
        await chat.load("k")
    assert await chat.messages("k", 2) == [HELLO]
    tampered(chat, "delete from voxagent_message where seq = 1")
    with pytest.raises(SessionError, match=r"chat\.db: session 'k', message 1 is missing$"):
        await chat.messages("k", 1, 1)


async def test_a_database_that_was_replaced_is_opened_anew(chat: SQLiteSessionStorage) -> None:
    await chat.append("k", [HELLO], expected_version=0)
    assert await chat.version("k") == 1
    for name in ("chat.db", "chat.db-wal", "chat.db-shm"):
        chat.path.with_name(name).unlink()
    assert await chat.load("k") is None
    with pytest.raises(SessionConflict):
        await chat.append("k", [HI], expected_version=1)
    assert await chat.append("k", [HI], expected_version=0) == 1


async def test_appends_that_are_written_together_fail_each_for_itself(chat: SQLiteSessionStorage) -> None:
    await chat.append("k", [HELLO], expected_version=0)
    tampered(
        chat,
        "create trigger no before insert on voxagent_message when new.data like '%bad%'"
        " begin select raise(abort, 'not that'); end",
    )
    doing = [
        chat.append(f"k{number}", [Message("user", "bad" if number % 3 == 0 else "good")], expected_version=0)
        for number in range(9)
    ]
    done = await asyncio.wait_for(asyncio.gather(*doing, return_exceptions=True), 10)
    told = [each if isinstance(each, int) else str(each).rsplit(": ", 1)[1] for each in done]
    assert told == ["not that", 1, 1] * 3
    assert await chat.list_keys() == ["k", "k1", "k2", "k4", "k5", "k7", "k8"]


async def test_a_write_that_fails_half_way_leaves_everything_as_it_was(chat: SQLiteSessionStorage) -> None:
    await chat.append("k", [HELLO], expected_version=0)

    def half(connection: sqlite3.Connection) -> None:
        connection.execute("delete from voxagent_session where key = ?", (b"k",))
        raise OverflowError("too large for an integer")

    doing = [chat.append(key, [HI], expected_version=0) for key in ("a", "b")]
    done = asyncio.gather(doing[0], chat._database.write(half), doing[1], return_exceptions=True)
    first, error, last = await asyncio.wait_for(done, 10)
    assert (first, str(error), last) == (1, "too large for an integer", 1)
    assert (await chat.list_keys(), await chat.messages("k")) == (["a", "b", "k"], [HELLO])


async def test_an_append_that_is_cancelled_is_written_to_its_end(chat: SQLiteSessionStorage) -> None:
    await chat.version("k")
    task = asyncio.create_task(chat.append("k", [HELLO], expected_version=0))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 10)
    assert await chat.version("k") == 1


async def test_many_readers_at_once_need_no_more_connections_than_are_kept(
    chat: SQLiteSessionStorage,
) -> None:
    await chat.append("k", [HELLO], expected_version=0)
    loaded = await asyncio.gather(*[chat.version("k") for _ in range(40)])
    assert loaded == [1] * 40
    meeting = threading.Barrier(12)
    met = [chat._database.read(lambda connection: meeting.wait(10)) for _ in range(12)]
    assert sorted(await asyncio.gather(*met)) == list(range(12))
    assert len(chat._database._readers) == 8


async def test_more_appends_than_are_written_together_are_written_all_the_same(
    chat: SQLiteSessionStorage,
) -> None:
    await chat.append("k", [HELLO], expected_version=0)
    jobs = chat._database._jobs
    assert jobs is not None
    with closing(sqlite3.connect(chat.path, isolation_level=None)) as other:
        other.execute("begin immediate")  # so that nothing is written until enough of them wait
        doing = asyncio.gather(*[chat.append(f"k{n}", [HELLO], expected_version=0) for n in range(600)])
        async with asyncio.timeout(20):
            while jobs.qsize() < 300:  # noqa: ASYNC110  # a queue of threads tells nobody
                await asyncio.sleep(0.01)
        other.execute("commit")
    assert await asyncio.wait_for(doing, 30) == [1] * 600


async def test_a_store_can_be_used_while_it_is_closed(chat: SQLiteSessionStorage) -> None:
    version = 0
    for _ in range(20):
        _, version = await asyncio.gather(chat.close(), chat.append("k", [HELLO], expected_version=version))
    assert await chat.messages("k") == [HELLO] * 20


def test_a_store_that_nobody_has_any_more_is_closed(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    asyncio.run(SQLiteSessionStorage(tmp_path / "chat.db").append("k", [HELLO], expected_version=0))
    for thread in set(threading.enumerate()) - before:
        if thread.name == "voxagent-sqlite":
            thread.join(10)
            assert not thread.is_alive()
    assert not list(tmp_path.glob("*-wal"))


# --- places ----------------------------------------------------------------------------------------


async def test_places_are_told_by_their_repr(tmp_path: Path) -> None:
    assert repr(FileSessionStorage("a/b")) == "FileSessionStorage('a/b')"
    assert repr(SQLiteSessionStorage("chat.db")) == "SQLiteSessionStorage('chat.db')"
    assert FileSessionStorage.from_url("file:///var/a%20b").base_dir == Path("/var/a b")
    assert FileSessionStorage.from_url("file:below").base_dir == Path("below")
    assert SQLiteSessionStorage.from_url("sqlite:////var/a%20b.db").path == Path("/var/a b.db")
    assert SQLiteSessionStorage.from_url("sqlite:///chat.db").path == Path("chat.db")


MOVED = """
import asyncio, os, sys
from voxagent import Message
from tests.session.stores import fresh

async def main(url, home):
    os.chdir(home)
    store = fresh(url)
    print(await store.append("k", [Message("user", "x")], expected_version=0))
    os.mkdir("other")
    os.chdir("other")
    print(await store.append("k", [Message("user", "y")], expected_version=1), os.listdir())
    print(await store.list_keys(), repr(store))
    await store.close()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("file:chats", "FileSessionStorage('chats')"),
        ("sqlite:///chat.db", "SQLiteSessionStorage('chat.db')"),
    ],
)
def test_a_place_below_the_working_directory_stays_where_it_was(url: str, shown: str, tmp_path: Path) -> None:
    assert printed(MOVED, url, str(tmp_path)) == f"1\n2 []\n['k'] {shown}\n"


@pytest.mark.parametrize(
    "url",
    [
        "file:",
        "file://host/x",
        "file:///x?y",
        "file:///x#y",
        "file:///x#",
        "sqlite:///x.db#y",
        "sqlite:",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite://h/x",
    ],
)
def test_a_url_that_names_no_place_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match=r"names no (folder|file): "):
        fresh(url)


def test_where_the_system_has_no_file_locks_a_store_still_works(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys; sys.modules['fcntl'] = None\n"
        "from tests.session.stores import fresh\n"
        "from voxagent import Message\n"
        "from voxagent.session import session_lock\n"
        "async def main(store):\n"
        "    async with session_lock(store, 'k'):\n"
        "        print(await store.append('k', [Message('user', 'x')], expected_version=0))\n"
        "    await store.close()\n"
        "for url in sys.argv[1:]: asyncio.run(main(fresh(url)))\n"
    )
    assert printed(program, f"file://{tmp_path}/s", f"sqlite:///{tmp_path}/chat.db") == "1\n1\n"
