"""Fakes of command-line agents on a PATH of their own, and what they saw."""

import json
import os
import select
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from voxagent.providers import AugmentProvider, ClaudeCodeProvider, CLIProvider, CodexProvider

Step: TypeAlias = Mapping[str, Any]
Steps: TypeAlias = Sequence[Step]

WAIT = 10.0
PROGRAM = Path(__file__).with_name("program.py")
KINDS: Mapping[str, type[CLIProvider]] = {
    "claude": ClaudeCodeProvider,
    "codex": CodexProvider,
    "auggie": AugmentProvider,
}
SESSION = "0f9e8d7c-1111-2222-3333-444455556666"


@dataclass(frozen=True)
class Call:
    """How a fake was called."""

    argv: list[str]
    stdin: str
    env: dict[str, str]
    cwd: str
    files: dict[str, dict[str, Any]]

    def after(self, flag: str) -> str:
        return self.argv[self.argv.index(flag) + 1]


class Fake:
    """One program, installed; its steps are told by `does`."""

    def __init__(self, folder: Path, program: str) -> None:
        self.folder = folder
        self.program = program
        path = folder / "bin" / program
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!{sys.executable} -SE\n{PROGRAM.read_text()}")
        path.chmod(0o755)
        self.path = str(path)
        self._fifo = folder / "alive"
        os.mkfifo(self._fifo)
        self._reading = os.open(self._fifo, os.O_RDONLY | os.O_NONBLOCK)
        self._record = folder / "record"

    def close(self) -> None:
        os.close(self._reading)

    def does(self, *lists: Steps) -> None:
        """What it does when it is called; the last list is for all later calls."""
        self._record.write_text("")
        (self.folder / "steps").write_text(json.dumps(lists))

    @property
    def env(self) -> dict[str, str]:
        return {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "FAKE_STEPS": str(self.folder / "steps"),
            "FAKE_ALIVE": str(self._fifo),
            "FAKE_RECORD": str(self._record),
        }

    def provider(self, model: str = "m", env: Mapping[str, str] | None = None, **options: Any) -> CLIProvider:
        return KINDS[self.program](model, env={**self.env, **(env or {})}, **options)

    @property
    def calls(self) -> list[Call]:
        return [Call(**json.loads(line)) for line in self._record.read_text().splitlines()]

    def all_ended(self, seconds: float = WAIT) -> bool:
        """Whether it and all its children have ended: then nobody holds the pipe any more."""
        try:
            return os.read(self._reading, 1) == b""
        except BlockingIOError:  # somebody holds it
            return bool(select.select([self._reading], [], [], seconds)[0])


@contextmanager
def installed(folder: Path, program: str) -> Iterator[Fake]:
    fake = Fake(folder, program)
    try:
        assert os.stat(fake.path).st_mode & stat.S_IXUSR
        yield fake
    finally:
        fake.close()


# --- what the programs say ------------------------------------------------------------------------


def say(**event: Any) -> Step:
    return {"say": event}


def streamed(kind: str, **event: Any) -> Step:
    return say(type="stream_event", parent_tool_use_id=None, event={"type": kind, **event})


def delta(**fields: Any) -> Step:
    return streamed("content_block_delta", index=0, delta=fields)


def text(piece: str) -> Step:
    return delta(type="text_delta", text=piece)


def init(model: str = "claude-m") -> Step:
    return say(type="system", subtype="init", session_id=SESSION, model=model, tools=["Bash"])


START = streamed("message_start", message={"model": "claude-m", "content": []})
STOP = streamed("message_stop")
USAGE = {
    "input_tokens": 11,
    "cache_creation_input_tokens": 1,
    "cache_read_input_tokens": 2,
    "output_tokens": 7,
}


def result(said: str = "one two", **fields: Any) -> Step:
    told = {
        "subtype": "success",
        "is_error": False,
        "api_error_status": None,
        "result": said,
        "stop_reason": "end_turn",
        "session_id": SESSION,
        "total_cost_usd": 0.25,
        "usage": USAGE,
    }
    return say(type="result", **{**told, **fields})


def spoken(*pieces: str) -> Steps:
    return [START, *map(text, pieces), STOP]


CLAUDE: Steps = [init(), *spoken("one ", "two"), result()]


def item(kind: str, **fields: Any) -> Step:
    return say(type="item.completed", item={"id": "item_0", "type": kind, **fields})


def thread(id: str = SESSION) -> Step:
    return say(type="thread.started", thread_id=id)


def turn(read: int = 11, written: int = 7, cached: int = 2, wrote: int = 1, reasoned: int = 3) -> Step:
    usage = {
        "input_tokens": read,
        "cached_input_tokens": cached,
        "cache_write_input_tokens": wrote,
        "output_tokens": written,
        "reasoning_output_tokens": reasoned,
    }
    return say(type="turn.completed", usage=usage)


CODEX: Steps = [thread(), say(type="turn.started"), item("agent_message", text="one two"), turn()]
AUGMENT: Steps = [say(type="result", result="one two", is_error=False, subtype="success", session_id=SESSION)]
GOOD: Mapping[str, Steps] = {"claude": CLAUDE, "codex": CODEX, "auggie": AUGMENT}
