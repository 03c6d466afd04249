"""Install the public MCP servers that the tests speak to, into a folder that git ignores.

    python scripts/mcp_servers.py [FOLDER]

Servers for Python get a virtual environment each, those for Node one folder together. A stamp says what is
there, so that a second call costs nothing. Where Node is missing, the system's package manager installs it.
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
SYSTEM = ("nodejs", "npm")


def wanted() -> str:
    """What is written into the stamp."""
    return "\n".join([sys.version, *PYTHON.values(), *NODE, ""])


def run(*command: str) -> None:
    """Run a command; what it says is shown if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
    if done.returncode:
        print(done.stdout, file=sys.stderr)
        raise SystemExit(f"error: {' '.join(command)} ended with status {done.returncode}")


def install_node() -> None:
    """See that there is a Node with its package manager."""
    if shutil.which("npm") and shutil.which("node"):
        return
    if shutil.which("apt-get") is None:
        raise SystemExit("error: npm is missing; install Node 20 or newer and try again")
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    print("installing nodejs and npm")
    run(*sudo, "apt-get", "update", "-qq")
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-qq", "-y"]
    run(*sudo, *quiet, "--no-install-recommends", *SYSTEM)


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
    stamp = folder / "installed"
    if stamp.exists() and stamp.read_text() == wanted():
        return
    print(f"installing MCP servers into {folder.name}")
    folder.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    install_node()
    install_python(folder)
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-save"]
    run(*npm, "--prefix", str(folder), *NODE)
    stamp.write_text(wanted())


if __name__ == "__main__":
    main()
