"""Any sequence of calls does to every store what it does to a dict."""

import asyncio
import contextlib
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, ClassVar, TypeVar

import hypothesis.strategies as some
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.session.stores import SERVERS, fresh
from voxagent import ConfigError, Message
from voxagent.session import Session, SessionConflict, SessionError, SessionStorage

T = TypeVar("T")
KEYS = ("a", "A", "nul\0")
TEXTS = some.text(max_size=20)
NAMES = some.sampled_from(KEYS)
MESSAGES = some.lists(some.builds(Message, some.sampled_from(["user", "assistant"]), TEXTS), max_size=4)
METADATA = some.dictionaries(TEXTS, some.none() | some.integers(-9, 9) | TEXTS, max_size=2)


class Sessions(RuleBasedStateMachine):
    """Two stores of one place, and what should be in it."""

    make: ClassVar[Callable[[], SessionStorage]]

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.stores = [type(self).make() for _ in range(2)]
        self.known: dict[str, Session] = {}
        for key in KEYS:
            self.done(self.stores[0].delete(key))

    def done(self, doing: Awaitable[T]) -> T:
        return self.loop.run_until_complete(asyncio.wait_for(doing, 20))

    @rule(key=NAMES, which=some.integers(0, 1), messages=MESSAGES, off=some.sampled_from([0, 0, 0, 1, -1]))
    def append(self, key: str, which: int, messages: list[Message], off: int) -> None:
        session = self.known.get(key)
        version = 0 if session is None else session.version
        doing = self.stores[which].append(key, messages, expected_version=version + off)
        if off:
            with pytest.raises(SessionConflict if version + off >= 0 else ConfigError):
                self.done(doing)
            return
        assert self.done(doing) == version + len(messages)
        if session is None:
            session = self.known[key] = self.loaded(which, key)
            assert session.messages == messages
            return
        session.messages.extend(messages)
        session.updated_at = self.loaded(which, key).updated_at

    @rule(key=NAMES, which=some.integers(0, 1), messages=MESSAGES, metadata=METADATA, new=some.booleans())
    def save(
        self, key: str, which: int, messages: list[Message], metadata: dict[str, Any], new: bool
    ) -> None:
        session = Session(f"id {len(messages)}", key, messages, 1.5, 2.5, metadata)
        if new and key in self.known:
            with pytest.raises(SessionConflict):
                self.done(self.stores[which].create(session))
            return
        self.done(self.stores[which].create(session) if new else self.stores[which].save(session))
        self.known[key] = Session(session.id, key, list(messages), 1.5, 2.5, dict(metadata))

    @rule(key=NAMES, new_key=NAMES, which=some.integers(0, 1), at=some.none() | some.integers(0, 4))
    def fork(self, key: str, new_key: str, which: int, at: int | None) -> None:
        session = self.known.get(key)
        doing = self.stores[which].fork(key, at, new_key=new_key)
        if session is None or (at or 0) > session.version:
            with pytest.raises(SessionError):
                self.done(doing)
        elif new_key in self.known:
            with pytest.raises(SessionConflict):
                self.done(doing)
        else:
            fork = self.known[new_key] = self.done(doing)
            assert (fork.messages, fork.metadata) == (session.messages[:at], session.metadata)

    @rule(key=NAMES, which=some.integers(0, 1))
    def delete(self, key: str, which: int) -> None:
        assert self.done(self.stores[which].delete(key)) == (self.known.pop(key, None) is not None)

    @rule(which=some.integers(0, 1))
    def close(self, which: int) -> None:
        self.done(self.stores[which].close())

    @rule(
        key=NAMES,
        which=some.integers(0, 1),
        start=some.integers(0, 5),
        limit=some.none() | some.integers(0, 3),
    )
    def page(self, key: str, which: int, start: int, limit: int | None) -> None:
        every = self.known[key].messages if key in self.known else []
        wanted = every[start:] if limit is None else every[start : start + limit]
        assert self.done(self.stores[which].messages(key, start, limit)) == wanted

    @rule(which=some.integers(0, 1))
    def everything(self, which: int) -> None:
        store = self.stores[which]
        listed = self.done(store.list_keys())
        assert [key for key in listed if key in KEYS] == sorted(self.known)
        for key in KEYS:
            session = self.known.get(key)
            assert self.done(store.load(key)) == session
            assert self.done(store.version(key)) == (0 if session is None else session.version)
            assert self.done(store.exists(key)) == (session is not None)

    def loaded(self, which: int, key: str) -> Session:
        session = self.done(self.stores[which].load(key))
        assert session is not None
        return session

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            for which in range(2):
                self.everything(which)
                self.close(which)
            self.loop.close()


@contextlib.contextmanager
def place_of(scheme: str, request: pytest.FixtureRequest) -> Iterator[str]:
    if scheme in ("postgresql", "redis"):
        yield request.getfixturevalue(f"{scheme.removesuffix('ql')}_url")
        return
    with tempfile.TemporaryDirectory() as home:
        yield {"file": f"file://{home}/sessions", "sqlite": f"sqlite:///{home}/chat.db"}[scheme]


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["file", "sqlite", *SERVERS])
def test_any_sequence_of_calls_does_what_it_would_do_to_a_dict(
    scheme: str, request: pytest.FixtureRequest
) -> None:
    with place_of(scheme, request) as url:

        class Here(Sessions):
            make = staticmethod(lambda: fresh(url))

        limits = settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        )
        run_state_machine_as_test(Here, settings=limits)  # type: ignore[no-untyped-call]  # hypothesis does not type it
