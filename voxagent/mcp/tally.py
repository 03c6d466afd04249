"""How many tools the servers of a run bring together.

Some providers refuse more than 128 tools, and models choose badly among fewer. Nothing is left out for that,
as what a model is shown is decided elsewhere (`filtered`, `ToolPolicy`); it is told, once a run.
"""

from __future__ import annotations

from collections.abc import Generator, Sized
from contextlib import contextmanager

MANY = 128
"""Tools that every provider takes."""

_tallies: dict[str, Tally] = {}


class Tally:
    """The tools of one run's servers."""

    def __init__(self) -> None:
        self.servers: list[Sized] = []
        self._told = False

    def said(self) -> str | None:
        """What is to be told of them, the first time that there is something."""
        count = 0 if self._told else sum(map(len, self.servers))
        if count <= MANY:
            return None
        self._told = True
        return (
            f"{count:,} tools of MCP servers: providers refuse more than {MANY}, or models choose badly among"
            " them; leave some out with filtered(server, [...]) or a ToolPolicy, and give the servers"
            " max_tools=... so that this is not told again"
        )


@contextmanager
def counted(run_id: str, tools: Sized) -> Generator[Tally]:
    """The tally of a run, these tools with it; of a context that belongs to no run they are counted alone."""
    tally = _tallies.setdefault(run_id, Tally()) if run_id else Tally()
    tally.servers.append(tools)
    try:
        yield tally
    finally:
        tally.servers[:] = [each for each in tally.servers if each is not tools]
        if not tally.servers:
            _tallies.pop(run_id, None)
