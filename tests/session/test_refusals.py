"""What a program hands to a store that cannot be: it is named, in every store, and nothing is written."""

import asyncio
import math
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from sqlite3 import Connection
from typing import Any

import pytest

from tests.session.stores import every_place, every_store, fresh, printed
from voxagent import Agent, ConfigError, Message
from voxagent.session import (
    FileSessionStorage,
    InMemorySessionStorage,
    RedisSessionStorage,
    Session,
    SessionError,
    SessionLockManager,
    SessionStorage,
    SQLiteSessionStorage,
    resolve_session_key,
    session_lock,
    storage_from,
)
from voxagent.session.readonly import read_there
from voxagent.session.redis import _Names
from voxagent.testing import ScriptedProvider, text
from voxagent.testing.storecheck import calls_with_key
from voxagent.types.blocks import TextBlock, ToolUseBlock

HELLO, HI = Message("user", "hello"), Message("assistant", "hi")


def given(value: Any) -> Any:
    """A value whose type nobody checked."""
    return value


NO_LISTS: dict[str, Any] = {
    "str": "hello",
    "bytes": b"hello",
    "dict": {"role": "user"},
    "NoneType": None,
    "int": 3,
}
NO_MESSAGES: dict[str, tuple[Any, str]] = {
    "a text": ("junk", "is of type str: a Message is expected"),
    "a dict": ({"role": "user", "content": "x"}, "is of type dict: a Message is expected"),
    "nothing": (None, "is of type NoneType: a Message is expected"),
    "a role that is none": (
        Message(given("robot"), "x"),
        "has role='robot': 'user', 'assistant', 'system' are known",
    ),
    "bytes": (Message("user", given(b"x")), "has a value of type int as block 0 of its content"),
    "a dict for a block": (
        Message("user", [TextBlock("x"), given({"type": "text"})]),
        "has a value of type dict as block 1 of its content",
    ),
}
NOT_LOADED: dict[str, tuple[Any, str]] = {
    "text that is a number": (
        Message("user", [TextBlock(given(3))]),
        "could not be loaded again: content.0.text.text: Input should be a valid string",
    ),
    "arguments that are none": (
        Message("assistant", [ToolUseBlock("c", "t", given(None))]),
        "could not be loaded again: content.0.tool_use.input: ",
    ),
    "an end that is none": (
        Message("assistant", "x", finish_reason=given("because")),
        "could not be loaded again: finish_reason: Input should be",
    ),
    "metadata that is no JSON": (
        Message("user", "x", metadata={"x": object()}),
        "cannot be written as JSON: ",
    ),
}


