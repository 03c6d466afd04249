"""From a URL to a store, and what an agent does with it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.session.stores import every_place, every_store, fresh, printed
from voxagent import Agent, ConfigError, Hooks, Message, RunContext
from voxagent.providers import ModelRequest
from voxagent.session import (
    FileSessionStorage,
    InMemorySessionStorage,
    Locks,
    LockTimeoutError,
    Session,
    SessionConflict,
    SessionStorage,
    SQLiteSessionStorage,
    session_lock,
    storage_from,
)
from voxagent.session.places import without_secrets
from voxagent.testing import FunctionProvider, ScriptedProvider, StoreCheck, session_store_suite, text
from voxagent.testing.stores import ODD_KEYS

HELLO, HI = Message("user", "hello"), Message("assistant", "hi")
WAIT = 10


@dataclass
class Plain(SessionStorage):
    """A store of five methods, as a program may write one; it cannot even be hashed."""

    sessions: dict[str, Session] = field(default_factory=dict)
    inner: InMemorySessionStorage = field(default_factory=InMemorySessionStorage)

    async def load(self, key: str) -> Session | None:
        return await self.inner.load(key)

    async def save(self, session: Session) -> None:
        await self.inner.save(session)

    async def delete(self, key: str) -> bool:
        return await self.inner.delete(key)

    async def list_keys(self) -> list[str]:
        return await self.inner.list_keys()

    async def append(self, key: str, messages: Sequence[Message], *, expected_version: int) -> int:
        return await self.inner.append(key, messages, expected_version=expected_version)


@pytest.mark.parametrize("check", session_store_suite(), ids=str)
async def test_five_methods_make_a_store(check: StoreCheck) -> None:
    store = Plain()
    await check(lambda: store)


class Forgetful(Plain):
    """Forgets the second message of every append, and lets everybody in."""

    async def append(self, key: str, messages: Sequence[Message], *, expected_version: int) -> int:
        return await super().append(key, messages[:1], expected_version=expected_version)

    async def create(self, session: Session) -> None:
        await self.save(session)


async def test_the_suite_finds_out_a_store_that_does_not_do_it() -> None:
    failed: dict[str, str] = {}
    store = Forgetful()
    for check in session_store_suite():
        try:
            await check(lambda: store)
        except (AssertionError, SessionConflict) as error:
            failed[str(check)] = str(error)
    assert (
        failed["messages are loaded as they were appended, in order"] == "the version: 7 is expected, not 6"
    )
    assert (
        "SessionConflict is expected, not None"
        in failed["a session is saved whole, and nobody else's copy changes it"]
    )
    assert failed["a page is a part of the messages"].endswith("has 1 messages, 3 were expected")
    assert "a session has one holder at a time" not in failed


class Empty(Plain):
    """Keeps nothing."""

    async def load(self, key: str) -> Session | None:
        return None


async def test_the_suite_finds_out_a_store_that_keeps_nothing() -> None:
    [check] = [check for check in session_store_suite() if str(check).startswith("messages are loaded")]
    store = Empty()
    with pytest.raises(AssertionError, match=r"^session 'check \w+' is not there$"):
        await check(lambda: store)


class Unmade(Plain):
    """Deletes nothing."""

    async def delete(self, key: str) -> bool:
        raise NotImplementedError("nothing is ever deleted here")


async def test_a_check_that_fails_deletes_what_it_made_and_tells_of_the_failure_alone() -> None:
    checks, forgetful, unmade = session_store_suite(), Forgetful(), Unmade()
    for check in checks:
        with suppress(AssertionError, SessionConflict):
            await check(lambda: forgetful)
    assert await forgetful.list_keys() == []
    await checks[0](lambda: unmade)
    assert len(await unmade.list_keys()) == 1

    def make() -> SessionStorage:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await checks[0](make)


async def test_sessions_that_were_there_before_the_checks_are_left_alone() -> None:
    store = InMemorySessionStorage()
    for key in ODD_KEYS:
        await store.append(key, [Message("user", "a real conversation")], expected_version=0)
    before = {key: await store.load(key) for key in ODD_KEYS}
    for check in session_store_suite():
        await check(lambda: store)
    assert {key: await store.load(key) for key in await store.list_keys()} == before


# --- URLs ------------------------------------------------------------------------------------------


def test_a_url_gives_a_store_and_the_same_url_the_same_store(tmp_path: Path) -> None:
    files, chat = storage_from(f"file://{tmp_path}/a"), storage_from(f"sqlite:///{tmp_path}/a.db")
    assert isinstance(files, FileSessionStorage)
    assert isinstance(chat, SQLiteSessionStorage)
    assert (files.base_dir, chat.path) == (tmp_path / "a", tmp_path / "a.db")
    assert storage_from(f"file://{tmp_path}/a") is files
    assert storage_from(f"file://{tmp_path}/b") is not files
    assert isinstance(storage_from("memory:"), InMemorySessionStorage)
    assert storage_from("MEMORY://") is not storage_from("memory:")
    assert all(isinstance(store, Locks) for store in (files, chat))


@pytest.mark.parametrize("url", ["mongodb://ada:s3cret@host/x", "chat.db", "", "mysql:x"])
def test_a_url_that_nobody_knows_is_refused_with_those_that_are_known(url: str) -> None:
    with pytest.raises(
        ConfigError, match=r"is no store: known are memory:, file:///folder, sqlite:"
    ) as raised:
        Agent("a:b", session_storage=url)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("scheme", ["postgresql", "redis"])
@pytest.mark.parametrize("password", ["s3cret/x", "1234/s3cret", "[s3cret"])
def test_a_password_that_breaks_the_url_is_not_told(scheme: str, password: str) -> None:
    with pytest.raises(
        ConfigError, match=rf"^session_storage='{scheme}:...' cannot be read: signs like"
    ) as raised:
        fresh(f"{scheme}://ada:{password}@host/0")
    assert "s3cret" not in f"{raised.value}{raised.value.__cause__}"


@pytest.mark.parametrize("url", ["postgresql://ada:s3cret%2Fpw@h/d", "redis://h/0?password=s3cret%2Fpw&db=1"])
def test_a_password_is_taken_out_of_what_a_server_says(url: str) -> None:
    assert without_secrets("denied: s3cret%2Fpw, s3cret/pw", urlsplit(url)) == "denied: ***, ***"


def test_memory_has_no_place() -> None:
    with pytest.raises(ConfigError, match=r"^'memory:x' names a place, but memory has none"):
        storage_from("memory:x")


@pytest.mark.parametrize(
    ("url", "package", "extra"),
    [("postgresql://ada:s3cret@h/db", "psycopg", "postgres"), ("redis://:s3cret@h/0", "redis", "redis")],
)
def test_a_package_that_is_not_installed_is_named_with_its_extra(url: str, package: str, extra: str) -> None:
    program = (
        "import sys; sys.modules[sys.argv[2]] = None\n"
        "from voxagent import Agent, ConfigError\n"
        "try: Agent('a:b', session_storage=sys.argv[1])\n"
        "except ConfigError as error: print(error)\n"
    )
    scheme = url.partition(":")[0]
    said = f"session_storage='{scheme}:...' needs {package}: pip install voxagent[{extra}]\n"
    assert printed(program, url, package) == said


def test_stores_are_loaded_when_they_are_first_named() -> None:
    program = (
        "import sys; from voxagent import Agent; import voxagent.session\n"
        "Agent('a:b', session_storage='memory:')\n"
        "heavy = ('voxagent.session.sqlite', 'voxagent.session.files', 'psycopg', 'redis')\n"
        "print([name for name in heavy if name in sys.modules])\n"
        "print(voxagent.session.SQLiteSessionStorage.__name__, heavy[0] in sys.modules)\n"
        "print(hasattr(voxagent.session, 'NoSuchStorage'))\n"
    )
    assert printed(program) == "[]\nSQLiteSessionStorage True\nFalse\n"


def test_a_lock_mode_that_is_none_is_refused() -> None:
    mode: Any = "steal"
    with pytest.raises(ConfigError, match=r"^session_lock='steal': 'queue' or 'reject' is expected$"):
        Agent("a:b", session_lock=mode)


# --- processes -------------------------------------------------------------------------------------


@every_place
def test_a_store_is_closed_at_the_end_of_the_process(place: str, tmp_path: Path) -> None:
    program = (
        "import asyncio, sys; from voxagent import Agent\n"
        "agent = Agent('offline:demo', session_storage=sys.argv[1])\n"
        "agent.run_sync('My name is Ada.', session_key='end')\n"
        "print(agent.run_sync('What is my name?', session_key='end').output)\n"
    )
    for count in (2, 4):
        assert "Ada" in printed(program, place)
        assert not list(tmp_path.glob("*-wal"))
        store = fresh(place)
        assert asyncio.run(store.version("end")) == 2 * count
        asyncio.run(store.close())
    store = fresh(place)
    asyncio.run(store.delete("end"))
    asyncio.run(store.close())


@every_place
def test_a_child_of_a_fork_uses_the_store_on_its_own(place: str) -> None:
    program = (
        "import asyncio, os, sys\n"
        "from voxagent import Message\n"
        "from tests.session.stores import fresh\n"
        "from voxagent.session import session_lock\n"
        "store = fresh(sys.argv[1])\n"
        "def said(n):\n"
        "    return asyncio.run(store.append('fork', [Message('user', str(n))], expected_version=n))\n"
        "async def locked(key):\n"
        "    async with session_lock(store, key, 0): pass\n"
        "said(0); asyncio.run(store.load('fork'))\n"
        "loop, lock = asyncio.new_event_loop(), session_lock(store, 'held')\n"
        "loop.run_until_complete(lock.__aenter__())\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    assert asyncio.run(store.version('fork')) == 1\n"
        "    said(1); asyncio.run(locked('other')); os._exit(0)\n"
        "loop.run_until_complete(lock.__aexit__(None, None, None)); loop.close()\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "said(2); assert asyncio.run(store.version('fork')) == 3\n"
        "asyncio.run(locked('held')); asyncio.run(store.delete('fork')); asyncio.run(store.close())\n"
    )
    printed(program, place)


# --- agents ----------------------------------------------------------------------------------------


@asynccontextmanager
async def busy(agent: Agent[None, str], key: str) -> AsyncIterator[asyncio.Task[Any]]:
    """A run that is within its model's answer."""
    began, gate = asyncio.Event(), asyncio.Event()

    async def answering(messages: Sequence[Message], request: ModelRequest) -> str:
        began.set()
        await gate.wait()
        return "first"

    run = asyncio.create_task(agent.run("one", session_key=key, model=FunctionProvider(answering)))
    await asyncio.wait_for(began.wait(), WAIT)
    try:
        yield run
    finally:
        gate.set()
        await asyncio.wait_for(run, WAIT)


