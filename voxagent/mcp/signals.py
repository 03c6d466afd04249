"""The signals that stop a program: the first one in order, a second one at once."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

STOPPING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stopped_by_signals(task: asyncio.Future[Any], came: list[int]) -> Generator[None]:
    """Have a task cancelled by a signal, which is noted among those that came.

    A signal that the program ignores is left alone, and in another thread than the main one all are.
    """
    is_main = threading.current_thread() is threading.main_thread()
    found = {each: signal.getsignal(each) for each in STOPPING if is_main}
    before = {each: handler for each, handler in found.items() if handler not in (signal.SIG_IGN, None)}
    loop = asyncio.get_running_loop()

    def stop(number: int, frame: FrameType | None) -> None:
        came.append(number)
        for each in before:
            signal.signal(each, signal.SIG_DFL)
        loop.call_soon_threadsafe(task.cancel)

    for each in before:
        signal.signal(each, stop)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
