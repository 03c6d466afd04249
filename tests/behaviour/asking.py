"""What the tests of behaviour share: a way to ask a server, answers that are good, and tools."""

from typing import Any

from tests.behaviour.server import Answer, FaultServer, streamed
from tests.behaviour.wire import KEY, Call, Dialect, text
from tests.faults.script import Seen, bounded, in_loop, other_tasks, settled, through
from voxagent.agent import Agent
from voxagent.errors import ProviderError
from voxagent.tools import tool

SLACK = 0.4
"""Seconds that a busy machine may take beyond the 100 ms that a deadline may be overshot by."""

LATE = 0.1 + SLACK


def failed_as(error: object, kind: type[ProviderError], dialect: Dialect) -> ProviderError:
    """The error, which is of that kind and names its provider."""
    assert isinstance(error, kind), repr(error)
    assert error.provider == dialect.provider_name
    assert KEY not in str(error)
    return error


class Tools:
    """Tools that note how they were called."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    async def add(self, a: int, b: int) -> int:
        """Add two numbers."""
        self.calls.append((a, b))
        return a + b

    async def echo(self, text: str) -> str:
        """Say it again."""
        self.calls.append(text)
        return text

    @property
    def all(self) -> list[Any]:
        return [tool(self.add), tool(self.echo)]


def said(dialect: Dialect, *pieces: str, reason: str = "", ascii: bool = False) -> Answer:
    """A good answer of a text."""
    return streamed(*dialect.events(text(*pieces), reason=reason, ascii=ascii).all)


def called(dialect: Dialect, *calls: Call, reason: str = "") -> Answer:
    """A good answer of calls."""
    return streamed(*dialect.events(*calls, reason=reason).all)


def ask(dialect: Dialect, server: FaultServer, door: str = "run", **options: Any) -> Seen:
    """Ask a server through a door; `tools` and `model` are the agent's and the provider's options."""
    model = dialect.provider(server.url, **options.pop("model", {}))
    return through(door, Agent(model, tools=options.pop("tools", ())), **options)


def failed(agent: Agent[Any, Any]) -> Any:
    """The error of a run, and of one whose reading broke off in the middle of what httpx does for it.

    The generators that httpx had begun are closed by the loop then, in tasks that end within some ticks.
    """

    async def main() -> Any:
        result = await bounded(agent.run("go"))
        await settled(lambda: other_tasks() == set())
        return result.error

    return in_loop("run", main)
