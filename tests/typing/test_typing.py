"""Five type checkers read the public names alike.

A file `ok_*.py` holds what must type-check, most of it as `assert_type`. A file `bad_*.py` holds what must
not: each such line ends with `# E: <what is wrong with it>`, and no other line may give an error. Where a
checker cannot follow, `EXCEPTIONS` says so; it knows a line of an `ok_*.py` by its `# OK: <what it is>`.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import voxagent

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FILES = sorted([*HERE.glob("ok_*.py"), *HERE.glob("bad_*.py")])
MARKER = re.compile(r"  # (?P<kind>E|OK): (?P<name>.+)$")

LIST_ITEMS = "mypy expects the default, str, of each item; Agent[None, A | B](...) is spelled out for it"

EXCEPTIONS = {
    ("mypy", "ok_agents.py", "a list of types"): LIST_ITEMS,
    ("mypy", "ok_agents.py", "what a list of types gives"): LIST_ITEMS,
}
"""(checker, file, case), and why that checker reads it in another way than the others."""


class Line(NamedTuple):
    """A line of one of the files; lines count from 1."""

    file: str
    number: int


class Case(NamedTuple):
    """A line with a marker."""

    kind: str
    file: str
    name: str


CASES = {
    Line(path.name, number): Case(found["kind"], path.name, found["name"])
    for path in FILES
    for number, text in enumerate(path.read_text("utf-8").splitlines(), 1)
    if (found := MARKER.search(text))
}


def output(name: str, *arguments: str | Path) -> str:
    """What a checker says of this interpreter's packages; "there are errors" is the worst it may end with."""
    scripts = sysconfig.get_path("scripts")
    program = shutil.which(name, path=scripts)
    if program is None:
        pytest.skip(f"{name} is not installed beside {sys.executable}")
    # A checker's own code is not measured, and looks for packages where the first python on the path does.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    path = os.pathsep.join([scripts, os.environ.get("PATH", "")])
    ran = subprocess.run(
        [program, *map(str, arguments)],
        cwd=ROOT,
        env={**kept, "PATH": path, "MYPYPATH": str(ROOT), "NO_COLOR": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )
    assert ran.returncode in (0, 1), ran.stdout + ran.stderr
    return ran.stdout


Found = Iterator[tuple[str, int, str]]
"""Path, line and message of each error."""


def pyright(tmp_path: Path, name: str = "pyright", mode: str = "strict") -> Found:
    here, root = (os.path.relpath(path, tmp_path) for path in (HERE, ROOT))
    settings = {"include": [here], "extraPaths": [root], "typeCheckingMode": mode}
    project = tmp_path / "pyrightconfig.json"
    project.write_text(json.dumps(settings), "utf-8")
    said = json.loads(output(name, "--project", project, "--pythonpath", sys.executable, "--outputjson"))
    for each in said["generalDiagnostics"]:
        if each["severity"] == "error":
            yield each["file"], each["range"]["start"]["line"] + 1, each["message"]


def basedpyright(tmp_path: Path) -> Found:
    yield from pyright(tmp_path, "basedpyright", "recommended")


def mypy(tmp_path: Path) -> Found:
    options = ["--strict", "--config-file=", "--python-executable", sys.executable, "--cache-dir", tmp_path]
    for line in output("mypy", *options, "--output=json", *FILES).splitlines():
        each = json.loads(line)
        if each["severity"] == "error":
            yield each["file"], each["line"], each["message"]


def ty(tmp_path: Path) -> Found:
    options = ["--project", ROOT, "--python", sys.executable, "--output-format=gitlab"]
    for each in json.loads(output("ty", "check", *options, *FILES)):
        if each["severity"] != "minor":
            yield (
                each["location"]["path"],
                each["location"]["positions"]["begin"]["line"],
                each["description"],
            )


def pyrefly(tmp_path: Path) -> Found:
    options = ["--preset=strict", "--search-path", ROOT, "--python-interpreter-path", sys.executable]
    for each in json.loads(output("pyrefly", "check", *options, "--output-format=json", *FILES))["errors"]:
        if each["severity"] == "error":
            yield each["path"], each["line"], each["description"]


CHECKERS: list[Callable[[Path], Found]] = [pyright, mypy, basedpyright, ty, pyrefly]


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("checker", CHECKERS, ids=lambda checker: checker.__name__)
def test_a_checker_refuses_the_marked_lines_and_no_others(
    checker: Callable[[Path], Found], tmp_path: Path
) -> None:
    mine = {path.name for path in FILES}
    found = [(Line(Path(path).name, number), message) for path, number, message in checker(tmp_path)]
    errors = {line: message for line, message in found if line.file in mine}
    excepted = {(file, name) for by, file, name in EXCEPTIONS if by == checker.__name__}
    wrong: list[str] = []
    for line in sorted({*errors, *CASES}):
        kind, _, name = CASES.get(line, Case("OK", line.file, "an unmarked line"))
        as_said = (line in errors) == (kind == "E")
        if as_said == ((line.file, name) in excepted):
            said = "follows, so it is no exception any more" if as_said else errors.get(line, "no error")
            wrong.append(f"{line.file}:{line.number}: {name}: {said}")
    assert wrong == [], "\n".join(wrong)


def test_every_case_has_a_name_of_its_own_and_every_exception_has_a_case() -> None:
    assert [case for case, count in Counter(CASES.values()).items() if count > 1] == []
    assert {(file, name) for _, file, name in EXCEPTIONS} <= {
        (case.file, case.name) for case in CASES.values()
    }


def test_every_name_of_the_facade_is_used_in_a_file_that_type_checks() -> None:
    used = " ".join(path.read_text("utf-8") for path in FILES if path.name.startswith("ok_"))
    assert [name for name in voxagent.__all__ if not re.search(rf"\b{name}\b", used)] == []
