"""Sessions in memory: copies in, copies out, and nobody is overwritten."""

import asyncio

import pytest

from voxagent import ConfigError, Message
from voxagent.session import InMemorySessionStorage, Session, SessionConflict, SessionStorage

HELLO, HI = Message("user", "hello"), Message("assistant", "hi")


@pytest.fixture
def storage() -> SessionStorage:
    return InMemorySessionStorage()


async def test_what_was_saved_is_loaded_and_what_was_not_is_none(storage: SessionStorage) -> None:
    session = Session("id", "k", [HELLO, HI], 1.0, 2.0, {"a": [1]})
    await storage.save(session)
    assert await storage.load("k") == session
    assert (await storage.load("other"), await storage.exists("k"), await storage.exists("other")) == (
        None,
        True,
        False,
    )


async def test_neither_the_saved_nor_the_loaded_session_is_the_stored_one(storage: SessionStorage) -> None:
    session = Session("id", "k", [HELLO], metadata={"a": [1]})
    await storage.save(session)
    session.add_message(HI)
    session.metadata["a"].append(2)
    loaded = await storage.load("k")
    assert loaded is not None
    assert (loaded.messages, loaded.metadata) == ([HELLO], {"a": [1]})
    loaded.add_message(HI)
    loaded.metadata["a"].append(3)
    again = await storage.load("k")
    assert again is not None
    assert (again.messages, again.metadata) == ([HELLO], {"a": [1]})


async def test_messages_are_appended_and_the_new_version_is_told(storage: SessionStorage) -> None:
    assert await storage.append("k", [HELLO], expected_version=0) == 1
    made = await storage.load("k")
    assert made is not None
    assert (made.key, made.version, bool(made.id)) == ("k", 1, True)
    assert await storage.append("k", [HI, HELLO], expected_version=1) == 3
    session = await storage.load("k")
    assert session is not None
    assert session.messages == [HELLO, HI, HELLO]
    assert session.updated_at >= session.created_at > 0


@pytest.mark.parametrize("expected", [0, 2])
async def test_an_append_that_missed_something_is_refused_and_stores_nothing(
    storage: SessionStorage, expected: int
) -> None:
    await storage.append("k", [HELLO], expected_version=0)
    with pytest.raises(SessionConflict, match=f"^session 'k' has 1 messages, {expected} were expected$"):
        await storage.append("k", [HI], expected_version=expected)
    session = await storage.load("k")
    assert session is not None
    assert session.messages == [HELLO]
    with pytest.raises(SessionConflict):
        await storage.append("new", [HI], expected_version=1)
    assert not await storage.exists("new")


async def test_keys_are_listed_in_order_and_deleted_once(storage: SessionStorage) -> None:
    for key in ("b", "a", "é/:%\n"):
        await storage.append(key, [HELLO], expected_version=0)
    assert await storage.list_keys() == ["a", "b", "é/:%\n"]
    assert [await storage.delete("a"), await storage.delete("a")] == [True, False]
    assert await storage.list_keys() == ["b", "é/:%\n"]


@pytest.mark.parametrize("key", ["", "k" * 1025, "é" * 513])
async def test_a_key_that_is_none_is_refused_everywhere(storage: SessionStorage, key: str) -> None:
    session = Session("id", "k")
    session.key = key
    for doing in (
        storage.load(key),
        storage.save(session),
        storage.delete(key),
        storage.append(key, [], expected_version=0),
    ):
        with pytest.raises(ConfigError, match=r"bytes: 1 to 1024 are allowed$"):
            await doing


def test_threads_that_append_at_once_lose_nothing(storage: SessionStorage) -> None:
    from concurrent.futures import ThreadPoolExecutor

    async def add(number: int) -> None:
        for _ in range(10_000):
            session = await storage.load("k")
            try:
                await storage.append(
                    "k", [Message("user", str(number))], expected_version=session.version if session else 0
                )
            except SessionConflict:
                continue
            return
        raise AssertionError("it never got through")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: asyncio.run(add(number)), range(40)))
    session = asyncio.run(storage.load("k"))
    assert session is not None
    assert sorted(int(message.text) for message in session.messages) == list(range(40))
