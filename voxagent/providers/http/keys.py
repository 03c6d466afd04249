"""Keys are taken out of what is told: some services quote what they were sent."""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import VoxAgentError

SHORTEST_KEY = 8
"""Characters from which on a key is taken out of errors; a shorter one is a placeholder, or any word."""


def forget(error: VoxAgentError, keys: Iterable[str]) -> None:
    """Take keys out of what an error says."""
    said = error.message
    for key in keys:
        if len(key) >= SHORTEST_KEY:
            said = said.replace(key, "[key]")
    error.args = (said, *error.args[1:])
