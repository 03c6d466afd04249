"""What every session store has to do, as checks that any test runner can call.

    @pytest.mark.parametrize("check", session_store_suite(), ids=str)
    async def test_my_store(check):
        await check(lambda: MyStore(place))

A check makes stores by that function, several of one place where it wants to see how they meet, and raises
`AssertionError` with what it saw. Its keys are its own, and what it made is deleted in the end, so one place
serves all checks, and may be in use: sessions that were there before are left alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeAlias, TypeVar, cast
from uuid import uuid4

from ..errors import ConfigError, LockTimeoutError, SessionConflict, SessionError, VoxAgentError
from ..fanout.threads import in_thread
from ..session.checks import MAX_KEY
from ..session.lock import session_lock
from ..session.session import Session
from ..session.storage import SessionStorage
from ..types.blocks import ImageBlock, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from ..types.message import Message
from ..types.usage import Usage
from .storecheck import Place, StoreCheck, calls_with_key

T = TypeVar("T")

HELLO, HI = Message("user", "hello"), Message("assistant", "hi")
EMPTY: list[object] = []
ODD_KEYS = (
    "a", "A", "ä", "a\u0308", " ", ".", "..", "../a", "/etc/passwd", "a/b", "a_b", "a:b", "a\\b", "CON",
    "nul\0l", "line\nbreak", "%41", "{a}", "*", "\ud800", "💬", "k" * MAX_KEY, "k" * (MAX_KEY - 1),
)  # fmt: skip
ODD_MESSAGES = (
    Message("user", 'line\nbreak\r\n\u2028 "quoted" \\ nul\0 💬 half a pair \ud800'),
    Message(
        "user", [TextBlock("look"), ImageBlock("image/png", "aGk=")], metadata={"pinned": True, "no": None}
    ),
    Message(
        "assistant",
        [
            ThinkingBlock("hm", signature="sealed"),
            ToolUseBlock("c1", "look", {"at": None, "deep": [{"x": 1}]}),
        ],
        finish_reason="tool_use",
        provider="p",
        model="m",
        usage=Usage(input_tokens=3, output_tokens=4),
    ),
    Message("user", [ToolResultBlock("c1", "look", "seen", False)]),
    Message("assistant", "", finish_reason="stop"),
)

_robot: Any = "robot"
JUNK: tuple[object, ...] = (
    ["junk"], [HI, "junk"], [{"role": "user", "content": "hello"}], [None], [3], "junk",
    [Message(_robot, "hello")],
)  # fmt: skip
PAGES = ((0, None), (0, 3), (2, 3), (3, 1), (199, 2), (240, 50), (250, 1), (0, 0), (999, None))


def session_store_suite(*, writers: int = 8, turns: int = 5, sessions: int = 2) -> tuple[StoreCheck, ...]:
    """The checks of a session store.

    Args:
        writers: How many write at once in the check of many writers.
        turns: How many turns each of them writes.
        sessions: How many sessions they share.
    """

    async def many(place: Place) -> None:
        await _many_writers(place, writers, turns, sessions)

    found = (
        *(_ORDER, _SAVED, _KEYS, _VERSIONS, _ONE_WINS, _PAGES, _FORKS, _DELETED, _REFUSED, _JUNK),
        *(_LOCKS, _LEFT),
    )
    checks = [StoreCheck(name, check) for name, check in found]
    return (*checks, StoreCheck("many writers lose and interleave nothing", many))


def _same(seen: object, wanted: object, what: str) -> None:
    if seen != wanted:
        raise AssertionError(f"{what}: {wanted!r:.500} is expected, not {seen!r:.500}")


async def _raises(kind: type[Exception], doing: Awaitable[object], what: str) -> None:
    try:
        value = await doing
    except kind:
        return
    raise AssertionError(f"{what}: {kind.__name__} is expected, not {value!r:.200}")


async def _loaded(store: SessionStorage, key: str) -> Session:
    session = await store.load(key)
    if session is None:
        raise AssertionError(f"session {key!r} is not there")
    return session


async def _in_order(place: Place) -> None:
    one, other, key = place(), place(), place.key()
    _same(await one.load(key), None, "a session that nobody wrote")
    before = time.time()
    version = 0
    for message in ODD_MESSAGES:
        version = await one.append(key, [message], expected_version=version)
    version = await one.append(key, [HELLO, HI], expected_version=version)
    _same(version, len(ODD_MESSAGES) + 2, "the version")
    for store in (one, other):
        session = await _loaded(store, key)
        _same(session.messages, [*ODD_MESSAGES, HELLO, HI], "the messages")
        _same((session.key, bool(session.id)), (key, True), "the session's facts")
        _same(before - 1 <= session.created_at <= session.updated_at, True, "that times are in order")
        _same(await store.version(key), version, "the version alone")
    _same(await one.append(key, [], expected_version=version), version, "the version after nothing")


async def _saved(place: Place) -> None:
    one, other, key = place(), place(), place.key()
    session = Session(
        "id-1", key, [HELLO, *ODD_MESSAGES], 1.5, 2.25, {"a": [1, None], "ü\0": {"b": "\ud800"}}
    )
    await one.create(session)
    _same(await other.load(key), session, "what was created")
    await _raises(SessionConflict, other.create(Session.create(key)), "a second session of one key")
    _same(await other.load(key), session, "what was created, after the refusal")
    session.messages.append(HI)
    session.metadata["more"] = True
    _same(
        (await _loaded(one, key)).messages, [HELLO, *ODD_MESSAGES], "what was stored, not what it has become"
    )
    await one.save(session)
    _same(await other.load(key), session, "what was saved in its place")
    loaded = await _loaded(one, key)
    loaded.messages.clear()
    loaded.metadata.clear()
    _same(await one.load(key), session, "what is stored after a loaded copy was changed")
    await one.save(Session("id-2", key))
    _same(await other.load(key), Session("id-2", key), "an empty session")
    _same(await other.append(key, [HI], expected_version=0), 1, "the version of one that was empty")
    _same((await _loaded(one, key)).id, "id-2", "the id after an append")


async def _kept_apart(place: Place) -> None:
    store, mark = place(), uuid4().hex[:8]
    keys = [f"{mark}{key}" for key in ODD_KEYS if len(key.encode(errors="replace")) < 1000]
    keys += [key for key in ODD_KEYS if not await store.exists(key)]  # those that do are somebody else's
    for number, key in enumerate(keys):
        await store.append(key, [Message("user", str(number))], expected_version=0)
        place.keys.append(key)
    for number, key in enumerate(keys):
        _same((await _loaded(store, key)).messages, [Message("user", str(number))], f"the session {key!r}")
    listed = await store.list_keys()
    _same(listed, sorted(set(listed)), "the keys in order")
    _same([key for key in keys if key not in set(listed)], EMPTY, "the keys that are not listed")
    for key in keys:
        _same(await store.delete(key), True, f"whether {key!r} was there")


async def _versions(place: Place) -> None:
    one, other, key = place(), place(), place.key()
    await _raises(
        SessionConflict, one.append(key, [HI], expected_version=1), "a version that is not there yet"
    )
    _same(await one.exists(key), False, "whether the refused append made a session")
    await one.append(key, [HELLO], expected_version=0)
    for expected in (0, 2):
        doing = other.append(key, [HI], expected_version=expected)
        await _raises(SessionConflict, doing, f"an append that expects {expected} of 1")
    _same((await _loaded(one, key)).messages, [HELLO], "the messages after refused appends")
    _same(await other.append(key, [HI], expected_version=1), 2, "the version after one that fits")


async def _one_wins(place: Place) -> None:
    stores, key = [place() for _ in range(4)], place.key()

    async def tries(store: SessionStorage, number: int, version: int) -> int | None:
        with suppress(SessionConflict):
            return await store.append(key, [Message("user", str(number))], expected_version=version)
        return None

    for version in range(5):
        doing = [_elsewhere(tries(store, number, version)) for number, store in enumerate(stores)]
        won = [new for new in await asyncio.gather(*doing) if new is not None]
        _same(won, [version + 1], "the versions of those who appended at once")
    _same(await stores[0].version(key), 5, "the version in the end")


async def _pages(place: Place) -> None:
    store, key = place(), place.key()
    _same(await store.messages(key), [], "a page of nothing")
    every = [Message("user", str(number)) for number in range(250)]
    await store.append(key, every[:3], expected_version=0)
    await store.append(key, every[3:200], expected_version=3)
    for number in range(200, 250):
        await store.append(key, every[number : number + 1], expected_version=number)
    for start, limit in PAGES:
        wanted = every[start:] if limit is None else every[start : start + limit]
        _same(await store.messages(key, start, limit), wanted, f"the page from {start}, {limit}")
    for start, limit in ((-1, None), (0, -1)):
        await _raises(ConfigError, store.messages(key, start, limit), f"the page from {start}, {limit}")


async def _forks(place: Place) -> None:
    store, key, new = place(), place.key(), place.key()
    await store.save(Session("id-1", key, [HELLO, HI, HELLO], 1.0, 2.0, {"a": [1]}))
    fork = await store.fork(key, 2, new_key=new)
    _same(await store.load(new), fork, "the fork")
    _same((fork.key, fork.messages, fork.metadata), (new, [HELLO, HI], {"a": [1]}), "what the fork has")
    _same(fork.id == "id-1", False, "whether the fork has the id of the other")
    await store.append(new, [HI], expected_version=2)
    _same((await _loaded(store, key)).messages, [HELLO, HI, HELLO], "the session that was forked")
    _same((await store.fork(key, new_key=place.key())).version, 3, "a fork of all")
    _same((await store.fork(key, 0, new_key=place.key())).version, 0, "a fork of nothing")
    await _raises(SessionConflict, store.fork(key, 1, new_key=new), "a fork in the place of another session")
    _same((await _loaded(store, new)).messages, [HELLO, HI, HI], "that other session")
    wrong: tuple[tuple[int, type[Exception]], ...] = ((-1, VoxAgentError), (4, SessionError))
    for at, kind in wrong:
        await _raises(kind, store.fork(key, at, new_key=place.key()), f"a fork at {at}")
    await _raises(SessionError, store.fork(place.key(), new_key=place.key()), "a fork of nothing")


async def _deleted(place: Place) -> None:
    one, other, key = place(), place(), place.key()
    _same(await one.delete(key), False, "whether there was one to delete")
    await one.append(key, [HELLO, HI], expected_version=0)
    _same((await other.exists(key), await other.delete(key)), (True, True), "whether there was one")
    _same((await one.exists(key), await one.load(key)), (False, None), "what is left of it")
    _same((await one.version(key), await one.messages(key)), (0, EMPTY), "its version and messages")
    _same(key in await one.list_keys(), False, "whether it is listed")
    _same(await one.append(key, [HI], expected_version=0), 1, "the version of one made anew")
    _same((await _loaded(other, key)).messages, [HI], "its messages")


async def _refused(place: Place) -> None:
    store = place()
    session = Session("id", "k")
    for key in ("", place.key("k" * MAX_KEY), place.key("é" * 600)):
        session.key = key
        for each in calls_with_key(store, session):
            await _raises(ConfigError, each(), f"a key of {len(key)} characters")


async def _junk(place: Place) -> None:
    store, key, new = place(), place.key(), place.key()
    await store.append(key, [HELLO], expected_version=0)
    for junk in JUNK:
        given = cast("list[Message]", junk)
        await _raises(ConfigError, store.append(key, given, expected_version=1), f"an append of {junk!r}")
        await _raises(ConfigError, store.append(new, given, expected_version=0), f"an append of {junk!r}")
        await _raises(ConfigError, store.save(Session("id", key, given)), f"a session of {junk!r}")
        await _raises(ConfigError, store.create(Session("id", new, given)), f"a session of {junk!r}")
    _same((await _loaded(store, key)).messages, [HELLO], "the messages after junk was refused")
    _same(await store.exists(new), False, "whether there is a session of junk")
    _same(await store.append(key, [HI], expected_version=1), 2, "the version after junk was refused")


async def _locks(place: Place) -> None:
    one, other, key = place(), place(), place.key()
    async with session_lock(one, key, 5):
        for store in (one, other):
            await _raises(LockTimeoutError, _locked(store, key, 0), "a lock that is held, without waiting")
            await _raises(LockTimeoutError, _locked(store, key, 0.05), "a lock that is held")
        await asyncio.wait_for(_locked(other, place.key(), 5), 10)
        waiting = [asyncio.create_task(_locked(store, key, 30)) for store in (other, one, other, one)]
        _, late = await asyncio.wait(waiting, timeout=0.05)
        _same(len(late), len(waiting), "how many wait")
        waiting[0].cancel()
        await asyncio.wait(waiting[:1], timeout=10)
        _same(waiting[0].cancelled(), True, "whether one can stop waiting")
    await asyncio.wait_for(asyncio.gather(*waiting[1:]), 30)
    for store in (one, other):
        await asyncio.wait_for(_locked(store, key, 0), 10)


async def _left_behind(place: Place) -> None:
    one, key = place(), place.key()
    with suppress(ZeroDivisionError):
        async with session_lock(one, key, 5):
            raise ZeroDivisionError
    await asyncio.wait_for(_locked(place(), key, 0), 10)
    await one.append(key, [HELLO], expected_version=0)
    await one.close()
    _same((await _loaded(one, key)).messages, [HELLO], "what is there after the store was closed")
    _same(await one.append(key, [HI], expected_version=1), 2, "the version after it was closed")


async def _locked(store: SessionStorage, key: str, wait: float) -> None:
    async with session_lock(store, key, wait):
        pass


async def _many_writers(place: Place, writers: int, turns: int, sessions: int) -> None:
    """Each turn is two appends under the session's lock; some write from loops of their own."""
    keys = [place.key() for _ in range(sessions)]
    stores = [place() for _ in range(2)]

    async def write(number: int) -> None:
        store = stores[number % 2]
        for turn in range(turns):
            key = keys[(number + turn) % sessions]
            async with session_lock(store, key, 600):
                version = await store.version(key)
                for role in ("user", "assistant"):
                    said = Message(role, f"{number}.{turn}")
                    version = await store.append(key, [said], expected_version=version)

    await asyncio.gather(
        *[_elsewhere(write(number)) if number % 4 == 3 else write(number) for number in range(writers)]
    )
    seen: list[str] = []
    for key in keys:
        messages = await stores[0].messages(key)
        _same(
            [message.role for message in messages],
            ["user", "assistant"] * (len(messages) // 2),
            "the roles of all turns",
        )
        pairs = zip(messages[::2], messages[1::2], strict=True)
        _same([one.text for one, other in pairs if one.text != other.text], [], "the turns that are torn")
        seen += [message.text for message in messages[::2]]
    wanted = [f"{number}.{turn}" for number in range(writers) for turn in range(turns)]
    _same(sorted(seen), sorted(wanted), "the turns")


async def _elsewhere(doing: Awaitable[T]) -> T:
    """Await something in another thread, on a loop of its own."""

    async def main() -> T:
        return await doing

    return await in_thread(lambda: asyncio.run(main()))


_Check: TypeAlias = tuple[str, Callable[[Place], Awaitable[None]]]

_ORDER: _Check = ("messages are loaded as they were appended, in order", _in_order)
_SAVED: _Check = ("a session is saved whole, and nobody else's copy changes it", _saved)
_KEYS: _Check = ("any two keys are two sessions", _kept_apart)
_VERSIONS: _Check = ("an append that missed something stores nothing", _versions)
_ONE_WINS: _Check = ("of appends that expect the same version one wins", _one_wins)
_PAGES: _Check = ("a page is a part of the messages", _pages)
_FORKS: _Check = ("a fork is a session of its own", _forks)
_DELETED: _Check = ("a deleted session is gone and can be made anew", _deleted)
_REFUSED: _Check = ("what is no key is refused everywhere", _refused)
_JUNK: _Check = ("what is no message is refused and harms nothing", _junk)
_LOCKS: _Check = ("a session has one holder at a time", _locks)
_LEFT: _Check = ("a lock ends with its block, and a store can be used after it was closed", _left_behind)
