"""Ask a run's model something aside: for a server or a tool, within the run's limits, outside its history."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import cast

from ..fanout.background import on_loop
from ..providers.base import ModelRequest
from ..types.config import ModelSettings
from ..types.message import Message
from .answer import Collector
from .asking import asked, moved, reserved
from .run import Run
from .sink import Sink

OF_THE_RUN = ("tool_choice", "parallel_tool_calls", "thinking", "stop", "seed")
"""Settings that are about the run's own questions."""


async def asked_aside(
    run: Run, messages: Sequence[Message], system: str = "", settings: ModelSettings | None = None
) -> Message:
    """The answer of the run's model, from any event loop; its usage is the run's, and no event tells of it.

    Raises:
        ProviderError: There was none.
        UsageLimitError: The run's limits allow no more.
    """
    return await on_loop(run.loop, lambda: _asked(run, messages, system, settings or {}))


async def _asked(run: Run, messages: Sequence[Message], system: str, settings: ModelSettings) -> Message:
    request = ModelRequest(
        model=run.model,
        messages=run.redactor.messages(list(messages)),
        system=run.redactor.text(system),
        settings=_settings(run.settings, settings),
        abort_signal=run.signal,
        run_id=run.run_id,
        deadline=run.deadline,
        hide=run.redactor.learn,
    )
    number = reserved(run, request)
    collector = Collector(Sink(()), run.run_id, set(), run.redactor, partial(moved, run))
    return await asked(run, request, collector, number)


def _settings(own: ModelSettings, wanted: ModelSettings) -> ModelSettings:
    """What is wanted on top of the run's settings; the run's `max_tokens` stays the most there may be."""
    most = [given["max_tokens"] for given in (own, wanted) if "max_tokens" in given]
    kept = {name: value for name, value in own.items() if name not in OF_THE_RUN}
    settings = cast("ModelSettings", {**kept, **wanted})
    if most:
        settings["max_tokens"] = min(most)
    return settings
