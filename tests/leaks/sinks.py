"""Everything that leaves a run, as texts and bytes."""

import asyncio
import logging
import pickle
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from voxagent import Agent, RunResult
from voxagent.streaming import BaseEvent

Texts = dict[str, str | bytes]


class Listener(logging.Handler):
    """Keeps what every logger of the process says, at every level, with all that a record has."""

    def __init__(self) -> None:
        super().__init__(level=1)
        self.said: list[str] = []
        self.formatter = logging.Formatter("%(name)s %(message)s")

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self.format(record))
        self.said.append(repr({name: value for name, value in vars(record).items() if name != "exc_info"}))


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen to all loggers."""
    root, listener = logging.getLogger(), Listener()
    before = root.level
    root.addHandler(listener)
    root.setLevel(1)
    try:
        with warnings.catch_warnings():
            yield listener
    finally:
        root.removeHandler(listener)
        root.setLevel(before)


class Watcher:
    """Keeps the events of an agent, as they were when they came, and the names of tasks."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.tasks: set[str] = set()

    def __call__(self, event: BaseEvent) -> None:
        self.told += [repr(event), event.model_dump_json()]
        for task in asyncio.all_tasks():
            self.tasks |= {task.get_name(), repr(task)}


def of_result(result: RunResult[Any]) -> Texts:
    """A result, in every form that it has."""
    texts: Texts = {
        "result repr": repr(result),
        "result str": str(result),
        "result dump": repr(result.model_dump()),
        "result JSON": result.model_dump_json(),
        "result pickle": pickle.dumps(result),
        "result messages": repr(result.messages)
        + repr([message.model_dump() for message in result.messages]),
    }
    return {**texts, **({} if result.error is None else of_error(result.error))}


def of_error(error: BaseException) -> Texts:
    """An error, and all that it refers to."""
    texts: Texts = {}
    waiting: list[BaseException | None] = [error]
    done: set[int] = set()
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in done:
            continue
        done.add(id(each))
        waiting += [each.__cause__, each.__context__, *getattr(each, "exceptions", ())]
        name = f"error {len(done)} {type(each).__name__}"
        texts[name] = f"{each} {each!r} {each.args!r} {vars(each)!r} {getattr(each, '__notes__', '')!r}"
        shown = traceback.TracebackException.from_exception(each, capture_locals=True)
        texts[f"{name} traceback"] = "".join(shown.format())
    return texts


def of_objects(agent: Agent[Any, Any], provider: object) -> Texts:
    """The agent and its provider, as a debugger would show them."""
    plan = agent._plan
    inner = [getattr(provider, name, None) for name in ("_endpoint", "_clients", "_wire")]
    return {
        "agent": f"{agent!r} {vars(agent)!r} {plan!r} {plan.options!r}",
        "agent's secrets": repr(dict(agent.secrets_to_redact)) + repr(agent._runs.secrets),
        "provider": f"{provider!r} {getattr(provider, '__dict__', None)!r} {inner!r}",
    }


def of_files(folder: Path) -> Texts:
    """All files below a folder, byte by byte."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
