"""Sessions: stores by URL or by hand, and their locks."""

from __future__ import annotations

from collections.abc import Awaitable
from pathlib import Path
from typing import assert_type

from voxagent import Agent, Message
from voxagent.session import (
    FileSessionStorage,
    InMemorySessionStorage,
    Locks,
    PostgresSessionStorage,
    RedisSessionStorage,
    Session,
    SessionStorage,
    SQLiteSessionStorage,
    session_lock,
    storage_from,
)
from voxagent.testing import StoreCheck, session_store_suite

stores: list[SessionStorage] = [
    InMemorySessionStorage(),
    FileSessionStorage("sessions"),
    FileSessionStorage(Path("sessions")),
    SQLiteSessionStorage("chat.db"),
    PostgresSessionStorage("postgresql://host/db"),
    RedisSessionStorage("redis://host/0", lease=5),
]
locking: list[Locks] = [FileSessionStorage("sessions"), SQLiteSessionStorage("chat.db")]
assert_type(storage_from("sqlite:///chat.db"), SessionStorage)
assert_type(Agent("a:b", session_storage="sqlite:///chat.db", session_lock="reject"), Agent[None, str])
assert_type(Agent("a:b", session_storage=stores[0], session_lock="queue"), Agent[None, str])
assert_type(session_store_suite(writers=64, turns=200, sessions=8), tuple[StoreCheck, ...])


async def used(storage: SessionStorage) -> None:
    async with session_lock(storage, "k", 5):
        assert_type(await storage.version("k"), int)
        assert_type(await storage.append("k", [Message("user", "hi")], expected_version=0), int)
    assert_type(await storage.load("k"), Session | None)
    assert_type(await storage.messages("k", 10, limit=5), list[Message])
    assert_type(await storage.fork("k", 2, new_key="j"), Session)
    assert_type(await storage.list_keys(), list[str])
    assert_type(await FileSessionStorage("sessions").set_aside("k"), Path | None)
    assert_type(await SQLiteSessionStorage("chat.db").set_aside(), Path | None)
    for check in session_store_suite():
        checking: Awaitable[None] = check(lambda: storage)
        await checking
