"""Tools for the built-in model to choose from."""

from __future__ import annotations

from typing import Any, Literal

from voxagent import ToolCall, tool

FILES = {
    "README.md": "# voxagent\n\nTyped agents.\n\n## Failover\n\nThe next model answers when one is down.\n",
    "docs/failover.md": "# Failover\n\nNo tool runs twice.\n",
}


@tool
def temperature(city: str, unit: Literal["C", "F"] = "C") -> float:
    """Look up the current temperature."""
    if city != "Oslo":
        raise ValueError(f"no city {city!r}")
    return 4.0


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@tool
def multiply(a: int, b: int) -> int:
    """Multiply two numbers."""
    return a * b


@tool
def get_time() -> str:
    """Tell the current time."""
    return "12:30"


@tool
def find_user(name: str) -> dict[str, Any]:
    """Find a user by name."""
    return {"user_id": 42, "name": "Ada Lovelace"}


@tool
def list_orders(user_id: int) -> list[dict[str, Any]]:
    """List the orders of a user."""
    return [{"id": "ORD-1", "total": 12.5}, {"id": "ORD-2", "total": 3}]


@tool
def list_files() -> list[str]:
    """List the files of the folder."""
    return list(FILES)


@tool
def search(words: str) -> str:
    """Search what all files say for lines that have these words in them."""
    lines = [f"{path}:{n}: {s}" for path, text in FILES.items() for n, s in enumerate(text.splitlines(), 1)]
    return "\n".join(line for line in lines if words.lower() in line.lower())


@tool
def read_file(path: str) -> str:
    """Read a file."""
    return FILES[path]


def told(calls: list[ToolCall]) -> list[tuple[str, dict[str, Any]]]:
    """The calls without their ids."""
    return [(call.name, call.params) for call in calls]
