"""Power cuts, simulated: what a disk may hold of the system calls that a writer made.

A writer runs under strace. At any of its calls the power may go: what was synced is there, and of everything
else each sector is there or not, in any order; names in a folder that was not synced are there up to some
point. Whatever the writer has acknowledged before has to be found on such a disk.
"""

import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.session.servers import program

SECTOR = 512
CALLS = "openat,lseek,read,write,pwrite64,fsync,fdatasync,ftruncate,rename,unlink,mkdir"
LINE = re.compile(r"^(?P<task>\d+) +(?P<call>\w+)\((?P<args>.*)\) += (?P<result>-?\d+)")
UNFINISHED = re.compile(r"^(?P<task>\d+) +(?P<head>\w+\(.*) <unfinished \.\.\.>$")
RESUMED = re.compile(r"^(?P<task>\d+) +<\.\.\. \w+ resumed>(?P<tail>.*)$")
FILE = re.compile(r"^(?P<fd>\d+)<(?P<path>[^>]*)>")
TEXT = re.compile(r'"([^"]*)"')


@dataclass(frozen=True)
class Call:
    """A system call that succeeded: its name, the path it is about, its text arguments, its numbers."""

    name: str
    fd: int
    path: str
    texts: list[bytes]
    numbers: list[int]
    result: int


@dataclass
class File:
    """What is on the disk, and what was written since the last sync; `None` as data cuts the file there."""

    synced: bytes = b""
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        self.synced, self.since = self.survivor(None), []

    def survivor(self, chance: random.Random | None) -> bytes:
        """What is there after a cut; without chance, everything."""
        data = bytearray(self.synced)
        kept = 1.0 if chance is None else chance.choice([0.0, 0.5, 0.9, 1.0])
        for offset, new in self.since:
            if new is None:
                if chance is None or chance.random() < kept:
                    data[offset:] = b""
                continue
            for start in range(0, len(new), SECTOR):
                if chance is None or chance.random() < kept:
                    part = new[start : start + SECTOR]
                    data.extend(bytes(max(0, offset + start - len(data))))
                    data[offset + start : offset + start + len(part)] = part
        return bytes(data)


def recorded(url: str, appends: int, home: Path, *, sloppy: bool = False) -> list[Call]:
    """The calls of a writer that appends to a store below `home`."""
    strace = program("strace")
    probe = subprocess.run(
        [strace, "-qq", "-o", os.devnull, "true"], capture_output=True, check=False, timeout=30
    )
    if probe.returncode:
        pytest.skip("strace may not trace here")
    log = home.parent / "strace.log"
    writer = [sys.executable, "-m", "tests.session.torture", "write", url, str(appends)]
    done = subprocess.run(
        [strace, "-f", "-qq", "-xx", "-y", "-s", "10000000", "-e", f"trace={CALLS}", "-o", str(log), *writer],
        env={**os.environ, "TORTURE_SLOPPY": "1" if sloppy else ""},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    below = str(home)
    return [
        call
        for call in calls(log)
        if call.path.startswith(below) or (call.name == "write" and call.texts[0].startswith(b"ack "))
    ]


def calls(log: Path) -> Iterator[Call]:
    """The calls in a log, in the order of their ends."""
    begun: dict[str, str] = {}
    for line in log.read_text("ascii").splitlines():
        if begin := UNFINISHED.match(line):
            begun[begin["task"]] = begin["head"]
            continue
        if end := RESUMED.match(line):
            line = f"{end['task']} {begun.pop(end['task'])}{end['tail']}"
        found = LINE.match(line)
        if found is None or int(found["result"]) < 0:
            continue
        args = found["args"]
        texts = [_bytes(text) for text in TEXT.findall(args)]
        numbers = [int(number) for number in re.findall(r"(?<=, )-?\d+(?=, |$)", args)]
        file = FILE.match(args)
        fd = int(file["fd"]) if file else int(found["result"])
        path = _bytes(file["path"]) if file else texts[0]
        yield Call(found["call"], fd, path.decode(errors="replace"), texts, numbers, int(found["result"]))


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", "")) if text.startswith("\\x") else text.encode()


class Disk:
    """A disk on which calls leave their traces, and of which a power cut leaves a part."""

    def __init__(self) -> None:
        self.acknowledged = 0
        self._files: dict[str, File] = {}
        self._positions: dict[int, int] = {}
        self._names: dict[str, File] = {}
        self._renamed: list[tuple[str, str | None, File]] = []

    def take(self, call: Call) -> None:
        """Do what a call did."""
        match call.name:
            case "openat":
                self._positions[call.fd] = 0
                if call.path not in self._files and "." in Path(call.path).name:
                    self._name(call.path, File())
            case "lseek":
                self._positions[call.fd] = call.result
            case "read":
                self._positions[call.fd] = self._positions.get(call.fd, 0) + call.result
            case "write" if call.path not in self._files:
                if call.texts[0].startswith(b"ack "):
                    self.acknowledged = int(call.texts[0].split()[1])
            case "write":
                offset = self._positions.get(call.fd, 0)
                self._files[call.path].since.append((offset, call.texts[0][: call.result]))
                self._positions[call.fd] = offset + call.result
            case "pwrite64":
                self._files[call.path].since.append((call.numbers[-1], call.texts[0]))
            case "ftruncate":
                self._files[call.path].since.append((call.numbers[-1], None))
            case "fsync" | "fdatasync":
                self._sync(call.path)
            case "rename":
                old, new = (text.decode() for text in call.texts)
                self._name(new, self._files.pop(old), old)
            case "unlink":
                self._renamed.append((call.path, call.path, self._files.pop(call.path)))
            case _:
                pass

    def _name(self, path: str, file: File, old: str | None = None) -> None:
        self._files[path] = file
        self._renamed.append((path, old, file))

    def _sync(self, path: str) -> None:
        file = self._files.get(path)
        if file is not None:
            file.sync()
            return
        for entry in [entry for entry in self._renamed if str(Path(entry[0]).parent) == path]:
            self._settle(self._names, entry)
            self._renamed.remove(entry)

    def _settle(self, names: dict[str, File], entry: tuple[str, str | None, File]) -> None:
        path, old, file = entry
        if old is not None:
            names.pop(old, None)
        if old != path:
            names[path] = file

    def cut(self, chance: random.Random, home: Path, into: Path) -> None:
        """Write what is left after a power cut, with `into` in the place of `home`."""
        names = dict(self._names)
        for entry in self._renamed[: chance.randint(0, len(self._renamed))]:
            self._settle(names, entry)
        left = {id(file): file.survivor(chance) for file in names.values()}
        for path, file in names.items():
            place = into / Path(path).relative_to(home)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(left[id(file)])


def cuts(calls: list[Call], count: int, seed: int, home: Path, into: Path) -> Iterator[tuple[Path, int]]:
    """Disks after power cuts at random calls, and what was acknowledged by then."""
    chance = random.Random(seed)
    disk = Disk()
    where = sorted(chance.randrange(len(calls)) for _ in range(count))
    for number, call in enumerate(calls):
        disk.take(call)
        for nth in range(where.count(number)):
            place = into / f"{number}-{nth}"
            disk.cut(chance, home, place)
            yield place, disk.acknowledged
