"""What sessions do not take."""

from voxagent import Agent, Message
from voxagent.session import (
    FileSessionStorage,
    RedisSessionStorage,
    SessionStorage,
    session_lock,
    storage_from,
)

Agent("a:b", session_lock="steal")  # E: a mode that is none
Agent("a:b", session_storage=7)  # E: a number as a store
Agent("a:b", session_storage={})  # E: a dict as a store
storage_from(b"memory:")  # E: bytes as a URL
FileSessionStorage()  # E: files without a folder
RedisSessionStorage("redis://host/0", 5)  # E: a lease by position
session_lock("sqlite:///chat.db", "k")  # E: the lock of a URL


async def used(storage: SessionStorage) -> None:
    await storage.append("k", [Message("user", "hi")])  # E: an append that expects no version
    await storage.append("k", ["hi"], expected_version=0)  # E: text as a message
    await storage.fork("k", 2)  # E: a fork without a key
    await storage.load("k").messages  # E: a session that nobody awaited