def nested(depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(depth):
        found = {"x": found}
    return found


async def refused(store: SessionStorage, key: str, messages: Any, said: str) -> None:
    """Nothing of it is stored, in a new session or in one that is there."""
    await store.delete(key)
    for doing in (
        store.append(key, messages, expected_version=0),
        store.save(Session("id", key, messages)),
        store.create(Session("id", key, messages)),
    ):
        with pytest.raises(ConfigError) as raised:
            await doing
        assert said in str(raised.value)
    assert not await store.exists(key)
    await store.append(key, [HELLO], expected_version=0)
    with pytest.raises(ConfigError):
        await store.append(key, messages, expected_version=1)
    assert await store.messages(key) == [HELLO]
    await store.delete(key)
    await store.close()


@every_store
@pytest.mark.parametrize("kind", NO_LISTS)
async def test_what_is_no_list_of_messages_is_refused_with_its_type(place: str, kind: str) -> None:
    await refused(
        fresh(place), "r", NO_LISTS[kind], f"the messages for session 'r' are of type {kind}: a list"
    )


@every_store
async def test_a_message_that_is_in_no_list_is_refused(place: str) -> None:
    await refused(fresh(place), "r", HELLO, "the messages for session 'r' are of type Message: a list")


@every_store
@pytest.mark.parametrize("kind", NO_MESSAGES)
async def test_what_is_no_message_is_refused_with_its_type_and_place(place: str, kind: str) -> None:
    junk, said = NO_MESSAGES[kind]
    await refused(fresh(place), "r", [HI, junk], f"message 1 for session 'r' {said}")


@every_place
@pytest.mark.parametrize("kind", NOT_LOADED)
async def test_a_message_that_would_not_load_again_is_refused(place: str, kind: str) -> None:
    message, said = NOT_LOADED[kind]
    await refused(fresh(place), "r", [HI, message], f"message 1 for session 'r' {said}")


@every_store
async def test_messages_that_are_deep_are_stored(place: str) -> None:
    store, deep = fresh(place), Message("assistant", [ToolUseBlock("c", "t", nested(240))])
    await store.append("deep", [deep], expected_version=0)
    assert await store.messages("deep") == [deep]
    await store.delete("deep")
    await store.close()


@every_store
async def test_messages_may_be_any_iterable(place: str) -> None:
    store = fresh(place)
    assert await store.append("iterable", given(iter([HELLO, HI])), expected_version=0) == 2
    assert await store.messages("iterable") == [HELLO, HI]
    await store.delete("iterable")
    await store.close()


def test_a_session_takes_messages_only() -> None:
    session = Session("id", "k")
    with pytest.raises(
        ConfigError, match=r"^message 0 for session 'k' is of type str: a Message is expected$"
    ):
        session.add_message(given("junk"))
    session.messages.append(given(None))
    with pytest.raises(ConfigError, match=r"^message 0 for session 'k' is of type NoneType"):
        session.to_dict()


@every_store
async def test_what_is_no_session_is_refused(place: str) -> None:
    store = fresh(place)
    sessions: dict[str, Any] = {
        "a value of type str cannot be stored: a Session is expected": "junk",
        "session 'k' has id=3: text is expected": Session(given(3), "k"),
        "session 'k' has created_at=nan: seconds are expected": Session("id", "k", created_at=math.nan),
        "session 'k' has updated_at='now': seconds are expected": Session("id", "k", [], 1.0, given("now")),
    }
    for said, session in sessions.items():
        for doing in (store.save(session), store.create(session)):
            with pytest.raises(ConfigError) as raised:
                await doing
            assert str(raised.value) == said
    assert not await store.exists("k")
    await store.close()


BIG = 10**5_000
IDS: dict[str, Any] = {"half a pair": "a\ud800", "NUL": "a\0b", "too large for text": BIG}
TIMES: dict[str, Any] = {
    "none": None,
    "a truth": True,
    "no number": math.nan,
    "without an end": -math.inf,
    "too large for a float": 10**400,
    "too large for text": BIG,
    "a text": "1",
}


@every_store
async def test_a_session_that_a_database_could_not_hold_is_refused_in_every_store(place: str) -> None:
    store, old = fresh(place), Session("id", "k", [HELLO], 1.5, 2.5)
    await store.save(old)
    for name, value in IDS.items():
        with pytest.raises(ConfigError, match=r"^session 'k' has id=.{1,70}: text (without NUL and .* )?is"):
            await store.save(Session(value, "k", [HELLO, HI])), name
    for name, value in TIMES.items():
        with pytest.raises(ConfigError, match=r"^session 'k' has created_at=.{1,70}: seconds are expected$"):
            await store.save(Session("id", "k", [HELLO, HI], value)), name
        with pytest.raises(ConfigError, match=r"^session 'k' has updated_at=.{1,70}: seconds are expected$"):
            await store.save(Session("id", "k", [HELLO, HI], 1, value)), name
    assert await store.load("k") == old
    await store.save(Session("é💬", "k", [HI], 10**30, -5))
    assert await store.load("k") == Session("é💬", "k", [HI], 1e30, -5.0)
    await store.delete("k")
    await store.close()


NO_COUNTS: dict[str, Any] = {
    "a float": 1.0,
    "a truth": True,
    "negative": -1,
    "a text": "1",
    "too large for a database": 2**63,
    "too large for text": BIG,
}


@every_store
@pytest.mark.parametrize("kind", NO_COUNTS)
async def test_what_counts_no_messages_is_refused_in_every_store(place: str, kind: str) -> None:
    store, value = fresh(place), NO_COUNTS[kind]
    await store.append("k", [HELLO], expected_version=0)
    shown = "<int>" if value is BIG else repr(value)
    doing = {
        "start": store.messages("k", value),
        "limit": store.messages("k", 0, value),
        "at": store.fork("k", value, new_key="new"),
        "an append to session 'k' has expected_version": store.append("k", [HI], expected_version=value),
        "an append to session 'new' has expected_version": store.append("new", [], expected_version=value),
    }
    for name, each in doing.items():
        with pytest.raises(ConfigError) as raised:
            await each
        assert str(raised.value) == f"{name}={shown}: a whole number from 0 to {2**63 - 1} is expected"
    assert (await store.messages("k"), await store.exists("new")) == ([HELLO], False)
    await store.delete("k")
    await store.close()


@every_store
async def test_none_counts_no_messages_but_is_no_limit(place: str) -> None:
    store = fresh(place)
    await store.append("k", [HELLO], expected_version=0)
    for doing in (store.messages("k", given(None)), store.append("k", [HI], expected_version=given(None))):
        with pytest.raises(ConfigError, match=r"=None: a whole number from 0 to \d+ is expected$"):
            await doing
    assert await store.messages("k", 0, None) == await store.messages("k", 0, 2**63 - 1) == [HELLO]
    assert await store.append("k", [HI], expected_version=1) == 2
    assert await store.messages("k", 1, 2**63 - 1) == [HI]
    assert await store.messages("k", 2**63 - 1, 2**63 - 1) == []
    await store.delete("k")
    await store.close()


# --- metadata --------------------------------------------------------------------------------------

LOOP: list[Any] = []
LOOP.append(LOOP)

NO_JSON: dict[str, tuple[Any, str]] = {
    "nan": ({"a": [1, math.nan]}, "metadata['a'][1] is nan"),
    "infinity": ({"a": {"b": -math.inf}}, "metadata['a']['b'] is -inf"),
    "a key that is a number": ({"a": {3: 1}}, "metadata['a'] has the key 3, which is no text"),
    "a set": ({"s": {1}}, "metadata['s'] is of type set"),
    "bytes": ({"b": b"x"}, "metadata['b'] is of type bytes"),
    "itself": ({"a": LOOP}, "it is too deep, or holds itself"),
    "no dict": ([1], "it is of type list, not a dict"),
    "a number that has no text": ({"n": BIG}, "Exceeds the limit "),
}


@every_store
@pytest.mark.parametrize("kind", NO_JSON)
async def test_metadata_that_json_would_not_give_back_is_refused(place: str, kind: str) -> None:
    store, (metadata, said) = fresh(place), NO_JSON[kind]
    for doing in (store.save, store.create):
        with pytest.raises(ConfigError) as raised:
            await doing(Session("id", "k", metadata=metadata))
        assert str(raised.value).startswith(f"the metadata of session 'k' cannot be written as JSON: {said}")
    assert not await store.exists("k")
    await store.close()


@every_store
async def test_metadata_is_the_same_in_every_store_and_the_callers_own_stays_apart(place: str) -> None:
    store, inner = fresh(place), {"ü": [1]}
    await store.save(Session("id", "meta", metadata={"t": (1, 2.5, None), "in": inner, "half": "\ud800"}))
    inner["ü"].append(2)
    session = await store.load("meta")
    assert session is not None
    assert session.metadata == {"t": [1, 2.5, None], "in": {"ü": [1]}, "half": "\ud800"}
    await store.delete("meta")
    await store.close()


@every_store
async def test_metadata_of_a_message_is_not_shared_with_the_caller(place: str) -> None:
    store, inner = fresh(place), {"m": [1, {"x": 2}]}
    first, second = Message("user", "a", metadata=inner), Message("user", "b", metadata={"m": inner})
    stored = [Message("user", "a", metadata={"m": [1, {"x": 2}]}), HELLO]
    await store.append("shared", [first, HELLO], expected_version=0)
    await store.save(Session("id", "other", [second]))
    inner["m"].append(3)
    assert await store.messages("shared") == stored
    for loaded in (
        await store.messages("shared"),
        (await store.load("shared") or Session("id", "x")).messages,
    ):
        given(loaded[0].metadata)["m"].clear()
    assert await store.messages("shared") == stored
    assert (await store.messages("other"))[0].metadata == {"m": {"m": [1, {"x": 2}]}}
    for key in ("shared", "other"):
        await store.delete(key)
    await store.close()


# --- keys ------------------------------------------------------------------------------------------


@every_store
@pytest.mark.parametrize("key", [3, None, b"k", ["k"]], ids=str)
async def test_a_key_that_is_no_text_is_refused_everywhere(place: str, key: Any) -> None:
    store, session = fresh(place), Session("id", "k")
    session.key = key
    said = f"session key {key!r} is of type {type(key).__name__}: text is expected"

    async def locked() -> None:
        async with session_lock(store, key):
            raise AssertionError("it was locked")

    for doing in (*calls_with_key(store, session), lambda: store.fork(key, new_key="new"), locked):
        with pytest.raises(ConfigError) as raised:
            await doing()
        assert str(raised.value) == said
    await store.append("old", [HELLO], expected_version=0)
    with pytest.raises(ConfigError, match="is of type"):
        await store.fork("old", new_key=key)
    await store.delete("old")
    await store.close()


@pytest.mark.parametrize(
    "make", [lambda key: Session("id", key), Session.create, SessionLockManager().get_lock]
)
def test_a_session_without_a_key_cannot_be_made(make: Callable[[Any], object]) -> None:
    with pytest.raises(ConfigError, match=r"^session key '' has 0 bytes: 1 to 1024 are allowed$"):
        make("")
    with pytest.raises(ConfigError, match=r"^session key 3 is of type int: text is expected$"):
        make(3)


@pytest.mark.parametrize(
    ("parts", "said"),
    [((3,), "user_id 3 is of type int"), (("a", b"x"), "channel b'x' is"), (("a", "b", 7), "thread_id 7 is")],
)
def test_parts_of_a_key_that_are_no_text_are_refused(parts: tuple[Any, ...], said: str) -> None:
    with pytest.raises(ConfigError, match=f"^{said}.*: text is expected$"):
        resolve_session_key(*parts)


# --- places ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("takes", [storage_from, lambda place: Agent("a:b", session_storage=place)])
def test_what_is_neither_a_store_nor_a_url_is_refused_with_what_would_be(
    takes: Callable[[Any], object],
) -> None:
    with pytest.raises(ConfigError, match=r"is a path: file:///folder, .* or FileSessionStorage\(path\) is"):
        takes(Path("/tmp"))
    with pytest.raises(
        ConfigError, match=r"^session_storage=3 is neither a store nor a URL: known are memory:"
    ):
        takes(3)
    with pytest.raises(ConfigError, match=r"^session_storage=<class .*InMemory.* is neither a store"):
        takes(InMemorySessionStorage)


def test_none_is_no_url() -> None:
    with pytest.raises(ConfigError, match=r"^session_storage=None is neither a store nor a URL"):
        storage_from(given(None))


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert FileSessionStorage("~/x").base_dir == tmp_path / "x"
    assert FileSessionStorage.from_url("file:~/x").base_dir == tmp_path / "x"
    assert SQLiteSessionStorage("~/t.db").path == tmp_path / "t.db"
    assert SQLiteSessionStorage.from_url("sqlite:///~/t.db").path == tmp_path / "t.db"
    assert FileSessionStorage("a/~").base_dir == Path("a/~")


@pytest.mark.parametrize("make", [FileSessionStorage, SQLiteSessionStorage])
def test_what_is_no_path_is_refused(make: Callable[[Any], object]) -> None:
    for value in ("", 3, None, b"x"):
        with pytest.raises(ConfigError, match=rf"^(base_dir|path)={value!r} is no path$"):
            make(value)
    with pytest.raises(ConfigError, match=r"^(base_dir|path)='~nobody-of-that-name/x' is no path: "):
        make("~nobody-of-that-name/x")


class BytesPath(os.PathLike[bytes]):
    """A path of bytes, which pathlib does not take."""

    def __fspath__(self) -> bytes:
        return b"x"


def test_a_path_of_bytes_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^base_dir='.*' is no path: "):
        FileSessionStorage(BytesPath())  # type: ignore[arg-type]  # as it says


@pytest.mark.parametrize("scheme", ["redis", "postgresql"])
@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("localhost:notaport/0", "its port is a number from 1 to 65535, not 'notaport'"),
        ("localhost:0/0", "its port is a number from 1 to 65535, not '0'"),
        ("localhost:70000/0", "its port is a number from 1 to 65535, not '70000'"),
        ("ada:s3cret@localhost:s3cret/0", "its port is a number from 1 to 65535"),
        ("ada:12#s3cret@localhost/0", "signs like / @ : in user and password are written as %2F %40 %3A"),
    ],
)
def test_a_port_that_is_none_is_named(scheme: str, rest: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        fresh(f"{scheme}://{rest}")
    assert str(raised.value) == f"session_storage='{scheme}:...' cannot be read: {said}"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis://u:s3cret@localhost:1/0?x=s3cret", "redis-py knows no option 'x'; "),
        ("redis:", "Redis URL must specify one of the following schemes"),
        ("redis://localhost/0?max_connections=s3cret-many&password=s3cret-many", "Invalid value for"),
    ],
)
def test_a_url_that_redis_does_not_take_is_refused_when_the_store_is_made(url: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        RedisSessionStorage(url)
    assert str(raised.value).startswith(f"session_storage='redis:...': {said}")
    assert str(raised.value).endswith("; redis://host:6379/0 is expected")
    assert "s3cret" not in str(raised.value)


# --- clocks ----------------------------------------------------------------------------------------


@every_store
async def test_a_session_is_never_changed_before_it_was_made(place: str) -> None:
    store, future = fresh(place), 1e11
    for version in (1, 0):
        session = Session("id", "clock", [HELLO][:version], future, future)
        await store.save(session)
        await store.append("clock", [HI], expected_version=version)
        session.add_message(HI)
        assert await store.load("clock") == session
        session.clear_messages()
        assert session.updated_at == future
    await store.delete("clock")
    await store.close()


# --- SQLite where it cannot be written ---------------------------------------------------------------

READ_ONLY = """
import asyncio, os, sys
from pathlib import Path
from voxagent import Message
from voxagent.session import SessionError, SQLiteSessionStorage
hello, home = Message("user", "hello"), Path(sys.argv[1])

async def main():
    store = SQLiteSessionStorage(home / "chat.db")
    await store.append("k", [hello], expected_version=0)
    if sys.argv[2] == "closed":
        await store.close()
    for path in (home, *home.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    if os.geteuid() == 0:
        os.seteuid(65534)  # root may write everywhere
    other = SQLiteSessionStorage(home / "chat.db")
    for _ in range(2):
        session = await other.load("k")
        print(session.messages == [hello], await other.version("k"), await other.list_keys())
        try:
            await other.append("k", [hello], expected_version=1)
        except SessionError as error:
            print(str(error).rsplit(": ")[-1])
    try:
        await SQLiteSessionStorage(home / "none.db").load("k")
    except SessionError as error:
        print(str(error).rsplit(": ")[-1])
    if os.getuid() == 0:
        os.seteuid(0)
    for path in (home, *home.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    await other.close()
    print(await store.append("k", [hello], expected_version=1))
    await store.close()

asyncio.run(main())
"""


@pytest.mark.parametrize("other", ["closed", "open"])
def test_a_database_is_read_where_it_cannot_be_written(other: str) -> None:
    with tempfile.TemporaryDirectory() as home:
        out = printed(READ_ONLY, home, other)
    assert out.splitlines() == [*["True 1 ['k']", "Permission denied"] * 2, "Permission denied", "2"]


def state_of(connection: Connection) -> list[Any]:
    found: list[Any] = connection.execute("select num from voxagent_session").fetchall()
    return found


@pytest.fixture
async def chat(tmp_path: Path) -> Path:
    store = SQLiteSessionStorage(tmp_path / "chat.db")
    await store.append("k", [HELLO], expected_version=0)
    await store.close()
    return store.path


@pytest.mark.parametrize("fails", [True, False])
def test_what_changes_while_it_is_read_is_read_again(chat: Path, fails: bool) -> None:
    tries: list[int] = []

    def work(connection: Connection) -> int:
        tries.append(1)
        if len(tries) < 3:
            os.utime(chat, (len(tries), len(tries)))
            if fails:
                raise ValueError("torn")
        return len(state_of(connection))

    assert (read_there(chat, work, state_of), len(tries)) == (1, 3)


def test_what_changes_all_the_time_is_said_to_do_so(chat: Path) -> None:
    tries: list[int] = []

    def work(connection: Connection) -> None:
        tries.append(1)
        os.utime(chat, (len(tries), len(tries)))

    with pytest.raises(SessionError, match=r"chat\.db cannot be written here, and others write to it"):
        read_there(chat, work, state_of)


def test_what_cannot_be_read_though_nothing_changes_is_told(chat: Path) -> None:
    def work(connection: Connection) -> None:
        raise ValueError("torn")

    with pytest.raises(ValueError, match=r"^torn$"):
        read_there(chat, work, state_of)


# --- Redis: what is damaged ----------------------------------------------------------------------------


@pytest.mark.server
@pytest.mark.parametrize(
    "damage", ["the last is gone", "the head is gone", "the head is junk", "another type"]
)
async def test_redis_names_the_session_and_what_is_damaged(redis_url: str, damage: str) -> None:
    import redis

    store, names = RedisSessionStorage(redis_url), _Names("hurt")
    await store.append("hurt", [HELLO, HI, HELLO], expected_version=0)
    with redis.Redis.from_url(redis_url) as direct:
        client: Any = direct
        match damage:
            case "the last is gone":
                client.rpop(names.messages)
                said = "session 'hurt' has 2 messages, but its head is gone or counts others: "
            case "the head is gone":
                client.delete(names.head)
                said = "session 'hurt' has 3 messages, but its head is gone or counts others: "
            case "the head is junk":
                client.hset(names.head, mapping=dict.fromkeys(client.hkeys(names.head), "zzz"))
                said = "the head of session 'hurt' cannot be read: "
            case _:
                for name in (names.head, names.messages):
                    client.set(name, "x")
                said = "session 'hurt' cannot be read: something else has its name"
    for doing in (
        store.load("hurt"),
        store.messages("hurt", 0, 2),
        store.version("hurt"),
        store.append("hurt", [HI], expected_version=3),
    ):
        with pytest.raises(SessionError) as raised:
            await doing
        assert str(raised.value).startswith(said)
    await store.delete("hurt")
    assert await store.append("hurt", [HI], expected_version=0) == 1
    await store.delete("hurt")
    await store.close()


@pytest.mark.server
async def test_a_session_of_redis_whose_head_has_no_count_gets_one(redis_url: str) -> None:
    import redis

    store, names = RedisSessionStorage(redis_url), _Names("uncounted")
    await store.append("uncounted", [HELLO, HI], expected_version=0)
    with redis.Redis.from_url(redis_url) as direct:
        client: Any = direct
        client.hdel(names.head, "n")
        assert await store.version("uncounted") == 2
        assert await store.append("uncounted", [HI], expected_version=2) == 3
        assert client.hget(names.head, "n") == b"3"
    await store.delete("uncounted")
    await store.close()


# --- stores of others, in an agent ---------------------------------------------------------------------


class Misled(InMemorySessionStorage):
    """Gives what it should not."""

    def __init__(self, version: object, session: object = None) -> None:
        super().__init__()
        self.version_given, self.session = version, session

    async def append(self, key: str, messages: Sequence[Message], *, expected_version: int) -> Any:
        await super().append(key, messages, expected_version=expected_version)
        return self.version_given

    async def load(self, key: str) -> Any:
        return self.session


@pytest.mark.parametrize("version", [None, 999, "1"])
async def test_a_store_that_gives_a_wrong_version_is_named_and_is_given_nothing_more(version: object) -> None:
    store = Misled(version)
    result = await Agent(ScriptedProvider(text("hi")), session_storage=store).run("hello", session_key="k")
    assert isinstance(result.error, SessionError)
    assert str(result.error) == (
        f"Misled.append gave {version!r} as the version of session 'k', 1 is expected"
    )
    assert [message.text for message in await store.messages("k")] == ["hello"]


@pytest.mark.parametrize(
    ("session", "said"),
    [
        ("junk", "gave a str: a Session or None is expected"),
        (HELLO, "gave a Message: a Session or None is expected"),
        (
            Session("id", "k", [HELLO, given(None)]),
            "gave a NoneType: a Session of nothing but messages is expected",
        ),
    ],
)
async def test_a_store_that_loads_something_else_is_named(session: object, said: str) -> None:
    agent = Agent(ScriptedProvider(text("hi")), session_storage=Misled(1, session))
    async with asyncio.timeout(10):
        with pytest.raises(SessionError) as raised:
            (await agent.run("hello", session_key="k")).raise_for_error()
    assert str(raised.value) == f"Misled.load('k') {said}"
