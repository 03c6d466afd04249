"""What the tests of failover share: servers of two providers, readers, and a clock that is told the time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from tests.behaviour.dialects import DIALECTS
from tests.behaviour.server import Answer, FaultServer, Step, reset, streamed
from tests.behaviour.wire import Dialect, text
from voxagent.agent import Agent
from voxagent.providers import FailoverPolicy, Health
from voxagent.streaming import BaseEvent, StreamResetEvent, TextDeltaEvent, TurnStartEvent

three_dialects = pytest.mark.parametrize("dialect", DIALECTS[:3], ids=lambda dialect: dialect.name)
"""What failover does is above the wires; three that differ as much as any show it."""

PIECES = [f"piece {number}, " for number in range(60)]
WHOLE = "Here is the whole of it."


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def other_than(dialect: Dialect) -> Dialect:
    """The dialect that the fallback speaks."""
    return DIALECTS[(DIALECTS.index(dialect) + 1) % len(DIALECTS)]


def policy(**options: Any) -> FailoverPolicy:
    """A policy that knows nothing of other tests."""
    return FailoverPolicy(**{"health": Health(), **options})


def cut(dialect: Dialect, pieces: Sequence[str], after: int, how: Step = reset) -> Answer:
    """An answer that breaks off after so many deltas; before the first one, it has begun."""
    events = dialect.events(text(*pieces)).open
    begun = len(events) - len(pieces)
    return streamed(*events[: begun + after], how, open=True)


@dataclass
class Pair:
    """A primary and a fallback, each on a server of its own."""

    dialect: Dialect
    primary: FaultServer
    fallback: FaultServer

    def agent(self, failover: FailoverPolicy | None = None, **options: Any) -> Agent[Any, Any]:
        first = self.dialect.provider(self.primary.url)
        second = other_than(self.dialect).provider(self.fallback.url)
        return Agent([first, second], failover=failover or policy(), **options)

    @property
    def spoken(self) -> str:
        """Name of the fallback's provider."""
        return other_than(self.dialect).provider_name


def shown(events: Iterable[BaseEvent]) -> list[str]:
    """What a reader has on its screen after each event, one that drops what it is told to drop."""
    screens: list[str] = [""]
    turn = ""
    for event in events:
        match event:
            case TextDeltaEvent():
                turn += event.delta
            case TurnStartEvent() | StreamResetEvent():
                turn = ""
            case _:
                continue
        screens.append(turn)
    return screens


def folded(pieces: Iterable[str]) -> str:
    """What a reader of `text()` has in the end: an empty piece takes back what was before."""
    kept: list[str] = []
    for piece in pieces:
        if not piece:
            kept.clear()
        kept.append(piece)
    return "".join(kept)
