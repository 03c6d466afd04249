"""Toolsets of the asking server: in this process, as a process, and over HTTP, in both eras."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.mcp.asking.asker import made
from tests.mcp.servers import free_port, listening, process
from voxagent.mcp import MCPServer, MCPServerHTTP, MCPServerInProcess, MCPServerSSE, MCPServerStdio

ASKER = str(Path(__file__).parent / "asker.py")
WAIT = 20.0
PLACES = [
    *((kind, era) for kind in ("here", "stdio", "http") for era in ("auto", "legacy")),
    ("sse", "legacy"),
]
everywhere = pytest.mark.parametrize(
    "place", PLACES, ids=lambda place: f"{place[0]}-{'2025' if place[1] == 'legacy' else '2026'}"
)


@contextmanager
def asker(place: tuple[str, str], **options: Any) -> Iterator[MCPServer]:
    """The server as a toolset that is named "asker"."""
    kind, era = place
    options = {"name": "asker", "mode": era, **options}
    if kind == "here":
        yield MCPServerInProcess(made(), **options)
        return
    if kind == "stdio":
        yield MCPServerStdio(sys.executable, [ASKER, "stdio"], **options)
        return
    port = free_port()
    with process(ASKER, kind, str(port)):
        listening(port)
        if kind == "sse":
            yield MCPServerSSE(f"http://127.0.0.1:{port}/sse", **options)
        else:
            yield MCPServerHTTP(f"http://127.0.0.1:{port}/mcp", **options)
