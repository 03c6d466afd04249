"""The checks of `scripts/` catch what they are there for, and the floors list every package."""

import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts import check_source as checks

ROOT = Path(__file__).parents[2]

Write = Callable[[str, str], None]
Rule = Callable[[Path], Iterator[checks.Problem]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a module of the package; its path is relative to the package."""

    def write(name: str, source: str) -> None:
        path = tmp_path / checks.PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, "utf-8")

    return write


def found(rule: Rule, root: Path) -> list[tuple[str, int]]:
    return [
        (problem.path.relative_to(root / checks.PACKAGE).as_posix(), problem.line) for problem in rule(root)
    ]


def function(lines: int, docstring: str = "") -> str:
    """A function of so many lines, a docstring not counted."""
    head = f'def f():\n    """{docstring}"""\n' if docstring else "def f():\n"
    return head + "    pass\n" * (lines - 1)


def test_a_module_may_have_400_lines_and_not_one_more(tmp_path: Path, write: Write) -> None:
    write("fits.py", "x = 1\n" * 400)
    write("deep/long.py", "x = 1\n" * 401)
    assert found(checks.long_modules, tmp_path) == [("deep/long.py", 1)]


def test_a_function_may_have_50_lines_and_a_docstring(tmp_path: Path, write: Write) -> None:
    write("fits.py", function(50, docstring="One.\n\n    Two.\n    Three.\n    "))
    write("long.py", "x = 1\n" + function(51))
    write("long_async.py", "async " + function(51, docstring="One."))
    write("method.py", "class C:\n" + "".join(f"    {line}\n" for line in function(51).splitlines()))
    assert found(checks.long_functions, tmp_path) == [("long.py", 2), ("long_async.py", 1), ("method.py", 2)]


def test_the_core_is_everything_up_to_the_agent_without_back_ends(tmp_path: Path, write: Write) -> None:
    lines = "x = 1\n" * 3_000
    write("agent/loop.py", lines)
    write("providers/registry.py", lines)
    wires = ("providers/openai/wire.py", "providers/ollama.py")
    for outside in ("testing/fakes.py", "cli.py", *wires, "session/sqlite.py", "mcp/client.py", "code.py"):
        write(outside, lines)
    assert found(checks.large_core, tmp_path) == []
    write("__init__.py", '"""One line.\n\nMore.\n"""\n\nimport os  # here\n\nfrom x import (\n    y,\n)\n')
    assert found(checks.large_core, tmp_path) == []
    write("errors.py", "x = 1\n")
    (problem,) = checks.large_core(tmp_path)
    assert problem.text == "core of 6001 lines of code (at most 6000)"


@pytest.mark.parametrize(
    "comment",
    [
        "# type: ignore[arg-type]  # the stub is wrong",
        "# pyright: ignore[reportPrivateUsage] - pydantic has no public name",
        "# noqa: S101 - holds by construction",
        "# noqa: S101, S603  # holds by construction",
        "# pragma: no cover - Windows only",
        "# type: ignore[misc]  # pyright: ignore[reportAny]  # the stub is wrong",
        "# why the type: ignore stands there is told below",
    ],
)
def test_an_ignore_with_rule_and_reason_passes(comment: str, tmp_path: Path, write: Write) -> None:
    write("m.py", f"x = 1  {comment}\n")
    assert list(checks.bare_ignores(tmp_path)) == []


@pytest.mark.parametrize(
    "comment",
    [
        "# type: ignore",
        "# type: ignore  # the stub is wrong",
        "# type: ignore[arg-type]",
        "# pyright: ignore # the stub is wrong",
        "# pyright: ignore[reportPrivateUsage]",
        "# noqa",
        "# noqa - holds by construction",
        "# noqa: S101",
        "# pragma: no cover",
        "# pragma: no branch",
        "# pragma: no cover - Windows",
        "# type: ignore[misc]  # pyright: ignore  # the stub is wrong",
        "# mypy: ignore-errors",
        "# pyright: basic",
        "# ruff: noqa: S101",
    ],
)
def test_an_ignore_without_rule_or_reason_is_caught(comment: str, tmp_path: Path, write: Write) -> None:
    write("m.py", f"x = 1\ny = '# noqa'  {comment}\n")
    assert set(found(checks.bare_ignores, tmp_path)) == {("m.py", 2)}


@pytest.mark.parametrize(
    "statement",
    [
        "import voxagent.agent",
        "from voxagent.agent import Agent",
        "from voxagent import agent",
        "from . import agent",
        "import_module('voxagent.agent')",
        "importlib.import_module(f'voxagent.{name}')",
        "__import__('voxagent')",
    ],
)
def test_own_modules_are_not_imported_inside_functions(statement: str, tmp_path: Path, write: Write) -> None:
    body = f"def f(name):\n    if name:\n        {statement}\n"
    write("tools/schema.py", body)
    for allowed in checks.LAZY_FILES:
        write(allowed, body)
    assert found(checks.lazy_imports, tmp_path) == [("tools/schema.py", 3)]


def test_imports_of_other_packages_may_be_lazy_and_own_ones_stand_at_the_top(
    tmp_path: Path, write: Write
) -> None:
    write(
        "mcp/client.py",
        "from voxagent import errors\n\nasync def f():\n    import mcp\n    from voxagents import x\n",
    )
    write("guarded.py", "if TYPE_CHECKING:\n    from voxagent.errors import ConfigError\n")
    assert list(checks.lazy_imports(tmp_path)) == []


def test_a_name_is_not_imported_from_the_facade_above_it(tmp_path: Path, write: Write) -> None:
    write("__init__.py", "from voxagent.tools import tool\n")
    write("tools/__init__.py", "from voxagent.tools.decorator import tool\nfrom . import schema\n")
    write("tools/decorator.py", "from voxagent.tools import schema\nfrom . import tool\n")
    write(
        "tools/schema.py",
        "from .decorator import tool\nfrom voxagent.errors import E\nfrom voxagent import Agent\n",
    )
    write("agent.py", "from voxagent.tools import tool\n")
    assert found(checks.facade_imports, tmp_path) == [("tools/decorator.py", 2), ("tools/schema.py", 3)]


def test_the_program_prints_problems_in_order_and_fails(tmp_path: Path, write: Write) -> None:
    write("m.py", "x = 1  # noqa: S101\n" + "x = 1\n" * 400)
    ran = subprocess.run(
        [sys.executable, checks.__file__, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    path = tmp_path / checks.PACKAGE / "m.py"
    assert (ran.returncode, ran.stdout.splitlines()) == (
        1,
        [f"{path}:1: '# noqa: S101' gives no reason", f"{path}:1: module of 401 lines (at most 400)"],
    )


def test_the_program_passes_a_clean_tree_and_refuses_an_empty_one(
    tmp_path: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checks.main([str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"no module found below {tmp_path / checks.PACKAGE}\n"
    write("m.py", "x = 1\n")
    assert checks.main([str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""


def test_every_package_and_module_has_a_floor() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    floors = next(c for c in config["tool"]["importlinter"]["contracts"] if c["type"] == "layers")["layers"]
    placed = {room.strip(" ()") for floor in floors for room in floor.split("|")}
    package = ROOT / checks.PACKAGE
    existing = {path.stem for path in package.glob("*.py")} | {
        path.parent.name for path in package.glob("*/*.py")
    }
    assert existing - {"__init__", "__main__", package.name} <= placed
