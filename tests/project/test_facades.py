"""A package's `__init__` imports, lists, ends - and what it imports is cheap."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(
    ".".join(path.parent.relative_to(ROOT).parts)
    for path in (ROOT / "voxagent").rglob("__init__.py")
    if "__all__" in path.read_text("utf-8")
)
HEAVY = ("pydantic", "httpx2", "docstring_parser", "openai", "anthropic", "mcp")


def imported(package: str) -> list[str]:
    """The names that a facade imports from its own modules."""
    tree = ast.parse((ROOT / package.replace(".", "/") / "__init__.py").read_text("utf-8"))
    return [
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    ]


def rank(name: str) -> tuple[int, list[str | int]]:
    """Constants, classes, functions; numbers in a name count as numbers."""
    kind = 0 if name.isupper() else 1 if name[0].isupper() else 2
    return kind, [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_facade_lists_exactly_what_it_imports(package: str) -> None:
    listed = importlib.import_module(package).__all__
    assert sorted(listed) == sorted(imported(package))
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("package", PACKAGES)
def test_the_names_of_a_facade_are_sorted(package: str) -> None:
    listed = importlib.import_module(package).__all__
    assert listed == sorted(listed, key=rank)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_of_a_facade_is_there(package: str) -> None:
    module = importlib.import_module(package)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


@pytest.mark.parametrize("package", ["voxagent", "types", "tools", "providers", "streaming"])
def test_importing_a_package_of_the_lower_floors_loads_nothing_heavy(package: str) -> None:
    module = package if package == "voxagent" else f"voxagent.{package}"
    program = f"import sys, {module}; print(*[name for name in {HEAVY} if name in sys.modules])"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    assert ran.stdout.split() == []
