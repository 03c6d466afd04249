"""Stores on servers: what they do when connections, leases and servers are lost."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import redis

from tests.session import servers
from voxagent import ConfigError, Message
from voxagent.session import (
    LockTimeoutError,
    PostgresSessionStorage,
    RedisSessionStorage,
    Session,
    SessionConflict,
    SessionError,
    SessionStorage,
    session_lock,
)
from voxagent.session.redis import _Names
from voxagent.session.redisscripts import APPEND

HELLO, HI = Message("user", "hello"), Message("assistant", "hi")
WAIT = 10

pytestmark = pytest.mark.server


@pytest.fixture
async def postgres(postgres_url: str) -> AsyncIterator[PostgresSessionStorage]:
    store = PostgresSessionStorage(postgres_url)
    yield store
    for key in await store.list_keys():
        await store.delete(key)
    await store.close()


@pytest.fixture
async def quick(redis_url: str) -> AsyncIterator[RedisSessionStorage]:
    """A store whose leases are short."""
    store = RedisSessionStorage(redis_url, lease=0.3)
    yield store
    for key in await store.list_keys():
        await store.delete(key)
    await store.close()


@pytest.fixture
def direct(redis_url: str) -> AsyncIterator[Any]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def tables(postgres_url: str) -> AsyncIterator[Any]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


@contextmanager
def frozen(processes: Iterable[int]) -> Generator[None]:
    """Processes that do nothing within the block, while their sockets stay open."""
    stopped = list(processes)
    for process in stopped:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in stopped:
            os.kill(process, signal.SIGCONT)


async def given_up(store: SessionStorage, processes: Iterable[int], said: str) -> None:
    """Use a store whose server is frozen for some time."""
    await store.append("key", [HELLO], expected_version=0)
    with frozen(processes):
        begun = time.monotonic()
        for doing in (store.load("key"), store.append("key", [HI], expected_version=1)):
            with pytest.raises(SessionError, match=said):
                await doing
        with pytest.raises(SessionError):
            async with session_lock(store, "key", 1):
                pass
        assert time.monotonic() - begun < 3 * WAIT
    version = await store.version("key")
    assert await store.append("key", [HELLO], expected_version=version) == version + 1


def postgres_processes(folder: str) -> list[int]:
    """The processes of the server that has this data, connections among them."""
    control = (Path(folder) / "postmaster.pid").read_text().split()[0]
    return [int(control), *map(int, Path(f"/proc/{control}/task/{control}/children").read_text().split())]


async def test_a_frozen_postgresql_is_given_up_and_used_again(postgres_url: str, tables: Any) -> None:
    store = PostgresSessionStorage(f"{postgres_url}&connect_timeout=2", timeout=0.5)
    await store.version("key")
    [folder] = tables.execute("show data_directory").fetchone()
    try:
        await given_up(store, postgres_processes(folder), "nothing for 0.5 s|timeout expired")
    finally:
        await store.delete("key")
        await store.close()


async def test_a_frozen_redis_is_given_up_and_used_again(redis_url: str, direct: Any) -> None:
    store = RedisSessionStorage(redis_url, timeout=0.5)
    try:
        await given_up(store, [direct.info("server")["process_id"]], "Timeout")
    finally:
        await store.delete("key")
        await store.close()


@pytest.mark.parametrize("kind", [PostgresSessionStorage, RedisSessionStorage])
def test_a_timeout_of_no_time_is_refused(kind: Any) -> None:
    with pytest.raises(ConfigError, match="timeout=0 is not a positive number of seconds"):
        kind("redis://127.0.0.1", timeout=0)


def end_others(connection: Any) -> None:
    """End all other connections, and wait until they have ended."""
    connection.execute(
        "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
        " where pid <> pg_backend_pid() and datname = 'postgres'"
    )


async def until(true: Any) -> None:
    async with asyncio.timeout(WAIT):
        while not true():  # noqa: ASYNC110  # another process is waited for
            await asyncio.sleep(0.002)


# --- PostgreSQL ------------------------------------------------------------------------------------


async def test_a_lock_whose_connection_broke_is_noticed_at_the_next_append(
    postgres: PostgresSessionStorage, tables: Any
) -> None:
    """Fault 70: the lock was lost."""
    async with session_lock(postgres, "k"):
        await postgres.append("k", [HELLO], expected_version=0)
        with pytest.raises(SessionConflict, match="has 1 messages, 0 were expected"):
            await postgres.append("k", [HELLO], expected_version=0)
        end_others(tables)
        for _ in range(2):
            with pytest.raises(SessionConflict, match=r"^the lock of session 'k' was lost: another run may"):
                await postgres.append("k", [HI], expected_version=1)
    assert await postgres.version("k") == 1
    async with session_lock(postgres, "k"):
        assert await postgres.append("k", [HI], expected_version=1) == 2


async def test_what_the_server_refuses_under_a_lock_is_told_and_the_lock_stays(
    postgres: PostgresSessionStorage, tables: Any
) -> None:
    await postgres.append("k", [HELLO], expected_version=0)
    tables.execute("alter table voxagent_message add constraint short check (length(data) < 200) not valid")
    try:
        async with session_lock(postgres, "k"):
            with pytest.raises(SessionError, match=r"^postgresql: CheckViolation: "):
                await postgres.append("k", [Message("user", "x" * 300)], expected_version=1)
            assert await postgres.append("k", [HI], expected_version=1) == 2
    finally:
        tables.execute("alter table voxagent_message drop constraint short")


async def test_those_who_wait_for_the_server_get_the_lock_in_the_order_they_came(
    postgres_url: str, tables: Any
) -> None:
    stores, order = [PostgresSessionStorage(postgres_url) for _ in range(5)], list[int]()

    def waiting() -> int:
        [found] = tables.execute(
            "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        ).fetchone()
        return int(found)

    async def hold(number: int) -> None:
        async with session_lock(stores[number], "fair"):
            order.append(number)

    async with session_lock(stores[0], "fair"):
        tasks: list[asyncio.Task[None]] = []
        for number in range(1, 5):
            tasks.append(asyncio.create_task(hold(number)))
            await until(lambda number=number: waiting() == number)
        tasks[1].cancel()
        await until(lambda: waiting() == 3)
        begun = time.monotonic()
        with pytest.raises(LockTimeoutError, match=r"in use by another run for 0\.05 s$"):
            async with stores[0].lock("fair", 0.05):
                raise AssertionError("it was locked")
        assert time.monotonic() - begun < WAIT
    await asyncio.wait(tasks, timeout=WAIT)
    assert (tasks[1].cancelled(), order) == (True, [1, 3, 4])
    for store in stores:
        await store.close()


async def test_of_connections_that_were_not_used_for_long_one_is_tried_first_and_if_it_is_gone_all_are(
    postgres: PostgresSessionStorage, tables: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from voxagent.session import postgrespool

    answers, answered = postgrespool.answers, list[bool]()

    def asked(connection: Any) -> bool:
        answered.append(answers(connection))
        return answered[-1]

    monkeypatch.setattr(postgrespool, "answers", asked)
    monkeypatch.setattr(postgrespool, "FRESH_SECONDS", 0.0)
    await postgres.append("k", [HELLO], expected_version=0)
    assert (await postgres.version("k"), answered) == (1, [True])
    with ThreadPoolExecutor(4) as pool:
        meeting = threading.Barrier(4)
        list(pool.map(postgres._pool.read, [lambda connection: meeting.wait(WAIT)] * 4))
    answered.clear()
    end_others(tables)
    assert (await postgres.append("k", [HI], expected_version=1), answered) == (2, [False])


async def test_a_connection_that_broke_is_told_once_and_not_once_for_each_that_is_kept(
    postgres: PostgresSessionStorage, tables: Any
) -> None:
    await asyncio.gather(*[postgres.version("k") for _ in range(9)])
    end_others(tables)
    with pytest.raises(SessionError, match=r"^postgresql: AdminShutdown: terminating connection"):
        await postgres.append("k", [HELLO], expected_version=0)
    assert await postgres.append("k", [HELLO], expected_version=0) == 1
    assert await postgres.delete("k")
    tables.execute("alter table voxagent_session add constraint short check (length(id) < 40)")
    try:
        with pytest.raises(SessionError, match=r"^postgresql: CheckViolation: "):
            await postgres.save(Session("x" * 50, "k"))
    finally:
        tables.execute("alter table voxagent_session drop constraint short")
    assert await postgres.version("k") == 0


async def test_locks_and_reads_pass_over_all_the_connections_that_a_restart_has_ended(
    postgres: PostgresSessionStorage, tables: Any
) -> None:
    await postgres.append("k", [HELLO], expected_version=0)

    async def run(number: int) -> int:
        async with session_lock(postgres, f"run {number}", 0):
            return await postgres.append(f"run {number}", [HI], expected_version=0)

    async def listed() -> list[str]:
        return [key for key in await postgres.list_keys() if key == "k"]  # others may be there, too

    reads: list[Callable[[], Awaitable[object]]] = [
        lambda: postgres.messages("k"),
        lambda: postgres.load("none"),
        lambda: postgres.exists("k"),
        lambda: postgres.version("k"),
        listed,
    ]
    together = asyncio.Barrier(6)

    async def use() -> None:
        async with session_lock(postgres, f"use {uuid4().hex}", 0):
            await together.wait()

    wanted: list[object] = [[HELLO], None, True, 1, ["k"]]
    for read, value in zip(reads, wanted, strict=True):
        await asyncio.wait_for(asyncio.gather(*[use() for _ in range(6)]), WAIT)
        end_others(tables)
        assert await read() == value
    await asyncio.wait_for(asyncio.gather(*[use() for _ in range(6)]), WAIT)
    end_others(tables)
    assert await asyncio.wait_for(asyncio.gather(*map(run, range(6))), WAIT) == [1] * 6


async def test_a_connection_that_is_no_more_is_the_only_reason_to_ask_again(
    postgres: PostgresSessionStorage, tables: Any
) -> None:
    asked: list[object] = []

    def ask(connection: Any) -> Any:
        asked.append(connection)
        return connection.execute("select no_such_column")

    with pytest.raises(SessionError, match=r"^postgresql: UndefinedColumn: "):
        postgres._pool.read(ask)
    assert len(asked) == 1

    def end(connection: Any) -> Any:
        asked.append(connection)
        tables.execute("select pg_terminate_backend(%s, 10000)", (connection.info.backend_pid,))
        return connection.execute("select 1")

    with pytest.raises(SessionError, match=r"^postgresql: AdminShutdown: "):
        postgres._pool.read(end)
    kept, again, new = asked
    assert kept is again is not new


async def test_a_gap_and_a_message_that_cannot_be_read_are_named(
    postgres: PostgresSessionStorage, tables: Any
) -> None:
    await postgres.append("k", [HELLO, HI, HELLO], expected_version=0)
    tables.execute("update voxagent_message set data = '{}' where seq = 1")
    for doing in (postgres.load("k"), postgres.messages("k", 1)):
        with pytest.raises(
            SessionError, match=r"^session 'k', message 1 cannot be read: it holds no message"
        ):
            await doing
    tables.execute("delete from voxagent_message where seq = 1")
    with pytest.raises(SessionError, match=r"^session 'k' has 2 messages, its head counts 3$"):
        await postgres.load("k")
    with pytest.raises(SessionError, match=r"^session 'k', message 1 is missing$"):
        await postgres.messages("k", 0, 2)


async def test_tables_of_a_newer_version_are_refused(postgres_url: str, tables: Any) -> None:
    first = PostgresSessionStorage(postgres_url)
    await first.list_keys()
    await first.close()
    tables.execute("update voxagent_schema set version = 9")
    store = PostgresSessionStorage(postgres_url)
    try:
        with pytest.raises(
            SessionError, match=r"^postgresql has schema 9, this version of voxagent reads up to 1"
        ):
            await store.load("k")
    finally:
        tables.execute("update voxagent_schema set version = 1")
    assert await store.load("k") is None
    await store.close()


async def test_the_tables_are_made_where_the_search_path_leads(postgres_url: str, tables: Any) -> None:
    tables.execute("create schema elsewhere")
    stores = [PostgresSessionStorage(f"{postgres_url}&options=-csearch_path%3Delsewhere") for _ in range(4)]
    found = await asyncio.gather(*[store.load("k") for store in stores])
    assert found == [None] * 4
    assert await stores[0].append("k", [HELLO], expected_version=0) == 1
    assert tables.execute("select version from elsewhere.voxagent_schema").fetchall() == [(1,)]
    assert tables.execute("select version from elsewhere.voxagent_session").fetchall() == [(1,)]
    for store in stores:
        await store.close()
    tables.execute("drop schema elsewhere cascade")


async def test_more_calls_than_connections_wait_for_each_other(postgres: PostgresSessionStorage) -> None:
    await postgres.append("k", [HELLO], expected_version=0)
    found = await asyncio.wait_for(asyncio.gather(*[postgres.version("k") for _ in range(40)]), WAIT)
    assert found == [1] * 40
    async with asyncio.timeout(WAIT):
        async with asyncio.TaskGroup() as group:
            meeting = asyncio.Barrier(20)

            async def meet(number: int) -> None:
                async with session_lock(postgres, f"k{number}"):
                    await meeting.wait()

            for number in range(20):
                group.create_task(meet(number))


async def test_a_server_that_is_not_there_is_an_error_without_the_password(tmp_path: Path) -> None:
    store = PostgresSessionStorage(f"postgresql://ada:s3cret-pw@/db?host={tmp_path}&connect_timeout=5")
    with pytest.raises(SessionError, match=r"^postgresql: OperationalError: ") as raised:
        await store.load("k")
    with pytest.raises(SessionError, match=r"^postgresql: OperationalError: "):
        async with session_lock(store, "k"):
            raise AssertionError("it was locked")
    assert "s3cret-pw" not in f"{raised.value}{store!r}"
    assert repr(store) == "PostgresSessionStorage(database='db')"
    wrong = PostgresSessionStorage("postgresql://ada:s3cret%zz@/db")
    with pytest.raises(SessionError, match=r"^postgresql: ") as raised:
        await wrong.load("k")
    assert "s3cret" not in str(raised.value)


async def test_a_child_of_a_fork_connects_on_its_own(postgres: PostgresSessionStorage) -> None:
    await postgres.append("k", [HELLO], expected_version=0)
    postgres._pool.forget()  # what the child does; forking with threads about would be another test
    assert await postgres.version("k") == 1


# --- Redis -----------------------------------------------------------------------------------------


async def test_a_lease_is_renewed_while_it_is_held_though_the_loop_is_busy(
    quick: RedisSessionStorage,
) -> None:
    async with session_lock(quick, "k"), session_lock(quick, "j"):
        await quick.append("k", [HELLO], expected_version=0)
        time.sleep(0.9)  # noqa: ASYNC251  # a program that blocks the loop for three times the lease
        assert await quick.append("k", [HI], expected_version=1) == 2


async def test_a_lease_that_was_lost_is_noticed_at_the_next_append(
    quick: RedisSessionStorage, redis_url: str, direct: Any
) -> None:
    """Fault 70: the lock was lost."""
    other = RedisSessionStorage(redis_url)
    async with session_lock(quick, "k"):
        await quick.append("k", [HELLO], expected_version=0)
        direct.delete(_Names("k").lease)
        async with session_lock(other, "k", 0):
            with pytest.raises(SessionConflict, match=r"^the lock of session 'k' was lost: another run may"):
                await quick.append("k", [HI], expected_version=1)
            assert await other.append("k", [HI], expected_version=1) == 2
    async with session_lock(other, "k", 0):
        assert await quick.version("k") == 2
    await other.close()


async def test_the_lease_of_one_that_died_ends_by_itself(quick: RedisSessionStorage, direct: Any) -> None:
    async with session_lock(quick, "k"):
        name = _Names("k").lease
        assert direct.exists(name)
    direct.hset(name, "owner", "somebody who died")
    direct.pexpire(name, 200)
    queue = name.replace(":lease", ":queue")
    direct.zadd(queue, {"another who died": 1})
    direct.hset(name.replace(":lease", ":waiting"), "another who died", "1")
    async with asyncio.timeout(WAIT):
        async with session_lock(quick, "k"):
            assert direct.zcard(queue) == 0


async def test_those_who_wait_for_a_lease_get_it_in_the_order_they_came(redis_url: str, direct: Any) -> None:
    stores, order = [RedisSessionStorage(redis_url) for _ in range(5)], list[int]()

    queue = _Names("fair").queue[1]  # others may be there still, of writers that were killed

    def waiting() -> int:
        return int(direct.zcard(queue))

    async def hold(number: int) -> None:
        async with session_lock(stores[number], "fair"):
            order.append(number)

    async with session_lock(stores[0], "fair"):
        tasks: list[asyncio.Task[None]] = []
        for number in range(1, 5):
            tasks.append(asyncio.create_task(hold(number)))
            await until(lambda number=number: waiting() == number)
        tasks[1].cancel()
        await until(lambda: waiting() == 3)
    await asyncio.wait(tasks, timeout=WAIT)
    assert (tasks[1].cancelled(), order) == (True, [1, 3, 4])
    for store in stores:
        await store.close()


async def test_an_append_that_is_sent_twice_is_stored_once(quick: RedisSessionStorage, direct: Any) -> None:
    """A connection that breaks before the answer makes the client send it again."""
    names, script = _Names("k"), direct.register_script(APPEND)
    keys = [names.head, names.messages, names.lease]
    said = ['{"role":"user","content":"hello"}', '{"role":"assistant","content":"hi"}']
    first = [script(keys, [0, "", "append-1", "1.0", "id-1", *said]) for _ in range(2)]
    assert first == [[0, 2], [0, 2]]
    assert await quick.load("k") == Session("id-1", "k", [HELLO, HI], 1.0, 1.0)


async def test_what_a_newer_version_wrote_to_redis_is_refused(
    quick: RedisSessionStorage, direct: Any
) -> None:
    await quick.append("k", [HELLO], expected_version=0)
    head = _Names("k").head
    direct.hset(head, "v", 4)
    for doing in (quick.load("k"), quick.append("k", [HI], expected_version=1), quick.messages("k")):
        with pytest.raises(SessionError, match=r"has schema 4, this version of voxagent reads up to 1"):
            await doing
    direct.hset(head, "v", 1)
    texts = _Names("k").messages
    direct.lset(texts, 0, "{}")
    with pytest.raises(SessionError, match=r"^session 'k', message 0 cannot be read: it holds no message"):
        await quick.load("k")
    direct.set(texts, "something else")
    with pytest.raises(SessionError, match=r"^session 'k' cannot be read: something else has its name$"):
        await quick.load("k")
    direct.delete(texts)


async def test_a_foreign_name_hides_no_key_and_is_named(
    quick: RedisSessionStorage, direct: Any, caplog: pytest.LogCaptureFixture
) -> None:
    await quick.append("a\ud800", [HELLO], expected_version=0)
    names = [b"voxagent:{%s}:head" % each for each in (b"x!", b"YQ!==", b"", b"\xff", b"_w==")]
    for name in names:
        direct.set(name, "x")
    try:
        assert await quick.list_keys() == ["a\ud800"]
    finally:
        direct.delete(*names)
    assert sorted(record.getMessage() for record in caplog.records) == sorted(
        f"redis: {name!r} is the name of no session: it is not listed" for name in names
    )
    assert {record.levelname for record in caplog.records} == {"WARNING"}


async def test_a_redis_that_is_not_there_is_an_error_without_the_password() -> None:
    with servers.redis() as url:
        wrong = RedisSessionStorage(url.replace("s3cret-pw", "wr0ng-pw"))
        with pytest.raises(SessionError, match=r"^redis: AuthenticationError: ") as raised:
            await wrong.load("k")
        store = RedisSessionStorage(f"{url}?retry_on_error=")
        async with session_lock(store, "k"):
            await store.append("k", [HELLO], expected_version=0)
    gone = RedisSessionStorage(url)
    with pytest.raises(SessionError, match=r"^redis: ConnectionError: "):
        await gone.load("k")
    assert "wr0ng-pw" not in str(raised.value)
    assert repr(gone).startswith("RedisSessionStorage('127.0.0.1:")
    for each in (wrong, store, gone):
        await each.close()


async def test_leases_are_renewed_by_one_thread_that_ends_with_the_last(quick: RedisSessionStorage) -> None:
    def renewing() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "voxagent-leases"]

    async with session_lock(quick, "a"), session_lock(quick, "b"):
        assert len(renewing()) == 1
    await until(lambda: not renewing())


@pytest.mark.parametrize("lease", [0, -1.0])
def test_a_lease_of_no_time_is_refused(lease: float) -> None:
    with pytest.raises(ConfigError, match=r"^lease=.* is not a positive number of seconds$"):
        RedisSessionStorage("redis://127.0.0.1:1/0", lease=lease)
