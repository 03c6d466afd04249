"""Run the official conformance suite of the Model Context Protocol, and write its result into the docs.

    python scripts/conformance.py

The suite is a program for Node 22; both are installed by npm into `.conformance/`, once. Its part for clients
runs `tests/mcp/conformance/client.py` in every scenario that a revision requires, its part for servers runs
against `tests/mcp/conformance/server.py`. The page names every scenario, and of those that agents as tools
cannot take part in, why. Status 0 if everything passed that shall pass.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".conformance"
PAGE = ROOT / "docs" / "mcp-conformance.md"
PACKAGES = ("@modelcontextprotocol/conformance@0.2.0-alpha.12", "node@22")
REVISIONS = ("2026-07-28", "2025-11-25")
CLIENT_MS = 120_000  # all clients are started at once, and share the cores
SECONDS = 600

NOT_OF_SERVERS: Mapping[str, str] = {
    "completion-": "agents have no arguments to complete",
    "elicitation-": "agents ask the client nothing",
    "input-required-result-": "agents ask the client nothing",
    "json-schema-2020-12": "it wants one certain schema; ours are made from Python types",
    "logging-": "an agent's log is the program's own",
    "prompts-": "agents are served as tools only",
    "resources-": "agents are served as tools only",
    "caching": "it lists prompts and resources as well; of its checks, those of tools pass",
    "sep-2164-": "agents are served as tools only",
    "server-sse-polling": "answers are not kept, so a stream that broke is not resumed",
    "server-stateless": "three of its checks need a tool that asks the client; the other checks pass",
    "tasks-": "an extension that the SDK does not have",
    "tools-call-audio": "agents answer with text and objects",
    "tools-call-elicitation": "agents ask the client nothing",
    "tools-call-embedded-resource": "agents answer with text and objects",
    "tools-call-image": "agents answer with text and objects",
    "tools-call-mixed-content": "agents answer with text and objects",
    "tools-call-sampling": "agents have a model of their own",
    "tools-call-with-logging": "an agent's log is the program's own",
}
"""Server scenarios, by how their names begin, that do not apply, and why."""
APPLY = ("input-required-result-unsupported-methods",)
"""Server scenarios that do apply though others of that beginning do not."""
EXTENSIONS: Mapping[str, str] = {
    "auth/client-credentials-jwt": "not required; the SDK has `PrivateKeyJWTOAuthProvider` for it",
    "auth/dpop": "not required; the SDK has nothing for it",
    "auth/enterprise-managed-authorization": "not required; see `IdentityAssertionOAuthProvider`",
    "auth/wif-jwt-bearer": "not required; the SDK has nothing for it",
}
"""Client scenarios that no revision requires, and that our program does not try."""


class Row(NamedTuple):
    """A scenario and what became of it."""

    scenario: str
    passed: int
    failed: int
    why_not: str = ""

    @property
    def ok(self) -> bool:
        return not self.failed or bool(self.why_not)

    def __str__(self) -> str:
        if self.why_not:
            return f"| `{self.scenario}` | left out: {self.why_not} |"
        return f"| `{self.scenario}` | {'passed' if self.ok else f'FAILED ({self.failed} checks)'} |"


def install() -> Path:
    """The folder with the programs."""
    programs = FOLDER / "node_modules" / ".bin"
    stamp = FOLDER / "installed"
    if stamp.exists() and stamp.read_text("utf-8") == " ".join(PACKAGES):
        return programs
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("the conformance suite needs npm, which was not found")
    FOLDER.mkdir(exist_ok=True)
    command = [npm, "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(FOLDER), *PACKAGES]
    if subprocess.run(command, check=False, timeout=SECONDS).returncode:
        sys.exit("npm could not install the conformance suite; its message stands above")
    stamp.write_text(" ".join(PACKAGES), "utf-8")
    return programs


def suite(programs: Path, *arguments: str) -> tuple[int, str]:
    """Run the suite; gives its status and what it said."""
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    ran = subprocess.run(
        [str(programs / "conformance"), *arguments],
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    return ran.returncode, ran.stdout


def client_rows(programs: Path, revision: str) -> tuple[int, list[Row]]:
    """What a revision requires of clients, and the suite's own verdict."""
    command = f"{sys.executable} -W error -m tests.mcp.conformance.client"
    with tempfile.TemporaryDirectory() as results:
        status, said = suite(
            programs,
            *("client", "--command", command, "--requirements", revision),
            *("--timeout", str(CLIENT_MS), "-o", results),
        )
    if status:
        print(said)
    found = re.findall(r"^[✓✗] (\S+): (\d+) passed, (\d+) failed", said, re.MULTILINE)
    return status, [
        Row(name, int(passed), int(failed), reason(name, EXTENSIONS) if int(failed) else "")
        for name, passed, failed in found
    ]


