"""Ctrl-C, the end of the process, and forks: what only a process of its own can show."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

WAIT = 20


def begun(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )


def ran(program: str, *arguments: str) -> tuple[int, str, str]:
    process = begun(program, *arguments)
    out, err = process.communicate(timeout=WAIT)
    return process.returncode, out, err


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
def test_ctrl_c_calls_on_interrupt_and_waits_for_the_clean_end() -> None:
    program = """
        import asyncio
        from voxagent.fanout.background import run_in_background
        from voxagent.abort import AbortSignal, Scope

        signal = AbortSignal()

        async def main():
            async with Scope(signal) as scope:
                print("begun", flush=True)
                await asyncio.Event().wait()
            await asyncio.sleep(0)
            print("ended:", scope.ended, flush=True)

        try:
            run_in_background(main, signal.abort)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
    """
    process = begun(program)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=WAIT)
    assert (process.returncode, out, err) == (0, "ended: aborted\ninterrupted\n", "")


AT_EXIT = """
    import asyncio, logging, sys, time
    from voxagent.fanout.background import at_exit, background_loop, run_in_background

    logging.basicConfig(format="%(message)s")

    async def first(): print("first", flush=True)
    async def second(): print("second", flush=True)
    async def fails(): raise ValueError("no")
    async def cancelled(): raise asyncio.CancelledError
    async def hangs():
        try:
            await asyncio.Event().wait()
        finally:
            print("cancelled", flush=True)
    async def blocks(): time.sleep(60)

    for name in sys.argv[1:]:
        at_exit(globals()[name])
    background_loop()
    print("end", flush=True)
"""


def test_at_exit_the_last_registered_is_closed_first() -> None:
    assert ran(AT_EXIT, "first", "second") == (0, "end\nsecond\nfirst\n", "")


def test_at_exit_one_that_fails_does_not_keep_the_others_open() -> None:
    code, out, err = ran(AT_EXIT, "first", "cancelled", "fails", "second")
    assert (code, out) == (0, "end\nsecond\nfirst\n")
    assert err.startswith("closing at exit failed\n")
    assert "ValueError: no" in err


def test_at_exit_one_that_hangs_is_cancelled_within_two_seconds() -> None:
    begin = time.monotonic()
    code, out, err = ran(AT_EXIT, "hangs", "second")
    assert time.monotonic() - begin < 5
    assert (code, out) == (0, "end\nsecond\ncancelled\n")
    assert err == "closing at exit took longer than 2 s and was cancelled\n"


def test_at_exit_one_that_blocks_the_loop_is_left_after_two_seconds() -> None:
    begin = time.monotonic()
    code, out, err = ran(AT_EXIT, "blocks")
    assert time.monotonic() - begin < 5
    assert (code, out) == (0, "end\n")
    assert err.startswith("what was cancelled at exit did not stop and was left\n")


def test_at_exit_tasks_that_still_run_are_cancelled() -> None:
    program = """
        import asyncio
        from voxagent.fanout import background_loop

        async def forever():
            try:
                await asyncio.Event().wait()
            finally:
                print("cancelled", flush=True)

        task = asyncio.run_coroutine_threadsafe(forever(), background_loop())
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), background_loop()).result(10)
    """
    assert ran(program) == (0, "cancelled\n", "")


def test_a_process_that_never_used_the_loop_ends_at_once() -> None:
    assert ran("import voxagent.fanout.background") == (0, "", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_after_a_fork_the_child_has_threads_and_a_loop_of_its_own() -> None:
    program = """
        import asyncio, os, sys, threading, warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 warns of any fork beside threads
        from voxagent.fanout import in_thread
        from voxagent.fanout.background import at_exit, run_in_background

        async def closer(): print("closed by", name, flush=True)
        async def work(): return await in_thread(lambda: "worked in")

        name = "parent"
        at_exit(closer)
        print(run_in_background(work, lambda: None), name, flush=True)
        child = os.fork()
        if child == 0:
            name = "child"
            print(run_in_background(work, lambda: None), name, flush=True)
            sys.exit(0)
        print("status", os.waitpid(child, 0)[1], flush=True)
    """
    assert ran(program) == (0, "worked in parent\nworked in child\nstatus 0\nclosed by parent\n", "")


def test_a_function_that_never_returns_does_not_keep_the_process_alive() -> None:
    program = """
        import asyncio, threading
        from voxagent.fanout import threads
        begun = threading.Event()
        def forever():
            begun.set()
            threading.Event().wait()
        threads.start(forever)
        begun.wait(10)
        print("end", flush=True)
    """
    assert ran(program) == (0, "end\n", "")