def agent_on(place: str, **options: Any) -> tuple[Agent[None, str], SessionStorage]:
    store = fresh(place)
    return Agent(ScriptedProvider(text("second")), session_storage=store, **options), store


@every_store
async def test_a_run_whose_session_is_in_use_is_refused_if_it_is_not_to_wait(place: str) -> None:
    """Fault 70: `reject`."""
    first, store = agent_on(place)
    other = store if place == "memory:" else fresh(place)
    second = Agent(ScriptedProvider(text("second")), session_storage=other, session_lock="reject")
    async with busy(first, "reject me"):
        with pytest.raises(
            SessionConflict, match=r"^session 'reject me' is in use by another run$"
        ) as raised:
            await second.run("two", session_key="reject me")
        assert isinstance(raised.value.__cause__, LockTimeoutError)
    result = await second.run("two", session_key="reject me")
    assert [message.text for message in result.messages] == ["one", "first", "two", "second"]
    await store.delete("reject me")
    for each in (store, other):
        await each.close()


@every_store
async def test_runs_of_two_agents_in_one_session_wait_for_each_other(place: str) -> None:
    """Fault 70: `queue`."""
    first, store = agent_on(place)
    other = store if place == "memory:" else fresh(place)
    second = Agent(ScriptedProvider(text("second")), session_storage=other)
    async with busy(first, "wait for me"):
        with pytest.raises(LockTimeoutError):
            await second.run("late", session_key="wait for me", timeout_ms=30)
        waiting = asyncio.create_task(second.run("two", session_key="wait for me"))
        done, _ = await asyncio.wait([waiting], timeout=0.1)
        assert not done
    result = await asyncio.wait_for(waiting, WAIT)
    assert [message.text for message in result.messages] == ["one", "first", "two", "second"]
    await store.delete("wait for me")
    for each in (store, other):
        await each.close()