@contextmanager
def serving() -> Generator[str]:
    """Our server; gives its address."""
    command = [sys.executable, "-W", "error", "-m", "tests.mcp.conformance.server"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def server_rows(programs: Path, revision: str) -> list[Row]:
    """What a revision requires of servers."""
    with serving() as url, tempfile.TemporaryDirectory() as results:
        suite(programs, "server", "--url", url, "--requirements", revision, "-o", results)
        found = sorted(Path(results).rglob("checks.json"))
        return [server_row(file.parent.name, json.loads(file.read_text("utf-8"))) for file in found]


def server_row(folder: str, checks: list[dict[str, Any]]) -> Row:
    """A scenario of a server; the folder is named after it and the time."""
    name = re.sub(r"^server-(.+)-\d{4}-\d\d-\d\dT.*$", r"\1", folder)
    failed = sum(check["status"] in ("FAILURE", "WARNING") for check in checks)
    passed = sum(check["status"] == "SUCCESS" for check in checks)
    return Row(name, passed, failed, "" if name in APPLY else reason(name, NOT_OF_SERVERS))


def reason(name: str, reasons: Mapping[str, str]) -> str:
    """Why a scenario does not apply; nothing if it does."""
    return next((why for beginning, why in reasons.items() if name.startswith(beginning)), "")


def page(clients: Mapping[str, list[Row]], servers: Mapping[str, list[Row]]) -> str:
    """The result as a page of the docs."""
    lines = [
        "# Conformance to the Model Context Protocol",
        "",
        "The project of the protocol has a suite of scenarios that clients and servers are tested with.",
        f"`make conformance` installs it (`{PACKAGES[0]}`), runs it and writes this page;"
        " it is also part of `.ci/run`.",
        "",
        "The client is [a program](../tests/mcp/conformance/client.py) in which an agent calls the tools of"
        " an `MCPServerHTTP`;",
        "the server is [a program](../tests/mcp/conformance/server.py) that serves agents with `serve(...)`.",
        "Both use public names only.",
    ]
    for title, rows_of in (("Client", clients), ("Server", servers)):
        for revision, rows in rows_of.items():
            taken = [row for row in rows if not row.why_not]
            passed = sum(row.ok for row in taken)
            lines += ["", f"## {title}, {revision}", ""]
            lines += [f"{passed} of the {len(taken)} scenarios that apply passed.", ""]
            lines += ["| scenario | result |", "|---|---|", *map(str, sorted(rows))]
    return "\n".join(lines) + "\n"


def main() -> int:
    begun = time.monotonic()
    programs = install()
    clients: dict[str, list[Row]] = {}
    servers: dict[str, list[Row]] = {}
    status = 0
    for revision in REVISIONS:
        verdict, clients[revision] = client_rows(programs, revision)
        servers[revision] = server_rows(programs, revision)
        status |= verdict
        for kind, rows in (("client", clients[revision]), ("server", servers[revision])):
            taken = [row for row in rows if not row.why_not]
            failed = [row.scenario for row in taken if not row.ok]
            status |= not taken or bool(failed)
            told = f"failed: {', '.join(failed)}" if failed else "all passed"
            print(f"{kind} {revision}: {len(taken)} scenarios that apply, {told}")
    PAGE.write_text(page(clients, servers), "utf-8")
    print(f"{time.monotonic() - begun:.0f} s; written to {PAGE.relative_to(ROOT)}")
    return status


if __name__ == "__main__":
    sys.exit(main())
