"""Install the servers that the tests speak to: databases of the system, and public MCP servers.

    python scripts/servers.py [FOLDER]

The system's package manager installs what is missing of its programs. MCP servers go into a folder that git
ignores: those for Python get a virtual environment each, those for Node one folder together. A stamp says
what is there, so that a second call costs nothing.
"""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

FOLDER = Path(__file__).parent.parent / ".mcp-servers"
PYTHON = {"time": "mcp-server-time==2026.10.19", "git": "mcp-server-git==2026.10.19"}
NODE = (
    "@modelcontextprotocol/server-everything@2026.8.31",
    "@modelcontextprotocol/server-filesystem@2026.8.31",
    "@modelcontextprotocol/server-memory@2026.8.31",
)
SYSTEM = {
    "node": "nodejs",
    "npm": "npm",
    "pg_ctl": "postgresql",
    "redis-server": "redis-server",
    "strace": "strace",
}
"""Programs, and the packages that have them."""


def wanted() -> str:
    """What is written into the stamp."""
    return "\n".join([sys.version, *PYTHON.values(), *NODE, ""])


def run(*command: str) -> None:
    """Run a command; what it says is shown if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
    if done.returncode:
        print(done.stdout, file=sys.stderr)
        raise SystemExit(f"error: {' '.join(command)} ended with status {done.returncode}")


def is_there(program: str) -> bool:
    """Whether a program is on the path, or where PostgreSQL keeps its own."""
    return bool(shutil.which(program) or list(Path("/usr/lib/postgresql").glob(f"*/bin/{program}")))


def install_system() -> None:
    """See that the programs of the system are there."""
    missing = [package for program, package in SYSTEM.items() if not is_there(program)]
    if not missing:
        return
    if shutil.which("apt-get") is None:
        raise SystemExit(f"error: install {', '.join(missing)} and try again")
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    print(f"installing {', '.join(missing)}")
    run(*sudo, "apt-get", "update", "-qq")
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-qq", "-y"]
    run(*sudo, *quiet, "--no-install-recommends", *missing)


def install_python(folder: Path) -> None:
    """A virtual environment for each server: they do not want the same SDK."""
    for name, requirement in PYTHON.items():
        place = folder / name
        venv.create(place, with_pip=True, clear=True)
        pip = [str(place / "bin/python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        run(*pip, "--no-input", requirement)


def main() -> None:
    """Install what is missing."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    install_system()
    stamp = folder / "installed"
    if stamp.exists() and stamp.read_text() == wanted():
        return
    print(f"installing MCP servers into {folder.name}")
    folder.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    install_python(folder)
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-save"]
    run(*npm, "--prefix", str(folder), *NODE)
    stamp.write_text(wanted())


if __name__ == "__main__":
    main()
