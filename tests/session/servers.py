"""Real database servers for tests: on this machine, thrown away afterwards, and never as root."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

START_SECONDS = 30


def there(name: str) -> str | None:
    """Where a program is, if it is installed: on the path, or where PostgreSQL keeps its own."""
    places = sorted((str(path) for path in Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    return next((path for each in (None, *places) if (path := shutil.which(name, path=each))), None)


def program(name: str) -> str:
    """Where a program is; without it the test is skipped, or fails where servers have to be there."""
    found = there(name)
    if found is not None:
        return found
    if os.environ.get("VOXAGENT_NEEDS_SERVERS"):
        pytest.fail(f"{name} is not installed, and VOXAGENT_NEEDS_SERVERS is set")
    pytest.skip(f"{name} is not installed")


def nobody() -> str | None:
    """The user that servers run as, if this is root, as whom PostgreSQL refuses to run."""
    if os.getuid() != 0:
        return None
    names = {user.pw_name for user in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def folder() -> Generator[Path]:
    """A folder that such a user may use; its path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="vx", dir="/tmp", ignore_cleanup_errors=True) as name:
        user = nobody()
        if user is not None:
            os.chown(name, pwd.getpwnam(user).pw_uid, -1)
        yield Path(name)


def run(*command: str) -> None:
    done = subprocess.run(command, user=nobody(), cwd="/", capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()


@contextmanager
def postgres(*, durable: bool = False) -> Generator[str]:
    """A PostgreSQL server on a socket of its own; gives its URL. A durable one waits for the disk."""
    initdb = program("initdb")
    control = str(Path(os.path.realpath(initdb)).with_name("pg_ctl"))
    with folder() as home:
        data = str(home / "data")
        run(initdb, "-D", data, "-U", "test", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
        options = f"-h '' -k {home} -c max_connections=200"
        if not durable:
            options += " -c fsync=off -c full_page_writes=off"
        run(
            control,
            "-D",
            data,
            "-w",
            "-t",
            str(START_SECONDS),
            "-l",
            str(home / "log"),
            "-o",
            options,
            "start",
        )
        try:
            yield f"postgresql://test:s3cret-pw@/postgres?host={home}"
        finally:
            run(control, "-D", data, "-m", "fast", "stop")


@contextmanager
def redis(*, durable: bool = False) -> Generator[str]:
    """A Redis server on a free port; gives its URL. A durable one waits for the disk."""
    server = program("redis-server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with folder() as home:
        command = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
        command += ["--appendonly", "yes" if durable else "no", "--appendfsync", "always"]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(
            [*command, "--dir", str(home), "--requirepass", "s3cret-pw"],
            user=nobody(),
            stdout=quiet,
            stderr=quiet,
        )
        try:
            until = time.monotonic() + START_SECONDS
            while not listens(port):
                assert process.poll() is None, "redis-server has ended"
                assert time.monotonic() < until, "redis-server does not listen"
                time.sleep(0.01)
            yield f"redis://:s3cret-pw@127.0.0.1:{port}/0"
        finally:
            process.kill()
            process.wait(START_SECONDS)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