async def test_a_run_that_lost_its_lock_fails_and_writes_no_more(tmp_path: Path) -> None:
    """Fault 70: the lock was lost."""
    store = FileSessionStorage(tmp_path)

    def lose(ctx: RunContext[Any], request: ModelRequest) -> None:
        for ticket in tmp_path.rglob("000000000001"):
            ticket.unlink()

    agent = Agent(ScriptedProvider(text("hi")), session_storage=store, hooks=Hooks(before_model=lose))
    result = await agent.run("hello", session_key="k")
    assert isinstance(result.error, SessionConflict)
    assert [message.text for message in await store.messages("k")] == ["hello"]


async def test_a_run_that_is_aborted_while_it_waits_for_another_process_leaves_the_queue(
    tmp_path: Path,
) -> None:
    one, other = FileSessionStorage(tmp_path), FileSessionStorage(tmp_path)
    async with session_lock(one, "k"):
        stream = Agent(ScriptedProvider(), session_storage=other).run_stream("hello", session_key="k")
        waiting = asyncio.create_task(stream.result())
        async with asyncio.timeout(WAIT):
            while len(tickets(tmp_path)) < 2:  # noqa: ASYNC110  # a file is waited for
                await asyncio.sleep(0.001)
        stream.abort("no time")
        result = await asyncio.wait_for(waiting, WAIT)
        assert (result.aborted, len(tickets(tmp_path))) == (True, 1)


def tickets(folder: Path) -> list[Path]:
    return list(folder.rglob("00000000000*"))


async def test_a_page_has_no_negative_numbers_in_it() -> None:
    with pytest.raises(ConfigError, match=r"^start=-1: a whole number from 0 to 9223372036854775807 is"):
        await Plain().messages("k", -1)
