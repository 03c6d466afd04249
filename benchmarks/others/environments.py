"""An environment of its own for each library that voxagent is compared with."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

LIBRARIES = {
    "openai": ("openai==3.52.0",),
    "pydantic-ai": ("pydantic-ai-slim[openai]==2.68.0",),
    "openai-agents": ("openai-agents==0.24.0",),
}
TOLD = ("voxagent", "openai", "pydantic-ai-slim", "openai-agents", "pydantic", "httpx2")
"""Packages whose versions are told."""


def interpreter(folder: Path, name: str) -> Path:
    """The Python that has this library; its environment is made if it is not there."""
    place = folder / name
    python = place / "bin" / "python"
    stamp = place / "has"
    wanted = "\n".join(LIBRARIES[name])
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"making an environment for {', '.join(LIBRARIES[name])}", flush=True)
        venv.create(place, clear=True, with_pip=True)
        pip = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input"]
        subprocess.run([*pip, *LIBRARIES[name]], check=True)
        stamp.write_text(wanted)
    return python


def versions(python: Path) -> dict[str, str]:
    """What is installed there, of the packages that matter."""
    ask = (
        "import importlib.metadata as m, json;"
        "print(json.dumps({d.metadata['Name'].lower(): d.version for d in m.distributions()}))"
    )
    found = json.loads(subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True).stdout)
    return {name: found[name] for name in TOLD if name in found}


OURS = Path(sys.executable)
