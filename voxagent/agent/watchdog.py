"""Find out which tool blocks the event loop: every step of its coroutine is timed."""

from __future__ import annotations

import time
import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


@types.coroutine
def watched(
    work: Coroutine[Any, Any, T], limit: float, report: Callable[[float], None]
) -> Generator[Any, Any, T]:
    """Run a coroutine; call `report(seconds)` for each of its steps that took longer than `limit`."""
    send: Callable[[Any], Any] = work.send
    given: Any = None
    while True:
        begun = time.perf_counter()
        try:
            waits_for = send(given)
        except StopIteration as stop:
            value: T = stop.value
            return value
        finally:
            took = time.perf_counter() - begun
            if took > limit:
                report(took)
        send = work.send
        try:
            given = yield waits_for
        except GeneratorExit:
            work.close()
            raise
        except BaseException as error:  # handed into the coroutine, which decides
            send, given = work.throw, error
